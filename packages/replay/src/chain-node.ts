import { readEvents } from '@theater/event-chain'
import type { Cause, Event, EventOf } from '@theater/event-chain'
import { items, Writer } from '@theater/values'
import type { Hash } from '@theater/values'
import { readBirth, readMade, readSpawn, SPAWN } from './births.ts'
import type { Birth, SpawnCall } from './births.ts'
import { digestOf, HANDLE_OPEN, isMessage, isRefusal, letterOf, lostIn, textOf, track } from './letters.ts'
import type { Letter } from './letters.ts'
import { Outside } from './outside.ts'
import type { OutsideChannel } from './outside.ts'
import { bytesText, copyOf } from './share.ts'
import type { Same, Share } from './share.ts'
import { TimerLedger } from './timers.ts'
import type { FiringFound } from './timers.ts'
import type { ChainSource } from './types.ts'

/** A message that left, or that a turn queued. */
interface Outgoing {
  /** As {@link bytesText} has it. */
  readonly hash: string
  /** Null where what it carries is withheld. */
  readonly letter: Letter | null
  /** A queued send leaves with its turn's end, or just before an outside effect. */
  left: boolean
}

/** A turn that another event caused. */
export interface Incoming {
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

/** What one chain says of others. */
export interface Node {
  readonly source: ChainSource
  readonly size: number
  readonly actor: string | null
  /** Of those that are followed in this pass. */
  readonly outgoing: Map<number, Outgoing>
  readonly incoming: Incoming[]
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
  /** Whether this is the pass in which the birth is followed, and what is said of it alone. */
  readonly first: boolean
  /** Forgets the messages. */
  letGo(): void
}

/** Reads what a chain says of others, as much as this pass follows. */
export async function readNode(source: ChainSource, hash: Hash, share: Share, known: Same): Promise<Node> {
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
  const turn = new TurnLetters(outgoing, () => actor, hash, { share, known, outside })
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
      taking = cause === null ? undefined : readIncoming(event, cause, hash, known)
      if (taking !== undefined) {
        if (share.takes(taking.cause.seq)) incoming.push(taking)
      } else if (sender !== null) orphan ??= event.seq
      else outside.heard(event)
    }
  }
  const { channels } = outside
  return {
    source,
    size,
    actor,
    outgoing,
    incoming,
    orphan: share.first ? orphan : undefined,
    birth,
    spawns,
    ends,
    unopened,
    outside: channels,
    firings: timers.firings,
    first: share.first,
    letGo() {
      outgoing.clear()
      incoming.length = 0
    },
  }
}

function noteUnopened(unopened: Map<number, string>, seq: number, { fn, channel }: Incoming): void {
  if (track(fn) === HANDLE_OPEN && channel !== null) unopened.set(seq, channel)
}

/** Follows the calls of one turn to the events that carry them away. */
class TurnLetters {
  readonly #outgoing: Map<number, Outgoing>
  readonly #among: { readonly share: Share; readonly known: Same; readonly outside: Outside }
  readonly #hash: Hash
  readonly #actor: () => string | null
  readonly #calls = new Map<number, Letter>()
  #sends: Outgoing[] = []

  constructor(
    outgoing: Map<number, Outgoing>,
    actor: () => string | null,
    hash: Hash,
    among: { readonly share: Share; readonly known: Same; readonly outside: Outside },
  ) {
    this.#among = among
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
      const sent = { hash: bytesText(hash), letter, left: false }
      this.#put(seq, sent)
      this.#sends.push(sent)
    } else if (kind === 'call') {
      // Whether a withheld call is an intent is not known; what went before it may have left.
      const content = event.content === null ? null : (event as EventOf<'call'>).content
      const letter = content === null ? null : this.#letter(content)
      if (letter !== null) this.#calls.set(seq, letter)
      if (content !== null && content.outcome !== null) return
      this.#leave()
      if (content === null || letter !== null) {
        if (letter !== null) this.#among.outside.said(letter)
        this.#put(seq, { hash: bytesText(hash), letter, left: true })
      }
    }
  }

  #leave(): void {
    for (const sent of this.#sends) {
      sent.left = true
      if (sent.letter !== null) this.#among.outside.said(sent.letter)
    }
    this.#sends = []
  }

  #put(seq: number, sent: Outgoing): void {
    if (this.#among.share.takes(seq)) this.#outgoing.set(seq, sent)
  }

  #letter(content: EventOf<'call'>['content']): Letter | null {
    const letter = letterOf(content, this.#actor(), this.#hash)
    if (letter === null) return null
    const { known } = this.#among
    return { ...letter, to: letter.to.map((to) => known.text(to)), fn: known.text(letter.fn) }
  }
}

function readIncoming({ seq, content }: EventOf<'turn'>, cause: Cause, hash: Hash, known: Same): Incoming {
  const { fn, sender, args } = content
  const given = items(args)
  const [named, ...said] = given
  const [second] = said
  return {
    index: seq,
    cause: { chain: known.chain(cause.chain), seq: cause.seq, hash: copyOf(cause.hash) },
    sender: sender === null ? null : known.text(sender),
    fn: known.text(fn),
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
