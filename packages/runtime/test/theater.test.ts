import { memoryStore, readEvents } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { assemble } from '@theater/guests/wat'
import { Theater, TheaterError } from '@theater/runtime'
import type { LogLine, SpawnOptions, TheaterErrorCode, TheaterOptions } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { version } from '../src/version.ts'
import manifest from '../package.json' with { type: 'json' }
import { spineHandler } from './support/spine-handler.ts'
import type { SpineWorld } from './support/spine-handler.ts'

const spine = guest('spine')

async function open(
  options: Partial<TheaterOptions> = {},
  world: SpineWorld = { calls: [] },
): Promise<Theater> {
  return Theater.open({ store: memoryStore(), handlers: [spineHandler(world)], ...options })
}

const plain: SpawnOptions = { id: 'a', component: spine, grants: { spine: {} } }

function code(expected: TheaterErrorCode): (error: unknown) => boolean {
  return (error) => TheaterError.is(error) && error.code === expected
}

/** An `add` that waits until it is released; says when it was reached. */
function gate(): { world: SpineWorld; reached: Promise<void>; release: () => void } {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const world: SpineWorld = {
    calls: [],
    onAdd() {
      reached.resolve()
      return released.promise
    },
  }
  return { world, reached: reached.promise, release: released.resolve }
}

describe('spawn', () => {
  const refusals: readonly (readonly [string, Partial<SpawnOptions>, TheaterErrorCode, RegExp])[] = [
    ['an id with a slash', { id: 'a/b' }, 'bad-id', /1 to 128/],
    ['an empty id', { id: '' }, 'bad-id', /1 to 128/],
    ['a grant for nobody', { grants: { spine: {}, htpp: {} } }, 'bad-grant', /no handler "htpp".*spine/],
    ['an unknown key', { grants: { spine: { maxx: 1 } } }, 'bad-grant', /unknown key "maxx"/],
    ['a value of another type', { grants: { spine: { max: 'x' } } }, 'bad-grant', /max: must be integer/],
    ['no grant', { grants: {} }, 'unmet-import', /\[actor\.a\.grants\.spine\]/],
    ['bytes that are nothing', { component: new Uint8Array(8) }, 'bad-component', /./],
    ['a limit nobody knows', { limits: { mailbx: 1 } as object }, 'bad-limit', /no limit "mailbx"/],
    ['a limit of nothing', { limits: { mailbox: 0 } }, 'bad-limit', /positive integer/],
  ]
  it('says what to add for imports that no handler serves', async () => {
    await using theater = await open({ handlers: [] })
    const cli = theater.spawn({ id: 'a', component: relayGuest('cli') })
    await expect(cli).rejects.toSatisfy(code('unmet-import'))
    await expect(cli).rejects.toThrow(
      /wasi:cli\/stderr@[^\n]+`cli\(\)` of @theater\/handler-cli to the handlers; it needs no grant/,
    )
    await expect(theater.spawn(plain)).rejects.toSatisfy(code('bad-grant'))
    await expect(theater.spawn({ id: 'a', component: spine })).rejects.toThrow(
      /`test:spine\/host`, which no handler of this host serves. Add a handler for it.$/,
    )
    const sockets = await assemble(
      `(component
  (import "wasi:sockets/network@0.2.3" (instance $network (export "network" (type (sub resource)))))
  (alias export $network "network" (type $network))
  (import "wasi:sockets/instance-network@0.2.3" (instance
    (alias outer 1 $network (type $network'))
    (export "network" (type $network (eq $network')))
    (export "instance-network" (func (result (own $network)))))))`,
    )
    await expect(theater.spawn({ id: 'a', component: sockets })).rejects.toThrow(
      /`wasi:sockets\/instance-network@0.2.3`, which no handler of this host serves. Theater has none for sockets.*grant "http"/,
    )
  })

  it('says that a grant has no effect where the component takes nothing but types of its handler', async () => {
    const component = await assemble(
      '(component (import "test:spine/host" (instance (export "counter" (type (sub resource))))))',
    )
    const lines: LogLine[] = []
    await using theater = await open({ log: (line) => lines.push(line) })
    await theater.spawn({ ...plain, id: 'used' })
    await theater.spawn({ id: 'ungranted', component })
    expect(lines).toEqual([])
    await theater.spawn({ ...plain, component })
    expect(lines).toEqual([
      {
        actor: 'a',
        level: 'warn',
        message: 'the grant "spine" has no effect: a imports types of that handler and none of its functions',
        fields: [],
      },
    ])
  })

  for (const [what, options, expected, message] of refusals) {
    it(`refuses ${what}, and leaves nothing behind`, async () => {
      const store = memoryStore()
      await using theater = await open({ store })
      const spawning = theater.spawn({ ...plain, ...options })
      await expect(spawning).rejects.toSatisfy(code(expected))
      await expect(spawning).rejects.toThrow(message)
      expect(theater.actors()).toEqual([])
      expect(await store.list()).toEqual([])
    })
  }

  it('refuses an id that is taken, also while the first is being made', async () => {
    await using theater = await open()
    const both = await Promise.allSettled([theater.spawn(plain), theater.spawn(plain)])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(theater.spawn(plain)).rejects.toSatisfy(code('exists'))
  })

  it('keeps every grant under the ceiling', async () => {
    await using theater = await open({ ceiling: {} })
    await expect(theater.spawn(plain)).rejects.toThrow(/above what this host allows/)
    await expect(open({ ceiling: { spine: { maxx: 1 } } })).rejects.toSatisfy(code('bad-grant'))
  })

  it('makes the record say what the actor is', async () => {
    const store = memoryStore()
    await using theater = await open({ store })
    const { chain, component } = await theater.spawn({ ...plain, limits: { mailbox: 7 } })
    for await (const event of readEvents(store, chain, 0, 1)) {
      expect(event.content).toMatchObject({ actor: 'a', grants: { spine: {} }, theater: version })
      expect(event.content).toMatchObject({ limits: { mailbox: 7, outbox: 1000 } })
    }
    expect(component).toHaveLength(32)
    expect(version).toBe(manifest.version)
  })
})

