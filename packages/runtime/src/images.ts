import { threadCpuUsage } from 'node:process'
import { decodeSnapshot, encodeSnapshot, largestSnapshot, segments } from '@theater/boundary'
import type { Boundary, FirstMemory, Segment, Snapshot, TheaterEvent } from '@theater/boundary'
import type { Component, Prepared } from '@theater/component'
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
import { Spare } from './early.ts'
import { TheaterError } from './errors.ts'
import { reasonOf } from './failures.ts'
import type { LogLine } from './host.ts'
import { needsArchive } from './needs-archive.ts'
import type { OwnRecord } from './own-record.ts'
import { withContent } from './record.ts'

/** A record that is not much longer than what a snapshot is of is re-run as quickly. */
const LEAST = 64
/** Up to so many bytes one is taken quickly enough that a turn may wait for it. */
const SMALL = 64 * 1024
/** After how many events one is taken, where nobody says, and how many bytes of the last one count as an event more. */
const EVENTS = 1000
const BYTES = 192

/**
 * When snapshots are taken at the latest. One is taken sooner, after 64 events or an eighth of the fuel, of an actor that has nothing to do, or for which
 * no message waits and of which the last had at most 64 KiB: as long as all that are taken so soon take at most about a hundredth of the thread's time.
 */
export interface SnapshotOptions {
  /**
   * Events of an actor after which one is taken at the latest, at the end of a turn.
   *
   * @default 1000, and one more for each 192 bytes of the last, as it is before it is compressed: what it costs to take one grows with what there is to keep
   */
  readonly everyEvents?: number
  /** Fuel that its turns have used after which one is taken at the latest. @default 2000000000 */
  readonly everyFuel?: number
}

/** What the snapshots of one host have in common. */
export class Snapshots {
  readonly everyEvents: number | undefined
  readonly everyFuel: number
  /** Absent: none are taken, and none are used. */
  readonly caches: CacheStore | undefined
  /** What memories hold before the first turn, where that is the same for every actor of a component. */
  readonly first = new WeakMap<Prepared, FirstMemory>()
  /** The time for those that are taken before they are due. */
  readonly spare = new Spare()
  readonly #log: (line: LogLine) => void

  /** @throws TheaterError `bad-limit` */
  constructor(
    caches: CacheStore | undefined,
    { everyEvents, everyFuel = 2_000_000_000 }: SnapshotOptions,
    log: (line: LogLine) => void,
  ) {
    for (const [name, n] of Object.entries({ everyEvents: everyEvents ?? EVENTS, everyFuel }))
      if (!Number.isSafeInteger(n) || n < 1)
        throw new TheaterError('bad-limit', `snapshots.${name} is ${n}; it is an integer of at least 1`)
    this.caches = caches
    this.everyEvents = everyEvents
    this.everyFuel = everyFuel
    this.#log = log
  }

  tell(actor: string, level: 'info' | 'warn', message: string): void {
    this.#log({ actor, level, message, fields: [] })
  }
}

/** Whose snapshots they are. */
export interface ImagesParts {
  readonly id: string
  readonly component: Component
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
  readonly bytes: number
  readonly fuel: number
  readonly said: boolean
}

/** The snapshots of one actor: the last is kept beside its record, and held against it before it is used. */
export class Images {
  readonly #parts: ImagesParts
  readonly #host: Snapshots
  /** How much of the record the last one is of. */
  #size = 0
  /** How many bytes the last one has, before it is compressed. */
  #bytes = 0
  /** Fuel that turns have used since. */
  #fuel = 0
  #taking = false
  /** Whether it was said why there is none. */
  #said = false

  /** @param before what was known of them when the actor left memory */
  constructor(parts: ImagesParts, host: Snapshots, before?: ImagesLeft) {
    this.#parts = parts
    this.#host = host
    if (before === undefined) return
    this.#size = before.size
    this.#bytes = before.bytes
    this.#fuel = before.fuel
    this.#said = before.said
  }

  /** What is to be known of them when the actor is in memory again; `undefined`: nothing. */
  get left(): ImagesLeft | undefined {
    const left = { size: this.#size, bytes: this.#bytes, fuel: this.#fuel, said: this.#said }
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
    const { everyEvents = EVENTS + this.#bytes / BYTES, everyFuel } = this.#host
    this.#fuel += boundary.fuelUsed ?? 0
    if (this.#parts.record.size - this.#size >= everyEvents || this.#fuel >= everyFuel) return true
    return alone && this.#bytes > 0 && this.#bytes <= SMALL && this.early && this.#host.spare.left
  }

  /** Whether it takes long to do again what came after the last one. */
  get #worth(): boolean {
    return this.#parts.record.size - this.#size >= LEAST || this.#fuel * 8 >= this.#host.everyFuel
  }

  /** Whether one is of use that is taken before it is due. */
  get early(): boolean {
    return this.#host.caches !== undefined && !this.#taking && this.#worth
  }

  /** Takes one where it is of use: the instance rests, or is about to be let go of. Never rejects. */
  async keep(boundary: Boundary): Promise<void> {
    if (this.#worth) await this.take(boundary)
  }

  /** Takes one of an instance between two turns, all of whose record is durable. Never rejects: an actor is as good without. */
  async take(boundary: Boundary): Promise<void> {
    const { id, prepared, record } = this.#parts
    const { caches, first } = this.#host
    const { chain, size, head, durable } = record
    if (caches === undefined || this.#taking || durable !== size) return
    this.#taking = true
    const before = threadCpuUsage()
    try {
      const snapshot = boundary.snapshot(first.get(prepared))
      if ('none' in snapshot) {
        if (!this.#said) {
          this.#host.tell(id, 'info', `there is no snapshot of it: ${snapshot.message}`)
          await keepNoSnapshot(caches, chain, { size, head }, snapshot.message)
        }
        this.#said = true
        // Whoever asks each time asks for nothing.
        this.#size = size
        this.#fuel = 0
        return
      }
      const bytes = encodeSnapshot(snapshot, sha256)
      await keepSnapshot(caches, chain, { size, head, bytes })
      this.#bytes = bytes.length
      this.#size = size
      this.#fuel = 0
    } catch (error) {
      if (!this.#said) this.#host.tell(id, 'warn', `no snapshot of it could be kept: ${reasonOf(error)}`)
      this.#said = true
    } finally {
      this.#taking = false
      const { user, system } = threadCpuUsage(before)
      this.#host.spare.spent((user + system) / 1000)
    }
  }

  /** The last one that fits the record, and what to do with it; `undefined`: there is none. */
  async last(): Promise<Resumption | undefined> {
    const { record } = this.#parts
    let why: string
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
    this.#bytes = raw.length
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
