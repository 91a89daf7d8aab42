import type { TurnEnd } from '@theater/boundary'
import { verify } from '@theater/replay/node'
import type { ChainSource, Verdict } from '@theater/replay'
import { assemble } from '@theater/guests/wat'
import { beforeAll, describe, expect, it } from 'vitest'
import { draftsOf, edit, forge } from './support/forge.ts'
import { load, record } from './support/record.ts'
import type { Recording, RecordOptions } from './support/record.ts'

/** Each export uses up one thing; `count` says how many turns there were, and how many bytes of list it was given. */
const greedy = `(component
  (core module $m
    (memory (export "memory") 1)
    (table $t 1 funcref)
    (global $count (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (memory.grow (i32.div_u (i32.add (local.get 3) (i32.const 65535)) (i32.const 65536))))
      (i32.const 65536))
    (func (export "count") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count))
    (func (export "loop") (result i32) (loop $l (br $l)) unreachable)
    (func $deep (export "deep") (result i32)
      (i32.add (call $deep) (i32.const 1)))
    (func (export "grow") (result i32)
      (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
      (i32.const 0))
    (func (export "table") (result i32)
      (loop $l (br_if $l (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0))))
      (i32.const 0))
    (func (export "take") (param i32 i32) (result i32) (local.get 1))
    (func (export "give") (param i32) (result i32)
      (i32.store (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get 0))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func (export "count") (result u32) (canon lift (core func $i "count")))
  (func (export "loop") (result u32) (canon lift (core func $i "loop")))
  (func (export "deep") (result u32) (canon lift (core func $i "deep")))
  (func (export "grow") (result u32) (canon lift (core func $i "grow")))
  (func (export "table") (result u32) (canon lift (core func $i "table")))
  (func (export "take") (param "bytes" (list u8)) (result u32)
    (canon lift (core func $i "take") (memory $memory) (realloc $realloc)))
  (func (export "give") (param "length" u32) (result (list u8))
    (canon lift (core func $i "give") (memory $memory))))`

/** A component whose start function never ends. */
const endless = `(component
  (core module $m
    (func $start (loop $l (br $l)))
    (start $start)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))`

/** A component that has more memory from the beginning than it may. */
const big = `(component
  (core module $m (memory (export "memory") 300) (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))`

const check = (source: ChainSource): Promise<Verdict> => verify(source, { load })
const ended = (end: TurnEnd | undefined): unknown => (end?.tag === 'trap' ? end.code : end?.tag)

describe('a metered component', () => {
  let component: Uint8Array
  beforeAll(async () => {
    component = await assemble(greedy)
  })
  const run = (
    fn: string,
    args: readonly unknown[] = [],
    limits: RecordOptions['limits'] = {},
  ): Promise<Recording> =>
    record({
      component,
      steps: [{ fn: 'count' }, { fn, args }, { fn: 'count' }],
      limits: { fuel: 1_000_000, ...limits },
    })

  it.each<[string, string, readonly unknown[], string, RecordOptions['limits']]>([
    ['loops for ever', 'loop', [], 'out-of-fuel', {}],
    ['calls itself for ever', 'deep', [], 'depth', {}],
    ['grows its memory for ever', 'grow', [], 'memory', { fuel: 100_000_000 }],
    ['grows a table for ever', 'table', [], 'memory', { fuel: 100_000_000 }],
    ['is given more than its fuel is for', 'take', [new Uint8Array(110_000)], 'out-of-fuel', {}],
    ['gives more than its fuel is for', 'give', [60_000], 'out-of-fuel', { fuel: 500_000 }],
  ])(
    'that %s is stopped, the record says why, and it is what a re-run does',
    async (_what, fn, args, code, limits) => {
      const recording = await run(fn, args, limits)
      expect(recording.ends.map(ended)).toEqual(['return', 'return', code, 'return'])
      expect(await check(recording)).toMatchObject({ verdict: 'verified', turns: 2, undone: 1 })
      const drafts = await draftsOf(recording)
      const at = drafts.findIndex(({ kind }) => kind === 'trap')
      for (const change of [
        edit(drafts, at, 'trap', (trap) => ({ ...trap, fuel: Number(trap.fuel) - 1 })),
        edit(drafts, at, 'trap', (trap) => ({ ...trap, fuel: null })),
        edit(drafts, at, 'trap', (trap) => ({ ...trap, code: 'guest' })),
      ]) {
        const forged = await check(await forge(change, recording.store))
        expect(forged).toMatchObject({ verdict: 'diverged', index: at, actual: { code } })
      }
    },
  )

  it('that does what its fuel is for is not stopped', async () => {
    const recording = await run('take', [new Uint8Array(90_000)])
    expect(recording.ends.map(ended)).toEqual(['return', 'return', 'return', 'return'])
  })

  it('uses the same fuel for the same, and another figure in its record is found out', async () => {
    const recording = await record({
      component,
      steps: [{ fn: 'count' }, { fn: 'count' }, { fn: 'give', args: [10] }],
    })
    const drafts = await draftsOf(recording)
    const at = drafts.findIndex(({ kind }) => kind === 'return')
    const forged = edit(drafts, at, 'return', ({ result, fuel }) => ({ result, fuel: Number(fuel) + 1 }))
    expect(await check(await forge(forged, recording.store))).toMatchObject({
      verdict: 'diverged',
      index: at,
    })
    expect(await check(recording)).toMatchObject({ verdict: 'verified' })
  })

  it('is given what genesis says, not what it was given', async () => {
    const recording = await run('loop')
    const drafts = await draftsOf(recording)
    const at = drafts.findIndex(({ kind }) => kind === 'trap')
    const more = edit(drafts, 0, 'genesis', (g) => ({ ...g, limits: { ...g.limits, fuel: 2_000_000 } }))
    expect(await check(await forge(more, recording.store))).toMatchObject({ verdict: 'diverged', index: at })
  })

  it.each([
    ['whose start never ends', endless, 'out-of-fuel'],
    ['that begins with too much memory', big, 'memory'],
  ])('%s does not come to be, and its record says why', async (_what, text, code) => {
    const recording = await record({
      component: await assemble(text),
      steps: [],
      limits: { startFuel: 1_000_000 },
    })
    expect(recording.ends.map(ended)).toEqual([code])
    expect(await check(recording)).toMatchObject({ verdict: 'verified', turns: 0 })
    const drafts = await draftsOf(recording)
    const other = edit(drafts, 2, 'trap', (trap) => ({ ...trap, code: 'guest' }))
    expect(await check(await forge(other, recording.store))).toMatchObject({ verdict: 'diverged', index: 2 })
  })
})
