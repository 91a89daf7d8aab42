import { hashInto } from '@theater/values'
import type { Hash } from '@theater/values'
import { linkLength, putBytes, putLink, putUint } from './cbor-bytes.ts'
import { FORMAT, maxHeaderLength } from './header.ts'
import { kindNumber } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { copy, DIGEST } from './slab-event.ts'
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

/** The number of a kind. One lookup by a name that varies takes as long as a dozen comparisons. */
function numberOf(kind: Kind): number {
  return kind === 'call' ? call : kind === 'turn' ? turn : kind === 'return' ? end : kindNumber[kind]
}

const { call, turn, return: end } = kindNumber

/** Bytes up to here are copied: a view of its own for each body takes longer, and is garbage. */
const SHORT = 128

/** Parts of slabs, to be hashed: a view is made once for each length, over a buffer that the parts are copied to. */
class Scratch {
  readonly #buffer = new Uint8Array(SHORT)
  readonly #views: (Uint8Array | undefined)[] = []

  /** The bytes between two offsets; valid until the next call. */
  copied(slab: Uint8Array, from: number, to: number): Uint8Array {
    const length = to - from
    if (length > SHORT) return slab.subarray(from, to)
    const buffer = this.#buffer
    for (let i = 0; i < length; i++) buffer[i] = slab[from + i] as number
    return (this.#views[length] ??= buffer.subarray(0, length))
  }
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
  readonly #scratch = new Scratch()
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
    const buffer = this.#buffer
    putUint(buffer, this.#seqAt, seq)
    buffer[kindAt] = numberOf(kind)
    if (from === DIGEST) copy(buffer, prevAt, slab, 0)
    hashInto(this.#hash, this.#scratch.copied(slab, from, digestAt), buffer, bodyAt)
    copy(buffer, bodyAt, slab, digestAt)
    hashInto(this.#hash, this.#header, buffer, prevAt)
    copy(buffer, prevAt, slab, digestAt + DIGEST)
  }
}
