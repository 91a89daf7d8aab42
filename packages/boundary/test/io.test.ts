import type { Component } from '@theater/component'
import type { Binding, InputStream, Pollable } from '@theater/handler'
import { beforeAll, describe, expect, it } from 'vitest'
import { show, TestActor } from './support/actor.ts'
import type { TestHost } from './support/actor.ts'
import { script } from './support/script.ts'
import type { Step } from './support/script.ts'
import { HOST, runSteps as run, scriptComponent } from './support/scripted.ts'
import { Bell, Chunks, Sink } from './support/streams.ts'

let component: Component
beforeAll(async () => {
  component = await scriptComponent()
})

interface Io {
  readonly in?: readonly InputStream[]
  readonly out?: readonly Sink[]
  readonly soon?: readonly Pollable[]
}

function hostOf({ in: inputs = [], out = [], soon = [] }: Io, binding: Partial<Binding> = {}): TestHost {
  return {
    imports: {
      [HOST]: { in: (n: number) => inputs[n], out: (n: number) => out[n], soon: (n: number) => soon[n] },
    },
    ...binding,
  }
}

const start = (io: Io, binding?: Partial<Binding>): Promise<TestActor> =>
  TestActor.start(component, hostOf(io, binding))

const OK = 0
const ERR = 1
const FAILED = 0
const CLOSED = 1

