import { otherEnd } from '@theater/boundary'
import { decodeEvent, hex, readEvents } from '@theater/event-chain'
import type { Cause, Event, EventOf } from '@theater/event-chain'
import { items, sha256, Writer } from '@theater/values'
import type { Hash } from '@theater/values'
import { CHILD_ENDED, misborn, readBirth, readMade, readSpawn, SPAWN } from './births.ts'
import type { Birth, SpawnCall } from './births.ts'
import {
  digestOf,
  HANDLE_OPEN,
  isMessage,
  isRefusal,
  letterOf,
  lostIn,
  receivers,
  textOf,
  track,
} from './letters.ts'
import type { Letter } from './letters.ts'
import { Outside } from './outside.ts'
import type { OutsideChannel } from './outside.ts'
import { FIRED, TimerLedger } from './timers.ts'
import type { FiringFound } from './timers.ts'
import type { ChainSource } from './types.ts'

/** A cause that could not be followed. It accuses nobody. */
export interface Unchecked {
  /** The chain that names the cause. 32 bytes. */
  readonly chain: Uint8Array
  readonly index: number
  readonly cause: Cause
  /** `not-given`: its chain is not among those given, or is broken; `withheld`: what it carried is not shown. */
  readonly why: 'not-given' | 'withheld'
}

/** A cause that does not hold. */
export interface GraphFault {
  readonly chain: Uint8Array
  readonly index: number
  readonly message: string
}

/** What {@link checkGraph} found. */
export interface Graph {
  /** Causes that were followed and hold. */
  readonly held: number
  readonly unchecked: readonly Unchecked[]
  /** Channels with an end that has no chain. */
  readonly outside: readonly OutsideChannel[]
  /** Of each chain its first, and where two records of it part. */
  readonly faults: readonly GraphFault[]
}

interface Outgoing {
  readonly hash: Uint8Array
  /** Null where what it carries is withheld. */
  readonly letter: Letter | null
  /** A queued send leaves with its turn's end, or just before an outside effect. */
  left: boolean
}

interface Incoming {
  readonly index: number
  readonly cause: Cause
  readonly sender: string | null
  readonly fn: string
  readonly message: string | null
  /** Whether it holds: it was not undone, and is no message that was refused. Such a cause may come again. */
  stands: boolean
  /** Whether the arguments name the sender that the event names. */
  readonly signed: boolean
  /** The second argument, where it is a text: the channel, where it is of one. */
  readonly channel: string | null
  /** Where it says that a channel is lost, how. */
  readonly lost: 'stopped' | 'undelivered' | undefined
  /** The first argument, where it is a text. */
  readonly about: string | null
}

interface Node {
  readonly source: ChainSource
  readonly size: number
  readonly actor: string | null
  readonly outgoing: ReadonlyMap<number, Outgoing>
  readonly incoming: readonly Incoming[]
  /** The first turn with a sender and no cause; 0 for a parent and no cause. */
  readonly orphan: number | undefined
  /** What the actor began with; `undefined` where that is withheld. */
  readonly birth: Birth | undefined
  /** Calls that may have made actors; null where what they asked for is withheld. */
  readonly spawns: ReadonlyMap<number, SpawnCall | null>
  /** Events that close the record. */
  readonly ends: ReadonlySet<number>
  /** Channels that it was asked for in turns that came to nothing, by the last events of these. */
  readonly unopened: ReadonlyMap<number, string>
  /** Channels with the program around the actors. */
  readonly outside: readonly OutsideChannel[]
  /** What is found of the firings of timers, by where their turns begin. */
  readonly firings: ReadonlyMap<number, FiringFound>
}

/**
 * Checks how several chains hang together: every cause names an event that is there, a message arrives as it was sent,
 * at the actor it was sent to, once, and not from a turn that was undone before it left; a child began as its parent's
 * spawn asked, and its parent is told of its end by its end; and no two of them are records of one chain that contradict
 * each other. The chains MUST be intact.
 */
