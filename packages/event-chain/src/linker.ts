import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { bodyLength, INLINE_LIMIT, putBody, saltLength } from './body.ts'
import { ChainError } from './errors.ts'
import { checkCounter, maxHeaderLength, putHeader } from './header.ts'
import type { Kind } from './kinds.ts'
import type { Block } from './store.ts'

const slabLength = 16 * 1024

/** Where the salts of new events come from: 16 fresh random bytes, or, in a re-run, the recorded ones. */
export type Salts = () => Uint8Array

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
  #chain: Uint8Array | null
  #size: number
  #head: Uint8Array | null
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
    this.#chain = at?.chain ?? null
    this.#size = at?.size ?? 0
    this.#head = at?.head ?? null
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
    return this.#head
  }

  /**
   * Makes the next event. The content is copied; it may be a view into a buffer that is used again.
   *
   * @throws ChainError `invalid` where the first event is not genesis, or a later one is
   */
  link(kind: Kind, content: Uint8Array): Linked {
    const seq = this.#size
    if ((kind === 'genesis') !== (seq === 0)) {
      throw new ChainError('invalid', 'genesis is the first event of a chain and only that', { index: seq })
    }
    const salt = this.#salts()
    if (salt.length !== saltLength) throw new ChainError('invalid', `a salt has ${saltLength} bytes`)
    const blob = content.length > INLINE_LIMIT ? this.#blob(content) : null
    const bodyAt = this.#room(bodyLength(content.length) + maxHeaderLength)
    const slab = this.#slab
    const bodyEnd = putBody(slab, bodyAt, salt, content, blob === null ? null : blob.cid.subarray(4))
    const body = slab.subarray(bodyAt, bodyEnd)
    const digest = this.#hash(body)
    const chain = (this.#chain ??= digest)
    const headerEnd = putHeader(slab, bodyEnd, chain, this.epoch, seq, kind, this.#head, digest)
    const header = slab.subarray(bodyEnd, headerEnd)
    const hash = this.#hash(header)
    this.#used = headerEnd
    this.#head = hash
    this.#size = seq + 1
    return { seq, hash, header, body, blob }
  }

  #blob(content: Uint8Array): Block {
    const bytes = content.slice()
    return { cid: cidOf('dag-cbor', this.#hash(bytes)), bytes }
  }

  /** The offset of that much room in the slab. What was handed out is never written again: views stay valid. */
  #room(length: number): number {
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(Math.max(slabLength, length))
      this.#used = 0
    }
    return this.#used
  }
}
