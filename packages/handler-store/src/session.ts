import type { ActorContext } from '@theater/handler'
import { CHUNK_BYTES } from './backend.ts'
import type { Hash, PutOutcome, Room, StoreBackend } from './backend.ts'
import { intact, joined } from './chunks.ts'
import { blobError, checkPut, isHash } from './errors.ts'

/** The limits of a handler. */
export interface Limits {
  /** Bytes that one call moves. */
  readonly callBytes: number
  /** Bytes in a namespace. */
  readonly bytes: number
  readonly labels: number
  readonly listed: number
  readonly uploads: number
  /** Milliseconds after which an upload that nothing was written to is given up. */
  readonly idleMs: number
}

/** Part of a blob, in bytes and in the chunks that they are in. */
interface Part {
  readonly start: number
  readonly end: number
  readonly first: number
  readonly count: number
}

/** The part of the store that one actor has. */
export class Session {
  readonly actor: ActorContext
  readonly backend: StoreBackend
  readonly space: string
  readonly limits: Limits
  readonly #quota: number
  /** What was given up and is not done yet: what comes after it finds the room. */
  #behind: Promise<unknown> = Promise.resolve()

  constructor(actor: ActorContext, backend: StoreBackend, space: string, quota: number, limits: Limits) {
    this.actor = actor
    this.backend = backend
    this.space = space
    this.limits = limits
    this.#quota = quota
  }

  /** The answer of the backend, or a rejection when the actor ends first. */
  async ask<T>(answer: (backend: StoreBackend) => Promise<T>): Promise<T> {
    const { signal } = this.actor
    signal.throwIfAborted()
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([this.#behind.then(() => answer(this.backend)), promise])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Does something that nobody waits for, before whatever is asked next. Where it fails, it is left to expire. */
  afterwards(run: (backend: StoreBackend) => Promise<void>): void {
    this.#behind = this.#behind.then(() => run(this.backend)).catch(() => undefined)
  }

  /** What there may be, and when it is. */
  get room(): Room {
    return { quota: this.#quota, now: Date.now() }
  }

  /** When an upload was last written to that is given up now. */
  get expired(): number {
    return Date.now() - this.limits.idleMs
  }

  /** Puts bytes somewhere. Where there is no room, uploads that have expired make some first. Throws the guest's error. */
  async fill<T extends PutOutcome>(put: (backend: StoreBackend) => Promise<T>): Promise<void> {
    let outcome = await this.ask(put)
    if (outcome.tag === 'full') {
      const freed = await this.ask((backend) => backend.expire(this.space, this.expired))
      if (freed > 0) outcome = await this.ask(put)
    }
    checkPut(outcome)
  }

  /** How many bytes a blob has. Throws the guest's error. */
  async sizeOf(hash: Hash): Promise<number> {
    if (!isHash(hash)) throw blobError({ tag: 'bad-hash' })
    const size = await this.ask((backend) => backend.size(this.space, hash))
    if (size === undefined) throw blobError({ tag: 'not-found' })
    return size
  }

  /** Part of a blob, checked chunk by chunk. Throws the guest's error. */
  async read(hash: Hash, offset: bigint, length: bigint): Promise<Uint8Array> {
    const size = await this.sizeOf(hash)
    const { start, end, first, count } = this.partOf(size, offset, length)
    if (start === end && size > 0) return new Uint8Array()
    const chunks = await this.ask((backend) => backend.chunks(this.space, hash, first, count))
    if (chunks === undefined) throw blobError({ tag: 'not-found' })
    if (!intact(hash, size, first, chunks)) throw blobError({ tag: 'damaged' })
    return joined(chunks).slice(start - first * CHUNK_BYTES, end - first * CHUNK_BYTES)
  }

  /** What of a size lies from an offset on. Throws the guest's error where it is more than one call moves. */
  partOf(size: number, offset: bigint, length: bigint): Part {
    const start = Number(offset < size ? offset : size)
    const end = Number(BigInt(start) + length < size ? BigInt(start) + length : size)
    this.checkCall(end - start)
    const first = Math.floor(start / CHUNK_BYTES)
    return { start, end, first, count: Math.max(1, Math.ceil(end / CHUNK_BYTES) - first) }
  }

  /** Throws the guest's error where it is more than one call moves. */
  checkCall(bytes: number): void {
    const { callBytes } = this.limits
    if (bytes > callBytes) throw blobError({ tag: 'too-large', val: BigInt(callBytes) })
  }
}