describe('a call', () => {
  it('of what is not there is refused, by name', async () => {
    await using theater = await open()
    await theater.spawn(plain)
    await expect(theater.call('b', 'run', [])).rejects.toThrow('there is no actor b. Actors: a.')
    await expect(theater.call('a', 'rum', [])).rejects.toSatisfy(code('not-served'))
    await expect(theater.request('a', { format: 'x/y', body: new Uint8Array() })).rejects.toSatisfy(
      code('not-served'),
    )
  })

  it('with arguments of other types happens not at all', async () => {
    await using theater = await open()
    const before = await theater.spawn(plain)
    for (const args of [[], [-1], ['1'], [1n], [1, 2], [Number.NaN]]) {
      await expect(theater.call('a', 'run', args)).rejects.toSatisfy(code('bad-arguments'))
    }
    expect(theater.actors()[0]?.head).toEqual(before.head)
    expect(await theater.call('a', 'run', [1])).toBe(101)
  })

  it('that finds the mailbox full is refused', async () => {
    const { world, reached, release } = gate()
    await using theater = await open({}, world)
    await theater.spawn({ ...plain, limits: { mailbox: 1 } })
    const first = theater.call('a', 'run', [1])
    await reached
    const second = theater.call('a', 'run', [0])
    await expect(theater.call('a', 'run', [0])).rejects.toSatisfy(code('mailbox-full'))
    release()
    expect([await first, await second]).toEqual([101, 201 + 1 - 0])
  })

  it('that takes too long leaves its caller, not the turn', async () => {
    const { world, reached, release } = gate()
    await using theater = await open({}, world)
    await theater.spawn(plain)
    const slow = theater.call('a', 'run', [1], { timeoutMs: 1 })
    await Promise.all([reached, expect(slow).rejects.toSatisfy(code('timeout'))])
    release()
    await theater.idle()
    expect(await theater.call('a', 'run', [0])).toBe(101 + 101)
  })

  it('whose host call passes its deadline is aborted, and the actor goes on from before it', async () => {
    const { world } = gate()
    const lines: LogLine[] = []
    await using theater = await open({ log: (line) => lines.push(line) }, world)
    await theater.spawn({ ...plain, limits: { callMs: 5 } })
    await expect(theater.call('a', 'run', [1])).rejects.toMatchObject({ code: 'aborted', detail: 'deadline' })
    expect(await theater.call('a', 'run', [0])).toBe(100)
    expect(lines.map(({ message }) => message).join()).toContain('deadline')
  })
})

