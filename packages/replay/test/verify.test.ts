import { createHash } from 'node:crypto'
import { decodeContent } from '@theater/event-chain'
import type { Tombstone } from '@theater/event-chain'
import { verify } from '@theater/replay/node'
import type { ChainSource, Verdict, VerifyLimits, VerifyOptions } from '@theater/replay'
import { describe, expect, it } from 'vitest'
import { guest } from '@theater/guests'
import { draftsOf, draft, edit, forge, withhold } from './support/forge.ts'
import type { Draft } from './support/forge.ts'
import { starterComponent } from './support/guests.ts'
import { probe, probeHandler } from './support/probe.ts'
import { load, record } from './support/record.ts'
import { spine } from './support/spine.ts'

const check = (source: ChainSource, options: Partial<VerifyOptions> = {}): Promise<Verdict> =>
  verify(source, { load, ...options })

/** What a host would sign of an event whose body it erased. */
async function tombstoneOf({ store, chain }: ChainSource, seq: number): Promise<Tombstone> {
  const [stored] = await Array.fromAsync(store.read(chain, seq, seq + 1))
  const event = new Uint8Array(
    createHash('sha256')
      .update(stored?.header ?? '')
      .digest(),
  )
  return { chain, seq, event, time: 1_790_000_000_000, reason: 'asked for' }
}

const runs = [
  { fn: 'draw' },
  { fn: 'now' },
  { fn: 'note', args: [1] },
  { fn: 'nap', args: [3_000_000n] },
  { fn: 'note-trap', args: [2] },
  { fn: 'ask', args: [13] },
  { fn: 'make', args: [false] },
  { fn: 'make', args: [true] },
  { fn: 'draw' },
]

