import { decodeEvent } from '@theater/event-chain'
import type { Cause, Contents, Genesis } from '@theater/event-chain'
import type { ChainSource } from '@theater/replay'
import { encodeData } from '@theater/values'
import type { Data, Json } from '@theater/values'
import { describe, expect, it } from 'vitest'
import { checkGraph } from './support/graph-in-parts.ts'
import { draft, forge, withhold } from './support/forge.ts'
import type { Draft } from './support/forge.ts'

const SPAWN = 'theater:supervisor/children@0.1.0#spawn'
const ENDED = 'theater:supervisor/watcher@0.1.0#child-ended'
const digest = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const raw = (n: number): Uint8Array => Uint8Array.from([1, 0x55, 0x12, 0x20, ...digest(n)])
const params = { format: 'text/plain', body: new Uint8Array([1, 2]) }
const held = { fs: { mounts: {} }, log: {}, supervisor: { components: [] } }
const limits = { descendants: 5, handles: 100 }

function genesis(over: Partial<Genesis> = {}): Draft {
  return draft('genesis', {
    actor: 'boss',
    cause: null,
    component: raw(1),
    derive: 1,
    format: 1,
    grants: held,
    jco: '',
    limits,
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '',
    time: 0,
    wit: Uint8Array.from([1, 0x71, 0x12, 0x20, ...digest(0)]),
    ...over,
  })
}

const seed = draft('seed', { seed: digest(9) })
const ret = draft('return', { result: Uint8Array.of(0x80), fuel: null })
const stop = draft('stop', { reason: 'stopped' })

function turn(over: Partial<Contents['turn']> = {}): Draft {
  return draft('turn', {
    fn: 'go',
    args: Uint8Array.of(0x80),
    sender: null,
    cause: null,
    time: 0,
    made: [],
    ...over,
  })
}

const outcome = (result: Data): Contents['result']['outcome'] => ({
  result: encodeData([result]),
  elapsed: 0,
  made: [],
  denied: false,
  closed: false,
})

interface Asked {
  readonly component?: Uint8Array
  readonly params?: Data
  readonly grants?: string
  readonly limits?: Data
  readonly fn?: string
  readonly answered?: Contents['call']['outcome']
}

function spawn(asked: Asked = {}): Draft {
  const { fn = SPAWN, component = digest(2), grants = '{ "log": {} }', answered = null } = asked
  const given = asked.params ?? [params.format, params.body]
  const args = encodeData([component, given, grants, asked.limits ?? [[], [], [2]]])
  return draft('call', { fn, args, ask: null, fuel: null, outcome: answered })
}

/** A parent whose event 3 is a spawn, that was answered with a child. */
const parentOf = (asked: Asked = {}, made: Data = [0, 'boss.child-3']): Promise<ChainSource> =>
  forge([
    genesis(),
    seed,
    turn(),
    spawn(asked),
    ...(asked.answered === undefined ? [draft('result', { call: 3, outcome: outcome(made) })] : []),
    ret,
  ])

async function causeOf({ store, chain }: ChainSource, seq: number): Promise<Cause> {
  for await (const stored of store.read(chain, seq, seq + 1))
    return { chain, seq, hash: (await decodeEvent(stored, seq)).hash }
  throw new TypeError(`there is no event ${seq}`)
}

const child = (cause: Cause, over: Partial<Genesis> = {}, ...rest: Draft[]): Promise<ChainSource> =>
  forge([
    genesis({
      actor: 'boss.child-3',
      cause,
      parent: 'boss',
      component: raw(2),
      params,
      grants: { log: {} },
      limits: { descendants: 2, handles: 100 },
      ...over,
    }),
    seed,
    ...rest,
  ])

/** What is said of a child that begins so. */
async function said(over: Partial<Genesis>, asked: Asked = {}, made?: Data): Promise<unknown> {
  const parent = await parentOf(asked, made)
  const { faults, held: followed } = await checkGraph([parent, await child(await causeOf(parent, 3), over)])
  expect(faults.length + followed).toBe(1)
  return faults[0] ?? 'held'
}

const broken = (message: string): unknown =>
  expect.objectContaining({ index: 0, message: expect.stringContaining(message) })

