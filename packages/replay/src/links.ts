import { Reader, Writer } from '@theater/values'
import type { Cause } from '@theater/event-chain'
import type { Letter } from './letters.ts'
import { Pile } from './pile.ts'
import type { Scratch } from './scratch.ts'

/** A message that left, or that a turn queued. */
export interface Outgoing {
  /** The event that carries it away. */
  readonly seq: number
  readonly hash: Uint8Array
  /** Null where what it carries is withheld. */
  readonly letter: Omit<Letter, 'channel'> | null
  /** A queued send leaves with its turn's end, or just before an outside effect. */
  readonly left: boolean
}

/** A turn that another event caused; of an actor's birth, what a genesis says of its cause. */
export interface Incoming {
  /** 0 for a birth. */
  readonly index: number
  readonly cause: Cause
  readonly sender: string | null
  readonly fn: string
  readonly message: string | null
  /** Whether it holds: it was not undone, and is no message that was refused. Such a cause may come again. */
  readonly stands: boolean
  /** Whether the arguments name the sender that the event names. */
  readonly signed: boolean
  /** The second argument, where it is a text: the channel, where it is of one. */
  readonly channel: string | null
  /** Where it says that a channel is lost, how. */
  readonly lost: 'stopped' | 'undelivered' | undefined
  /** The first argument, where it is a text. */
  readonly about: string | null
}

/** The most messages, sent and arrived, that are matched in memory at once. */
export const MAX_LINKS = 60_000

/** Into how many parts messages are dealt, and how often a part that is still too large is. */
const BITS = 6
const DEPTH = 5

/**
 * Messages at both their ends, dealt into parts by the event that sent them, so that each part can be matched by itself, in memory
 * that does not grow with how many there are. What one chain has of a part stays in its order.
 */
export class Links {
  readonly #parts = new Map<number, Part>()
  readonly #scratch: Scratch
  readonly #depth: number
  readonly #out = new Writer()

  /** @param depth how often its messages were dealt before */
  constructor(scratch: Scratch, depth = 0) {
    this.#scratch = scratch
    this.#depth = depth
  }

  /** Adds a message that left a chain. @param node the number by which the chain goes */
  async sent(node: number, chain: Uint8Array, sent: Outgoing): Promise<void> {
    const part = this.#part(chain, sent.seq)
    part.count++
    await part.outgoing.add(writeOutgoing(this.#out, node, sent))
  }

  /** Adds a message that arrived in one. @param node the number by which the chain goes */
  async arrived(node: number, arrival: Incoming): Promise<void> {
    const { cause, lost, channel } = arrival
    // One end is told of on as many channels as there were, and carries no message that would have to be in the same part.
    const salt = lost === undefined || channel === null ? 0 : textHash(channel)
    const part = this.#part(cause.chain, cause.seq ^ salt)
    part.count++
    await part.incoming.add(writeIncoming(this.#out, node, arrival))
  }

  /** The parts, none of which has more than so many messages, unless they are of one event. @param chains by their numbers */
  async *parts(chains: readonly Uint8Array[], most: number): AsyncGenerator<Part, void, undefined> {
    for (const part of this.#parts.values()) {
      if (part.count <= most || this.#depth === DEPTH - 1) {
        yield part
        continue
      }
      const again = new Links(this.#scratch, this.#depth + 1)
      for await (const [node, sent] of part.sent()) {
        const chain = chains[node]
        if (chain !== undefined) await again.sent(node, chain, sent)
      }
      for await (const [node, arrival] of part.arrived()) await again.arrived(node, arrival)
      yield* again.parts(chains, most)
    }
  }

  #part(chain: Uint8Array, seq: number): Part {
    const at = (mixed(seq ^ wordOf(chain)) >>> (BITS * this.#depth)) & ((1 << BITS) - 1)
    const known = this.#parts.get(at)
    if (known !== undefined) return known
    const part = new Part(this.#scratch)
    this.#parts.set(at, part)
    return part
  }
}

/** Messages that belong together. */
export class Part {
  count = 0
  readonly outgoing: Pile
  readonly incoming: Pile

  constructor(scratch: Scratch) {
    this.outgoing = new Pile(scratch)
    this.incoming = new Pile(scratch)
  }

  /** What left, each with the number of its chain. */
  async *sent(): AsyncGenerator<readonly [node: number, sent: Outgoing], void, undefined> {
    for await (const record of this.outgoing.records()) yield readOutgoing(new Reader(record))
  }

  /** What arrived, each with the number of its chain. */
  async *arrived(): AsyncGenerator<readonly [node: number, arrival: Incoming], void, undefined> {
    for await (const record of this.incoming.records()) yield readIncoming(new Reader(record))
  }
}

function writeOutgoing(out: Writer, node: number, { seq, hash, letter, left }: Outgoing): Uint8Array {
  out.reset()
  out.uint(node)
  out.uint(seq)
  out.byteString(hash)
  out.bool(left)
  out.bool(letter !== null)
  if (letter !== null) {
    out.array(letter.to.length)
    for (const to of letter.to) out.text(to)
    out.text(letter.fn)
    writeText(out, letter.message)
  }
  return out.bytes()
}

function readOutgoing(input: Reader): readonly [node: number, sent: Outgoing] {
  const node = input.uint()
  const seq = input.uint()
  const hash = input.byteString().slice()
  const left = input.bool()
  if (!input.bool()) return [node, { seq, hash, letter: null, left }]
  const to = Array.from({ length: input.array() }, () => input.text())
  return [node, { seq, hash, letter: { to, fn: input.text(), message: readText(input) }, left }]
}

function writeIncoming(out: Writer, node: number, arrival: Incoming): Uint8Array {
  const { index, cause, sender, fn, message, stands, signed, channel, lost, about } = arrival
  out.reset()
  out.uint(node)
  out.uint(index)
  out.byteString(cause.chain)
  out.uint(cause.seq)
  out.byteString(cause.hash)
  out.text(fn)
  out.bool(stands)
  out.bool(signed)
  for (const text of [sender, message, channel, lost ?? null, about]) writeText(out, text)
  return out.bytes()
}

function readIncoming(input: Reader): readonly [node: number, arrival: Incoming] {
  const node = input.uint()
  const index = input.uint()
  const cause = { chain: input.byteString().slice(), seq: input.uint(), hash: input.byteString().slice() }
  const [fn, stands, signed] = [input.text(), input.bool(), input.bool()]
  const [sender, message, channel] = [readText(input), readText(input), readText(input)]
  const lost = (readText(input) ?? undefined) as Incoming['lost']
  const about = readText(input)
  return [node, { index, cause, sender, fn, message, stands, signed, channel, lost, about }]
}

function writeText(out: Writer, text: string | null): void {
  if (text === null) out.null()
  else out.text(text)
}

function readText(input: Reader): string | null {
  return input.nullNext() ? null : input.text()
}

/** Spreads numbers that come at regular distances (the last step of MurmurHash3). */
function mixed(n: number): number {
  let h = n
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function wordOf(id: Uint8Array): number {
  return id.length < 4 ? 0 : new DataView(id.buffer, id.byteOffset, id.length).getInt32(0)
}

function textHash(text: string): number {
  let h = 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x9e37_79b1)
  return h
}
