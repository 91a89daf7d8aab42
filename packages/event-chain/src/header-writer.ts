import { hashInto } from '@theater/values'
import type { Hash } from '@theater/values'
import { linkLength, putBytes, putLink, putUint } from './cbor-bytes.ts'
import { FORMAT, maxHeaderLength } from './header.ts'
import { numberOf } from './kinds.ts'
import { DIGEST } from './slab-event.ts'
import type { Place } from './slab-event.ts'

const bodyAt = maxHeaderLength - 32
const prevAt = bodyAt - linkLength
const kindAt = prevAt - (linkLength - 32) - 1
/** How many bytes an unsigned integer below a limit takes. */
const widths: readonly (readonly [bytes: number, limit: number])[] = [
  [1, 24],
  [2, 0x100],
  [3, 0x1_0000],
  [5, 0x1_0000_0000],
]
const zero = new Uint8Array(32)

/** Bytes up to here are copied: a view of its own for each body takes longer, and is garbage. */
const SHORT = 256

/** Parts of slabs, to be hashed: a view is made once for each length, over a buffer that the parts are copied to. */
class Scratch {
  readonly #buffer = new Uint8Array(SHORT)
  readonly #words = wordsOf(this.#buffer)
  readonly #views: (Uint8Array | undefined)[] = []

  /** A body; valid until the next call. Behind it in its slab its digest has room, so what is copied may end in that. */
  copied(slab: Uint8Array, words: DataView, from: number, to: number): Uint8Array {
    const length = to - from
    if (length > SHORT) return slab.subarray(from, to)
    move(words, from, this.#words, 0, length)
    return (this.#views[length] ??= this.#buffer.subarray(0, length))
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Copies bytes, and up to three more: four at once, wherever they stand, take a third of the time of one by one. */
function move(from: DataView, at: number, out: DataView, to: number, length: number): void {
  for (let i = 0; i < length; i += 4) out.setInt32(to + i, from.getInt32(at + i, true), true)
}

/**
 * Writes the headers of one chain, each over the one before: from one to the next only a number, a kind and two digests
 * change. Every event of every actor comes through here.
 */
export class HeaderWriter {
  readonly #hash: Hash
  readonly #chain: Uint8Array
  readonly #epoch: number
  /** The header stands at its end, so that only what comes before the sequence number moves when that grows. */
  readonly #buffer = new Uint8Array(maxHeaderLength)
  readonly #words = wordsOf(this.#buffer)
  readonly #scratch = new Scratch()
  /** The slab of the last event. */
  #slab: Uint8Array = this.#buffer
  #slabWords = this.#words
  #seqAt = kindAt
  /** The first sequence number that does not fit behind `#seqAt`. */
  #limit = 0
  #header = this.#buffer

  /** @param head the hash of the header before. 32 bytes */
  constructor(hash: Hash, chain: Uint8Array, epoch: number, head: Uint8Array) {
    this.#hash = hash
    this.#chain = chain
    this.#epoch = epoch
    putLink(this.#buffer, prevAt - (linkLength - 32), head)
    putLink(this.#buffer, bodyAt - (linkLength - 32), zero)
  }

  /** The hash of the last header. 32 bytes, a copy. */
  get head(): Uint8Array {
    return this.#buffer.slice(prevAt, prevAt + 32)
  }

  /** Makes room for a sequence number, and for those of that length. */
  #widen(seq: number): void {
    const room = widths.find(([, limit]) => seq < limit) ?? [9, Infinity]
    this.#seqAt = kindAt - room[0]
    this.#limit = room[1]
    const front = new Uint8Array(4 + 32 + 9)
    front.set([0x87, FORMAT, 0x58, 32])
    putBytes(front, 4, this.#chain)
    const length = putUint(front, 36, this.#epoch)
    this.#buffer.set(front.subarray(0, length), this.#seqAt - length)
    this.#header = this.#buffer.subarray(this.#seqAt - length)
  }

  /**
   * Makes the header of the next event, which is thereby the one before, and writes the digest of its body and its hash into the
   * slab; for the first event of a slab the hash of the event before it as well.
   */
  seal({ seq, kind, slab, bodyAt: from, digestAt }: Place): void {
    if (seq >= this.#limit) this.#widen(seq)
    if (slab !== this.#slab) {
      this.#slab = slab
      this.#slabWords = wordsOf(slab)
    }
    const buffer = this.#buffer
    const words = this.#words
    const out = this.#slabWords
    putUint(buffer, this.#seqAt, seq)
    buffer[kindAt] = numberOf(kind)
    if (from === DIGEST) move(words, prevAt, out, 0, DIGEST)
    hashInto(this.#hash, this.#scratch.copied(slab, out, from, digestAt), buffer, bodyAt)
    move(words, bodyAt, out, digestAt, DIGEST)
    hashInto(this.#hash, this.#header, buffer, prevAt)
    move(words, prevAt, out, digestAt + DIGEST, DIGEST)
  }
}
