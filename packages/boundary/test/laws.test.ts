import { WitError } from '@theater/handler'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Component } from '@theater/component'
import { load, show, TestActor } from './support/actor.ts'
import type { ActorOptions, TestHost } from './support/actor.ts'
import { catchingGuest } from './support/catching.ts'
import type { Called } from './support/catching.ts'

const track = 'test:laws/host'

/** A way for an import to go wrong, and the code that its turn ends with. */
interface Way {
  readonly name: string
  readonly on: readonly Called[]
  readonly code: string
  readonly run: () => unknown
  /** Only where the function is declared so. */
  readonly mode?: 'sync' | 'async'
}

const throwing = (error: unknown) => (): never => {
  throw error
}
const hostile = new Proxy(
  {},
  {
    get: throwing(new Error('do not look')),
    has: throwing(new Error('do not look')),
    getPrototypeOf: throwing(new Error('do not look')),
  },
)
function selfish(): unknown {
  const again = (): never => throwing(made)()
  const made: unknown = new Proxy({}, { get: again, has: again, getPrototypeOf: again })
  return made
}
function endless(): never {
  return endless()
}
/** What another copy of `@theater/handler` throws. */
class ForeignWitError extends Error {
  readonly brand = 'theater.WitError'
  readonly payload: unknown
  constructor(payload: unknown) {
    super('foreign')
    this.payload = payload
  }
}
const every = ['plain', 'count', 'total', 'at', 'fails', 'answers'] as const

const ways: readonly Way[] = [
  { name: 'an Error', on: every, code: 'handler-fault', run: throwing(new Error('broken')) },
  {
    name: 'an Error with a payload',
    on: every,
    code: 'handler-fault',
    run: throwing(Object.assign(new Error('broken'), { payload: 'small' })),
  },
  {
    name: 'a RuntimeError',
    on: every,
    code: 'handler-fault',
    run: throwing(new WebAssembly.RuntimeError('unreachable')),
  },
  { name: 'a string', on: every, code: 'handler-fault', run: throwing('small') },
  { name: 'undefined', on: every, code: 'handler-fault', run: throwing(undefined) },
  {
    name: 'an object that throws when it is looked at',
    on: every,
    code: 'handler-fault',
    run: throwing(hostile),
  },
  {
    name: 'an object that throws itself when it is looked at',
    on: every,
    code: 'handler-fault',
    run: throwing(selfish()),
  },
  {
    name: 'a WitError where there is no error type',
    on: ['plain', 'count', 'total', 'at'],
    code: 'handler-fault',
    run: throwing(new WitError('small')),
  },
  {
    name: 'a WitError whose payload is not of the type',
    on: ['fails', 'answers'],
    code: 'host-value',
    run: throwing(new WitError({ tag: 'small' })),
  },
  {
    name: 'a case that is not one',
    on: ['answers'],
    code: 'host-value',
    run: throwing(new WitError('huge')),
  },
  { name: 'an answer too large', on: ['count', 'answers'], code: 'host-value', run: () => 300 },
  { name: 'a bigint for a number', on: ['count', 'answers'], code: 'host-value', run: () => 5n },
  { name: 'a number for a bigint', on: ['total'], code: 'host-value', run: () => 5 },
  { name: 'no answer', on: ['count', 'total', 'at', 'answers'], code: 'host-value', run: () => undefined },
  { name: 'an answer to nothing', on: ['plain', 'fails'], code: 'host-value', run: () => 1 },
  { name: 'a wrapped answer', on: ['answers'], code: 'host-value', run: () => ({ tag: 'ok', val: 1 }) },
  { name: 'a missing field', on: ['at'], code: 'host-value', run: () => ({ x: 1 }) },
  {
    name: 'a field that throws',
    on: ['at'],
    code: 'host-value',
    run: () => ({
      name: 'a',
      get x() {
        throw new Error('broken')
      },
    }),
  },
  {
    name: 'a field in which the stack ends',
    on: ['at'],
    code: 'host-stack',
    run: () => ({
      name: 'a',
      get x() {
        return endless()
      },
    }),
  },
  {
    name: 'a field for which there is no memory',
    on: ['at'],
    code: 'host-memory',
    run: () => ({
      x: 1,
      get name() {
        return 'x'.repeat(2 ** 30)
      },
    }),
  },
  {
    name: 'a payload that throws',
    on: ['fails', 'answers'],
    code: 'handler-fault',
    run: () => {
      throw Object.defineProperty(new WitError('small'), 'payload', { get: throwing(new Error('broken')) })
    },
  },
  {
    name: 'an object that throws as an answer',
    on: ['at'],
    mode: 'sync',
    code: 'host-value',
    run: () => hostile,
  },
  {
    // The promise of it asks for its `then`, and fails.
    name: 'a promise of an object that throws',
    on: ['at'],
    mode: 'async',
    code: 'handler-fault',
    run: () => hostile,
  },
  {
    name: 'a promise',
    on: every,
    mode: 'sync',
    code: 'host-value',
    run: () => Promise.resolve(1),
  },
  {
    name: 'a promise that fails',
    on: every,
    mode: 'sync',
    code: 'host-value',
    run: () => Promise.reject(new Error('broken')),
  },
  {
    name: 'a promise that never settles',
    on: every,
    mode: 'async',
    code: 'deadline',
    run: () => new Promise(() => undefined),
  },
  {
    name: 'a rejection without a reason',
    on: every,
    mode: 'async',
    code: 'handler-fault',
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is the point
    run: () => Promise.reject(undefined),
  },
]

