import { streamClosed, streamFailed, type ErrorCode } from './errors.ts'
import { Wakeup } from './wakeup.ts'
import { sizeOf, type Field } from './fields.ts'
import type { Totals } from './totals.ts'

/** How much of a body is kept before the guest has to wait. */
const HIGH_WATER = 64 * 1024

/** How much of a body is kept while nobody takes it out: a guest may write before it says where to. */
const HELD_BEFORE = 1024 * 1024

/** What an {@link Outflow} is held to. */
export interface OutflowLimits {
  /** The most bytes of the whole body. */
  readonly bytes: number
  /** What its `content-length` says, where there is one; `NaN`: no length, so that none fits. */
  readonly declared: number | undefined
  /** Whether all of it is kept until it is whole: then nothing of it leaves before, and the guest never waits. @default false */
  readonly held?: boolean
  /** What all bodies of the actor may have together. @default no limit */
  readonly totals?: Totals
  /** The most bytes of its trailers. */
  readonly trailerBytes: number
  /** The error of trailers that are more than may be. */
  readonly trailersTooLong: (most: number) => ErrorCode
  /** The error of a body that is too long, or not as long as it says. */
  readonly tooLong: (size: number) => ErrorCode
}

type End =
  | { readonly tag: 'finished'; readonly trailers: readonly Field[] }
  | { readonly tag: 'failed'; readonly error: ErrorCode }

/**
 * A body on its way from the guest: the guest puts bytes in, whoever sends them takes them out, as an async iterable.
 * It throws {@link BrokenBody} where the guest did not finish it.
 */
export class Outflow implements AsyncIterable<Uint8Array> {
  readonly #limits: OutflowLimits
  readonly #changed = new Wakeup()
  #pieces: Uint8Array[] = []
  #held = 0
  #written = 0
  /** Somebody will take it out. Until then nothing can leave, so a flush does not wait. */
  #claimed = false
  #leaving = false
  /** A piece was taken out and is not known to be on its way. */
  #sending = false
  /** The guest wants everything out before it goes on. */
  #flushing = false
  #end: End | undefined
  #reported = false
  /** The guest waits for what comes of it before it writes. */
  #hurried = false

  constructor(limits: OutflowLimits) {
    this.#limits = limits
  }

  /** Whether all of it is kept until it is whole. */
  get isHeld(): boolean {
    return this.#limits.held === true
  }

  /** Whether some of it was written that is not on its way. */
  get isWaiting(): boolean {
    return this.#held > 0
  }

  /** What its `content-length` says, where there is one. */
  get declared(): number | undefined {
    return this.#limits.declared
  }

  /** Whether anything was written, or nothing will be, or not before whoever takes it out has answered. */
  get begun(): boolean {
    return this.#written > 0 || this.#end !== undefined || this.#hurried
  }

  /** The bytes of a body that the guest finished before anybody took it out, or `undefined`. */
  get whole(): Uint8Array | undefined {
    return this.#end?.tag === 'finished' && !this.#leaving ? Buffer.concat(this.#pieces) : undefined
  }

  /** How it broke off; `undefined`: it did not. */
  get error(): ErrorCode | undefined {
    return this.#end?.tag === 'failed' ? this.#end.error : undefined
  }

  /** What comes after the body, once it is finished. */
  get trailers(): readonly Field[] {
    return this.#end?.tag === 'finished' ? this.#end.trailers : []
  }

  /** Whether the guest may write, or finds out that it may not. */
  get writable(): boolean {
    return this.#end !== undefined || !this.#claimed || (this.#held < HIGH_WATER && !this.#flushing)
  }

