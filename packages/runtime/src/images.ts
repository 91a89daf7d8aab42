import { createHash } from 'node:crypto'
import { decodeSnapshot, largestSnapshot, segments, snapshotPieces } from '@theater/boundary'
import type { Boundary, NoSnapshot, Segment, Snapshot, TheaterEvent } from '@theater/boundary'
import type { CheckedComponent, Prepared } from '@theater/component'
import { readEvents } from '@theater/event-chain'
import type { CacheStore, Store } from '@theater/event-chain'
import {
  discardSnapshot,
  keepNoSnapshot,
  keepSnapshot,
  keptSnapshot,
  sha256,
} from '@theater/event-chain/node'
import type { KeptSnapshot } from '@theater/event-chain/node'
import { TheaterError } from './errors.ts'
import { reasonOf } from './failures.ts'
import { needsArchive } from './needs-archive.ts'
import type { OwnRecord } from './own-record.ts'
import { withContent } from './record.ts'
import type { Due, SnapshotSize, Snapshots } from './snapshots.ts'
import { ThreadTime } from './thread-time.ts'

/** A record that is not much longer than what a snapshot is of is re-run as quickly. */
const LEAST = 64
/** Up to so many bytes one is taken quickly enough that a turn may wait for it. */
const SMALL = 64 * 1024
/** Of a memory. */
const MEMORY_PAGE = 65_536

/** Whose snapshots they are. */
export interface ImagesParts {
  readonly id: string
  readonly component: CheckedComponent
  readonly prepared: Prepared
  readonly store: Store
  readonly record: OwnRecord
  readonly limits: { readonly memory: number }
}

/** Where a record goes on from a snapshot. */
export interface Resumption {
  readonly snapshot: Snapshot
  /** The instantiation, which comes before it. */
  readonly start: Extract<Segment, { readonly kind: 'start' }>
  /** The events after it. */
  readonly tail: AsyncIterable<TheaterEvent>
}

/** What is known of the snapshots of an actor that is not in memory. */
export interface ImagesLeft {
  readonly size: number
  readonly last: SnapshotSize
  readonly fuel: number
  readonly said: boolean
}

/** The snapshots of one actor: the last is kept beside its record, and held against it before it is used. */
export class Images {
  readonly #parts: ImagesParts
  readonly #host: Snapshots
  /** How much of the record the last one is of. */
  #size = 0
  #last: SnapshotSize = { bytes: 0, memory: 0 }
  /** Fuel that turns have used since. */
  #fuel = 0
  /** Never rejects. */
  #keeping: Promise<void> | undefined
  /** Whether it was said why there is none. */
  #said = false

  /** @param before what was known of them when the actor left memory */
  constructor(parts: ImagesParts, host: Snapshots, before?: ImagesLeft) {
    this.#parts = parts
    this.#host = host
    if (before === undefined) return
    this.#size = before.size
    this.#last = before.last
    this.#fuel = before.fuel
    this.#said = before.said
  }

  /** What is to be known of them when the actor is in memory again; `undefined`: nothing. */
  get left(): ImagesLeft | undefined {
    const left = { size: this.#size, last: this.#last, fuel: this.#fuel, said: this.#said }
    return left.size === 0 && left.fuel === 0 && !left.said ? undefined : left
  }

  /** An instance was made that has had no turn. */
  made(boundary: Boundary): void {
    const { prepared } = this.#parts
    const { first, caches } = this.#host
    if (caches === undefined || first.has(prepared)) return
    const memory = boundary.firstMemory()
    if (memory.shared) first.set(prepared, memory)
  }

  /**
   * A turn has returned.
   *
   * @param alone whether no turn waits for it: those that follow one another closely are made durable together
   * @returns whether one is to be taken, when that is durable and before another turn begins
   */
  turned(boundary: Boundary, alone: boolean): boolean {
    const { caches, free, spare } = this.#host
    this.#fuel += boundary.fuelUsed ?? 0
    // Where another one is being kept, this one is due after a later turn.
    if (caches === undefined || !free) return false
    const { events, fuel } = this.#due
    if (this.#since >= events || this.#fuel >= fuel) return true
    const { bytes } = this.#last
    return alone && bytes > 0 && bytes <= SMALL && this.early && spare.left
  }

  get #due(): Due {
    return this.#host.dueAfter(this.#last)
  }

  /** Events that came after the last one. */
  get #since(): number {
    return this.#parts.record.size - this.#size
  }