describe('stop', () => {
  it('aborts the turn that runs, takes no more, and closes the record', async () => {
    const store = memoryStore()
    const { world, reached } = gate()
    {
      await using theater = await open({ store }, world)
      await theater.spawn(plain)
      const running = theater.call('a', 'run', [1])
      const waiting = theater.call('a', 'run', [0])
      await reached
      const stopped = theater.stop('a', 'enough')
      await expect(running).rejects.toMatchObject({ code: 'aborted', detail: 'stopped' })
      await expect(waiting).rejects.toSatisfy(code('stopped'))
      await stopped
      await expect(theater.call('a', 'run', [0])).rejects.toSatisfy(code('stopped'))
      await expect(theater.spawn(plain)).rejects.toSatisfy(code('exists'))
    }
    const [info] = await store.list()
    const kinds: string[] = []
    for await (const { kind } of readEvents(store, info!.chain)) kinds.push(kind)
    expect(kinds.slice(-2)).toEqual(['abort', 'stop'])
    await using again = await open({ store })
    expect(again.actors()).toMatchObject([{ id: 'a', state: 'stopped' }])
  })
})

describe('close', () => {
  it('leaves a turn that does not end as a crash would, and opening goes on with it', async () => {
    const store = memoryStore()
    const { world, reached } = gate()
    {
      await using theater = await open({ store }, world)
      await theater.spawn(plain)
      theater.call('a', 'run', [1]).catch(() => undefined)
      await reached
    }
    await using theater = await open({ store })
    await theater.idle()
    expect(theater.actors()).toMatchObject([{ state: 'idle', recovery: { unfinished: true } }])
    expect(await theater.call('a', 'run', [0])).toBe(202)
    await theater.close()
    await expect(theater.call('a', 'run', [0])).rejects.toSatisfy(code('closed'))
    await expect(theater.spawn({ ...plain, id: 'b' })).rejects.toSatisfy(code('closed'))
  })
})

describe('an actor that cannot come back', () => {
  it('says why, and does not hold up the others', async () => {
    const store = memoryStore()
    {
      await using theater = await open({ store })
      await theater.spawn(plain)
    }
    await using theater = await open({ store, handlers: [] })
    expect(theater.actors()).toMatchObject([{ id: 'a', state: 'failed', failure: { code: 'bad-grant' } }])
    await expect(theater.call('a', 'run', [1])).rejects.toSatisfy(code('bad-grant'))
  })

  it('when another host has taken its record over, stands still', async () => {
    const store = memoryStore()
    await using first = await open({ store })
    await first.spawn(plain)
    await using second = await open({ store })
    expect(await second.call('a', 'run', [1])).toBe(101)
    await expect(first.call('a', 'run', [1])).rejects.toSatisfy(code('store-failed'))
    expect(first.actors()).toMatchObject([{ state: 'failed', failure: { code: 'store-failed' } }])
    expect(await second.call('a', 'run', [0])).toBe(202)
  })
})