  /** How many bytes the next write may have. */
  checkWrite(): number {
    this.#check()
    if (!this.writable) return 0
    // Nobody may ever take it out: a guest that waits for room then would wait for ever.
    // One more than a held body may have, so that a guest that writes too much hears of it.
    const room =
      (this.isHeld ? this.#limits.bytes + 1 : this.#claimed ? HIGH_WATER : HELD_BEFORE) - this.#held
    if (!this.#claimed && room === 0) {
      this.fail(this.#limits.tooLong(HELD_BEFORE))
      this.#check()
    }
    return Math.max(0, room)
  }

  /** Takes bytes, at most as many as {@link checkWrite} said. */
  write(bytes: Uint8Array): void {
    this.#check()
    this.#written += bytes.length
    const { bytes: most, declared, totals, tooLong } = this.#limits
    const limit = Math.min(most, declared ?? most)
    if (!(this.#written <= limit)) {
      this.fail(tooLong(Number.isNaN(limit) ? 0 : limit))
      this.#check()
    }
    const left = totals?.bytes ?? 0
    if (totals?.spend(bytes.length) === false) {
      this.fail(tooLong(left))
      this.#check()
    }
    if (bytes.length === 0) return
    this.#pieces.push(bytes.slice())
    this.#held += bytes.length
    this.#changed.wake()
  }

  /** Asks for everything to leave; {@link checkWrite} is 0 until it has. */
  flush(): void {
    this.#check()
    this.#flushing = this.#claimed && this.#busy
  }

  /** Resolves when everything that was written is on its way. */
  async flushed(signal: AbortSignal): Promise<void> {
    this.#check()
    await this.#changed.until(() => this.#end !== undefined || !this.#claimed || !this.#busy, signal)
    if (this.#end?.tag === 'failed') this.#check()
  }

  /** Resolves when the guest may write. */
  async writableAgain(signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => this.writable, signal)
  }

  /** Resolves when anything was written, or nothing will be. */
  async started(signal: AbortSignal): Promise<void> {
    await this.#changed.until(() => this.begun, signal)
  }

  /** Says that the guest waits for an answer: what goes before the body is to leave now. */
  hurry(): void {
    this.#hurried = true
    this.#changed.wake()
  }

  /** Says that somebody will take it out: from now on the guest waits for room. */
  claim(): void {
    this.#claimed = true
    this.#changed.wake()
  }

  /**
   * The guest says that it is whole.
   *
   * @returns the error where it is not as long as it says, or broke off before
   */
  finish(trailers: readonly Field[] = []): ErrorCode | undefined {
    const { declared, tooLong } = this.#limits
    if (this.#end === undefined && declared !== undefined && declared !== this.#written) {
      this.fail(tooLong(this.#written))
    }
    const { trailerBytes, trailersTooLong } = this.#limits
    if (sizeOf(trailers) > trailerBytes) this.fail(trailersTooLong(trailerBytes))
    this.#end ??= { tag: 'finished', trailers }
    this.#changed.wake()
    return this.error
  }

  /** It breaks off: nobody can write to it any more, and whoever takes it out is told. */
  fail(error: ErrorCode): void {
    this.#end ??= { tag: 'failed', error }
    if (this.#end.tag === 'failed') {
      this.#pieces = []
      this.#held = 0
    }
    this.#changed.wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#claimed = true
    this.#leaving = true
    // Ends with the body, which whoever takes it out makes fail when they are told to stop.
    const never = new AbortController().signal
    try {
      for (;;) {
        await this.#changed.until(() => this.#held > 0 || this.#end !== undefined, never)
        if (this.#end?.tag === 'failed') throw new BrokenBody(this.#end.error)
        const piece = this.#pieces.shift()
        if (piece === undefined) return
        this.#held -= piece.length
        this.#sending = true
        yield piece
        this.#sending = false
        if (!this.#busy) this.#flushing = false
        this.#changed.wake()
      }
    } finally {
      this.#sending = false
      // Whoever took it out stopped before its end: what is written now leads nowhere.
      if (this.#held > 0 || this.#end === undefined) this.fail({ tag: 'connection-terminated' })
    }
  }

  get #busy(): boolean {
    return this.#held > 0 || this.#sending
  }

  #check(): void {
    if (this.#end === undefined) return
    if (this.#end.tag === 'finished' || this.#reported) throw streamClosed()
    this.#reported = true
    throw streamFailed(this.#end.error)
  }
}

/** What an {@link Outflow} throws where the guest did not finish it. */
export class BrokenBody extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    super(`the body broke off: ${code.tag}`)
    this.code = code
  }
}
