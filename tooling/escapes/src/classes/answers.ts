/** What a handler answers, or throws, that is not of the type of what was called: the guest never sees any of it. */
import { inspect } from 'node:util'
import { type Escape, type Outcome, through, variants } from '../escape.ts'
import { host, outcomeOf, stage } from '../stage.ts'

const common = { class: 'answers' } as const

/** A guest that hands what it was answered to its caller, as far as that is one number. */
const passing = (type: string): string => `(component
  (type $t ${type})
  (import "attack:host/api" (instance $h
    (alias outer 1 $t (type $u)) (export "t" (type $v (eq $u)))
    (export "take" (func (result $v)))))
  (core func $take (canon lower (func $h "take")))
  (core module $m (import "h" "take" (func $take (result i32))) (func (export "run") (result i32) (call $take)))
  (core instance $i (instantiate $m (with "h" (instance (export "take" (func $take))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`

/** A guest that takes a list, and says how long it is. */
const counting = (element: string): string => `(component
  (import "attack:host/api" (instance $h (export "take" (func (result (list ${element}))))))
  (core module $mem (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $mi (instantiate $mem))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (core func $take (canon lower (func $h "take") (memory $memory) (realloc $realloc)))
  (core module $m (import "h" "take" (func $take (param i32))) (import "m" "memory" (memory 1))
    (func (export "run") (result i32) (call $take (i32.const 16)) (i32.load (i32.const 20))))
  (core instance $i (instantiate $m (with "h" (instance (export "take" (func $take)))) (with "m" (instance $mi))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))`

/** Calls that answer with something: of a handler that answers at once, and of one that is waited for. */
const answering =
  (
    wat: string,
    answers: readonly (() => unknown)[],
    modes: readonly ('sync' | 'async')[] = ['sync', 'async'],
  ) =>
  (): Promise<Outcome> =>
    variants(
      modes.flatMap((mode) => answers.map((answer) => ({ mode, answer }))),
      async ({ mode, answer }) => {
        const run = mode === 'sync' ? answer : async () => answer()
        await using made = await stage(wat, { handlers: [host('attack:host/api', { take: { mode, run } })] })
        const called = await made.call('run')
        if (called.value !== undefined) return through(`the guest got ${inspect(called.value)}`)
        if (called.failed === 'trapped: guest') return through('the guest is blamed')
        const { verdict } = await made.verify()
        return verdict === 'verified' ? outcomeOf(called) : through(`its record is ${verdict}`)
      },
    )

const fail = (): never => {
  throw new Error('do not look')
}
/** Throws itself, whatever it is asked. */
const hostile = (of: object): object => {
  const again = (): never => {
    // oxlint-disable-next-line typescript/only-throw-error -- that is the point
    throw made
  }
  const made: object = new Proxy(of, { get: again, has: again, getPrototypeOf: again })
  return made
}
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable([0], {})
  revoke()
  return proxy
}

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'answers/outside-of-their-type',
    guard: 'answer-range',
    code: 'aborted: host-value',
    attempt: answering(
      passing('u8'),
      [300, -1, 1.5, NaN, 7n, '7', null, undefined, true, [7], { valueOf: () => 7 }].map(
        (value) => () => value,
      ),
    ),
  },
  {
    ...common,
    id: 'answers/of-no-case',
    guard: 'answer-cases',
    code: 'aborted: host-value',
    attempt: answering(
      passing('(enum "small" "large")'),
      ['huge', 0, {}, 'toString', '__proto__', ''].map((value) => () => value),
    ),
  },
  {
    ...common,
    id: 'answers/a-promise-of-one',
    guard: 'answer-promises',
    code: 'aborted: host-value',
    // None of what a record of options or flags asks for is there, which looks like none of them.
    attempt: answering(
      passing('(flags "a" "b")'),
      [() => Promise.resolve({ a: true }), () => Promise.reject(new Error('a fault'))],
      ['sync'],
    ),
  },
  {
    ...common,
    id: 'answers/longer-than-their-type',
    guard: 'answer-length',
    code: 'aborted: host-value',
    attempt: answering(passing('(tuple u32)'), [
      () => [1, 2],
      () => Array<number>(100_000).fill(1),
      () => [],
    ]),
  },
  {
    ...common,
    id: 'answers/that-lie-about-their-length',
    guard: 'answer-lists',
    code: 'aborted: host-value',
    // What is written of it once would not be what is read of it afterwards.
    attempt: answering(
      counting('bool'),
      [-1, 0.5, '1', 2 ** 40].map(
        (length) => () =>
          new Proxy([true], {
            get: (of, key) => (key === 'length' ? length : (Reflect.get(of, key) as unknown)),
          }),
      ),
    ),
  },
  {
    ...common,
    id: 'answers/larger-than-the-guest-has-room-for',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: async () => {
      const run = (): Uint8Array => new Uint8Array(1_000_000)
      await using made = await stage(counting('u8'), {
        handlers: [host('attack:host/api', { take: { run } })],
      })
      return outcomeOf(await made.call('run'))
    },
  },
  {
    ...common,
    id: 'answers/that-throw-when-they-are-looked-at',
    guard: 'answer-faults',
    code: 'aborted: host-value',
    attempt: answering(
      passing('(tuple u32)'),
      [
        () => Object.defineProperty([0], '0', { get: fail }),
        () => Object.create(new Uint32Array(1)) as unknown,
        () => new Proxy([0], { get: fail }),
        revoked,
      ],
      ['sync'],
    ),
  },
  {
    ...common,
    id: 'answers/errors-that-throw-when-they-are-looked-at',
    guard: 'thrown-faults',
    code: 'aborted: handler-fault',
    success: 'crash',
    attempt: answering(passing('(result)'), [
      () => {
        // oxlint-disable-next-line typescript/only-throw-error -- that is the point
        throw hostile({})
      },
      () => {
        // oxlint-disable-next-line typescript/only-throw-error -- that is the point
        throw hostile(new Error('a fault'))
      },
    ]),
  },
]
