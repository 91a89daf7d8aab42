import { decodeContent } from '@theater/event-chain'
import type { Contents } from '@theater/event-chain'
import { guest } from '@theater/guests'
import type { ChainSource, Verdict, VerifyOptions } from '@theater/replay'
import { replay, verify } from '@theater/replay/node'
import { describe, expect, it } from 'vitest'
import { draftsOf, edit, forge, withhold } from './support/forge.ts'
import type { Draft } from './support/forge.ts'
import { load, record } from './support/record.ts'
import type { Recording, TestHandler, Turn } from './support/record.ts'

const HOST = 'test:fresh/host'

/** The host of the guest `fresh`. */
function host(): TestHandler {
  const sync = { mode: 'sync', effect: 'read' } as const
  return {
    interfaces: [HOST],
    functions: {
      [`${HOST}#begin`]: sync,
      [`${HOST}#take`]: sync,
      [`${HOST}#effect`]: { mode: 'async', effect: 'idempotent' },
    },
    imports: { [HOST]: { begin: () => 1, take: () => ({}), effect: (n: number) => Promise.resolve(n) } },
  }
}

const check = (source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Verdict> =>
  verify(source, { load, ...options })

const make = (instance: 'turn' | undefined, ...steps: Turn[]): Promise<Recording> =>
  record({
    component: guest('fresh'),
    handler: host(),
    steps,
    asyncImports: [`${HOST}#effect`],
    limits: { startFuel: 100_000, fuel: 100_000 },
    ...(instance !== undefined && { genesis: { instance } }),
  })

/** With what genesis says of instances changed, and every hash made to fit. */
const claimed = (drafts: readonly Draft[], instance: 'turn' | undefined): Draft[] =>
  edit(drafts, 0, 'genesis', ({ instance: _, ...rest }) => ({ ...rest, ...(instance && { instance }) }))

describe('a record of instances that live for a turn', async () => {
  const steps = [
    { fn: 'count' },
    { fn: 'drawn' },
    { fn: 'fail' },
    { fn: 'effects', args: [2] },
    { fn: 'now' },
    { fn: 'draw' },
    { fn: 'count' },
  ]
  const recording = await make('turn', ...steps)
  const drafts = await draftsOf(recording)

  it('is confirmed from between any two turns on, for they leave no state', async () => {
    const ends = drafts.flatMap(({ kind }, seq) => (/^(?:return|trap|abort)$/.test(kind) ? [seq + 1] : []))
    const changed = drafts.findIndex(({ kind }, seq) => kind === 'return' && seq > (ends[2] ?? 0))
    const forged = await forge(
      edit(drafts, changed, 'return', (content) => ({ ...content, fuel: 1 })),
      recording.store,
    )
    for (let from = 0; from < drafts.length; from++) {
      const at = ends.findLast((end) => end <= from)
      const found = await check(recording, { from })
      expect(found).toMatchObject({ verdict: 'verified', finished: true })
      expect([found.from, found.unproven]).toEqual([at, undefined])
      // What was changed is found, wherever that is, and nobody but the record is accused.
      expect(await check(forged, { from })).toMatchObject(
        (at ?? 0) <= changed ? { verdict: 'diverged', index: changed } : { verdict: 'verified', from: at },
      )
    }
    const all = await check(recording, { from: drafts.length })
    expect(all).toMatchObject({ verdict: 'inconclusive', code: 'no-snapshot' })
  })

  it('is confirmed, turn by turn', async () => {
    expect(recording.ends.map((end) => (end.tag === 'return' ? end.value : end.tag))).toEqual([
      undefined,
      1,
      expect.any(BigInt),
      'trap',
      1,
      expect.any(BigInt),
      expect.any(BigInt),
      1,
    ])
    expect(await check(recording)).toMatchObject({ verdict: 'verified', turns: 6, undone: 1, finished: true })
  })

  it('is one of the actor that genesis says, and of no other', async () => {
    expect(await check(await forge(drafts, recording.store))).toMatchObject({ verdict: 'verified' })
    // Without the word the first call of the first turn is one that the component made before.
    const at = drafts.findIndex(({ kind }) => kind === 'turn') + 1
    const other = await check(await forge(claimed(drafts, undefined), recording.store))
    expect(other).toMatchObject({ verdict: 'diverged', index: at, actual: { kind: 'return' } })
    const kept = await make(undefined, ...steps)
    const said = await forge(claimed(await draftsOf(kept), 'turn'), kept.store)
    expect(await check(said)).toMatchObject({ verdict: 'diverged', actual: { kind: 'call' } })
  })

  it('of which the word was changed in place is broken there', async () => {
    const { store, chain } = recording
    const changed: ChainSource = {
      chain,
      store: {
        ...withhold(recording, () => false).store,
        async *read(id, from, to) {
          for await (const { header, body } of store.read(id, from, to)) {
            const at = body === null ? -1 : Buffer.from(body).indexOf('dturn')
            yield { header, body: at === -1 || body === null ? body : body.with(at + 1, 0x62) }
          }
        },
      },
    }
    expect(await check(changed)).toMatchObject({ verdict: 'broken', index: 0, reason: 'digest' })
  })

  it('has the fuel of each instantiation in its turn', async () => {
    const at = drafts.findLastIndex(({ kind }) => kind === 'return')
    const fuel = (decodeContent('return', drafts[at]!.content).fuel ?? 0) - 1
    const less = edit(drafts, at, 'return', (content: Contents['return']) => ({ ...content, fuel }))
    expect(await check(await forge(less, recording.store))).toMatchObject({
      verdict: 'diverged',
      index: at,
      actual: { fuel: fuel + 1 },
    })
  })

  it('has no bound on the turns that were undone, which cost no more than others', async () => {
    const failing = await make('turn', ...Array<Turn>(5).fill({ fn: 'fail' }), { fn: 'count' })
    const limits = { maxTraps: 2 }
    expect(await check(failing, { limits })).toMatchObject({ verdict: 'verified', turns: 1, undone: 5 })
  })

  it('cannot go back in time', async () => {
    const late = drafts.findLastIndex(({ kind }) => kind === 'turn')
    const early = edit(drafts, late, 'turn', (turn) => ({ ...turn, time: 1_000_000 }))
    expect(await check(await forge(early, recording.store))).toMatchObject({
      verdict: 'diverged',
      index: late,
    })
  })

  it('without its seed goes as far as the first draw', async () => {
    const hidden = withhold(recording, (seq) => seq === 1)
    expect(await check(hidden)).toMatchObject({ verdict: 'inconclusive', code: 'withheld' })
  })

  it('can be shown up to any event', async () => {
    const short = await make('turn', { fn: 'count' }, { fn: 'fail' }, { fn: 'effects', args: [1] })
    const kinds = (await draftsOf(short)).map(({ kind }) => kind)
    for (let until = 4; until < kinds.length; until++) {
      const seen: number[] = []
      const reached = ({ seq }: { readonly seq: number }): void => void seen.push(seq)
      const { verdict, next } = await replay(short, { load, until, reached })
      expect(verdict).toMatchObject({ verdict: 'verified' })
      expect(seen).toEqual(Array.from({ length: until + 1 }, (_, i) => i))
      const within = ['turn', 'call', 'result'].includes(kinds[until] ?? '')
      expect(next !== undefined).toBe(within)
    }
  })
})
