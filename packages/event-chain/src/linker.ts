import { cidOf, hashInto, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { bodyLength, INLINE_LIMIT, putBody, saltAt, saltLength } from './body.ts'
import { putBytes } from './cbor-bytes.ts'
import { ChainError } from './errors.ts'
import { HeaderWriter } from './header-writer.ts'
import { checkCounter, maxHeaderLength, putHeader } from './header.ts'
import type { Kind } from './kinds.ts'
import type { Block } from './store.ts'

/**
 * The first slab has room for the few events of an actor that does little; each next one is twice as long, up to the
 * last: Node takes longer for many arrays of 64 KiB than for a few larger ones.
 */
const firstSlab = 2 * 1024
const lastSlab = 256 * 1024

/**
 * Where the salts of new events come from: 16 fresh random bytes, or, in a re-run, the recorded ones. What it gives is
 * copied before it is asked again.
 */
export interface Salts {
  (): Uint8Array
  /** Writes the next salt at an offset of `out`: what is on a hot path copies it once. */
  readonly into?: (out: Uint8Array, at: number) => void
}

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

/**
 * An event where it was made: body, header and hash of the header, one behind the other in a slab that is not written
 * there again. Views of them are made when somebody asks; a store in memory keeps the slab as it is.
 */
export class SlabEvent implements Linked {
  readonly seq: number
  readonly kind: Kind
  readonly blob: Block | null
  readonly slab: Uint8Array
  readonly bodyAt: number
  readonly headerAt: number
  readonly hashAt: number
  readonly #seals: Seals

  constructor(
    seals: Seals,
    seq: number,
    kind: Kind,
    blob: Block | null,
    slab: Uint8Array,
    bodyAt: number,
    headerAt: number,
    hashAt: number,
  ) {
    this.#seals = seals
    this.seq = seq
    this.kind = kind
    this.blob = blob
    this.slab = slab
    this.bodyAt = bodyAt
    this.headerAt = headerAt
    this.hashAt = hashAt
  }

  get body(): Uint8Array {
    return this.slab.subarray(this.bodyAt, this.headerAt)
  }

  get header(): Uint8Array {
    this.seal()
    return this.slab.subarray(this.headerAt, this.hashAt)
  }

  get hash(): Uint8Array {
    this.seal()
    return this.slab.slice(this.hashAt, this.hashAt + 32)
  }

  /** Whether both are of one writer, which makes the seals of events before with that of an event. */
  isOfWriterOf(other: SlabEvent): boolean {
    return this.#seals === other.#seals
  }

  /** Sees to it that header and hash are in the slab. */
  seal(): void {
    this.#seals.upTo(this.seq)
  }
}

/**
 * Headers and hashes of events whose bodies stand in their slabs. They are made when somebody asks for one, all that are
 * due at once: hashes one after the other take half the time of hashes with a guest's work between them.
 */
class Seals {
  readonly #headers: HeaderWriter
  #due: SlabEvent[] = []
  /** How many of those that are due are done: a stack or memory that runs out leaves the rest for the next time. */
  #done = 0
  /** The first sequence number without a seal. */
  #next: number

  constructor(headers: HeaderWriter, next: number) {
    this.#headers = headers
    this.#next = next
  }

  get head(): Uint8Array {
    this.upTo(Infinity)
    return this.#headers.head
  }

  /** How many events have none. */
  get late(): number {
    return this.#due.length - this.#done
  }

  /** The length of the header of the next event. */
  headerLength(seq: number): number {
    if (!this.#headers.fits(seq)) {
      this.upTo(Infinity)
      this.#headers.widen(seq)
    }
    return this.#headers.length
  }

  add(event: SlabEvent): void {
    this.#due.push(event)
  }

  upTo(seq: number): void {
    if (seq < this.#next) return
    const due = this.#due
    if (due.length === 0) return
    for (let event = due[this.#done]; event !== undefined; event = due[++this.#done]) {
      this.#headers.seal(event)
      this.#next = event.seq + 1
    }
    this.#due = []
    this.#done = 0
  }
}

/** Where a chain goes on. */
export interface Position {
  /** The chain's id. 32 bytes. */
  readonly chain: Uint8Array
  /** How many events there are: the next one's sequence number. */
  readonly size: number
  /** The hash of the last header. 32 bytes. */
  readonly head: Uint8Array
}

/** What a {@link ChainLinker} is made of. */
export interface LinkerOptions {
  /** The writer's epoch. */
  readonly epoch: number
  readonly salts: Salts
  /** Where the chain goes on; null before genesis. @default null */
  readonly at?: Position | null
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/**
 * Computes the events of one chain, and keeps none: {@link ChainWriter} without a store. A re-run uses it to come to
 * the same hashes.
 */
export class ChainLinker {
  readonly epoch: number
  readonly #salts: Salts
  readonly #hash: Hash
  #chain: Uint8Array | null = null
  /** `undefined` before genesis. */
  #seals: Seals | undefined
  #size = 0
  #slab = new Uint8Array(0)
  #used = 0

  constructor({ epoch, salts, at = null, hash = sha256 }: LinkerOptions) {
    checkCounter('epoch', epoch)
    if (at !== null) checkCounter('size', at.size)
    if (at !== null && (at.size === 0 || at.chain.length !== 32 || at.head.length !== 32)) {
      throw new ChainError('invalid', 'a chain goes on after an event, and its id and head have 32 bytes')
    }
    this.epoch = epoch
    this.#salts = salts
    this.#hash = hash
    if (at !== null) this.#goOn(at.chain, at.size, at.head)
  }

  /**
   * The chain's id. 32 bytes.
   *
   * @throws ChainError `invalid` before genesis
   */
  get chain(): Uint8Array {
    if (this.#chain === null) throw new ChainError('invalid', 'a chain has no id before its genesis event')
    return this.#chain
  }

  /** How many events there are: the next one's sequence number. */
  get size(): number {
    return this.#size
  }

  /** The hash of the last header; null before genesis. */
  get head(): Uint8Array | null {
    return this.#seals?.head ?? null
  }

  /** How many of the events have no header and no hash yet: nobody has asked. */
  get late(): number {
    return this.#seals?.late ?? 0
  }

  /** Makes the headers and hashes that nobody has asked for. */
  seal(): void {
    this.#seals?.upTo(Infinity)
  }

  /**
   * Makes the next event. The content is copied; it may be a view into a buffer that is used again.
   *
   * @throws ChainError `invalid` where the first event is not genesis, or a later one is
   */
  link(kind: Kind, content: Uint8Array): SlabEvent {
    const seq = this.#size
    if ((kind === 'genesis') !== (seq === 0)) {
      throw new ChainError('invalid', 'genesis is the first event of a chain and only that', { index: seq })
    }
    const blob = content.length > INLINE_LIMIT ? this.#blob(content) : null
    const bodyAt = this.#room(bodyLength(content.length) + maxHeaderLength + 32)
    const slab = this.#slab
    this.#salt(slab, bodyAt + saltAt)
    const headerAt = putBody(slab, bodyAt, content, blob === null ? null : blob.cid.subarray(4))
    const seals = this.#seals
    const hashAt = seals === undefined ? this.#first(bodyAt, headerAt) : headerAt + seals.headerLength(seq)
    const event = new SlabEvent(this.#seals as Seals, seq, kind, blob, slab, bodyAt, headerAt, hashAt)
    seals?.add(event)
    this.#size = seq + 1
    this.#used = hashAt + 32
    return event
  }

  /** Writes the next salt. */
  #salt(slab: Uint8Array, at: number): void {
    const salts = this.#salts
    if (salts.into !== undefined) return salts.into(slab, at)
    const salt = salts()
    if (salt.length !== saltLength) throw new ChainError('invalid', `a salt has ${saltLength} bytes`)
    putBytes(slab, at, salt)
  }

  /** Writes the header of genesis, whose body's digest is the chain's id, and its hash; answers where the hash is. */
  #first(bodyAt: number, headerAt: number): number {
    const slab = this.#slab
    const chain = this.#hash(slab.subarray(bodyAt, headerAt))
    const hashAt = putHeader(slab, headerAt, chain, this.epoch, 0, 'genesis', null, chain)
    hashInto(this.#hash, slab.subarray(headerAt, hashAt), slab, hashAt)
    this.#goOn(chain, 1, slab.subarray(hashAt, hashAt + 32))
    return hashAt
  }

  #goOn(chain: Uint8Array, size: number, head: Uint8Array): void {
    this.#chain = chain
    this.#size = size
    this.#seals = new Seals(new HeaderWriter(this.#hash, chain, this.epoch, head), size)
  }

  #blob(content: Uint8Array): Block {
    const bytes = content.slice()
    return { cid: cidOf('dag-cbor', this.#hash(bytes)), bytes }
  }

  /** The offset of that much room in the slab. What was handed out is never written again: views stay valid. */
  #room(length: number): number {
    const { length: had } = this.#slab
    if (this.#used + length > had) {
      this.#slab = new Uint8Array(Math.max(length, Math.min(lastSlab, had === 0 ? firstSlab : had * 2)))
      this.#used = 0
    }
    return this.#used
  }
}