describe('a child is what its parent’s spawn asked for', () => {
  it('holds', async () => {
    expect(await said({})).toBe('held')
    expect(await said({ limits: { descendants: 0, handles: 100 } }, { limits: [[], [], []] })).toBe('held')
    expect(await said({}, { grants: '{"log":{}}' }, [1, [6]])).toBe('held')
  })

  const forged: readonly (readonly [string, Partial<Genesis>, string])[] = [
    ['another id', { actor: 'boss.child-4' }, 'the spawn makes boss.child-3'],
    ['another parent', { parent: 'boss2' }, 'the sender is boss2'],
    ['no parent', { parent: null }, 'its parent is null'],
    ['another component', { component: raw(3) }, 'another component'],
    ['other params', { params: { ...params, body: new Uint8Array([1, 3]) } }, 'other params'],
    ['params of another format', { params: { ...params, format: 'text/html' } }, 'other params'],
    ['no params', { params: null }, 'other params'],
    ['a grant more', { grants: { log: {}, fs: { mounts: {} } } }, 'other grants'],
    ['a wider grant', { grants: { log: { level: 'trace' } } }, 'other grants'],
    ['no grants', { grants: {} }, 'other grants'],
    ['more descendants', { limits: { descendants: 3, handles: 100 } }, 'the spawn gave it descendants 2'],
    ['descendants that are not a number', { limits: { descendants: '2', handles: 100 } }, 'descendants 2'],
    ['a higher limit', { limits: { descendants: 2, handles: 101 } }, 'its limit handles is 101'],
    ['a limit left out', { limits: { descendants: 2 } }, 'its limit handles is undefined'],
  ]
  it.each(forged)('does not hold: %s', async (_what, over, message) => {
    expect(await said(over)).toEqual(broken(message))
  })

  it('does not hold: a grant that its parent does not have', async () => {
    const grants: Record<string, Json> = { http: {} }
    expect(await said({ grants }, { grants: '{"http":{}}' })).toEqual(broken('no grant "http" to give'))
  })

  it('does not hold: a spawn that was refused, is answered with another, or is none', async () => {
    expect(await said({}, { answered: outcome([1, [0, 'no']]) })).toEqual(broken('makes no actor'))
    expect(await said({}, {}, [0, 'boss.child-9'])).toEqual(broken('answered with boss.child-9'))
    expect(await said({}, { fn: 'theater:supervisor/children@0.1.0#stop' })).toEqual(broken('makes no actor'))
    expect(await said({}, { params: 'none', limits: 7 })).toEqual(broken('makes no actor'))
    expect(await said({}, { grants: '{' })).toEqual(broken('other grants'))
  })

  it('does not hold: a second child of one spawn', async () => {
    const parent = await parentOf()
    const cause = await causeOf(parent, 3)
    const { faults } = await checkGraph([parent, await child(cause), await child(cause, { time: 1 })])
    expect(faults).toEqual([broken('the spawn made another actor')])
  })

  it('does not hold: a parent without a cause', async () => {
    const { faults } = await checkGraph([await forge([genesis({ parent: 'boss' }), seed])])
    expect(faults).toEqual([broken('a parent and no cause')])
  })

  it('does not hold: another event of the parent', async () => {
    const parent = await parentOf()
    const cause = await causeOf(parent, 3)
    const { faults } = await checkGraph([parent, await child({ ...cause, hash: digest(7) })])
    expect(faults).toEqual([broken('the cause is another event 3')])
  })

  it('says what it could not follow', async () => {
    const parent = await parentOf()
    const made = await child(await causeOf(parent, 3))
    expect((await checkGraph([made])).unchecked).toMatchObject([{ index: 0, why: 'not-given' }])
    for (const hidden of [0, 3]) {
      const { unchecked, faults } = await checkGraph([withhold(parent, (seq) => seq === hidden), made])
      expect([unchecked.map(({ why }) => why), faults]).toEqual([['withheld'], []])
    }
  })
})

describe('a parent is told of the end of a child', () => {
  async function told(
    about: string,
    { at = 2, ...over }: Partial<Contents['turn']> & { readonly at?: number } = {},
    ...births: Partial<Genesis>[]
  ): Promise<unknown> {
    const start = [
      genesis(),
      seed,
      turn(),
      spawn(),
      draft('result', { call: 3, outcome: outcome([0, 'boss.child-3']) }),
      ret,
    ]
    const before = await forge(start)
    const made = await child(await causeOf(before, 3), births[0] ?? {}, stop)
    const cause = await causeOf(made, at)
    const args = encodeData([about, [0]])
    const parent = await forge([
      ...start,
      turn({ fn: ENDED, args, sender: 'boss.child-3', cause, ...over }),
      ret,
    ])
    const { faults, held: followed } = await checkGraph([parent, made])
    return faults[0]?.message ?? followed
  }

  it('holds', async () => {
    expect(await told('boss.child-3')).toBe(2)
  })

  it('does not hold: of another, by another, of one that goes on, or of nobody’s child', async () => {
    expect(await told('boss.child-4')).toContain('the turn tells of boss.child-4')
    expect(await told('boss.child-3', { sender: null })).toContain('the turn tells of')
    expect(await told('boss.child-3', { at: 1 })).toContain('is not its end')
    expect(await told('boss.child-3', {}, { cause: null, parent: null })).toContain('is no child of boss')
  })
})
