import { encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import type { Cause, Contents } from '@theater/event-chain'
import { decodeEvent, hex } from '@theater/event-chain'
import { describe, expect, it } from 'vitest'
import { checkGraph } from './support/graph-in-parts.ts'
import type { Graph } from '../src/graph.ts'
import type { ChainSource } from '@theater/replay'
import { draft, forge, withhold } from './support/forge.ts'
import type { Draft } from './support/forge.ts'
import { genesis } from './support/genesis.ts'

const client = 'theater:messaging/client@0.1.3'
const receive = 'theater:messaging/receiver@0.1.0#handle-send'
const respond = 'theater:messaging/responder@0.1.0#handle-request'

const seed = draft('seed', { seed: new Uint8Array(32) })
const message = (text: string): Data => ['text/plain', new TextEncoder().encode(text)]
const ok: Contents['call']['outcome'] = {
  result: Uint8Array.of(0x81, 0x81, 0),
  elapsed: 0,
  made: [],
  denied: false,
  closed: false,
}
const ret = draft('return', { result: Uint8Array.of(0x80), fuel: null })
const hostTurn = draft('turn', {
  fn: 'go',
  args: Uint8Array.of(0x80),
  sender: null,
  cause: null,
  time: 0,
  made: [],
})
const trap = draft('trap', { code: 'guest', fuel: null })

function call(fn: string, to: Data, text: string, intent = false): Draft {
  const args = encodeData([to, message(text)])
  return draft('call', { fn: `${client}#${fn}`, args, ask: null, fuel: null, outcome: intent ? null : ok })
}
const send = (of: number): Draft => draft('send', { call: of })
const result = (of: number): Draft =>
  draft('result', { call: of, outcome: { ...ok, result: Uint8Array.of(0x81, 0x01) } })

interface Arrival {
  readonly fn?: string
  readonly sender?: string | null
  readonly named?: Data
  readonly text?: string
}

function arrival(
  cause: Cause | null,
  { fn = receive, sender = 'a', named = [1, 'a'], text = 'hello' }: Arrival = {},
): Draft {
  const args = encodeData([named, message(text)])
  return draft('turn', { fn, args, sender, cause, time: 0, made: [] })
}

async function causeOf({ store, chain }: ChainSource, seq: number): Promise<Cause> {
  let found: Uint8Array | undefined
  for await (const stored of store.read(chain, seq, seq + 1)) found = (await decodeEvent(stored, seq)).hash
  if (found === undefined) throw new TypeError(`there is no event ${seq}`)
  return { chain, seq, hash: found }
}

/** A sender whose event 4 is a `send`, and event 8 a request. */
const sender = (): Promise<ChainSource> =>
  forge([
    genesis('a'),
    seed,
    hostTurn,
    call('send', 'b', 'hello'),
    send(3),
    ret,
    hostTurn,
    call('send', 'b', 'undone'),
    call('request', 'b', 'question', true),
    result(8),
    trap,
  ])

/** A publisher whose event 4 is for some, and whose event 6 is a subscription. */
function publisher(to: readonly string[]): Promise<ChainSource> {
  const topics = (fn: string, args: Data, result: Data): Draft =>
    draft('call', {
      fn: `theater:messaging/topics@0.1.0#${fn}`,
      args: encodeData(args),
      ask: null,
      fuel: null,
      outcome: { ...ok!, result: encodeData(result) },
    })
  return forge([
    genesis('a'),
    seed,
    hostTurn,
    topics('publish', ['news', message('hello')], [[0, to]]),
    send(3),
    topics('subscribe', ['news'], [[0]]),
    send(5),
    ret,
  ])
}

const receiver = (...turns: readonly Draft[]): Promise<ChainSource> =>
  forge([genesis('b'), seed, ...turns.flatMap((turn) => [turn, ret])])

async function found(a: ChainSource, ...turns: readonly Draft[]): Promise<Omit<Graph, 'uncheckedCounts'>> {
  return checkGraph([a, await receiver(...turns)])
}

describe('how chains hang together', async () => {
  const a = await sender()
  const sent = await causeOf(a, 4)
  const asked = await causeOf(a, 8)
  const question: Arrival = { fn: respond, text: 'question' }

  it('holds: a send, and a request of a turn that was undone later', async () => {
    expect(await found(a, arrival(sent), arrival(asked, question))).toEqual({
      held: 2,
      unchecked: [],
      outside: [],
      faults: [],
    })
    expect(await found(a, hostTurn)).toEqual({ held: 0, unchecked: [], outside: [], faults: [] })
  })

  const zero = new Uint8Array(32)
  it.each<[string, Draft, RegExp]>([
    ['an event that is not there', arrival({ ...sent, seq: 40 }), /no such event/],
    ['another event', arrival({ ...sent, hash: zero }), /another event/],
    ['an event that carries nothing', arrival(await causeOf(a, 3)), /carries no message/],
    ['another message', arrival(sent, { text: 'hullo' }), /another message/],
    ['another sender', arrival(sent, { sender: 'c', named: [1, 'c'] }), /the sender is c/],
    ['arguments that name another sender', arrival(sent, { named: [1, 'c'] }), /do not name a/],
    ['arguments that name the host', arrival(sent, { named: [0] }), /do not name a/],
    ['a sender that is left out', arrival(sent, { sender: null }), /do not name null/],
    ['another export', arrival(sent, { fn: respond }), /a message for/],
    ['a request that arrives as a message', arrival(asked, { text: 'question' }), /a message for/],
    ['a sender without a cause', arrival(null), /a sender and no cause/],
  ])('does not hold: %s', async (_what, turn, why) => {
    const { faults, held } = await found(a, turn)
    expect(held).toBe(0)
    expect(faults.map(({ index }) => index)).toEqual([2])
    expect(faults[0]?.message).toMatch(why)
  })

  it('does not hold: a message that arrives twice, in one chain or in two', async () => {
    const { faults, held } = await found(a, arrival(sent), arrival(sent))
    expect(held).toBe(1)
    expect(faults).toMatchObject([{ index: 4, message: expect.stringContaining('event 2 of b') as unknown }])
    const other = await forge([genesis('b', null, 'x'), seed, arrival(sent), ret])
    const both = await checkGraph([a, await receiver(arrival(sent)), other])
    expect(both.faults).toHaveLength(1)
  })

  describe('with a channel between them', async () => {
    const channel = 'a/b/x'
    const channels = (fn: string, args: Data, answer: Data = [0]): Draft =>
      draft('call', {
        fn: `theater:messaging/channels@0.1.0#${fn}`,
        args: encodeData(args),
        ask: null,
        fuel: null,
        outcome: { ...ok!, result: encodeData([answer]) },
      })
    const why: Data = ['busy', 'so', []]
    const opener = await forge([
      genesis('a'),
      seed,
      hostTurn,
      channels('open', ['b', message('may I?')], [0, channel]),
      send(3),
      channels('send', [channel, message('hello')]),
      send(5),
      channels('close', [channel, []]),
      send(7),
      channels('close', [channel, [why]]),
      send(9),
      ret,
      draft('stop', { reason: '' }),
    ])
    const peer = (fn: string, args: readonly Data[], cause: Cause | null, from: string | null = 'a'): Draft =>
      draft('turn', {
        fn: `theater:messaging/channel-peer@0.1.0#${fn}`,
        args: encodeData([from === null ? [0] : [1, from], ...args]),
        sender: from,
        cause,
        time: 0,
        made: [],
      })
    const asks = peer('handle-open', [channel, message('may I?')], await causeOf(opener, 4))
    const says = peer('handle-message', [channel, message('hello')], await causeOf(opener, 6))
    const closes = peer('handle-close', [channel, [0]], await causeOf(opener, 8))
    const fails = peer('handle-close', [channel, [1, why]], await causeOf(opener, 10))
    const stops = peer('handle-close', [channel, [2]], await causeOf(opener, 12))
    const others = peer('handle-close', ['b/a/y', [2]], await causeOf(opener, 12))

    it('holds: the other end is one of the program, and has no chain', async () => {
      const outside = 'b/@desk/x'
      const closed = 'b/@desk/y'
      const b2 = await forge([
        genesis('b'),
        seed,
        hostTurn,
        channels('open', ['@desk', message('may I?')], [0, outside]),
        send(3),
        ret,
        peer('handle-accept', [outside], null, null),
        channels('send', [outside, message('hello')]),
        send(7),
        ret,
        peer('handle-close', [outside, [2]], null, null),
        ret,
        // It never left.
        hostTurn,
        channels('open', ['@desk', message('may I?')], [0, closed]),
        send(14),
        trap,
      ])
      const found = [{ chain: b2.chain, channel: outside, heard: 2, said: 2 }]
      expect(await checkGraph([b2])).toEqual({ held: 0, unchecked: [], outside: found, faults: [] })
    })

    it('holds: what is said on it, and how it ends', async () => {
      const all = [asks, says, closes, fails, stops, others]
      expect(await found(opener, ...all)).toEqual({
        held: all.length,
        unchecked: [],
        outside: [],
        faults: [],
      })
      const asking = [
        genesis('a'),
        seed,
        hostTurn,
        channels('open', ['b', message('may I?')], [0, channel]),
        send(3),
        ret,
      ]
      const b2 = await forge([genesis('b'), seed, asks, trap])
      const heard = peer('handle-close', [channel, [3]], await causeOf(b2, 3), 'b')
      const told = await forge([...asking, heard, ret])
      expect(await checkGraph([told, b2])).toMatchObject({ faults: [] })
      for (const hidden of [2, 3]) {
        const found = await checkGraph([told, withhold(b2, (seq) => seq === hidden)])
        expect([found.faults, found.unchecked.map(({ index }) => index)]).toEqual([
          [],
          hidden === 2 ? [6] : [],
        ])
      }
    })

    it.each<[string, Draft, RegExp]>([
      [
        'another channel',
        peer('handle-message', ['a/b/y', message('hello')], await causeOf(opener, 6)),
        /another message/,
      ],
      [
        'another reason',
        peer('handle-close', [channel, [1, ['no', 'so', []]]], await causeOf(opener, 10)),
        /another message/,
      ],
      [
        'a reason that was not given',
        peer('handle-close', [channel, [1, why]], await causeOf(opener, 8)),
        /another message/,
      ],
      ['an end that is none', peer('handle-close', [channel, [2]], await causeOf(opener, 4)), /not its end/],
      [
        'the end of a channel of others',
        peer('handle-close', ['a/c/x', [2]], await causeOf(opener, 12)),
        /not one of a and b/,
      ],
      [
        'a turn that was not undone',
        peer('handle-close', [channel, [3]], await causeOf(opener, 11)),
        /not the end of a turn/,
      ],
    ])('does not hold: %s', async (_what, turn, expected) => {
      const { faults } = await found(opener, turn)
      expect(faults.map(({ message: said }) => said)).toEqual([expect.stringMatching(expected)])
    })

    it('does not hold: an end that is told twice', async () => {
      expect((await found(opener, stops, stops)).faults).toMatchObject([{ index: 4 }])
    })
  })

  it('holds: a message that comes again where each turn of it before was undone, or refused it', async () => {
    const refused = draft('return', { result: Uint8Array.of(0x81, 0x82, 1, 0), fuel: null })
    const well = draft('return', { result: Uint8Array.of(0x81, 0x81, 0), fuel: null })
    const abort = draft('abort', { code: 'handler-fault', call: null, status: null })
    const b = (...ends: readonly Draft[]): Promise<ChainSource> =>
      forge([genesis('b'), seed, ...ends.flatMap((end) => [arrival(sent), end])])
    const of = async (...ends: readonly Draft[]): Promise<unknown> => {
      const { held, faults } = await checkGraph([a, await b(...ends)])
      return [held, faults.map(({ index }) => index)]
    }
    expect(await of(trap, abort, refused, well)).toEqual([4, []])
    expect(await of(trap, trap)).toEqual([2, []])
    expect(await of(well, trap)).toEqual([1, [4]])
    expect(await of(refused, well, well)).toEqual([2, [6]])
    // An answer to a request is one, whatever it says.
    const asks = [arrival(asked, question), refused]
    const twice = await checkGraph([a, await forge([genesis('b'), seed, ...asks, ...asks])])
    expect(twice.faults).toMatchObject([{ index: 4 }])
    // In another record of the name, nobody knows which came first.
    const other = await forge([genesis('b', null, null, 1), seed, hostTurn, ret, arrival(sent), trap])
    expect((await checkGraph([a, await b(well), other])).faults).toEqual([])
    expect((await checkGraph([a, other, await b(well)])).faults).toEqual([])
  })

  it('accuses nobody where it is withheld how the turn ended in which it arrived before', async () => {
    const refused = draft('return', { result: Uint8Array.of(0x81, 0x82, 1, 0), fuel: null })
    for (const end of [refused, trap]) {
      const b = await forge([genesis('b'), seed, arrival(sent), end, arrival(sent), ret])
      expect((await checkGraph([a, b])).faults).toEqual([])
      expect((await checkGraph([a, withhold(b, (seq) => seq === 3)])).faults).toEqual([])
    }
    // What is withheld ends no other turn than its own.
    const others = [arrival(sent), ret, hostTurn, trap, arrival(sent), ret]
    const b = withhold(await forge([genesis('b'), seed, ...others]), (seq) => seq === 4)
    expect((await checkGraph([a, b])).faults).toMatchObject([{ index: 6 }])
  })

  it('does not hold: a message to somebody else', async () => {
    const c = await forge([genesis('c'), seed, arrival(sent), ret])
    expect((await checkGraph([a, c])).faults).toMatchObject([
      { index: 2, message: expect.stringContaining('to b') as unknown },
    ])
    const odd = await forge([genesis('a'), seed, hostTurn, call('send', 7, 'hello'), send(3), ret])
    expect((await found(odd, arrival(await causeOf(odd, 4)))).faults).toHaveLength(1)
  })

  it('does not hold: a message of a turn that was undone before it left', async () => {
    const undone = await forge([genesis('a'), seed, hostTurn, call('send', 'b', 'hello'), send(3), trap])
    const cause = await causeOf(undone, 4)
    expect((await found(undone, arrival(cause))).faults).toMatchObject([
      { index: 2, message: expect.stringContaining('undone') as unknown },
    ])
    // Whatever store that was, of which the `return` was not whole: no other chain can have it.
    const resume = draft('resume', { epoch: 1 })
    const abort = draft('abort', { code: 'stopped', call: null, status: null })
    const said = [genesis('a'), seed, hostTurn, call('send', 'b', 'hello'), send(3)]
    for (const end of [[], [abort], [resume, abort]]) {
      const torn = await forge([...said, ...end])
      const { faults } = await found(torn, arrival(await causeOf(torn, 4)))
      expect(faults).toMatchObject([{ index: 2, message: expect.stringContaining('undone') as unknown }])
    }
    const whole = await forge([...said, resume, ret])
    expect((await found(whole, arrival(await causeOf(whole, 4)))).faults).toEqual([])
    const left = await forge([
      genesis('a'),
      seed,
      hostTurn,
      call('send', 'b', 'hello'),
      send(3),
      call('request', 'b', 'question', true),
      result(5),
      trap,
    ])
    expect((await found(left, arrival(await causeOf(left, 4)))).faults).toEqual([])
  })

  it('holds: what is published arrives once at each of those it was for', async () => {
    const published = await publisher(['b', 'c'])
    const cause = await causeOf(published, 4)
    const heard = (actor: string, ...turns: readonly Draft[]): Promise<ChainSource> =>
      forge([genesis(actor), seed, ...turns.flatMap((turn) => [turn, ret])])
    const hears = (of: Cause = cause, topic = 'news', text = 'hello'): Draft =>
      draft('turn', {
        fn: 'theater:messaging/subscriber@0.1.0#handle-publish',
        args: encodeData([[1, 'a'], topic, message(text)]),
        sender: 'a',
        cause: of,
        time: 0,
        made: [],
      })
    const [b, c, d] = [await heard('b', hears()), await heard('c', hears()), await heard('d', hears())]
    expect(await checkGraph([published, b, c])).toEqual({ held: 2, unchecked: [], outside: [], faults: [] })
    const wrong: readonly (readonly [ChainSource, RegExp])[] = [
      [d, /a message to b, c/],
      [await heard('b', hears(), hears()), /arrived before, as event 2 of b/],
      [await heard('b', hears(cause, 'other')), /carries another message/],
      [await heard('b', hears(cause, 'news', 'hullo')), /carries another message/],
      [await heard('b', arrival(cause)), /a message for/],
      [await heard('b', hears(await causeOf(published, 6))), /a message to nobody/],
    ]
    for (const [chain, why] of wrong) {
      const { faults } = await checkGraph([published, chain])
      expect(faults.map(({ message: said }) => said)).toEqual([expect.stringMatching(why)])
    }
  })

  it('says what it could not follow', async () => {
    const b = await receiver(arrival(sent))
    const alone = await checkGraph([b])
    expect(alone).toMatchObject({ held: 0, faults: [], unchecked: [{ index: 2, why: 'not-given' }] })
    expect(hex(alone.unchecked[0]!.cause.chain)).toBe(hex(a.chain))
    const hidden = withhold(a, (seq) => seq === 3)
    expect(await checkGraph([hidden, b])).toMatchObject({
      held: 0,
      faults: [],
      unchecked: [{ why: 'withheld' }],
    })
  })

  it('does not hold: two records of one chain that contradict each other', async () => {
    const longer = await receiver(hostTurn, arrival(sent))
    const other = await receiver(arrival(sent))
    const prefix = await receiver(hostTurn)
    expect(hex(longer.chain)).toBe(hex(other.chain))
    expect((await checkGraph([a, prefix, longer, prefix])).faults).toEqual([])
    expect((await checkGraph([a, longer, other])).faults).toMatchObject([{ index: 2 }])
  })

  it('takes functions by their names, whatever they are', async () => {
    const named = await forge([
      genesis('a'),
      seed,
      hostTurn,
      draft('call', { fn: 'constructor', args: Uint8Array.of(0x80), ask: null, fuel: null, outcome: null }),
      draft('result', { call: 3, outcome: { ...ok, result: Uint8Array.of(0x80) } }),
      ret,
    ])
    expect(await found(named, hostTurn)).toMatchObject({ held: 0, faults: [] })
  })
})
