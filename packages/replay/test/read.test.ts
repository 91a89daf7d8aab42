import { diff, steps } from '@theater/replay'
import type { ChainSource, Step } from '@theater/replay'
import { describe, expect, it } from 'vitest'
import { draftsOf, edit, forge, withhold } from './support/forge.ts'
import { record } from './support/record.ts'
import { spine } from './support/spine.ts'

const all = (source: ChainSource, options = {}): Promise<Step[]> => Array.fromAsync(steps(source, options))
const turns = [{ fn: 'run', args: [2] }, { fn: 'boom' }]

describe('steps', async () => {
  const recording = await record(spine(turns))

  it('reads values by the types that genesis names', async () => {
    const told = (await all(recording)).map(({ seq, kind, turn, fn, args, result }) =>
      [seq, kind, turn, fn, args, result].map((one) => JSON.stringify(one)).join(' '),
    )
    expect(told).toEqual([
      '0 "genesis" null null null null',
      '1 "seed" null null null null',
      '2 "turn" 2 "run" [2] null',
      '3 "call" 2 "test:spine/host#[constructor]counter" [100] {"resource":"counter","number":1}',
      '4 "call" 2 "test:spine/host#add" [0,0] null',
      '5 "result" 2 "test:spine/host#add" null 0',
      '6 "call" 2 "test:spine/host#add" [0,1] null',
      '7 "result" 2 "test:spine/host#add" null 1',
      '8 "call" 2 "test:spine/host#[method]counter.bump" [{"resource":"counter","number":1},2] 102',
      '9 "return" 2 "run" null 103',
      '10 "turn" 10 "boom" [] null',
      '11 "trap" 10 "boom" null null',
    ])
  })

  it('gives a range, with the turn and the function that it is part of', async () => {
    const part = await all(recording, { from: 7, to: 9 })
    expect(part.map(({ seq, turn, fn }) => [seq, turn, fn])).toEqual([
      [7, 2, 'test:spine/host#add'],
      [8, 2, 'test:spine/host#[method]counter.bump'],
    ])
    expect(part[1]?.prev).toBe(part[0]?.hash)
  })

  it('gives bytes where the types are not here, and says what is withheld', async () => {
    const drafts = await draftsOf(recording)
    const [, , turn] = await all(await forge(drafts))
    expect(turn).toMatchObject({ args: { base64: 'gQI=' }, content: { fn: 'run', time: 1_000_005 } })
    const known = await all(await forge(drafts), { model: recording.component.model })
    expect(known[2]?.args).toEqual([2])
    const hidden = await all(withhold(recording, (seq) => seq === 1))
    expect(hidden[1]).toMatchObject({ kind: 'seed', content: { withheld: true } })
  })

  it('stops where it is no chain', async () => {
    const cut: ChainSource = {
      ...recording,
      store: {
        ...recording.store,
        read: (chain) => recording.store.read(chain, 1),
        get: async () => undefined,
      },
    } as ChainSource
    await expect(all(cut)).rejects.toMatchObject({ code: 'broken', index: 0 })
  })
})

describe('diff', async () => {
  const recording = await record(spine(turns))
  const drafts = await draftsOf(recording)

  it('finds nothing between two recordings of the same, whatever their clocks, salts and seeds', async () => {
    let now = 5_000_000
    const later = await record({ ...spine(turns), genesis: { time: now }, now: () => (now += 17) })
    expect(await diff(recording, later)).toBeUndefined()
    const timed = await diff(recording, later, { times: true })
    expect(timed?.a?.seq).toBe(0)
    const reseeded = await forge(
      edit(drafts, 1, 'seed', () => ({ seed: new Uint8Array(32) })),
      recording.store,
    )
    expect(await diff(recording, reseeded)).toBeUndefined()
  })

  it('finds the first event that says something else, and says it in words', async () => {
    const other = await record(spine([{ fn: 'run', args: [1] }]))
    const found = await diff(recording, other)
    expect(found?.a).toMatchObject({ seq: 2, kind: 'turn', args: [2] })
    expect(found?.b).toMatchObject({ seq: 2, kind: 'turn', args: [1] })
    const answered = edit(drafts, 5, 'result', (c) => ({
      ...c,
      outcome: { ...c.outcome, elapsed: 99, result: Uint8Array.of(0x81, 7) },
    }))
    const at = await diff(recording, await forge(answered, recording.store))
    expect([at?.a?.result, at?.b?.result]).toEqual([0, 7])
  })

  it('finds where one goes on and the other does not', async () => {
    const short = await forge(drafts.slice(0, 10), recording.store)
    expect(await diff(recording, short)).toMatchObject({ a: { seq: 10, kind: 'turn' }, b: null })
    expect(await diff(short, recording)).toMatchObject({ a: null, b: { seq: 10 } })
  })
})
