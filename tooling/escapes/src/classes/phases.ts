/** What a guest leaves behind that traps, at every point where it may, or is called where it may not be. */
import { defineHandler } from '@theater/handler'
import { type Escape, type Outcome, stopped, through } from '../escape.ts'
import { core } from '../hostile/guests.ts'
import { spawned, stage } from '../stage.ts'

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

export const escapes: readonly Escape[] = [
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
