/** What a guest does with the values that cross its boundary, and with what comes back from its host. */
import { inspect } from 'node:util'
import { fromWit } from '@theater/guests/wat'
import { cli } from '@theater/handler-cli'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { core, repeated } from '../hostile/guests.ts'
import { type Called, host, outcomeOf, spawned, stage } from '../stage.ts'

const common = { class: 'boundary' } as const

/** Every call of `take` answers what it was given; what it was given last. */
function taking(): { readonly run: (value: unknown) => unknown; readonly taken: unknown[] } {
  const taken: unknown[] = []
  return {
    taken,
    run: (value) => {
      taken.push(value)
      return undefined
    },
  }
}

/** Calls its host for ever, from any depth of its stack, and catches all that it can. */
const digger = core({
  imports: [
    ['take', '(func (param "x" u32))', '(param i32)'],
    ['survived', '(func)', ''],
  ],
  code: `
    (func $dig (param $n i32) (result i32)
      (if (i32.eqz (i32.and (local.get $n) (i32.const 63))) (then (call $take (local.get $n))))
      (i32.add (i32.const 1) (call $dig (i32.add (local.get $n) (i32.const 1)))))
    (func (export "run") (param $n i32) (result i32)
      (block $catch (try_table (catch_all $catch) (drop (call $dig (local.get $n)))))
      (call $survived) (i32.const 1))`,
  exports: ['(func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run")))'],
})

/** Calls its host once, catches all that it can, and tells if it is still there. */
const catcher = (type: string, params: string, call: string): string =>
  core({
    imports: [
      ['take', `(func ${type})`, params],
      ['survived', '(func)', ''],
    ],
    code: `
    (func (export "run") (result i32)
      (block $catch (try_table (catch_all $catch) ${call}))
      (call $survived) (i32.const 1))`,
    exports: ['(func (export "run") (result u32) (canon lift (core func $i "run")))'],
  })