describe('wasi:io over streams that a handler made', () => {
  it('reads what is there, waits for what is not, and ends', async () => {
    const stream = new Chunks('hello', undefined, 'world', undefined)
    const actor = await start({ in: [stream] })
    const values = await run(
      actor,
      ['in', 0, 0],
      ['read', 0, 3],
      ['skip', 0, 100],
      ['read', 0, 100],
      ['blockingRead', 0, 2],
      ['blockingSkip', 0, 100],
      ['read', 0, 10],
      ['read', 0, 10],
      ['blockingRead', 0, 10],
      ['dropIn', 0],
    )
    expect(values).toEqual([OK, 3, OK, 2, OK, 0, OK, 2, OK, 3, OK, 0, ERR, CLOSED, ERR, CLOSED])
    expect(stream.disposed).toBe(1)
    expect(await actor.differs()).toBeUndefined()
  })

  it('writes as much as there is room for, and waits where it may', async () => {
    const sink = new Sink(10)
    const actor = await start({ out: [sink] })
    const values = await run(
      actor,
      ['out', 0, 0],
      ['check', 0],
      ['write', 0, 4],
      ['check', 0],
      ['zeroes', 0, 6],
      ['flush', 0],
      ['blockingWrite', 0, 25],
      ['blockingZeroes', 0, 5],
      ['blockingFlush', 0],
      ['dropOut', 0],
    )
    expect(values).toEqual([OK, 10, OK, OK, 6, OK, OK, OK, OK, OK])
    expect(sink.written.length).toBe(4 + 6 + 25 + 5)
    expect(sink.written.slice(4, 10)).toEqual([0, 0, 0, 0, 0, 0])
    expect(sink.flushes).toBe(4)
    expect(sink.disposed).toBe(1)
    expect(await actor.differs()).toBeUndefined()
  })

  it.each([
    ['write', 11],
    ['zeroes', 11],
    ['zeroes', 2n ** 64n - 1n],
  ] as const)('%s of more than check-write permitted traps, with nothing written: %s', async (op, length) => {
    const sink = new Sink(10)
    const actor = await start({ out: [sink] })
    await run(actor, ['out', 0, 0], ['check', 0])
    expect(show(await actor.turn('run', script([op, 0, length])))).toBe('trap guest')
    expect(actor.log.kinds.endsWith('turn trap')).toBe(true)
    expect(sink.written).toEqual([])
    expect(await actor.differs()).toBeUndefined()
  })

  it('a write that was permitted does not trap where there is no room any more, and one that was not is done where there is', async () => {
    const sink = new Sink(10)
    const actor = await start({ out: [sink] })
    await run(actor, ['out', 0, 0], ['check', 0], ['write', 0, 6])
    // Of the ten that were permitted four are left.
    sink.write(new Uint8Array(3))
    expect(await run(actor, ['write', 0, 4])).toEqual([ERR, FAILED])
    const roomy = await start({ out: [new Sink(10)] })
    expect(await run(roomy, ['out', 0, 0], ['write', 0, 10])).toEqual([OK])
    for (const one of [actor, roomy]) expect(await one.differs()).toBeUndefined()
  })

  it('a trap of a write that was permitted was made up', async () => {
    const actor = await start({ out: [new Sink(10)] })
    await run(actor, ['out', 0, 0], ['check', 0])
    expect(show(await actor.turn('run', script(['write', 0, 10], ['trap'])))).toBe('trap guest')
    const events = actor.log.events.filter(
      ({ kind, seq }) => kind !== 'call' || seq < actor.log.events.length - 2,
    ) as typeof actor.log.events
    expect(events.length).toBe(actor.log.events.length - 1)
    expect(show((await actor.rerun(events)).at(-1))).toMatch(/^diverged at /)
  })

  it('writes more than 4096 bytes at once, in pieces as there is room', async () => {
    const sink = new Sink(1000)
    const actor = await start({ out: [sink] })
    expect(await run(actor, ['out', 0, 0], ['blockingWrite', 0, 5000])).toEqual([OK])
    expect(sink.written.length).toBe(5000)
    expect(await actor.differs()).toBeUndefined()
  })

  it('nothing is asked for: an open stream has nothing, a closed one is closed, and nothing is taken', async () => {
    const stream = new Chunks('ab')
    const sink = new Sink(10)
    const actor = await start({ in: [stream], out: [sink] })
    const values = await run(
      actor,
      ['in', 0, 0],
      ['out', 0, 1],
      ['read', 0, 0],
      ['blockingRead', 0, 0],
      ['skip', 0, 0],
      ['write', 1, 0],
      ['blockingWrite', 1, 0],
      ['zeroes', 1, 0],
      ['read', 0, 10],
      ['read', 0, 0],
    )
    expect(values).toEqual([OK, 0, OK, 0, OK, 0, OK, OK, OK, OK, 2, ERR, CLOSED])
    expect(sink.written).toEqual([])
    expect(await actor.differs()).toBeUndefined()
  })

  it('a stream that is full has a pollable that is ready when there is room', async () => {
    const sink = new Sink(4)
    const actor = await start({ out: [sink] })
    const values = await run(
      actor,
      ['out', 0, 0],
      ['subscribeOut', 0, 1],
      ['check', 0],
      ['write', 0, 4],
      ['ready', 1],
      ['check', 0],
      ['block', 1],
      ['ready', 1],
      ['check', 0],
    )
    expect(values).toEqual([OK, 4, OK, 0, OK, 0, 1, OK, 4])
    expect(await actor.differs()).toBeUndefined()
  })

  it('splices from one handler to another', async () => {
    const sink = new Sink(8)
    const stream = new Chunks('0123456789', 'abc', undefined)
    const actor = await start({ in: [stream], out: [sink] })
    const values = await run(
      actor,
      ['in', 0, 0],
      ['out', 0, 1],
      ['splice', 1, 0],
      ['blockingSplice', 1, 0],
      ['blockingSplice', 1, 0],
      ['splice', 1, 0],
      ['splice', 1, 0],
      ['blockingSplice', 1, 0],
    )
    expect(values).toEqual([OK, 8, OK, 2, OK, 3, OK, 0, ERR, CLOSED, ERR, CLOSED])
    expect(new TextDecoder().decode(Uint8Array.from(sink.written))).toBe('0123456789abc')
    expect(await actor.differs()).toBeUndefined()
  })

  it('splices nothing out of a stream where the other one fails', async () => {
    const sink = new Sink(8)
    sink.failure = 'the disk is gone'
    const actor = await start({ in: [new Chunks('abc')], out: [sink] })
    const values = await run(
      actor,
      ['in', 0, 0],
      ['out', 0, 1],
      ['splice', 1, 0],
      ['blockingSplice', 1, 0],
      ['read', 0, 10],
    )
    expect(values).toEqual([ERR, FAILED, ERR, FAILED, OK, 3])
    expect(await actor.differs()).toBeUndefined()
  })

  it('fails with an error that the guest can read, and drop', async () => {
    const sink = new Sink(8)
    sink.failure = 'the disk is gone'
    const actor = await start({ out: [sink] })
    expect(await run(actor, ['out', 0, 0], ['check', 0], ['debug'])).toEqual([ERR, FAILED, 16])
    expect(actor.log.all('drop')).toMatchObject([{ resource: 2 }])
    expect(await actor.differs()).toBeUndefined()
  })

  it('allocates nothing for lengths that a guest makes up', async () => {
    const asked: number[] = []
    const stream: InputStream = {
      read: (len) => (asked.push(len), new Uint8Array(2)),
      blockingRead: async (len) => (asked.push(len), new Uint8Array(2)),
      pollable: new Bell(),
    }
    const sink = new Sink(2 ** 53)
    const actor = await start({ in: [stream], out: [sink] })
    const huge = 2n ** 64n - 1n
    const values = await run(
      actor,
      ['in', 0, 0],
      ['out', 0, 1],
      ['read', 0, huge],
      ['skip', 0, huge],
      ['blockingRead', 0, huge],
      ['check', 1],
      ['zeroes', 1, 2 ** 20 + 1],
      ['blockingZeroes', 1, huge],
    )
    const most = 2 ** 20
    // There is room for more, but nobody has to make so many zeroes.
    expect(values).toEqual([OK, 2, OK, 2, OK, 2, OK, most, ERR, FAILED, ERR, FAILED])
    expect(asked).toEqual([most, most, most])
    expect(sink.written).toEqual([])
  })

  it.each(['read', 'blockingRead', 'skip', 'blockingSkip'] as const)(
    '%s: a stream that answers more than was asked for is at fault',
    async (op) => {
      const stream: InputStream = {
        read: () => new Uint8Array(11),
        blockingRead: async () => new Uint8Array(11),
        pollable: new Bell(),
      }
      const actor = await start({ in: [stream] })
      expect(show(await actor.turn('run', script(['in', 0, 0], [op, 0, 10])))).toBe('abort handler-fault')
      expect(await actor.differs()).toBeUndefined()
    },
  )
})

