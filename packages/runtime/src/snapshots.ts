import { ImageRoom } from '@theater/component'
import type { FirstMemory } from '@theater/boundary'
import type { Prepared } from '@theater/component'
import type { CacheStore } from '@theater/event-chain'
import { Spare } from './early.ts'
import { TheaterError } from './errors.ts'
import type { LogLine } from './host.ts'

/** After how many events and how much fuel one is taken where nobody says, and the last cost nothing. */
const EVENTS = 1000
const FUEL = 2_000_000_000
/** How many bytes of the last one count as an event more, and how much fuel as much as a byte of it. */
const BYTES_OF_EVENT = 192
const FUEL_OF_BYTE = 96
/** To look whether bytes of memory have changed takes so much less than to keep one that has. */
const LOOKED_AT = 16

/**
 * When snapshots are taken at the latest: so seldom that a busy actor has about three hundredths of the thread's time for them, and what is to be re-run
 * without one stays bounded. One is taken sooner, after 64 events or an eighth of the fuel, of an actor that has nothing to do, or for which
 * no message waits and of which the last had at most 64 KiB: as long as all that are taken so soon take at most about a hundredth of the thread's time.
 */
export interface SnapshotOptions {
  /**
   * Events of an actor after which one is taken at the latest, at the end of a turn.
   *
   * @default 1000, and one more for each 192 bytes of the last, as it is before it is compressed, and for each 3072 of the memory that it is of: what it costs to take one grows with what there is to keep, and to look through
   */
  readonly everyEvents?: number
  /**
   * Fuel that its turns have used after which one is taken at the latest.
   *
   * @default 2000000000, and 96 more for each byte of the last, as it is before it is compressed, and 6 for each of the memory that it is of
   */
  readonly everyFuel?: number
}

/** What a snapshot costs to take, in bytes. */
export interface SnapshotSize {
  /** How many it has, before it is compressed. */
  readonly bytes: number
  /** How much memory it is of. */
  readonly memory: number
}

/** After how much one is to be taken. */
export interface Due {
  readonly events: number
  readonly fuel: number
}

/** When the next one is due after one of that size: what it costs is weighed against what is to be re-run without it. */
export function dueAfter({ everyEvents, everyFuel }: SnapshotOptions, { bytes, memory }: SnapshotSize): Due {
  const cost = bytes + memory / LOOKED_AT
  return {
    events: everyEvents ?? EVENTS + cost / BYTES_OF_EVENT,
    fuel: everyFuel ?? FUEL + cost * FUEL_OF_BYTE,
  }
}

/** What the snapshots of one host have in common. */
export class Snapshots {
  readonly #options: SnapshotOptions
  /** Absent: none are taken, and none are used. */
  readonly caches: CacheStore | undefined
  /** What memories hold before the first turn, where that is the same for every actor of a component. */
  readonly first = new WeakMap<Prepared, FirstMemory>()
  /** Where the pages of a snapshot are until it is kept: there is one at a time. */
  readonly room = new ImageRoom()
  /** The time for those that are taken before they are due. */
  readonly spare = new Spare()
  readonly #log: (line: LogLine) => void
  #keeping: Promise<void> | undefined

  /** @throws TheaterError `bad-limit` */
  constructor(caches: CacheStore | undefined, options: SnapshotOptions, log: (line: LogLine) => void) {
    const { everyEvents = EVENTS, everyFuel = FUEL } = options
    for (const [name, n] of Object.entries({ everyEvents, everyFuel }))
      if (!Number.isSafeInteger(n) || n < 1)
        throw new TheaterError('bad-limit', `snapshots.${name} is ${n}; it is an integer of at least 1`)
    this.caches = caches
    this.#options = options
    this.#log = log
  }

  dueAfter(last: SnapshotSize): Due {
    return dueAfter(this.#options, last)
  }

  /** Whether one can be taken now. */
  get free(): boolean {
    return this.#keeping === undefined
  }

  /** Resolves when the one that is kept now is. */
  async freed(): Promise<void> {
    await this.#keeping
  }

  /** One is kept, in the room for it. @param done when it is; it never rejects */
  occupy(done: Promise<void>): void {
    this.#keeping = done.then(() => {
      this.room.clear()
      this.#keeping = undefined
    })
  }

  tell(actor: string, level: 'info' | 'warn', message: string): void {
    this.#log({ actor, level, message, fields: [] })
  }
}