export async function checkGraph(sources: readonly ChainSource[], hash: Hash = sha256): Promise<Graph> {
  const nodes = new Map<string, Node>()
  const faults: GraphFault[] = []
  for (const source of sources) {
    const node = await readNode(source, hash)
    const known = nodes.get(hex(source.chain))
    const index = known === undefined ? null : await forksAt(known.source, source, hash)
    if (index !== null) {
      const message = 'another record of the same chain goes on in another way here'
      faults.push({ chain: source.chain, index, message })
    }
    if (known === undefined || node.size > known.size) nodes.set(hex(source.chain), node)
  }
  const taken = new Map<string, { readonly by: string; readonly chain: Uint8Array }>()
  const unchecked: Unchecked[] = []
  let held = 0
  for (const node of nodes.values()) {
    const { chain } = node.source
    let first: GraphFault | undefined
    if (node.orphan !== undefined) {
      first = {
        chain,
        index: node.orphan,
        message: node.orphan === 0 ? 'it has a parent and no cause' : 'the turn has a sender and no cause',
      }
    }
    for (const { index, cause, stands, about, own, check } of links(node)) {
      const sender = nodes.get(hex(cause.chain))
      let found = sender === undefined && !own ? 'not-given' : await check(sender ?? node, hash)
      if (found === undefined) {
        // A message that many get arrives once at each.
        const key = `${hex(cause.chain)} ${cause.seq} ${many(sender, cause) ? hex(chain) : ''} ${about ?? ''}`
        const before = taken.get(key)
        const name = node.actor ?? hex(chain)
        if (stands) taken.set(key, { by: index === 0 ? name : `event ${index} of ${name}`, chain })
        // Which came first, in two records, nobody knows.
        if (before === undefined || (!stands && !same(before.chain, chain))) held++
        else if (index === 0) found = { message: `the spawn made another actor, ${before.by}` }
        else found = { message: `the message arrived before, as ${before.by}` }
      }
      if (found === 'not-given' || found === 'withheld') unchecked.push({ chain, index, cause, why: found })
      else if (found !== undefined && (first === undefined || index < first.index)) {
        first = { chain, index, message: found.message }
      }
    }
    if (first !== undefined) faults.push(first)
  }
  return { held, unchecked, outside: [...nodes.values()].flatMap(({ outside }) => outside), faults }
}

function many(sender: Node | undefined, { seq }: Cause): boolean {
  const { to } = sender?.outgoing.get(seq)?.letter ?? {}
  return to !== undefined && to.length > 1
}

type Found = { readonly message: string } | 'not-given' | 'withheld' | undefined

interface CauseLink {
  readonly index: number
  readonly cause: Cause
  readonly stands: boolean
  /** Where one event may be told of more than once: what it is told of. */
  readonly about?: string
  /** Whether the cause has to be in this chain. */
  readonly own?: true
  readonly check: (sender: Node, hash: Hash) => Promise<Found>
}

function* links(node: Node): Generator<CauseLink> {
  const { birth } = node
  if (birth !== undefined && birth.cause !== null) {
    const { cause, parent } = birth
    const check: CauseLink['check'] = async (from, hash) =>
      (await checkEvent(from, cause, parent, hash)) ?? checkBirth(from, birth, cause)
    yield { index: 0, cause, stands: true, check }
  }
  for (const turn of node.incoming) {
    const { index, cause, sender, stands } = turn
    if (track(turn.fn) === CHILD_ENDED) {
      const check: CauseLink['check'] = async (from, hash) =>
        (await checkEvent(from, cause, sender, hash)) ?? checkEnd(from, node, turn)
      yield { index, cause, stands, check }
      continue
    }
    const fired = node.firings.get(index)
    if (track(turn.fn) === FIRED) {
      const check: CauseLink['check'] = async (from, hash) =>
        fired ?? (await checkEvent(from, cause, sender, hash))
      // A timer fires as often as it is due, which is checked as the chain goes on.
      yield { index, cause, stands, about: `timer ${index}`, own: true, check }
      continue
    }
    if (turn.lost !== undefined) {
      const check: CauseLink['check'] = async (from, hash) =>
        (await checkEvent(from, cause, sender, hash)) ?? checkLost(from, node, turn)
      yield { index, cause, stands, about: `lost ${String(turn.channel)}`, check }
      continue
    }
    const carried = sender !== null || receivers.has(track(turn.fn))
    yield {
      index,
      cause,
      stands,
      check: async (from, hash) =>
        (await checkEvent(from, cause, sender, hash)) ??
        (carried ? checkLetter(from, node, turn) : undefined),
    }
  }
}

/** Whether the event that a cause names is there. */
async function checkEvent(
  from: Node,
  { chain, seq, hash: expected }: Cause,
  actor: string | null,
  hash: Hash,
): Promise<Found> {
  const name = from.actor ?? hex(chain)
  if (actor !== null && from.actor !== null && actor !== from.actor) {
    return { message: `the sender is ${actor}, and the cause is an event of ${from.actor}` }
  }
  const known = from.outgoing.get(seq)?.hash ?? (await hashOf(from.source, seq, hash))
  if (known === undefined) return { message: `the cause is event ${seq} of ${name}, which has no such event` }
  return same(known, expected)
    ? undefined
    : { message: `the cause is another event ${seq} than that of ${name}` }
}