describe('verify', async () => {
  const recording = await record(await probe(runs))
  const drafts = await draftsOf(recording)
  const at = (kind: Draft['kind'], nth = 0): number =>
    drafts.flatMap((one, i) => (one.kind === kind ? [i] : []))[nth] ?? -1
  const forged = async (changed: readonly Draft[]): Promise<Verdict> =>
    check(await forge(changed, recording.store))

  it('confirms a chain by running it again', async () => {
    expect(recording.ends.map(({ tag }) => tag).join(' ')).toBe(
      'return return return return return trap return return return return',
    )
    expect(await check(recording)).toMatchObject({
      verdict: 'verified',
      actor: 'test',
      turns: 8,
      undone: 1,
      finished: true,
      size: drafts.length,
    })
    expect(drafts.map(({ kind }) => kind).join(' ')).toMatchInlineSnapshot(
      `"genesis seed turn return turn return turn call return turn call call drop return turn call trap turn call return turn call drop return turn call return turn return"`,
    )
  })

  it('confirms the spine', async () => {
    const source = await record(spine([{ fn: 'run', args: [3] }, { fn: 'boom' }, { fn: 'run', args: [2] }]))
    expect(await check(source)).toMatchObject({ verdict: 'verified', turns: 2, undone: 1 })
  })

  describe('a seed', () => {
    it('that was changed shows at the first draw', async () => {
      const changed = edit(drafts, 1, 'seed', () => ({ seed: new Uint8Array(32).fill(8) }))
      expect(await forged(changed)).toMatchObject({ verdict: 'diverged', index: at('return') })
    })

    it('that is withheld is needed at the first draw, and not before', async () => {
      const hidden = withhold(recording, (seq) => seq === 1)
      expect(await check(hidden)).toMatchObject({
        verdict: 'inconclusive',
        code: 'withheld',
        index: at('return'),
      })
      const tombstones = [await tombstoneOf(recording, 1)]
      expect(await check(hidden, { tombstones })).toMatchObject({
        verdict: 'inconclusive',
        code: 'redacted',
        index: at('return'),
        redacted: [1],
      })
      const quiet = await record(await probe([{ fn: 'note', args: [1] }]))
      expect(await check(withhold(quiet, (seq) => seq === 1))).toMatchObject({ verdict: 'verified' })
    })
  })

  describe('what is not here', () => {
    it.each([0, 2, 5, 8])('makes it inconclusive from event %i on', async (index) => {
      const hidden = withhold(recording, (seq) => seq === index)
      expect(await check(hidden)).toMatchObject({ verdict: 'inconclusive', code: 'withheld', index })
    })

    it('was erased where somebody signed that, and only there', async () => {
      const index = at('return', 1)
      const tombstone = await tombstoneOf(recording, index)
      const hidden = withhold(recording, (seq) => seq === index || seq === index + 3)
      const options = { tombstones: [tombstone] }
      expect(await check(hidden, options)).toMatchObject({
        verdict: 'inconclusive',
        code: 'redacted',
        index,
        redacted: [index],
        message: `event ${index} was erased on 2026-09-21: asked for`,
      })
      const first = withhold(recording, (seq) => seq === index || seq === index - 1)
      expect(await check(first, options)).toMatchObject({
        code: 'withheld',
        index: index - 1,
        redacted: [index],
      })
      const event = new Uint8Array(32)
      const other = await check(hidden, { tombstones: [{ ...tombstone, event }] })
      expect(other).toMatchObject({ code: 'withheld', index })
      expect(other).not.toHaveProperty('redacted')
      // What is here after all is as good as ever.
      expect(await check(recording, options)).toMatchObject({ verdict: 'verified' })
      const never = await check(hidden, { tombstones: [{ ...tombstone, time: Number.MAX_SAFE_INTEGER }] })
      expect(never).toMatchObject({
        code: 'redacted',
        message: expect.stringContaining('day 9007199254740991'),
      })
    })

    it('does not hide a divergence before it', async () => {
      const changed = edit(drafts, at('return'), 'return', (c) => ({ ...c, fuel: 1 }))
      const hidden = withhold(await forge(changed, recording.store), (seq) => seq === at('return') + 3)
      expect(await check(hidden)).toMatchObject({ verdict: 'diverged', index: at('return') })
    })
  })

  describe('a component', () => {
    it('that is not here leaves it open', async () => {
      const store = (await forge(drafts)).store
      const { chain } = await forge(drafts)
      expect(await check({ store, chain })).toMatchObject({ verdict: 'inconclusive', code: 'no-component' })
      expect(await check({ store, chain }, { component: recording.component.bytes })).toMatchObject({
        verdict: 'verified',
      })
      expect(await check({ store, chain }, { component: guest('spine') })).toMatchObject({
        verdict: 'inconclusive',
        code: 'no-component',
      })
    })

    it('that this version cannot load leaves it open', async () => {
      const refusing = { load: () => load(new Uint8Array(8)) }
      expect(await verify(recording, refusing)).toMatchObject({
        verdict: 'inconclusive',
        code: 'no-component',
      })
    })

    it('whose block is damaged is no chain', async () => {
      const { chain, store } = await forge(drafts)
      const damaged = { ...store, get: async () => Uint8Array.of(1) }
      expect(await check({ chain, store: damaged })).toMatchObject({
        verdict: 'broken',
        index: 0,
        reason: 'digest',
      })
    })
  })

  describe('limits', () => {
    it.each([
      [{ maxEvents: 5 }, 0],
      [{ maxTurnBytes: 600 }, 0],
      [{ maxHandles: 10 }, 0],
    ])('of the verifier: %o', async (limits, index) => {
      expect(await check(recording, { limits })).toMatchObject({
        verdict: 'inconclusive',
        code: 'limits-above-mine',
        index,
      })
    })

    it.each<[string, number, Partial<VerifyLimits>]>([
      ['fuel', 20_000_000, { maxFuel: 19_999_999 }],
      ['startFuel', 200_000_000, { maxFuel: 199_999_999 }],
      ['memory', 32 << 20, { maxMemory: (32 << 20) - 1 }],
      ['tables', 20_000, { maxElements: 19_999 }],
    ])('that genesis names above them: %s', async (name, value, limits) => {
      const changed = edit(drafts, 0, 'genesis', (g) => ({ ...g, limits: { ...g.limits, [name]: value } }))
      const source = await forge(changed, recording.store)
      expect(await check(source)).toMatchObject({ verdict: 'verified' })
      expect(await check(source, { limits })).toMatchObject({ code: 'limits-above-mine' })
      const without = edit(drafts, 0, 'genesis', (g) => ({ ...g, limits: { ...g.limits, [name]: 0 } }))
      expect(await forged(without)).toMatchObject({ verdict: 'broken', index: 0, reason: 'content' })
    })

    it('of its handles are those of genesis', async () => {
      const one = edit(drafts, 0, 'genesis', (g) => ({ ...g, limits: { ...g.limits, handles: 1 } }))
      expect(await forged(one)).toMatchObject({ verdict: 'verified' })
      const keep = await record(
        await probe([
          { fn: 'make', args: [true] },
          { fn: 'make', args: [true] },
        ]),
      )
      const few = edit(await draftsOf(keep), 0, 'genesis', (g) => ({
        ...g,
        limits: { ...g.limits, handles: 1 },
      }))
      // The call that makes one too many is recorded; the guest traps right after it.
      expect(await check(await forge(few, keep.store))).toMatchObject({ verdict: 'diverged', index: 7 })
    })
  })

  describe('what no boundary could have recorded', () => {
    const ask = at('turn', 5) + 1
    const make = at('turn', 6) + 1
    const block = at('turn', 3) + 2
    const outcomeOf = (index: number, change: object): Draft[] =>
      edit(drafts, index, 'call', (c) => {
        if (c.outcome === null) throw new TypeError('an intent')
        return { ...c, outcome: { ...c.outcome, ...change } }
      })

    it.each([
      [
        'a refusal that answers ok',
        outcomeOf(ask, { denied: true, result: Uint8Array.of(0x81, 0x82, 0, 13) }),
        ask,
      ],
      [
        'a closed handle that answers ok',
        outcomeOf(ask, { closed: true, result: Uint8Array.of(0x81, 0x82, 0, 13) }),
        ask,
      ],
      ['a refusal and a closed handle at once', outcomeOf(ask, { denied: true, closed: true }), ask],
      ['an answer of another type', outcomeOf(ask, { result: Uint8Array.of(0x81, 0x61, 0x61) }), ask],
      ['an answer of a third case', outcomeOf(ask, { result: Uint8Array.of(0x81, 0x82, 2, 13) }), ask],
      [
        'an answer out of range',
        outcomeOf(ask, { result: Uint8Array.of(0x81, 0x82, 1, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0) }),
        ask,
      ],
      ['no answer where there is one', outcomeOf(ask, { result: Uint8Array.of(0x80) }), ask],
      ['a resource of another number', outcomeOf(make, { result: Uint8Array.of(0x81, 0x09) }), make],
      ['a resource without a description', outcomeOf(make, { made: [] }), make],
      ['a description without a resource', outcomeOf(ask, { made: [{ a: 1 }] }), ask],
      ['a timer that is ready before its time', outcomeOf(block, { elapsed: 2 }), block],
      [
        'a timer that is late to say so',
        outcomeOf(block - 1, { result: Uint8Array.of(0x81, 0xf5) }),
        block - 1,
      ],
      ['a turn of no export', edit(drafts, 2, 'turn', (c) => ({ ...c, fn: 'nothing' })), 2],
      [
        'arguments of another type',
        edit(drafts, at('turn', 2), 'turn', (c) => ({ ...c, args: Uint8Array.of(0x81, 0x61, 0x61) })),
        at('turn', 2),
      ],
      [
        'arguments that are too many',
        edit(drafts, at('turn', 2), 'turn', (c) => ({ ...c, args: Uint8Array.of(0x82, 1, 1) })),
        at('turn', 2),
      ],
      ['a turn with descriptions of nothing', edit(drafts, 2, 'turn', (c) => ({ ...c, made: [null] })), 2],
      ['a turn before its actor was made', edit(drafts, 2, 'turn', (c) => ({ ...c, time: 1 })), 2],
      [
        'a turn before the one before it',
        edit(drafts, at('turn', 2), 'turn', (c) => ({ ...c, time: 1_000_001 })),
        at('turn', 2),
      ],
    ])('%s', async (_what, changed, index) => {
      expect(await forged(changed)).toMatchObject({
        verdict: 'diverged',
        index,
        actual: { kind: 'refused-record' },
      })
    })
  })

  it('a recorded value that is not canonical is no chain', async () => {
    const index = at('turn', 5) + 1
    const result = Uint8Array.of(0x81, 0x82, 1, 0x18, 13)
    const changed = edit(drafts, index, 'call', (c) => ({
      ...c,
      outcome: c.outcome && { ...c.outcome, result },
    }))
    expect(await forged(changed)).toMatchObject({ verdict: 'broken', index, reason: 'content' })
  })

  describe('outputs of a turn that was undone', () => {
    const call = at('trap') - 1
    it.each([
      ['a call', edit(drafts, call, 'call', (c) => ({ ...c, args: Uint8Array.of(0x81, 3) })), call],
      ['its code', edit(drafts, at('trap'), 'trap', () => ({ code: 'memory', fuel: null })), at('trap')],
      ['its fuel', edit(drafts, at('trap'), 'trap', () => ({ code: 'guest', fuel: 1 })), at('trap')],
      [
        'a trap that did not happen',
        drafts.with(at('return', 2), draft('trap', { code: 'guest', fuel: null })),
        at('return', 2),
      ],
      [
        'a return that did not happen',
        drafts.with(at('trap'), draft('return', { result: Uint8Array.of(0x80), fuel: null })),
        at('trap'),
      ],
    ])('%s', async (_what, changed, index) => {
      expect(await forged(changed)).toMatchObject({ verdict: 'diverged', index })
    })

    it('are not claimed after an abort', async () => {
      const { code, call: none, status } = { code: 'stopped', call: null, status: null } as const
      const aborted = drafts.with(at('trap'), draft('abort', { code, call: none, status }))
      expect(await forged(aborted)).toMatchObject({ verdict: 'verified', undone: 1 })
      // The number of a turn is what it draws by, so the turns after it would not be the same either.
      const sooner = aborted.toSpliced(call, 1).slice(0, call + 1)
      expect(await forged(sooner)).toMatchObject({ verdict: 'verified', undone: 1 })
    })
  })

  describe('instantiation', async () => {
    const { store, chain } = await record({
      component: await starterComponent(3),
      handler: probeHandler,
      steps: [{ fn: 'run' }],
    })
    const all = await draftsOf({ store, chain })
    const again = async (changed: readonly Draft[]): Promise<Verdict> => check(await forge(changed, store))

    it('is run again too', async () => {
      expect(all.map(({ kind }) => kind).join(' ')).toBe('genesis seed call call call turn return')
      expect(await check({ store, chain })).toMatchObject({ verdict: 'verified', turns: 1 })
      const other = edit(all, 3, 'call', (c) => ({ ...c, args: Uint8Array.of(0x81, 9) }))
      expect(await again(other)).toMatchObject({ verdict: 'diverged', index: 3 })
    })

    it('that does more than the record says diverges where the record goes on', async () => {
      expect(await again(all.toSpliced(4, 1))).toMatchObject({
        verdict: 'diverged',
        index: 4,
        expected: { kind: 'turn' },
        actual: { kind: 'call', fn: 'test:probe/host#note', args: [2] },
      })
    })

    it('that does less diverges at what is left over', async () => {
      const more = all.toSpliced(4, 0, all[4] as Draft)
      expect(await again(more)).toMatchObject({ verdict: 'diverged', index: 5, actual: { kind: 'ready' } })
    })

    it.each([2, 3, 4])('cut at %i is broken, unless it may be unfinished', async (size) => {
      const cut = await forge(all.slice(0, size), store)
      expect(await check(cut, { unfinished: 'allow' })).toMatchObject({
        verdict: 'verified',
        finished: false,
      })
      expect(await again(all.slice(0, size))).toMatchObject({
        verdict: 'broken',
        index: size,
        reason: 'unfinished-turn',
      })
    })

    it('that is over is a chain of its own', async () => {
      expect(await again(all.slice(0, 5))).toMatchObject({ verdict: 'verified', turns: 0 })
    })

    it('that was aborted claims nothing more', async () => {
      const aborted = [...all.slice(0, 3), draft('abort', { code: 'deadline', call: null, status: null })]
      expect(await again(aborted)).toMatchObject({ verdict: 'verified' })
      const trapped = [...all.slice(0, 5), draft('trap', { code: 'guest', fuel: null })]
      expect(await again(trapped)).toMatchObject({ verdict: 'diverged', index: 5, actual: { kind: 'ready' } })
    })
  })

  it('may end inside a turn where that is allowed', async () => {
    const cut = await forge(drafts.slice(0, at('turn', 3) + 2), recording.store)
    expect(await check(cut)).toMatchObject({ verdict: 'broken', reason: 'unfinished-turn' })
    expect(await check(cut, { unfinished: 'allow' })).toMatchObject({ verdict: 'verified', finished: false })
  })

  it('says one of four things, whatever is written in a chain whose hashes are right', async () => {
    let state = 12345
    const random = (below: number): number => {
      state = (state * 1103515245 + 12345) & 0x7fffffff
      return state % below
    }
    const said = new Set<string>()
    for (let n = 0; n < 600; n++) {
      const index = random(drafts.length)
      const { kind, content } = drafts[index] as Draft
      const changed = content.slice()
      for (let k = 0; k <= n % 3; k++) changed[random(changed.length)] = random(256)
      const verdict = await forged(drafts.with(index, { kind, content: changed }))
      said.add(verdict.verdict)
      // Nothing before the change is ever found to be wrong; what it was recorded with may be unknown here.
      const at = verdict.verdict === 'diverged' || verdict.verdict === 'broken' ? verdict.index : index
      expect(at).toBeGreaterThanOrEqual(index)
    }
    expect([...said].toSorted()).toEqual(['broken', 'diverged', 'inconclusive', 'verified'])
  })

  it('finds a cut tail by a head from elsewhere', async () => {
    const short = await forge(drafts.slice(0, at('return') + 1), recording.store)
    const info = await short.store.info(short.chain)
    expect(await check(short, { head: info!.head })).toMatchObject({ verdict: 'verified' })
    expect(await check(short, { head: new Uint8Array(32) })).toMatchObject({
      verdict: 'broken',
      reason: 'head',
    })
  })

  it('keeps to the rules that it knows', async () => {
    const newer = edit(drafts, 0, 'genesis', (g) => ({ ...g, derive: 2 }))
    expect(await forged(newer)).toMatchObject({ verdict: 'inconclusive', code: 'meter-version', index: 0 })
    for (const version of ['0', '1+jco-0.15.0']) {
      const other = edit(drafts, 0, 'genesis', (g) => ({ ...g, meter: { name: 'theater', version } }))
      expect(await forged(other)).toMatchObject({ verdict: 'inconclusive', code: 'meter-version', index: 0 })
    }
    // What limits another meter has nobody knows here; of this one they are there.
    const meter = (name: string) =>
      forged(edit(drafts, 0, 'genesis', (g) => ({ ...g, limits: {}, meter: { name, version: '1' } })))
    expect(await meter('other')).toMatchObject({ verdict: 'inconclusive', code: 'meter-version', index: 0 })
    expect(await meter('theater')).toMatchObject({ verdict: 'broken', reason: 'content', index: 0 })
  })

  it('takes fuel figures for what they are: those of a metered component', async () => {
    const unmetered = edit(drafts, 0, 'genesis', (g) => ({ ...g, meter: null }))
    expect(await forged(unmetered)).toMatchObject({ verdict: 'diverged', actual: { fuel: null } })
    const index = at('return', 2)
    const more = edit(drafts, index, 'return', (c) => ({ ...c, fuel: Number(c.fuel) + 1 }))
    expect(await forged(more)).toMatchObject({ verdict: 'diverged', index })
  })

  it('re-runs records of before there was a meter without one', async () => {
    for (const meter of [null, { name: 'identity', version: '1' }]) {
      const old = await record({ ...(await probe(runs)), metering: 'none', genesis: { meter } })
      const returns = (await draftsOf(old)).filter(({ kind }) => kind === 'return')
      for (const { content } of returns) expect(decodeContent('return', content).fuel).toBeNull()
      expect(await check(old)).toMatchObject({ verdict: 'verified' })
    }
  })
})