describe('polling', () => {
  it('mixes timers, pollables of handlers and those of streams', async () => {
    const bell = new Bell()
    const stream = new Chunks('x')
    const actor = await start({ in: [stream], soon: [bell] })
    const first = await run(
      actor,
      ['after', 60_000_000_000n, 0],
      ['soon', 0, 1],
      ['in', 0, 3],
      ['subscribeIn', 3, 2],
      ['ready', 1],
      ['after', 1_000_000, 4],
      ['block', 4],
    )
    expect(first).toEqual([0])
    const turn = run(actor, ['poll', 0, 3], ['block', 1], ['ready', 1])
    stream.bell.ring()
    bell.ring()
    // Both had rung when the guest looked.
    expect(await turn).toEqual([2, 1, 2, 1])
    expect(await run(actor, ['poll', 1, 1])).toEqual([1, 0])
    expect(await actor.differs()).toBeUndefined()
  })

  it('wakes for the first, and for all that are ready then', async () => {
    const bells = [new Bell(), new Bell(), new Bell()]
    const actor = await start({ soon: bells })
    await run(actor, ['soon', 0, 0], ['soon', 1, 1], ['soon', 2, 2])
    const turn = run(actor, ['poll', 0, 3])
    await Promise.resolve()
    bells[2]?.ring()
    bells[0]?.ring()
    expect(await turn).toEqual([2, 0, 2])
    expect(await actor.differs()).toBeUndefined()
  })

  it('answers with places of the list, rising, also of one that stands in it twice', async () => {
    const bells = [new Bell(), new Bell()]
    bells[0]?.ring()
    const actor = await start({ soon: bells })
    const values = await run(
      actor,
      ['soon', 0, 0],
      ['soon', 1, 1],
      ['copy', 0, 2],
      ['copy', 1, 3],
      ['poll', 0, 4],
      ['poll', 2, 1],
      ['ready', 1],
    )
    expect(values).toEqual([2, 0, 2, 1, 0, 0])
    const turn = run(actor, ['copy', 1, 0], ['poll', 0, 2])
    bells[1]?.ring()
    expect(await turn).toEqual([2, 0, 1])
    expect(await actor.differs()).toBeUndefined()
  })

  it('of 4096 is answered, of one more it traps', async () => {
    const bell = new Bell()
    bell.ring()
    const actor = await start({ soon: [bell] })
    expect(await run(actor, ['soon', 0, 0], ['pollSame', 0, 4096])).toEqual([4096])
    expect(show(await actor.turn('run', script(['pollSame', 0, 4097])))).toBe('trap guest')
    expect(await actor.differs()).toBeUndefined()
  })

  it('goes on with a pollable whose stream was dropped before it', async () => {
    const stream = new Chunks('a')
    const actor = await start({ in: [stream] })
    await run(actor, ['in', 0, 0], ['subscribeIn', 0, 1], ['dropIn', 0])
    stream.bell.ring()
    expect(await run(actor, ['ready', 1], ['poll', 1, 1], ['dropPollable', 1])).toEqual([1, 1, 0])
    expect(await actor.differs()).toBeUndefined()
  })

  it('answers what woke it, even where that is no longer ready', async () => {
    const fleeting: Pollable = { ready: () => false, wait: () => Promise.resolve() }
    const never: Pollable = { ready: () => false, wait: () => new Promise(() => undefined) }
    const actor = await start({ soon: [never, fleeting] })
    expect(await run(actor, ['soon', 0, 0], ['soon', 1, 1], ['poll', 0, 2])).toEqual([1, 1])
    expect(await actor.differs()).toBeUndefined()
  })

  it('with a pollable that fails is the fault of its handler', async () => {
    for (const wait of [
      () => Promise.reject(new Error('broken')),
      (): never => {
        throw new Error('broken')
      },
    ]) {
      const actor = await start({ soon: [{ ready: () => false, wait }, new Bell()] })
      const steps: Step[] = [
        ['soon', 0, 0],
        ['soon', 1, 1],
        ['poll', 0, 2],
      ]
      expect(show(await actor.turn('run', script(...steps)))).toBe('abort handler-fault')
      expect(await actor.differs()).toBeUndefined()
    }
  })

  it('an answer that no poll gives is not in a record', async () => {
    const bell = new Bell()
    bell.ring()
    const actor = await start({ soon: [bell, new Bell()] })
    await run(actor, ['soon', 0, 0], ['soon', 1, 1], ['poll', 0, 2])
    const poll = actor.log.events.find((event) => event.kind === 'call' && event.content.fn.endsWith('#poll'))
    for (const list of [[0x80], [0x82, 0, 0], [0x82, 1, 0], [0x81, 2]]) {
      const lie = actor.log.events.map((event) =>
        event === poll && event.kind === 'call' && event.content.outcome !== null
          ? {
              ...event,
              content: {
                ...event.content,
                outcome: { ...event.content.outcome, result: Uint8Array.from([0x81, ...list]) },
              },
            }
          : event,
      ) as typeof actor.log.events
      expect(show((await actor.rerun(lie)).at(-1))).toBe(`diverged at ${poll?.seq}: refused-record`)
    }
  })
})