  /** Whether it takes long to do again what came after the last one. */
  get #worth(): boolean {
    return this.#since >= LEAST || this.#fuel * 8 >= this.#due.fuel
  }

  /** Whether one is of use that is taken before it is due. */
  get early(): boolean {
    return this.#host.caches !== undefined && this.#keeping === undefined && this.#worth
  }

  /**
   * Takes one where it is of use, and keeps it: the instance rests, or is about to be let go of. Where another one is being kept it waits for that.
   * Never rejects.
   *
   * @param boundary the instance, then
   */
  async keep(boundary: () => Boundary | undefined): Promise<void> {
    while (!this.#host.free) await this.#host.freed()
    const now = boundary()
    if (now === undefined || !this.#worth) return
    this.#take(now)
    await this.#keeping
  }

  /**
   * Takes one of an instance between two turns, all of whose record is durable. When it resolves the next may begin: a small one is kept then, and what a
   * large one is of has been copied. Never rejects: an actor is as good without.
   */
  async take(boundary: Boundary): Promise<void> {
    if (this.#take(boundary) <= SMALL) await this.#keeping
  }

  /** @returns how many bytes it has */
  #take(boundary: Boundary): number {
    const { prepared, record } = this.#parts
    const { caches, first, free, room } = this.#host
    const { size, head, durable } = record
    if (caches === undefined || !free || durable !== size) return 0
    const time = new ThreadTime()
    const keeping = this.#keep(
      () => time.run(() => boundary.snapshot(first.get(prepared), room)),
      { size, head },
      time.caches(caches),
      time,
    )
    this.#keeping = keeping.finally(() => {
      this.#keeping = undefined
      this.#host.spare.spent(time.spent)
    })
    this.#host.occupy(this.#keeping)
    return this.#last.bytes
  }

  /** Keeps one that is taken before it waits for anything. Never rejects. */
  async #keep(
    take: () => Snapshot | NoSnapshot,
    { size, head }: Pick<KeptSnapshot, 'size' | 'head'>,
    caches: CacheStore,
    time: ThreadTime,
  ): Promise<void> {
    const { id, record } = this.#parts
    const { chain } = record
    try {
      const snapshot = take()
      // Somebody waited to take it, and it had something to do by then.
      if ('none' in snapshot && snapshot.none === 'busy') return
      // Also of what cannot be kept: whoever asks each time asks for nothing.
      this.#size = size
      this.#fuel = 0
      if ('none' in snapshot) {
        if (!this.#said) {
          this.#said = true
          this.#host.tell(id, 'info', `there is no snapshot of it: ${snapshot.message}`)
          await keepNoSnapshot(caches, chain, { size, head }, snapshot.message)
        }
        return
      }
      const { pieces, digested, digest } = snapshotPieces(snapshot)
      this.#last = {
        bytes: pieces.reduce((sum, { length }) => sum + length, 0),
        memory: memoryOf(snapshot),
      }
      const hash = createHash('sha256')
      for (const piece of digested) {
        time.run(() => hash.update(piece))
        // A turn may begin here.
        if (this.#last.bytes > SMALL) await new Promise((resolve) => void setImmediate(resolve))
      }
      digest.set(hash.digest())
      await keepSnapshot(caches, chain, { size, head, bytes: pieces })
    } catch (error) {
      if (!this.#said) this.#host.tell(id, 'warn', `no snapshot of it could be kept: ${reasonOf(error)}`)
      this.#said = true
    }
  }

  /** The last one that fits the record, and what to do with it; `undefined`: there is none. */
  async last(): Promise<Resumption | undefined> {
    const { record } = this.#parts
    let why: string
    await this.#keeping
    try {
      const { caches } = this.#host
      const kept = caches && (await keptSnapshot(caches, record.chain))
      if (kept === undefined) return await this.#none()
      const found = await this.#read(kept)
      if (typeof found !== 'string') {
        this.#size = kept.size
        return found
      }
      why = found
    } catch (error) {
      if (TheaterError.is(error) && error.code === 'cannot-resume') throw error
      why = reasonOf(error)
    }
    await this.useless(why)
    return undefined
  }

  /** Without one a record is run from the start. @throws TheaterError `cannot-resume` where part of it is archived */
  async #none(): Promise<undefined> {
    const { id, record, store } = this.#parts
    const archived = (await store.info(record.chain))?.archived
    if (archived !== undefined) throw needsArchive(id, archived, 'its snapshot is not here')
    return undefined
  }

  async #read(kept: KeptSnapshot): Promise<Resumption | string> {
    const { component, prepared, store, record, limits } = this.#parts
    const { size, head } = kept
    if (size < 2 || size > record.size) return 'it is of another record'
    const own = readEvents(store, record.chain, size - 1, undefined, { hash: sha256 })
    const first = await own.next()
    if (first.done === true || !Buffer.from(head).equals(first.value.hash)) return 'it is of another record'
    const raw = await kept.read(largestSnapshot(limits.memory))
    const snapshot = decodeSnapshot(raw, { component, prepared, hash: sha256 })
    if ('none' in snapshot) return snapshot.message
    this.#last = { bytes: raw.length, memory: memoryOf(snapshot) }
    const to = (await store.info(record.chain))?.archived?.lead ?? size
    for await (const start of segments(withContent(readEvents(store, record.chain, 0, to, { hash: sha256 }))))
      return start.kind === 'start'
        ? // What was archived came after it.
          { snapshot, start: { ...start, complete: true }, tail: withContent(own) }
        : 'its record has no beginning'
    return 'its record has no beginning'
  }

  /**
   * Throws the last one away: it does not do what the record says.
   *
   * @throws TheaterError `cannot-resume` where part of the record is archived: then it is the only way back, and stays
   */
  async useless(why: string): Promise<void> {
    const { id, record, store } = this.#parts
    const archived = (await store.info(record.chain))?.archived
    if (archived !== undefined) throw needsArchive(id, archived, `its snapshot is of no use (${why})`)
    this.#size = 0
    this.#host.tell(id, 'warn', `its snapshot is thrown away, and its record re-run from the start: ${why}`)
    const { caches } = this.#host
    if (caches !== undefined) await discardSnapshot(caches, record.chain).catch(() => undefined)
  }
}

function memoryOf({ instance }: Snapshot): number {
  return instance.memories.reduce((sum, { pages }) => sum + pages * MEMORY_PAGE, 0)
}