async function hashOf(
  { store, chain }: ChainSource,
  seq: number,
  hash: Hash,
): Promise<Uint8Array | undefined> {
  for await (const stored of store.read(chain, seq, seq + 1)) {
    return (await decodeEvent({ ...stored, body: null }, seq, { hash })).hash
  }
  return undefined
}

/** Whether the event that a cause names carries this message to this actor. */
function checkLetter(from: Node, to: Node, turn: Incoming): Found {
  const { seq } = turn.cause
  const sent = from.outgoing.get(seq)
  const name = `event ${seq} of ${from.actor ?? 'the sender'}`
  if (sent === undefined) return { message: `${name} carries no message` }
  if (!sent.left) return { message: `${name} is a message of a turn that was undone before it left` }
  if (sent.letter === null) return 'withheld'
  const { letter } = sent
  if (to.actor !== null && !letter.to.includes(to.actor))
    return { message: `${name} is a message to ${letter.to.join(', ') || 'nobody'}` }
  if (letter.fn !== track(turn.fn)) return { message: `${name} is a message for ${String(letter.fn)}` }
  if (!turn.signed) return { message: `the arguments do not name ${String(turn.sender)} as the sender` }
  if (letter.message === null || letter.message !== turn.message) {
    return { message: `${name} carries another message` }
  }
  return undefined
}

/** Whether the event that a genesis names made this actor. */
function checkBirth(from: Node, birth: Birth, { seq }: Cause): Found {
  const asked = from.spawns.get(seq)
  if (asked === undefined) return { message: `event ${seq} of ${from.actor ?? 'the parent'} makes no actor` }
  if (asked === null || from.birth === undefined) return 'withheld'
  const message = misborn(birth, from.birth, asked, seq)
  return message === undefined ? undefined : { message: `event ${seq} of ${from.birth.actor}: ${message}` }
}

/** Whether the event that a turn names is the end of the child that it tells of. */
function checkEnd({ actor, birth, ends }: Node, parent: Node, { cause, about, sender }: Incoming): Found {
  const name = actor ?? 'the child'
  if (!ends.has(cause.seq)) return { message: `event ${cause.seq} of ${name} is not its end` }
  if (birth === undefined) return 'withheld'
  if (birth.cause === null || !same(birth.cause.chain, parent.source.chain))
    return { message: `${name} is no child of ${parent.actor ?? 'this actor'}` }
  if (about === actor && sender === actor) return undefined
  return { message: `the turn tells of ${String(about)}, and its cause is the end of ${name}` }
}

/** Whether the event that a turn names is what the channel was lost by. */
function checkLost(from: Node, to: Node, { cause, channel, lost, sender, signed }: Incoming): Found {
  const name = from.actor ?? 'the other end'
  if (!signed || channel === null)
    return { message: `the arguments do not name ${String(sender)} as the sender` }
  if (from.actor === null || to.actor === null) return 'withheld'
  const ends = channel.split('/', 2)
  if (!ends.includes(from.actor) || otherEnd(channel, from.actor) !== to.actor)
    return { message: `the channel ${channel} is not one of ${name} and ${to.actor}` }
  if (lost === 'stopped')
    return from.ends.has(cause.seq) ? undefined : { message: `event ${cause.seq} of ${name} is not its end` }
  return from.unopened.get(cause.seq) === channel
    ? undefined
    : { message: `event ${cause.seq} of ${name} is not the end of a turn that was asked for ${channel}` }
}

/** The first event in which two records of one chain differ; null where one goes on from the other. */
async function forksAt(a: ChainSource, b: ChainSource, hash: Hash): Promise<number | null> {
  const others = b.store.read(b.chain)[Symbol.asyncIterator]()
  let index = 0
  for await (const { header } of a.store.read(a.chain)) {
    const other = await others.next()
    if (other.done === true) return null
    if (!same(hash(header), hash(other.value.header))) return index
    index++
  }
  return null
}