describe('streams after a restart', () => {
  const opening: Step[] = [
    ['in', 0, 0],
    ['out', 0, 1],
    ['subscribeIn', 0, 2],
    ['soon', 0, 3],
  ]
  const using: Step[] = [
    ['read', 0, 10],
    ['debug'],
    ['blockingRead', 0, 10],
    ['check', 1],
    ['write', 1, 3],
    ['blockingWrite', 1, 3],
    ['splice', 1, 0],
    ['ready', 2],
    ['poll', 2, 2],
    ['block', 3],
    ['dropIn', 0],
    ['dropOut', 1],
    ['dropPollable', 2],
  ]

  it('that cannot be brought back are closed: each call answers so, none waits, and dropping works', async () => {
    const actor = await start({ in: [new Chunks('abc')], out: [new Sink(10)], soon: [new Bell()] })
    await run(actor, ...opening)
    const { actor: again } = await actor.revive(hostOf({}))
    const values = await run(again, ...using)
    const said = 'the stream was lost with the host that made it'.length
    expect(values).toEqual(
      [
        [ERR, FAILED, said],
        [ERR, CLOSED],
        [ERR, CLOSED],
        [ERR, CLOSED],
        [ERR, CLOSED],
        [ERR, CLOSED],
        [1],
        [2, 0, 1],
      ].flat(),
    )
    const flagged = again.log.all('call').filter(({ outcome }) => outcome?.closed === true)
    expect(flagged.map(({ fn }) => fn.slice(fn.indexOf('[')))).toEqual([
      '[method]input-stream.read',
      '[method]input-stream.blocking-read',
      '[method]output-stream.check-write',
      '[method]output-stream.write',
      '[method]output-stream.blocking-write-and-flush',
      '[method]output-stream.splice',
    ])
    expect(await again.differs()).toBeUndefined()
  })

  it('that are described go on where their handler brings them back', async () => {
    const resumed: string[] = []
    const binding: Partial<Binding> = {
      describe: (type, object) => (object instanceof Chunks ? { type, at: 3 } : undefined),
      resume(type, description) {
        resumed.push(`${type} ${JSON.stringify(description)}`)
        return new Chunks('def')
      },
    }
    const actor = await start({ in: [new Chunks('abc')] }, binding)
    await run(actor, ['in', 0, 0], ['read', 0, 3])
    const { actor: again } = await actor.revive(hostOf({}, binding))
    expect(resumed).toEqual([])
    expect(await run(again, ['read', 0, 2], ['blockingRead', 0, 2])).toEqual([OK, 2, OK, 1])
    expect(resumed).toEqual([
      'wasi:io/streams@0.2#input-stream {"at":3,"type":"wasi:io/streams@0.2#input-stream"}',
    ])
    expect(await again.differs()).toBeUndefined()
  })
})
