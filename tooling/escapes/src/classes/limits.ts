/** What a guest does to take more time, stack or memory than it has. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assemble } from '@theater/guests/wat'
import { store } from '@theater/handler-store'
import { openThread } from '@theater/runtime/thread'
import { relayed, relayGuest } from '@theater/guests/relay'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { type Called, failureOf, host, outcomeOf, spawned, stage, type StageOptions } from '../stage.ts'

const common = { class: 'limits' } as const
const FUEL = 3_000_000

/** A guest that runs this body, with functions and memory beside it. */
const running = (body: string, beside = '', memory?: number): string =>
  core({
    ...(memory !== undefined && { memory }),
    code: `${beside} (func $run (export "run") (result i32) (local $i i32) ${body})`,
    exports: ['(func (export "run") (result u32) (canon lift (core func $i "run")))'],
  })

/** Runs it, as a turn. */
async function runs(wat: string, options: StageOptions = {}): Promise<Outcome> {
  await using made = await stage(wat, { ...options, limits: { fuel: FUEL, ...options.limits } })
  return outcomeOf(await made.call('run'))
}

/** A guest beside one that behaves, in a thread that it keeps: by a loop with fuel for hours, and by a call of a handler. */
const keeper = core({
  imports: [['take', '(func)', '']],
  code: '(func (export "loop") (loop $l (br $l))) (func (export "call") (call $take)) (func (export "fine"))',
  exports: ['loop', 'call', 'fine'].map(
    (fn) => `(func (export "${fn}") (canon lift (core func $i "${fn}")))`,
  ),
})

