import type { TheaterEvent } from '@theater/boundary'
import { replay, verify } from '@theater/replay/node'
import type { ChainSource, Replayed, ReplayOptions } from '@theater/replay'
import { describe, expect, it, onTestFinished } from 'vitest'
import { draft, draftsOf, edit, forge, withhold } from './support/forge.ts'
import { probe } from './support/probe.ts'
import { load, record } from './support/record.ts'
import { spine } from './support/spine.ts'

/** A re-run, with the sequence numbers it told and of each the kind. */
async function watch(
  source: ChainSource,
  options: Partial<ReplayOptions> = {},
): Promise<Replayed & { readonly told: readonly number[]; readonly kinds: string }> {
  const events: TheaterEvent[] = []
  const end = await replay(source, { load, reached: (event) => events.push(event), ...options })
  return { ...end, told: events.map(({ seq }) => seq), kinds: events.map(({ kind }) => kind).join(' ') }
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

describe('replay', async () => {
  const recording = await record(
    spine([{ fn: 'run', args: [2] }, { fn: 'boom' }, { fn: 'run', args: [1] }, { fn: 'boom' }]),
  )
  const drafts = await draftsOf(recording)
  const forged = async (changed: typeof drafts, options: Partial<ReplayOptions> = {}) =>
    watch(await forge(changed, recording.store), options)

  it('tells every event once and in order, whatever was rebuilt on the way', async () => {
    const { verdict, next, told, kinds } = await watch(recording)
    expect(verdict).toEqual(await verify(recording, { load }))
    expect(verdict).toMatchObject({ verdict: 'verified', turns: 2, undone: 2, finished: true })
    expect(next).toBeUndefined()
    expect(told).toEqual(upTo(drafts.length))
    expect(kinds).toBe(drafts.map(({ kind }) => kind).join(' '))
  })

  it('tells events while the component runs: those of a turn that never ends are told too', async () => {
    const within: number[] = []
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 50
    onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit))
    const reached = ({ seq }: TheaterEvent): void => {
      if (/wasm:\/\//.test(new Error('where').stack ?? '')) within.push(seq)
    }
    await replay(recording, { load, reached, until: 9 })
    // The last is told with the turn's end, and the first before it begins.
    expect(within).toEqual([3, 4, 5, 6, 7])
  })

  it('says what a component does where its record ends within a turn', async () => {
    const { verdict, next, told } = await forged(drafts.slice(0, 5))
    expect(told).toEqual(upTo(5))
    expect(verdict).toMatchObject({ verdict: 'verified', finished: false, size: 5 })
    expect(next).toMatchObject({ turn: 2, fn: 'run', actual: { kind: 'call', fn: 'test:spine/host#add' } })
  })

  it.each(upTo(12))('stops after event %i, and says what comes next', async (until) => {
    const { verdict, next, told } = await watch(recording, { until })
    expect(told).toEqual(upTo(until + 1))
    expect(verdict).toMatchObject({ verdict: 'verified', size: until + 1 })
    const after = drafts[until + 1]?.kind
    const inTurn = (until >= 2 && until < 9) || until === 10
    // An intent that has no answer yet is still the call that the component is in.
    const kind = after === 'result' ? 'call' : after
    const { actual = null } = next ?? {}
    const does =
      typeof actual === 'object' && actual !== null && 'kind' in actual ? actual['kind'] : undefined
    expect(does).toBe(inTurn ? kind : undefined)
  })

  it('gives what comes next by its types', async () => {
    const call = await watch(recording, { until: 7 })
    expect(call.next).toEqual({
      turn: 2,
      fn: 'run',
      actual: {
        kind: 'call',
        fn: 'test:spine/host#[method]counter.bump',
        args: [{ resource: 'counter', number: 1 }, 2],
        fuel: expect.any(Number) as number,
      },
    })
    const end = await watch(recording, { until: 8 })
    expect(end.next).toMatchObject({ turn: 2, fn: 'run', actual: { kind: 'return', result: 103 } })
    const trap = await watch(recording, { until: 10 })
    expect(trap.next).toMatchObject({ turn: 10, fn: 'boom', actual: { kind: 'trap', code: 'guest' } })
  })

  it('tells all before a divergence, and not the event itself', async () => {
    const at = 8
    const changed = edit(drafts, at, 'call', (content) => ({ ...content, fuel: 1 }))
    const { verdict, told } = await forged(changed)
    expect(verdict).toMatchObject({ verdict: 'diverged', index: at, expected: { fuel: 1 } })
    expect(told).toEqual(upTo(at))
    const result = drafts.findIndex(({ kind }) => kind === 'return')
    const other = await forged(drafts.with(result, draft('trap', { code: 'guest', fuel: null })))
    expect(other.verdict).toMatchObject({ verdict: 'diverged', index: result, actual: { kind: 'return' } })
    expect(other.told).toEqual(upTo(result))
  })

  it('runs what comes before a break', async () => {
    const at = 7
    const cut: ChainSource = {
      ...recording,
      store: {
        ...withhold(recording, () => false).store,
        async *read(chain, from = 0, to) {
          let seq = from
          for await (const stored of recording.store.read(chain, from, to)) {
            const { header } = stored
            yield seq++ === at ? { ...stored, header: header.with(header.length - 1, 0) } : stored
          }
        },
      },
    }
    const { verdict, told } = await watch(cut)
    expect(verdict).toMatchObject({ verdict: 'broken', index: at, size: at })
    expect(told).toEqual(upTo(at))
  })

  it('runs what comes before something that is not here', async () => {
    const { verdict, told } = await watch(withhold(recording, (seq) => seq === 6))
    expect(verdict).toMatchObject({ verdict: 'inconclusive', code: 'withheld', index: 6 })
    expect(told).toEqual(upTo(6))
    const none = await watch(withhold(recording, (seq) => seq === 0))
    expect(none.verdict).toMatchObject({ verdict: 'inconclusive', code: 'withheld', index: 0 })
  })

  it('does not take what is no genesis for one that was erased', async () => {
    const { chain, store } = withhold(recording, () => false)
    const other = await record({ ...spine([]), genesis: { time: 5 } })
    const wrong: ChainSource = {
      chain,
      store: { ...store, read: (_chain, from, to) => other.store.read(other.chain, from, to) },
    }
    expect((await watch(wrong)).verdict).toMatchObject({ verdict: 'broken', index: 0 })
  })

  it('does not run more than it may', async () => {
    const limits = { maxEvents: 5 }
    expect(await watch(recording, { limits })).toMatchObject({
      verdict: { verdict: 'inconclusive', code: 'limits-above-mine' },
      told: [],
    })
    expect((await watch(recording, { limits, until: 4 })).verdict).toMatchObject({ verdict: 'verified' })
  })

  it('ends between two turns when it is told to', async () => {
    const control = new AbortController()
    const told: number[] = []
    const reached = ({ seq }: TheaterEvent): void => {
      told.push(seq)
      if (seq === 4) control.abort(new Error('enough'))
    }
    await expect(replay(recording, { load, reached, signal: control.signal })).rejects.toThrow('enough')
    expect(told).toEqual(upTo(10))
  })

  it('tells what is known where this host cannot go on', async () => {
    const hidden = await record(await probe([{ fn: 'note', args: [1] }, { fn: 'draw' }]))
    const { verdict, told } = await watch(withhold(hidden, (seq) => seq === 1))
    expect(verdict).toMatchObject({ verdict: 'inconclusive', code: 'withheld', index: 6 })
    expect(told).toEqual([0, 2, 3, 4, 5])
  })
})
