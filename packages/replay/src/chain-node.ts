import { readEvents } from '@theater/event-chain'
import type { Cause, Event, EventOf } from '@theater/event-chain'
import { items, Writer } from '@theater/values'
import type { Hash } from '@theater/values'
import { readBirth, readMade, readSpawn, SPAWN } from './births.ts'
import type { Birth, SpawnCall } from './births.ts'
import { same } from './bytes.ts'
import { digestOf, HANDLE_OPEN, isMessage, isRefusal, letterOf, lostIn, textOf, track } from './letters.ts'
import type { Letter } from './letters.ts'
import { Outside } from './outside.ts'
import type { OutsideChannel } from './outside.ts'
import type { Incoming, Links, Outgoing } from './links.ts'
import { TimerLedger } from './timers.ts'
import type { FiringFound } from './timers.ts'
import type { ChainSource } from './types.ts'

/** What one chain says of others. */
export interface Node {
  readonly source: ChainSource
  /** The number by which its messages go. */
  readonly number: number
  readonly size: number
  readonly actor: string | null
  /** The first turn with a sender and no cause; 0 for a parent and no cause. */
  readonly orphan: number | undefined
  /** What the actor began with; `undefined` where that is withheld. */
  readonly birth: Birth | undefined
  /** Calls that may have made actors; null where what they asked for is withheld. */
  readonly spawns: ReadonlyMap<number, SpawnCall | null>
  /** Events that close the record. */
  readonly ends: ReadonlySet<number>
  /** Channels that it was asked for in turns that came to nothing, by the last events of these; null where that is withheld. */
  readonly unopened: ReadonlyMap<number, string | null>
  /** Channels with the program around the actors. */
  readonly outside: readonly OutsideChannel[]
  /** What is found of the firings of timers, by where their turns begin. */
  readonly firings: ReadonlyMap<number, FiringFound>
}

/** Reads what a chain says of others. Its messages go into `links`. */
export async function readNode(source: ChainSource, number: number, hash: Hash, links: Links): Promise<Node> {
  let actor: string | null = null
  let birth: Birth | undefined
  const spawns = new Map<number, SpawnCall | null>()
  const ends = new Set<number>()
  const unopened = new Map<number, string | null>()
  const outside = new Outside(source.chain)
  let orphan: number | undefined
  let size = 0
  const timers = new TimerLedger(source.chain, hash)
  const turn = new TurnLetters(() => actor, hash, outside)
  let taking: Incoming | undefined
  const taken = async (stands: boolean): Promise<void> => {
    if (taking !== undefined) await links.arrived(number, { ...taking, stands })
    taking = undefined
  }
  /** Whether it is withheld what began the turn. */
  let hidden = false
  const undone = async (seq: number, unsure = false): Promise<void> => {
    const asked = taking !== undefined && track(taking.fn) === HANDLE_OPEN ? taking.channel : null
    if (hidden || asked !== null) unopened.set(seq, hidden || unsure ? null : asked)
    await taken(false)
  }
  for await (const event of readEvents(source.store, source.chain, 0, undefined, { hash })) {
    turn.take(event)
    for (const sent of turn.settled()) await links.sent(number, source.chain, sent)
    timers.take(event)
    size++
    if (event.kind === 'stop') ends.add(event.seq)
    if (event.kind === 'turn') {
      await taken(true)
      hidden = event.content === null
    } else if (event.kind === 'trap' || event.kind === 'abort') {
      await undone(event.seq)
    } else if (event.kind === 'return') {
      // What is withheld may have refused it.
      const refuses = event.content === null || isRefusal(event.content.result)
      if (hidden || (taking !== undefined && refuses && isMessage(taking.fn)))
        await undone(event.seq, event.content === null)
      else await taken(true)
    }
    if (event.content === null) {
      if (event.kind === 'call') spawns.set(event.seq, null)
      continue
    }
    if (event.kind === 'genesis') {
      actor = event.content.actor
      birth = readBirth(event.content, hash)
      if (birth.cause !== null) await links.arrived(number, born(birth.cause, birth.parent))
      else if (birth.parent !== null) orphan = event.seq
    } else if (event.kind === 'call' && track(event.content.fn) === SPAWN) {
      const spawn = readSpawn(event.content, hash)
      if (spawn !== undefined) spawns.set(event.seq, spawn)
    } else if (event.kind === 'result') {
      const spawn = spawns.get(event.content.call)
      if (spawn) spawn.made = readMade(event.content.outcome.result)
    } else if (event.kind === 'turn') {
      const { cause, sender } = event.content
      if (cause !== null) taking = readIncoming(event, cause, hash)
      else if (sender !== null) orphan ??= event.seq
      else outside.heard(event)
    }
  }
  await taken(true)
  turn.end()
  for (const sent of turn.settled()) await links.sent(number, source.chain, sent)
  const { channels } = outside
  const { firings } = timers
  return { source, number, size, actor, orphan, birth, spawns, ends, unopened, outside: channels, firings }
}

/** Follows the calls of one turn to the events that carry them away. */
class TurnLetters {
  readonly #outside: Outside
  readonly #hash: Hash
  readonly #actor: () => string | null
  readonly #calls = new Map<number, Letter>()
  #sends: (Omit<Outgoing, 'letter'> & { readonly letter: Letter | null })[] = []
  #settled: Outgoing[] = []

  constructor(actor: () => string | null, hash: Hash, outside: Outside) {
    this.#outside = outside
    this.#actor = actor
    this.#hash = hash
  }

  /** Messages of which it is known now whether they left. */
  settled(): readonly Outgoing[] {
    if (this.#settled.length === 0) return this.#settled
    const settled = this.#settled
    this.#settled = []
    return settled
  }

  /** What still waits for its turn's end has not left. */
  end(): void {
    this.#settled.push(...this.#sends)
    this.#sends = []
    this.#calls.clear()
  }

  take(event: Event): void {
    const { seq, hash, kind } = event
    if (kind === 'turn' || kind === 'return' || kind === 'trap' || kind === 'abort') {
      if (kind === 'return') this.#leave()
      this.end()
    } else if (kind === 'send') {
      const letter =
        event.content === null ? null : (this.#calls.get((event as EventOf<'send'>).content.call) ?? null)
      this.#sends.push({ seq, hash, letter, left: false })
    } else if (kind === 'call') {
      // Whether a withheld call is an intent is not known; what went before it may have left.
      const content = event.content === null ? null : (event as EventOf<'call'>).content
      const letter = content === null ? null : letterOf(content, this.#actor(), this.#hash)
      if (letter !== null) this.#calls.set(seq, letter)
      if (content !== null && content.outcome !== null) return
      this.#leave()
      if (content === null || letter !== null) {
        if (letter !== null) this.#outside.said(letter)
        this.#settled.push({ seq, hash, letter, left: true })
      }
    }
  }

  #leave(): void {
    for (const sent of this.#sends) {
      this.#settled.push({ ...sent, left: true })
      if (sent.letter !== null) this.#outside.said(sent.letter)
    }
    this.#sends = []
  }
}

/** What a genesis says of the event that made its actor. */
function born(cause: Cause, parent: string | null): Incoming {
  return {
    index: 0,
    cause,
    sender: parent,
    fn: '',
    stands: true,
    message: null,
    channel: null,
    lost: undefined,
    about: null,
    signed: true,
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