/** Has a guest keep its thread, and then asks its neighbour. */
async function keeps(fn: string): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-escapes-'))
  try {
    await using thread = await openThread({
      module: new URL('../hostile/kept-thread.ts', import.meta.url),
      data: join(folder, 'chains.db'),
      answerMs: 2000,
    })
    const component = await assemble(keeper)
    for (const id of ['guest', 'neighbour'])
      await thread.spawn({ id, component, grants: { host: {} }, limits: { fuel: 1e12 } })
    const ended = await thread.call('guest', fn, []).then(() => 'returned', failureOf)
    await thread.call('neighbour', 'fine', [])
    return stopped(ended)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const again = '(i32.const 0)'

/** Loops in every construct that can make one. */
const loops: readonly string[] = [
  running(`(loop $l (br $l)) ${again}`),
  running(`(loop $l (br_if $l (i32.const 1))) ${again}`),
  running(`(loop $l (br_table $l $l (i32.const 0))) ${again}`),
  running(`(loop $l (block $b (br_table $b $l (i32.const 1)))) ${again}`),
  running(`(loop $l (if (i32.const 1) (then (br $l)))) ${again}`),
  running(`(loop $a (loop $b (br_if $b (i32.const 0)) (br $a))) ${again}`),
  running(`(loop $l (block $c (try_table (catch_all $c) (nop))) (br $l)) ${again}`),
  running(`(loop $l (call $f) (br $l)) ${again}`, '(func $f)'),
  running(
    `(loop $l (call_indirect (i32.const 0)) (br $l)) ${again}`,
    '(func $f) (table 1 funcref) (elem (i32.const 0) $f)',
  ),
]

const tails: readonly string[] = [
  running('(return_call $run)'),
  running(
    '(return_call $f)',
    '(func $f (result i32) (return_call $g)) (func $g (result i32) (return_call $f))',
  ),
  running(
    '(return_call_indirect (result i32) (i32.const 0))',
    '(func $f (result i32) (return_call_indirect (result i32) (i32.const 0))) (table 1 funcref) (elem (i32.const 0) $f)',
  ),
]

/** One instruction that moves much, again and again: counted as one it would be next to nothing. */
const bulk: readonly string[] = [
  '(memory.fill (i32.const 0) (i32.const 1) (i32.const 6000000))',
  '(memory.copy (i32.const 0) (i32.const 1) (i32.const 6000000))',
].map((one) =>
  running(
    `(loop $l ${one} (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000)))) ${again}`,
    '',
    100,
  ),
)

const recursions: readonly string[] = [
  running('(call $run)'),
  running(
    '(i32.add (i32.const 1) (call $f))',
    '(func $f (result i32) (i32.add (call $g) (i32.const 1))) (func $g (result i32) (i32.add (call $f) (i32.const 1)))',
  ),
  running(
    '(i32.add (i32.const 1) (call_indirect (result i32) (i32.const 0)))',
    '(func $f (result i32) (i32.add (i32.const 1) (call_indirect (result i32) (i32.const 0)))) (table 1 funcref) (elem (i32.const 0) $f)',
  ),
  running(`(block $c (try_table (catch_all $c) (drop (call $run)))) ${again}`),
]

const deep = ({ value, failed }: Called): Outcome => {
  // Where the engine's own stack ends differs from machine to machine, and it may be in the middle of the host.
  if (failed === 'aborted: host-stack') return through('it reached the end of the stack of the host')
  return outcomeOf({ value, ...(failed !== undefined && { failed }) })
}

const grown = (wat: string, limits: StageOptions['limits']): Promise<Outcome> =>
  runs(wat, { limits: { fuel: 2_000_000_000, ...limits } })

/** A loop outside of what an export does itself. */
const elsewhere = {
  start: core({ code: '(func $go (loop $l (br $l))) (start $go)', exports: [] }),
  postReturn: core({
    memory: 1,
    code: `(func (export "run") (result i32) (i32.const 16)) (func (export "post") (param i32) (loop $l (br $l)))
      (data (i32.const 16) "\\00\\00\\00\\00\\00\\00\\00\\00")`,
    exports: [
      '(func (export "run") (result string) (canon lift (core func $i "run") (memory $memory) (post-return (core func $i "post"))))',
    ],
  }),
  realloc: `(component
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (i32.const 0))
      (func (export "run") (param i32 i32) (result i32) (i32.const 1)))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (func (export "run") (param "x" string) (result u32) (canon lift (core func $i "run") (memory $memory) (realloc $realloc))))`,
}

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'limits/endless-loops',
    guard: 'fuel',
    code: 'trapped: out-of-fuel',
    success: 'hang',
    attempt: () => variants(loops, (wat) => runs(wat)),
  },
  {
    ...common,
    id: 'limits/endless-tail-calls',
    guard: 'fuel',
    code: 'trapped: out-of-fuel',
    success: 'hang',
    attempt: () => variants(tails, (wat) => runs(wat)),
  },
  {
    ...common,
    id: 'limits/a-thread-that-others-need',
    guard: 'watchdog',
    code: 'aborted: unresponsive',
    success: 'hang',
    attempt: () => variants(['loop', 'call'], keeps),
  },
  {
    ...common,
    id: 'limits/an-endless-start',
    guard: 'fuel',
    code: 'failed-to-start',
    success: 'hang',
    attempt: () => spawned(stage(elsewhere.start, { limits: { startFuel: FUEL } })),
  },
  {
    ...common,
    id: 'limits/an-endless-loop-after-its-answer',
    guard: 'fuel',
    code: 'trapped: out-of-fuel',
    success: 'hang',
    attempt: () => runs(elsewhere.postReturn),
  },
  {
    ...common,
    id: 'limits/an-endless-loop-while-it-is-given-arguments',
    guard: 'fuel',
    code: 'trapped: out-of-fuel',
    success: 'hang',
    attempt: async () => {
      await using made = await stage(elsewhere.realloc, { limits: { fuel: FUEL } })
      return outcomeOf(await made.call('run', ['hallo']))
    },
  },
  {
    ...common,
    id: 'limits/instructions-that-move-much',
    guard: 'fuel',
    code: 'trapped: out-of-fuel',
    attempt: () => variants(bulk, (wat) => runs(wat, { limits: { fuel: 20_000_000 } })),
  },
  {
    ...common,
    id: 'limits/calls-of-its-host-without-end',
    guard: 'fuel',
    code: 'trapped: out-of-fuel',
    attempt: () => {
      const wat = core({
        imports: [['take', '(func)', '']],
        code: `(func (export "run") (local $i i32)
          (loop $l (call $take) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000)))))`,
        exports: ['(func (export "run") (canon lift (core func $i "run")))'],
      })
      return runs(wat, { handlers: [host('attack:host/api', { take: { run: () => undefined } })] })
    },
  },
  {
    ...common,
    id: 'limits/making-room-for-itself',
    guard: 'meter-name',
    code: 'bad-component',
    // By the name under which what the meter counts is imported: how much memory there may be yet.
    attempt: async () => {
      const wat = `(component
        (core module $own (global (export "pages") (mut i64) (i64.const 0)))
        (core instance $own (instantiate $own))
        (core module $m
          (import "theater:meter" "pages" (global $pages (mut i64)))
          (memory 1 2000)
          (func (export "run") (result i32)
            (global.set $pages (i64.const 1000000))
            (memory.grow (i32.const 1000))))
        (core instance $i (instantiate $m (with "theater:meter" (instance $own))))
        (func (export "run") (result u32) (canon lift (core func $i "run"))))`
      let made
      try {
        made = await stage(wat, { limits: { memory: 16 * 1024 * 1024 } })
      } catch (error) {
        return stopped(String(Reflect.get(Object(error), 'code')))
      }
      const called = await made.call('run')
      await made[Symbol.asyncDispose]()
      return called.failed === undefined ? through('it took more memory than it has') : outcomeOf(called)
    },
  },
  {
    ...common,
    id: 'limits/recursion',
    guard: 'depth',
    code: 'trapped: depth',
    attempt: () =>
      variants(recursions, async (wat) => {
        await using made = await stage(wat, { limits: { fuel: 2_000_000_000 } })
        return deep(await made.call('run'))
      }),
  },
  {
    ...common,
    id: 'limits/memory-that-grows',
    guard: 'memory',
    code: 'trapped: memory',
    attempt: () =>
      grown(
        running(
          `(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))) ) (i32.const 1)`,
          '(memory 1 2000)',
        ),
        { memory: 16 * 1024 * 1024 },
      ),
  },
  {
    ...common,
    id: 'limits/memory-from-the-beginning',
    guard: 'memory',
    code: 'failed-to-start',
    attempt: () =>
      spawned(stage(running('(i32.const 1)', '(memory 2000)'), { limits: { memory: 16 * 1024 * 1024 } })),
  },
  {
    ...common,
    id: 'limits/memories-of-many-modules',
    guard: 'memory',
    code: 'failed-to-start',
    // Each is small; together they are not.
    attempt: () => {
      const some = Array.from(
        { length: 20 },
        (_, i) => `(core module $m${i} (memory 100)) (core instance (instantiate $m${i}))`,
      )
      return spawned(stage(`(component ${some.join(' ')})`, { limits: { memory: 64 * 1024 * 1024 } }))
    },
  },
  {
    ...common,
    id: 'limits/a-table-that-grows',
    guard: 'tables',
    code: 'trapped: memory',
    attempt: () =>
      grown(
        running(
          `(loop $l (br_if $l (i32.ne (table.grow (ref.null func) (i32.const 10000)) (i32.const -1)))) (i32.const 1)`,
          '(table 1 1000000 funcref)',
        ),
        { tables: 50_000 },
      ),
  },
  {
    ...common,
    id: 'limits/a-table-from-the-beginning',
    guard: 'tables',
    code: 'failed-to-start',
    attempt: () =>
      spawned(stage(running('(i32.const 1)', '(table 900000 funcref)'), { limits: { tables: 1000 } })),
  },
  {
    ...common,
    id: 'limits/a-host-call-that-never-ends',
    guard: 'call-deadline',
    code: 'aborted: deadline',
    success: 'hang',
    attempt: () => {
      const wat = core({
        imports: [['take', '(func)', '']],
        code: '(func (export "run") (result i32) (call $take) (i32.const 1))',
        exports: ['(func (export "run") (result u32) (canon lift (core func $i "run")))'],
      })
      const handlers = [
        host('attack:host/api', { take: { mode: 'async', run: () => new Promise(() => undefined) } }),
      ]
      return runs(wat, { handlers, limits: { callMs: 50 } })
    },
  },
  {
    ...common,
    id: 'limits/a-message-larger-than-it-may-be',
    guard: 'message-size',
    code: 'too-large',
    attempt: async () => {
      await using made = await stage(relayGuest('store'), {
        handlers: [store()],
        grants: { store: { rights: ['read', 'write', 'label'] } },
        limits: { messageBytes: 1000 },
      })
      return outcomeOf(await made.call(relayed('theater:store/blobs@0.1#put'), [new Uint8Array(5000)]))
    },
  },
  {
    ...common,
    id: 'limits/events-without-end',
    guard: 'turn-events',
    code: 'aborted: turn-events',
    attempt: () => {
      const wat = core({
        imports: [['take', '(func)', '']],
        code: `(func (export "run") (local $i i32)
          (loop $l (call $take) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000)))))`,
        exports: ['(func (export "run") (canon lift (core func $i "run")))'],
      })
      return runs(wat, {
        handlers: [host('attack:host/api', { take: { run: () => undefined } })],
        limits: { turnEvents: 100, fuel: 2_000_000_000 },
      })
    },
  },
  {
    ...common,
    id: 'limits/actors-beyond-what-the-host-takes',
    guard: 'actor-count',
    code: 'too-many-actors',
    attempt: async () => {
      await using made = await stage(running('(i32.const 1)'), { maxActors: 2 })
      for (let i = 0; i < 4; i++) {
        try {
          await made.theater.spawn({ id: `other-${i}`, component: made.component })
        } catch (error) {
          return stopped(String(Reflect.get(Object(error), 'code')))
        }
      }
      return through('there are five, of two')
    },
  },
]
