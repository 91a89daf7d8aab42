import type { Instance } from './instance.ts'
import { now } from './now.ts'
import type { OwnRecord } from './own-record.ts'
import type { RecordKeeper } from './record-keeper.ts'
import type { Snapshots } from './snapshots.ts'
import type { Summaries } from './summaries.ts'
import { ThreadTime } from './thread-time.ts'

/** Of how many milliseconds one goes to what is done before it is due. */
const SHARE = 100

/** The time that a host has for what is done before it is due: a small part of all its time, whatever each costs. */
export class Spare {
  /** Until when nothing is done, in milliseconds of `now()`. */
  #until = 0
  readonly #waiting = new Set<Early>()
  #timer: NodeJS.Timeout | undefined

  /** Whether there is any. */
  get left(): boolean {
    return now() >= this.#until
  }

  /** Something took so many milliseconds of the thread. */
  spent(ms: number): void {
    this.#until = Math.max(this.#until, now()) + SHARE * ms
  }

  /** Somebody has something to do when there is time. */
  ask(one: Early): void {
    this.#waiting.add(one)
    this.#wait()
  }

  /** Somebody has not any more. */
  leave(one: Early): void {
    this.#waiting.delete(one)
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return
    const ms = Math.max(0, this.#until - now())
    this.#timer = setTimeout(() => void this.#ring(), Math.ceil(ms)).unref()
  }

  /** One after the other: only then is known what each costs. */
  async #ring(): Promise<void> {
    for (const one of this.#waiting) {
      if (!this.left) break
      this.#waiting.delete(one)
      await one.begin()
    }
    this.#timer = undefined
    this.#wait()
  }
}

/** What keeping takes. */
export interface EarlyParts {
  readonly instance: Instance
  readonly keeper: RecordKeeper
  readonly record: Pick<OwnRecord, 'stored'>
  readonly summaries: Summaries
  readonly snapshots: Pick<Snapshots, 'spare' | 'free' | 'freed'>
  /** Whether the actor is alive and has nothing to do. */
  readonly idle: () => boolean
}

/**
 * Keeps a snapshot and a summary of an actor that rests in memory, before either is due: after a crash little is then to be read and re-run.
 * Nobody waits for it, and whoever has something to do when its time comes asks again.
 */
export class Early {
  readonly #parts: EarlyParts
  #keeping: Promise<void> | undefined

  constructor(parts: EarlyParts) {
    this.#parts = parts
  }

  /** The actor has nothing to do. */
  rested(): void {
    if (this.#worth) this.#parts.snapshots.spare.ask(this)
  }

  /** Its time has come. Never rejects. */
  begin(): Promise<void> {
    if (!this.#parts.idle() || !this.#worth) return Promise.resolve()
    this.#keeping = this.#keep()
    return this.#keeping
  }

  /** A snapshot may have been taken at the end of a turn, and no summary with it. */
  get #worth(): boolean {
    const { instance, keeper } = this.#parts
    return instance.worthKeeping || keeper.worthKeeping
  }

  /** No more is begun. Resolves when what was begun is over. */
  async settled(): Promise<void> {
    this.#parts.snapshots.spare.leave(this)
    await this.#keeping
  }

  async #keep(): Promise<void> {
    const { instance, keeper, summaries, record, snapshots, idle } = this.#parts
    try {
      // There may be nobody else who waits for that.
      await record.stored()
    } catch {
      // Whoever appends next is told.
      return
    }
    while (!snapshots.free) await snapshots.freed()
    if (!idle()) return
    // Both are of the same events: a turn may begin while they are written.
    const time = new ThreadTime()
    const summary = time.run(() => keeper.take())
    await instance.keep()
    if (summary === undefined) return
    await summaries.keep([summary], time)
    snapshots.spare.spent(time.spent)
  }
}
