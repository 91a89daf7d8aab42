import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { bodyLength, INLINE_LIMIT, putBody, saltAt, saltLength } from './body.ts'
import { putBytes } from './cbor-bytes.ts'
import { ChainError } from './errors.ts'
import { HeaderWriter } from './header-writer.ts'
import { checkCounter, encodeHeader } from './header.ts'
import type { Kind } from './kinds.ts'
import { afterBody, DIGEST, SlabEvent } from './slab-event.ts'
import type { Sealing } from './slab-event.ts'
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

/**
 * Headers and hashes of events whose bodies stand in their slabs. They are made when somebody asks for one, all that are
 * due at once: hashes one after the other take half the time of hashes with a guest's work between them.
 */
class Seals implements Sealing {
  readonly chain: Uint8Array
  readonly epoch: number
  readonly #headers: HeaderWriter
  #due: SlabEvent[] = []
  /** How many of those that are due are done: a stack or memory that runs out leaves the rest for the next time. */
  #done = 0
  /** The first sequence number without a seal. */
  #next: number

  constructor(hash: Hash, { chain, size, head }: Position, epoch: number) {
    this.chain = chain.slice()
    this.epoch = epoch
    this.#headers = new HeaderWriter(hash, chain, epoch, head)
    this.#next = size
  }

  get head(): Uint8Array {
    this.upTo(Infinity)
    return this.#headers.head
  }

  /** How many events have none. */
  get late(): number {
    return this.#due.length - this.#done
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
    if (at !== null) this.#goOn(at)
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
    const bodyAt = this.#room(bodyLength(content.length) + afterBody)
    const slab = this.#slab
    this.#salt(slab, bodyAt + saltAt)
    const digestAt = putBody(slab, bodyAt, content, blob === null ? null : blob.cid.subarray(4))
    const seals = this.#seals
    if (seals === undefined) this.#first(bodyAt, digestAt)
    const event = new SlabEvent(this.#seals as Seals, seq, kind, blob, slab, bodyAt, digestAt)
    seals?.add(event)
    this.#size = seq + 1
    this.#used = digestAt + afterBody
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

  /** Writes the digest of genesis' body, which is the chain's id, and the hash of its header. */
  #first(bodyAt: number, digestAt: number): void {
    const slab = this.#slab
    const chain = this.#hash(slab.subarray(bodyAt, digestAt))
    const { epoch } = this
    const head = this.#hash(encodeHeader({ chain, epoch, seq: 0, kind: 'genesis', prev: null, body: chain }))
    putBytes(slab, digestAt, chain)
    putBytes(slab, digestAt + DIGEST, head)
    this.#goOn({ chain, size: 1, head })
  }

  #goOn(at: Position): void {
    this.#chain = at.chain
    this.#size = at.size
    this.#seals = new Seals(this.#hash, at, this.epoch)
  }

  #blob(content: Uint8Array): Block {
    const bytes = content.slice()
    return { cid: cidOf('dag-cbor', this.#hash(bytes)), bytes }
  }

  /** The offset of that much room in the slab. What was handed out is never written again: views stay valid. */
  #room(length: number): number {
    const { length: had } = this.#slab
    if (this.#used + length > had) {
      this.#slab = new Uint8Array(
        Math.max(DIGEST + length, Math.min(lastSlab, had === 0 ? firstSlab : had * 2)),
      )
      // The first event of a slab has the hash before it there too.
      this.#used = DIGEST
    }
    return this.#used
  }
}