async function readNode(source: ChainSource, hash: Hash): Promise<Node> {
  const outgoing = new Map<number, Outgoing>()
  const incoming: Incoming[] = []
  let actor: string | null = null
  let birth: Birth | undefined
  const spawns = new Map<number, SpawnCall | null>()
  const ends = new Set<number>()
  const unopened = new Map<number, string>()
  const outside = new Outside(source.chain)
  let orphan: number | undefined
  let size = 0
  const timers = new TimerLedger(source.chain, hash)
  const turn = new TurnLetters(outgoing, () => actor, hash)
  let taking: Incoming | undefined
  for await (const event of readEvents(source.store, source.chain, 0, undefined, { hash })) {
    turn.take(event)
    timers.take(event)
    size++
    if (event.kind === 'stop') ends.add(event.seq)
    if (event.content === null) {
      if (event.kind === 'call') spawns.set(event.seq, null)
      continue
    }
    if (event.kind === 'genesis') {
      actor = event.content.actor
      birth = readBirth(event.content, hash)
      if (birth.cause === null && birth.parent !== null) orphan = event.seq
    } else if (event.kind === 'call' && track(event.content.fn) === SPAWN) {
      const spawn = readSpawn(event.content, hash)
      if (spawn !== undefined) spawns.set(event.seq, spawn)
    } else if (taking !== undefined && (event.kind === 'trap' || event.kind === 'abort')) {
      taking.stands = false
      noteUnopened(unopened, event.seq, taking)
    } else if (taking !== undefined && event.kind === 'return') {
      taking.stands = !(isMessage(taking.fn) && isRefusal(event.content.result))
      if (!taking.stands) noteUnopened(unopened, event.seq, taking)
    } else if (event.kind === 'result') {
      const spawn = spawns.get(event.content.call)
      if (spawn) spawn.made = readMade(event.content.outcome.result)
    } else if (event.kind === 'turn') {
      const { cause, sender } = event.content
      taking = cause === null ? undefined : readIncoming(event, cause, hash)
      if (taking !== undefined) incoming.push(taking)
      else if (sender !== null) orphan ??= event.seq
      else outside.heard(event)
    }
  }
  for (const { letter, left } of outgoing.values()) if (letter !== null && left) outside.said(letter)
  const { channels } = outside
  return {
    source,
    size,
    actor,
    outgoing,
    incoming,
    orphan,
    birth,
    spawns,
    ends,
    unopened,
    outside: channels,
    firings: timers.firings,
  }
}

function noteUnopened(unopened: Map<number, string>, seq: number, { fn, channel }: Incoming): void {
  if (track(fn) === HANDLE_OPEN && channel !== null) unopened.set(seq, channel)
}

/** Follows the calls of one turn to the events that carry them away. */
class TurnLetters {
  readonly #outgoing: Map<number, Outgoing>
  readonly #hash: Hash
  readonly #actor: () => string | null
  readonly #calls = new Map<number, Letter>()
  #sends: Outgoing[] = []

  constructor(outgoing: Map<number, Outgoing>, actor: () => string | null, hash: Hash) {
    this.#outgoing = outgoing
    this.#actor = actor
    this.#hash = hash
  }

  take(event: Event): void {
    const { seq, hash, kind } = event
    if (kind === 'turn' || kind === 'return' || kind === 'trap' || kind === 'abort') {
      if (kind === 'return') this.#leave()
      this.#sends = []
      this.#calls.clear()
    } else if (kind === 'send') {
      const letter =
        event.content === null ? null : (this.#calls.get((event as EventOf<'send'>).content.call) ?? null)
      const sent = { hash, letter, left: false }
      this.#outgoing.set(seq, sent)
      this.#sends.push(sent)
    } else if (kind === 'call') {
      // Whether a withheld call is an intent is not known; what went before it may have left.
      const content = event.content === null ? null : (event as EventOf<'call'>).content
      const letter = content === null ? null : letterOf(content, this.#actor(), this.#hash)
      if (letter !== null) this.#calls.set(seq, letter)
      if (content !== null && content.outcome !== null) return
      this.#leave()
      if (content === null || letter !== null) this.#outgoing.set(seq, { hash, letter, left: true })
    }
  }

  #leave(): void {
    for (const sent of this.#sends) sent.left = true
    this.#sends = []
  }
}

function readIncoming({ seq, content }: EventOf<'turn'>, cause: Cause, hash: Hash): Incoming {
  const { fn, sender, args } = content
  const given = items(args)
  const [named, ...said] = given
  const [second] = said
  return {
    index: seq,
    cause,
    sender,
    fn,
    stands: true,
    message: said.length === 0 ? null : digestOf(said, hash),
    channel: second === undefined ? null : textOf(second),
    lost: lostIn(fn, given),
    about: named === undefined ? null : textOf(named),
    signed: sender !== null && named !== undefined && same(named, senderBytes(sender)),
  }
}

/** `theater:actor/types.sender`: the case `actor` with an id. */
function senderBytes(actor: string): Uint8Array {
  const out = new Writer()
  out.array(2)
  out.uint(1)
  out.text(actor)
  return out.bytes()
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