const plans = [
  { plan: 'the sync plan', mode: 'sync', jspi: false },
  { plan: 'JSPI, answering at once', mode: 'sync', jspi: true },
  { plan: 'JSPI, waiting', mode: 'async', jspi: true },
] as const

describe('an import that goes wrong in a guest that catches all', () => {
  let component: Component
  beforeAll(async () => {
    component = await load(await catchingGuest())
  })

  const host = (fn: Called, mode: 'sync' | 'async', run: () => unknown, survived: unknown[]): TestHost => ({
    functions: {
      [`${track}#${fn}`]: { mode, effect: 'read' },
      [`${track}#survived`]: { mode: 'sync', effect: 'read' },
    },
    imports: { [track]: { [fn]: run, survived: (caught: number) => void survived.push(caught) } },
  })

  describe.each(plans)('$plan', ({ mode, jspi }) => {
    const options: ActorOptions = { jspi, live: { callTimeoutMs: 5 } }
    const cases = ways
      .filter((way) => way.mode === undefined || way.mode === mode)
      .flatMap((way) => way.on.map((fn) => ({ ...way, fn })))

    it.each(cases)(
      '$fn: $name ends the turn ($code), and the guest never runs on',
      async ({ fn, run, code }) => {
        const survived: unknown[] = []
        const asynchronous = async (): Promise<unknown> => run()
        const actor = await TestActor.start(
          component,
          host(fn, mode, mode === 'async' ? asynchronous : run, survived),
          options,
        )
        const end = await actor.turn(`try-${fn}`)
        expect(show(end)).toBe(`abort ${code}`)
        // Whoever shows what went wrong may ask what it is.
        expect(String(Reflect.get(end, 'error'))).toBeTypeOf('string')
        // A guest that was suspended is given the chance to go on, which it must not take.
        await new Promise((resolve) => setImmediate(resolve))
        expect(survived).toEqual([])
        expect(actor.log.kinds).toBe('turn abort')
        expect(actor.log.last.content).toMatchObject({ code })
        await expect(actor.turn(`try-${fn}`)).rejects.toMatchObject({ code: 'finished' })
        const again = (await actor.rerun()).at(-1)
        expect(again).toMatchObject({ tag: 'abort', code, recorded: true })
      },
    )
  })

  it.each(plans)('an error of the interface is an answer ($plan)', async ({ mode, jspi }) => {
    for (const error of [new WitError('small'), new ForeignWitError('small')]) {
      const survived: unknown[] = []
      const run = mode === 'async' ? async () => throwing(error)() : throwing(error)
      const actor = await TestActor.start(component, host('answers', mode, run, survived), { jspi })
      expect(await actor.value('try-answers')).toBe(0)
      expect(survived).toEqual([0])
      expect(actor.log.kinds).toBe('turn call call return')
      expect(await actor.differs()).toBeUndefined()
    }
  })

  it('a handler’s own kind of promise, which begins its work when it is asked, is asked once', async () => {
    let begun = 0
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable -- that is the point
      then(resolve: (value: unknown) => void) {
        begun++
        resolve(undefined)
      },
    }
    const actor = await TestActor.start(
      component,
      host('plain', 'async', () => lazy, []),
      { jspi: true },
    )
    expect(await actor.value('try-plain')).toBe(0)
    expect(begun).toBe(1)
  })

  it('a call that ends its own actor is where the record stops', async () => {
    for (const effect of ['none', 'idempotent'] as const) {
      const survived: unknown[] = []
      const mode = effect === 'none' ? 'sync' : 'async'
      const actor: TestActor = await TestActor.start(
        component,
        {
          ...host('plain', mode, () => actor.boundary.abort('exited', undefined, 3), survived),
          functions: {
            [`${track}#plain`]: { mode, effect },
            [`${track}#survived`]: { mode: 'sync', effect: 'read' },
          },
        },
        { jspi: mode === 'async' },
      )
      expect(await actor.turn('try-plain')).toMatchObject({ tag: 'abort', code: 'exited', status: 3 })
      expect(survived).toEqual([])
      expect(actor.log.kinds).toBe(effect === 'none' ? 'turn abort' : 'turn call abort')
      expect((await actor.rerun()).at(-1)).toMatchObject({ tag: 'abort', code: 'exited', status: 3 })
    }
  })

  it('a handler that calls the actor while it runs is refused, and the turn is its own to end', async () => {
    for (const { mode, jspi } of plans) {
      const survived: unknown[] = []
      const refused: unknown[] = []
      const enter = async (): Promise<void> => {
        await actor.turn('try-count').catch((error: unknown) => refused.push(error))
      }
      const actor: TestActor = await TestActor.start(
        component,
        host('plain', mode, mode === 'async' ? enter : () => void enter(), survived),
        { jspi },
      )
      expect(await actor.value('try-plain')).toBe(0)
      expect(refused).toMatchObject([{ code: 'busy' }])
      expect(survived).toEqual([0])
      expect(actor.log.kinds).toBe('turn call call return')
      expect(await actor.differs()).toBeUndefined()
    }
  })

  it('a function that waits where the component was prepared for none is the fault of the host', async () => {
    const survived: unknown[] = []
    const waits = host('plain', 'async', async () => undefined, survived)
    const actor = await TestActor.start(component, waits, { plan: { mode: 'sync' } })
    expect(show(await actor.turn('try-plain'))).toBe('abort handler-fault')
    expect(survived).toEqual([])
  })

  it('a function with an outside effect that is declared sync is the fault of its handler, and does nothing', async () => {
    let done = 0
    const actor = await TestActor.start(component, {
      functions: { [`${track}#plain`]: { mode: 'sync', effect: 'once' } },
      imports: { [track]: { plain: () => void done++ } },
    })
    expect(show(await actor.turn('try-plain'))).toBe('abort handler-fault')
    expect(done).toBe(0)
  })

  it('a record that cannot be written loses the turn, whatever is written', async () => {
    for (const [at, on] of [
      [0, 'append'],
      [1, 'append'],
      [2, 'append'],
      [0, 'flush'],
    ] as const) {
      const survived: unknown[] = []
      let writes = 0
      const actor: TestActor = await TestActor.start(component, {
        ...host('plain', 'async', async () => undefined, survived),
        functions: {
          [`${track}#plain`]: { mode: 'async', effect: on === 'flush' ? 'once' : 'read' },
          [`${track}#survived`]: { mode: 'sync', effect: 'read' },
        },
      })
      const failure = new Error('disk full')
      const { log } = actor
      if (on === 'flush') log.failure = { on, error: failure }
      else {
        const append = log.append.bind(log)
        log.append = (kind, content) => {
          if (writes++ === at) log.failure = { on, error: failure }
          return append(kind, content)
        }
      }
      expect(await actor.turn('try-plain')).toEqual({ tag: 'lost', error: failure })
      // The third write is that of `survived` itself.
      expect(survived).toEqual(at === 2 ? [0] : [])
      await expect(actor.turn('try-plain')).rejects.toMatchObject({ code: 'finished' })
    }
  })
})
