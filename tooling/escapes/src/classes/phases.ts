/** What a guest leaves behind that traps, at every point where it may, or is called where it may not be. */
import { defineHandler } from '@theater/handler'
import { type Escape, type Outcome, stopped, through } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { kitGuest } from '@theater/guests/kit'
import { fromCore } from '@theater/guests/wat'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { door, MIGRATION, waiting } from '../hostile/waiting.ts'
import { host, spawned, stage } from '../stage.ts'

const common = { class: 'phases' } as const

/** Counts, and traps in between: what it counted in a turn that trapped must be undone. */
const counts = (trap: string): string => `(component
  (core module $m (memory (export "memory") 1)
    (global $n (mut i32) (i32.const 0))
    (func $count (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.store (i32.const 512) (global.get $n)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${trap === 'realloc' ? '(call $count) unreachable' : '(i32.const 64)'})
    (func (export "run") (param i32 i32) (result i32) (call $count) ${trap === 'turn' ? 'unreachable' : ''} (i32.const 16))
    (func (export "post") (param i32) ${trap === 'post-return' ? '(call $count) unreachable' : ''})
    (func (export "count") (result i32) (global.get $n))
    (func (export "kept") (result i32) (i32.load (i32.const 512))))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func (export "run") (param "x" string) (result string)
    (canon lift (core func $i "run") (memory $memory) (realloc $realloc) (post-return (core func $i "post"))))
  (func (export "count") (result u32) (canon lift (core func $i "count")))
  (func (export "kept") (result u32) (canon lift (core func $i "kept"))))`

/** A trap at one point of a turn: the actor goes on as if that turn had not been. */
const undone = (trap: string) => async (): Promise<Outcome> => {
  await using made = await stage(counts(trap))
  const called = await made.call('run', ['hallo'])
  if (called.failed !== 'trapped: guest') return through(`it did not trap: ${called.failed ?? 'it answered'}`)
  const after = [(await made.call('count')).value, (await made.call('kept')).value]
  if (after.includes(undefined)) return through('the actor takes no turns any more')
  if (after.some((n) => n !== 0))
    return through(`what it did in the turn that trapped is there: ${String(after)}`)
  const verdict = await made.verify()
  return verdict.verdict === 'verified' ? stopped('undone') : through(`its record is ${verdict.verdict}`)
}

/** A guest that traps in one function of its life, and counts: what it counted there must be undone. */
const living = (trap: 'init' | 'load' | 'save'): Promise<Uint8Array> => {
  const at = (name: string): string =>
    name === trap ? '(global.set $n (i32.const 1)) unreachable' : '(i32.const 64)'
  const types = MIGRATION.replace(
    'world moves { export',
    'world moves { export count: func() -> u32; export theater:actor/lifecycle@0.1.0; export',
  )
  return fromCore(
    `(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "count") (result i32) (global.get $n))
      (func (export "theater:actor/lifecycle@0.1.0#init") (param i32 i32 i32 i32) (result i32) ${at('init')})
      (func (export "theater:actor/migration@0.1.0#save") (result i32) ${at('save')})
      (func (export "theater:actor/migration@0.1.0#load") (param i32 i32 i32 i32) (result i32) ${at('load')}))`,
    types,
    'moves',
  )
}

