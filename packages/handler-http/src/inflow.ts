import { streamClosed, streamFailed, type ErrorCode } from './errors.ts'
import type { Field } from './fields.ts'
import { Wakeup } from './wakeup.ts'

/** How much of a body is kept before whoever sends it is asked to wait. */
const HIGH_WATER = 64 * 1024

/** Who is at the other end of an {@link Inflow}. */
export interface Source {
  /** There is room again. */
  readonly resume: () => void
  /** Nobody wants the rest. */
  readonly cancel: () => void
}

/** A body on its way to the guest: whoever receives it puts pieces in, the guest takes them out. */
export class Inflow {
  readonly #source: Source
  readonly #limit: number
  readonly #tooLong: (limit: number) => ErrorCode
  readonly #changed = new Wakeup()
  #pieces: Uint8Array[] = []
  #held = 0
  #received = 0
  #paused = false
  #discarding = false
  /** The guest was told why it broke off. */
  #reported = false
  #end: { readonly error: ErrorCode | undefined; readonly trailers: readonly Field[] } | undefined

  /**
   * @param limit the most bytes of the whole body
   * @param tooLong the error of a body that has more
   */
  constructor(source: Source, limit: number, tooLong: (limit: number) => ErrorCode = responseTooLong) {
    this.#tooLong = tooLong
    this.#source = source
    this.#limit = limit
  }

  /** A body that is there already. */
  static of(bytes: Uint8Array, trailers: readonly Field[] = []): Inflow {
    const inflow = new Inflow({ resume: () => undefined, cancel: () => undefined }, bytes.length)
    if (bytes.length > 0) inflow.push(bytes)
    inflow.finish(trailers)
    return inflow
  }

  /** Whether there is something to read, or the end. */
  get ready(): boolean {
    return this.#held > 0 || this.#end !== undefined
  }

  /** Whether everything was received, or nothing more will be. */
  get ended(): boolean {
    return this.#end !== undefined
  }

  /** Whether the guest has to take something before more may come. */
  get paused(): boolean {
    return this.#paused
  }

  /** Why it broke off; `undefined` while it did not. */
  get error(): ErrorCode | undefined {
    return this.#end?.error
  }

  /** What came after the body, once it has ended. */
  get trailers(): readonly Field[] {
    return this.#end?.trailers ?? []
  }

  /**
   * Takes a piece, which MUST NOT change afterwards.
   *
   * @returns whether the next one may come now; else after `resume`
   */
  push(piece: Uint8Array): boolean {
    if (this.#end !== undefined) return true
    this.#received += piece.length
    if (this.#received > this.#limit) {
      this.fail(this.#tooLong(this.#limit))
      this.#source.cancel()
      return true
    }
    if (this.#discarding) return true
    this.#pieces.push(piece)
    this.#held += piece.length
    this.#paused = this.#held >= HIGH_WATER
    this.#changed.wake()
    return !this.#paused
  }

  /** The body is whole. */
  finish(trailers: readonly Field[] = []): void {
    this.#end ??= { error: undefined, trailers }
    this.#changed.wake()
  }

  /** The body broke off. What was received before can still be read. */
  fail(error: ErrorCode): void {
    this.#end ??= { error, trailers: [] }
    this.#changed.wake()
  }

  /** Takes out at most `len` bytes; empty when there are none yet. Throws as `wasi:io/streams` says. */
  read(len: number): Uint8Array {
    if (this.#held === 0 && this.#end !== undefined && len > 0) throw this.#over(this.#end)
    const bytes = this.#take(len)
    if (this.#paused && this.#held < HIGH_WATER) {
      this.#paused = false
      this.#source.resume()
    }
    return bytes
  }

  /** Resolves when there is something to read, or the end. */
  async wait(signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => this.ready, signal)
  }

  /** All of it, as it comes; or why it broke off. */
  async whole(signal: AbortSignal): Promise<Uint8Array | ErrorCode> {
    const pieces: Uint8Array[] = []
    while (this.#held > 0 || this.#end === undefined) {
      await this.wait(signal)
      if (this.#held > 0) pieces.push(this.read(this.#held))
    }
    return this.#end.error ?? Buffer.concat(pieces)
  }

  /** Resolves when the body has ended. */
  async waitEnd(signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => this.ended, signal)
  }

  /** Nobody reads any more, but somebody wants the trailers. */
  discard(): void {
    this.#discarding = true
    this.#drop()
    if (!this.#paused) return
    this.#paused = false
    this.#source.resume()
  }

  /** Nobody wants any of it. */
  cancel(): void {
    if (this.#end !== undefined) return this.#drop()
    this.#drop()
    this.fail({ tag: 'connection-terminated' })
    this.#source.cancel()
  }

  #over({ error }: { readonly error: ErrorCode | undefined }): Error {
    if (error === undefined || this.#reported) return streamClosed()
    this.#reported = true
    return streamFailed(error)
  }

  #take(len: number): Uint8Array {
    const size = Math.min(len, this.#held)
    const bytes = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const [piece = new Uint8Array()] = this.#pieces
      const part = piece.subarray(0, size - at)
      bytes.set(part, at)
      at += part.length
      if (part.length === piece.length) this.#pieces.shift()
      else this.#pieces[0] = piece.subarray(part.length)
    }
    this.#held -= size
    return bytes
  }

  #drop(): void {
    this.#pieces = []
    this.#held = 0
  }
}

function responseTooLong(limit: number): ErrorCode {
  return { tag: 'HTTP-response-body-size', val: BigInt(limit) }
}