async function survives(
  wat: string,
  run: () => unknown,
  args: readonly (readonly unknown[])[] = [[]],
): Promise<Outcome> {
  let survived = 0
  const handlers = [host('attack:host/api', { take: { run }, survived: { run: () => void survived++ } })]
  await using made = await stage(wat, { handlers })
  return await variants(args, async (some) => {
    const called = await made.call('run', some)
    if (survived > 0) return through('it caught what was to end it, and went on')
    return called.failed === 'aborted: host-stack'
      ? through('it reached the end of the stack of the host')
      : outcomeOf(called)
  })
}

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'boundary/one-string-many-times',
    guard: 'lift-bytes',
    code: 'trapped: guest',
    attempt: () =>
      variants(['string', '(list u8)', '(list f64)', '(tuple string)'], async (element) => {
        const { run, taken } = taking()
        await using made = await stage(repeated(element, 3000, element.includes('f64') ? 7000 : 60_000), {
          handlers: [host('attack:host/api', { take: { run } })],
        })
        const called = await made.call('send')
        return taken.length > 0
          ? through('the host read more out of it than there is memory for')
          : outcomeOf(called)
      }),
  },
  {
    ...common,
    id: 'boundary/events-without-end',
    guard: 'turn-bytes',
    code: 'aborted: turn-bytes',
    // It never waits, so nothing of its record can be written before its end.
    attempt: async () => {
      const { run } = taking()
      const wat = core({
        imports: [['take', '(func (param "x" (list u8)))', '(param i32 i32)']],
        memory: 17,
        code: `(func (export "run") (local $i i32)
          (loop $again (call $take (i32.const 0) (i32.const 1000000))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 260)))))`,
        exports: ['(func (export "run") (canon lift (core func $i "run")))'],
      })
      await using made = await stage(wat, {
        handlers: [host('attack:host/api', { take: { run } })],
        limits: { fuel: 100_000_000_000 },
      })
      return outcomeOf(await made.call('run'))
    },
  },
  {
    ...common,
    id: 'boundary/a-length-that-is-not-there',
    guard: 'engine',
    code: 'trapped: guest',
    attempt: () =>
      variants(
        [
          [65_535, 2],
          [0, 0xffff_ffff],
          [0xffff_ffff, 1],
        ] as const,
        async ([at, length]) => {
          const { run, taken } = taking()
          const wat = core({
            imports: [['take', '(func (param "x" string))', '(param i32 i32)']],
            memory: 1,
            code: `(func (export "run") (call $take (i32.const ${at}) (i32.const ${length})))`,
            exports: ['(func (export "run") (canon lift (core func $i "run")))'],
          })
          await using made = await stage(wat, { handlers: [host('attack:host/api', { take: { run } })] })
          const called = await made.call('run')
          return taken.length > 0 ? through('the host took it') : outcomeOf(called)
        },
      ),
  },
  {
    ...common,
    id: 'boundary/text-that-is-not-utf-8',
    guard: 'engine',
    code: 'U+FFFD',
    attempt: async () => {
      const { run, taken } = taking()
      const wat = core({
        imports: [['take', '(func (param "x" string))', '(param i32 i32)']],
        memory: 1,
        code: `(data (i32.const 0) "ok\\ff\\fe\\c3(\\ed\\a0\\80")
          (func (export "run") (call $take (i32.const 0) (i32.const 9)))`,
        exports: ['(func (export "run") (canon lift (core func $i "run")))'],
      })
      await using made = await stage(wat, { handlers: [host('attack:host/api', { take: { run } })] })
      const called = await made.call('run')
      const [text] = taken as string[]
      if (text === undefined) return outcomeOf(called)
      return text.isWellFormed() && text.includes('\ufffd')
        ? stopped('U+FFFD')
        : through(JSON.stringify(text))
    },
  },
  {
    ...common,
    id: 'boundary/a-case-that-is-not-there',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: () =>
      variants(['(enum "a" "b")', 'char'], async (type) => {
        const { run, taken } = taking()
        const wat = `(component
          (type $t ${type})
          (import "attack:host/api" (instance $h (alias outer 1 $t (type $u)) (export "t" (type $v (eq $u))) (export "take" (func (param "x" $v)))))
          (core func $take (canon lower (func $h "take")))
          (core module $m (import "h" "take" (func $take (param i32))) (func (export "run") (call $take (i32.const 0xd800))))
          (core instance $i (instantiate $m (with "h" (instance (export "take" (func $take))))))
          (func (export "run") (canon lift (core func $i "run"))))`
        await using made = await stage(wat, { handlers: [host('attack:host/api', { take: { run } })] })
        const called = await made.call('run')
        return taken.length > 0 ? through(`the host took ${String(taken[0])}`) : outcomeOf(called)
      }),
  },
  {
    ...common,
    id: 'boundary/catching-the-end-of-the-stack',
    guard: 'depth',
    code: 'trapped: depth',
    // The stack ends wherever the host is just then: somewhere else for each of these.
    attempt: () =>
      survives(
        digger,
        () => undefined,
        Array.from({ length: 22 }, (_, i) => [i * 3]),
      ),
  },
  {
    ...common,
    id: 'boundary/catching-that-it-cannot-wait',
    guard: 'fence',
    code: 'failed-to-start',
    // The engine says so by an exception of its own, before any code of the host runs.
    attempt: async () => {
      let survived = 0
      const wat = core({
        imports: [
          ['take', '(func)', ''],
          ['survived', '(func)', ''],
        ],
        code: `(func $go (block $done (block $catch (try_table (catch_all $catch) (call $take)) (br $done)) (call $survived)))
          (start $go)`,
        exports: [],
      })
      const handlers = [
        host('attack:host/api', {
          take: { mode: 'async', run: () => Promise.resolve() },
          survived: { run: () => void survived++ },
        }),
      ]
      const outcome = await spawned(stage(wat, { handlers }))
      return survived > 0 ? through('it caught it, and went on') : outcome
    },
  },
  {
    ...common,
    id: 'boundary/catching-the-fault-of-a-handler',
    guard: 'real-trap',
    code: 'aborted: handler-fault',
    attempt: () =>
      survives(catcher('(param "x" u32)', '(param i32)', '(call $take (i32.const 1))'), () => {
        throw new Error('a fault of the host')
      }),
  },
  {
    ...common,
    id: 'boundary/reading-what-a-handler-throws',
    guard: 'own-errors',
    code: 'aborted: handler-fault',
    // Where the error of an import is text, the message of a fault would be data of the guest.
    attempt: async () => {
      const wat = `(component
        (import "attack:host/api" (instance $h (export "take" (func (result (result u32 (error string)))))))
        (core module $mem (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
        (core instance $mi (instantiate $mem))
        (alias core export $mi "memory" (core memory $memory))
        (alias core export $mi "realloc" (core func $realloc))
        (core func $take (canon lower (func $h "take") (memory $memory) (realloc $realloc)))
        (core module $m (import "h" "take" (func $take (param i32))) (import "m" "memory" (memory 1))
          (func (export "run") (result i32) (call $take (i32.const 16)) (i32.const 20)))
        (core instance $i (instantiate $m (with "h" (instance (export "take" (func $take)))) (with "m" (instance $mi))))
        (func (export "run") (result string) (canon lift (core func $i "run") (memory $memory))))`
      const run = (): never => {
        throw Object.assign(new Error('a fault'), { payload: 'a password of the host' })
      }
      await using made = await stage(wat, { handlers: [host('attack:host/api', { take: { run } })] })
      const called = await made.call('run')
      return called.value === undefined
        ? outcomeOf(called)
        : through(`the guest got ${inspect(called.value)}`)
    },
  },
  {
    ...common,
    id: 'boundary/arguments-with-getters-that-throw',
    guard: 'argument-faults',
    code: 'bad-arguments',
    attempt: async () => {
      const wat = `(component
        (core module $m (func (export "run") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m))
        (func (export "run") (param "r" (tuple u32)) (result u32) (canon lift (core func $i "run"))))`
      await using made = await stage(wat)
      let error: unknown
      const evil = Object.defineProperty([0], '0', {
        enumerable: true,
        get: () => {
          throw new Error('a getter')
        },
      })
      const called = await made.call('run', [evil]).catch((e: unknown) => {
        error = e
        return {} as Called
      })
      if (error !== undefined) return through(`the caller is told what it threw: ${inspect(error)}`)
      const again = await made.call('run', [[7]])
      return again.value === 7
        ? outcomeOf(called)
        : through(`the actor takes no turns any more: ${again.failed}`)
    },
  },
  {
    ...common,
    id: 'boundary/random-bytes-without-end',
    guard: 'random-bytes',
    code: 'trapped: guest',
    attempt: async () => {
      const wat = `(component
        (import "wasi:random/random@0.2.3" (instance $h (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $mem (memory (export "memory") 600) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
        (core instance $mi (instantiate $mem))
        (alias core export $mi "memory" (core memory $memory))
        (alias core export $mi "realloc" (core func $realloc))
        (core func $get (canon lower (func $h "get-random-bytes") (memory $memory) (realloc $realloc)))
        (core module $m (import "h" "get" (func $get (param i64 i32)))
          (func (export "run") (call $get (i64.const 33554432) (i32.const 16))))
        (core instance $i (instantiate $m (with "h" (instance (export "get" (func $get))))))
        (func (export "run") (canon lift (core func $i "run"))))`
      await using made = await stage(wat)
      return outcomeOf(await made.call('run'))
    },
  },
  {
    ...common,
    id: 'boundary/lying-about-the-types-of-an-interface',
    guard: 'contracts',
    code: 'bad-component',
    // The status of such an exit was NaN once: it could not be written, and the record was broken.
    attempt: () =>
      variants(['f64', 'string'], async (type) => {
        const wit = `package attack:types;
          package wasi:cli@0.2.3 { interface exit { exit-with-code: func(status-code: ${type}); } }
          world attack { import wasi:cli/exit@0.2.3; }`
        const bytes = await fromWit(wit, 'attack')
        return spawned(stage(bytes, { handlers: [cli()] }))
      }),
  },
]