/** An export of an actor is called while its host is in another one of it: what it gets to see of that. */
const meanwhile = (mode: 'sync' | 'async') => async (): Promise<Outcome> => {
  const { reached, open, run } = door()
  const calls: Promise<string | undefined>[] = []
  let during = true
  const other = (): void => {
    calls.push(made.call('count').then(({ value }) => (during ? `count said ${String(value)}` : undefined)))
  }
  const handler = host('attack:host/api', {
    take: {
      mode,
      run: () => {
        other()
        return mode === 'sync' ? undefined : run()
      },
    },
  })
  await using made = await stage(waiting, { handlers: [handler], limits: { callMs: 2000 } })
  const called = made.call('run')
  if (mode === 'async') {
    await reached
    for (let i = 0; i < 50; i++) await new Promise((resolve) => void setImmediate(resolve))
  }
  open()
  const { value, failed } = await called
  during = false
  if (value !== 0) return through(`it was entered again, and ${failed ?? `then said ${String(value)}`}`)
  const entered = (await Promise.all(calls)).find((one) => one !== undefined)
  if (entered !== undefined) return through(entered)
  const { verdict } = await made.verify()
  return verdict === 'verified'
    ? stopped('after its turn')
    : through(`two turns at once: its record is ${verdict}`)
}

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'phases/called-while-it-is-suspended',
    guard: 'one-turn',
    code: 'after its turn',
    attempt: meanwhile('async'),
  },
  {
    ...common,
    id: 'phases/called-while-it-runs',
    guard: 'one-turn',
    code: 'after its turn',
    attempt: meanwhile('sync'),
  },
  {
    ...common,
    id: 'phases/a-trap-in-its-init',
    guard: 'init-fails',
    code: 'failed-to-start',
    attempt: async () => spawned(stage(await living('init'))),
  },
  {
    ...common,
    id: 'phases/an-init-of-the-kit-that-says-no',
    guard: 'init-fails',
    code: 'failed-to-start',
    attempt: () =>
      spawned(
        stage(kitGuest('kit-counter'), {
          handlers: [log(), messaging()],
          grants: { log: {}, messaging: { to: [] } },
          params: { format: 'application/json', body: new TextEncoder().encode('{"start":-1}') },
        }),
      ),
  },
  {
    ...common,
    id: 'phases/a-trap-while-it-takes-over-a-state',
    guard: 'init-fails',
    code: 'failed-to-start',
    attempt: async () => {
      const state = { format: 'text/plain', body: new Uint8Array(2) }
      return spawned(stage(await living('load'), { state }))
    },
  },
  {
    ...common,
    id: 'phases/a-trap-while-it-gives-its-state',
    guard: 'rebuilding',
    code: 'undone',
    attempt: async () => {
      await using made = await stage(await living('save'))
      const saved = await made.call('theater:actor/migration@0.1#save')
      if (saved.failed !== 'trapped: guest') return through(`it did not trap: ${String(saved.failed)}`)
      const { value } = await made.call('count')
      return value === 0
        ? stopped('undone')
        : through('the actor takes no turns any more, or not all is undone')
    },
  },
  {
    ...common,
    id: 'phases/a-trap-in-its-start',
    guard: 'engine',
    code: 'failed-to-start',
    attempt: () => spawned(stage(core({ code: '(func $go unreachable) (start $go)', exports: [] }))),
  },
  { ...common, id: 'phases/a-trap-in-a-turn', guard: 'rebuilding', code: 'undone', attempt: undone('turn') },
  {
    ...common,
    id: 'phases/a-trap-while-it-is-given-arguments',
    guard: 'rebuilding',
    code: 'undone',
    attempt: undone('realloc'),
  },
  {
    ...common,
    id: 'phases/a-trap-after-its-answer',
    guard: 'rebuilding',
    code: 'undone',
    attempt: undone('post-return'),
  },
  {
    ...common,
    id: 'phases/a-trap-while-it-drops-a-resource',
    guard: 'rebuilding',
    code: 'undone',
    attempt: async () => {
      const wat = `(component
        (core module $m (global $n (mut i32) (i32.const 0))
          (func (export "dtor") (param i32) (global.set $n (i32.const 1)) unreachable)
          (func (export "count") (result i32) (global.get $n)))
        (core instance $i (instantiate $m))
        (type $r (resource (rep i32) (dtor (core func $i "dtor"))))
        (core func $new (canon resource.new $r))
        (core func $drop (canon resource.drop $r))
        (core module $o (import "r" "new" (func $new (param i32) (result i32))) (import "r" "drop" (func $drop (param i32)))
          (func (export "run") (call $drop (call $new (i32.const 5)))))
        (core instance $j (instantiate $o (with "r" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
        (func (export "run") (canon lift (core func $j "run")))
        (func (export "count") (result u32) (canon lift (core func $i "count"))))`
      await using made = await stage(wat)
      const called = await made.call('run')
      if (called.failed !== 'trapped: guest')
        return through(`it did not trap: ${called.failed ?? 'it answered'}`)
      const { value } = await made.call('count')
      return value === 0
        ? stopped('undone')
        : through('the actor takes no turns any more, or not all is undone')
    },
  },
  {
    ...common,
    id: 'phases/going-on-after-its-turn-has-ended',
    guard: 'finished-instance',
    code: 'nothing',
    // A host call that it began before is answered after its end: nothing of it may run any more.
    attempt: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      let after = 0
      const wat = core({
        imports: [
          ['take', '(func)', ''],
          ['survived', '(func)', ''],
        ],
        code: '(func (export "run") (call $take) (call $survived))',
        exports: ['(func (export "run") (canon lift (core func $i "run")))'],
      })
      const functions = {
        'attack:host/api#take': { mode: 'async', effect: 'read' },
        'attack:host/api#survived': { mode: 'sync', effect: 'read' },
      } as const
      const handler = defineHandler<{ readonly [key: string]: never }, object>({
        name: 'host',
        interfaces: ['attack:host/api'],
        grant: { type: 'object', additionalProperties: false },
        functions,
        within: () => true,
        authorize: () => true,
        bind: () => ({
          imports: { 'attack:host/api': { take: () => promise, survived: () => void after++ } },
        }),
      })
      await using made = await stage(wat, { handlers: [handler], limits: { callMs: 30 } })
      const called = await made.call('run')
      resolve()
      await made.call('run').catch(() => undefined)
      return after > 1 || called.failed === undefined
        ? through('it went on after its turn had ended')
        : stopped('nothing')
    },
  },
]
