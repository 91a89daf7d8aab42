import { linkHead, linkLength, putUint } from './cbor-bytes.ts'
import { FORMAT, maxHeaderLength } from './header.ts'
import { numberOf } from './kinds.ts'
import type { Kind } from './kinds.ts'
import type { Block, StoredEvent } from './store.ts'

/** The length of a digest. */
export const DIGEST = 32

/** What stands behind the body of an event in its slab: the digest of the body, and the hash of the header. */
export const afterBody = 2 * DIGEST

/** An event that was just linked to its chain. */
export interface Linked {
  readonly seq: number
  /** The hash of the header. 32 bytes. */
  readonly hash: Uint8Array
  readonly header: Uint8Array
  readonly body: Uint8Array
  /** The block that the content stands in, null where it stands in the body. */
  readonly blob: Block | null
}

/** What the events of one writer have in common, and whoever makes their hashes. */
export interface Sealing {
  readonly chain: Uint8Array
  readonly epoch: number
  /** Sees to it that events up to a sequence number have their hashes. */
  upTo(seq: number): void
}

/** Where the parts of an event are in its slab. */
export interface Place {
  readonly seq: number
  readonly kind: Kind
  /** The hash of the header before stands right before the body: it is that of the event before, which is there. */
  readonly slab: Uint8Array
  readonly bodyAt: number
  /** Where the body ends, and its digest stands; behind that the hash of the header. */
  readonly digestAt: number
}

/**
 * An event where it was made: its body, the digest of that and the hash of the header, one behind the other in a slab that is
 * not written there again. A header is more than half digests that stand there, and the rest is the same for a whole chain but for
 * number and kind: so it is made for whoever asks, and a store in memory, which keeps slabs as they are, has half as much to keep.
 */
export class SlabEvent implements Linked, Place {
  readonly seq: number
  readonly kind: Kind
  readonly blob: Block | null
  readonly slab: Uint8Array
  readonly bodyAt: number
  readonly digestAt: number
  readonly sealing: Sealing

  constructor(
    sealing: Sealing,
    seq: number,
    kind: Kind,
    blob: Block | null,
    slab: Uint8Array,
    bodyAt: number,
    digestAt: number,
  ) {
    this.sealing = sealing
    this.seq = seq
    this.kind = kind
    this.blob = blob
    this.slab = slab
    this.bodyAt = bodyAt
    this.digestAt = digestAt
  }

  get body(): Uint8Array {
    return this.slab.subarray(this.bodyAt, this.digestAt)
  }

  get header(): Uint8Array {
    this.seal()
    return new Headers().of(this.sealing, this)
  }

  get hash(): Uint8Array {
    this.seal()
    return this.slab.slice(this.digestAt + DIGEST, this.digestAt + afterBody)
  }

  /** Sees to it that digest and hash are in the slab. */
  seal(): void {
    this.sealing.upTo(this.seq)
  }
}

/** Bytes of the buffer of many headers. */
const MANY = 8192

/** Makes headers for whoever reads events, many of them in one buffer. They stay as they are. */
export class Headers {
  #buffer = new Uint8Array(0)
  #used = 0

  /** The header of an event whose digest and hash are in its slab. */
  of(sealing: Sealing, place: Place): Uint8Array {
    if (this.#used + maxHeaderLength > this.#buffer.length) {
      this.#buffer = new Uint8Array(Math.max(maxHeaderLength, Math.min(MANY, this.#buffer.length * 4)))
      this.#used = 0
    }
    const from = this.#used
    this.#used = putHeaderOf(this.#buffer, from, sealing, place)
    return this.#buffer.subarray(from, this.#used)
  }
}

/** Headers of events that are about to be written: each only until the next is asked for, all in one place. */
export class HeaderScratch {
  readonly #buffer = new Uint8Array(maxHeaderLength)
  readonly #views: (Uint8Array | undefined)[] = []

  /** The header of an event. Valid until the next call. */
  of(event: StoredEvent): Uint8Array {
    if (!(event instanceof SlabEvent)) return event.header
    event.seal()
    const length = putHeaderOf(this.#buffer, 0, event.sealing, event)
    return (this.#views[length] ??= this.#buffer.subarray(0, length))
  }
}

function putHeaderOf(
  out: Uint8Array,
  at: number,
  { chain, epoch }: Sealing,
  { seq, kind, slab, bodyAt, digestAt }: Place,
): number {
  out[at] = 0x87
  out[at + 1] = FORMAT
  out[at + 2] = 0x58
  out[at + 3] = DIGEST
  copy(chain, 0, out, at + 4)
  let end = putUint(out, at + 4 + DIGEST, epoch)
  end = putUint(out, end, seq)
  out[end++] = numberOf(kind)
  if (kind === 'genesis') out[end++] = 0xf6
  else end = putLinkTo(slab, bodyAt - DIGEST, out, end)
  return putLinkTo(slab, digestAt, out, end)
}

function putLinkTo(from: Uint8Array, at: number, out: Uint8Array, to: number): number {
  for (let i = 0; i < linkHead.length; i++) out[to + i] = linkHead[i] as number
  copy(from, at, out, to + linkHead.length)
  return to + linkLength
}

/** Copies a digest. */
function copy(from: Uint8Array, at: number, out: Uint8Array, to: number): void {
  for (let i = 0; i < DIGEST; i++) out[to + i] = from[at + i] as number
}
