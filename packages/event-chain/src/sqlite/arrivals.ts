import type { StatementSync } from 'node:sqlite'
import { hex } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import { taken } from '../memory-store.ts'
import type { IncomingChain, IncomingEvent } from '../store.ts'

/** What arrivals need of their database. */
export interface ArrivalsDatabase {
  sql(text: string): StatementSync
  /** Runs something at once, in a transaction of its own. */
  now(run: () => void): void
  /** Runs something inside a transaction of this writer, and waits until it is on the disk. @throws ChainError */
  write(run: () => void): Promise<void>
}

/** Puts events that arrived into a chain. @param first the sequence number of the first */
type Insert = (chain: number, first: number) => void

/** Events that wait beside the chains of the store. */
interface Waiting {
  /** The rows of its events and blobs: the first, and the one after the last. */
  readonly events: readonly [number, number]
  readonly blobs: readonly [number, number]
}

/** How many events are put down at once, and how many bytes: they are in memory until then. */
const GROUP = 256
const GROUP_BYTES = 256 * 1024

/**
 * Chains that come from elsewhere. What arrives waits in tables that are this connection's alone, which SQLite keeps in a file that is
 * gone with it; when all is there, one transaction moves it to the chains of the store.
 */
export class Arrivals {
  readonly #db: ArrivalsDatabase
  #events = 0
  #blobs = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(db: ArrivalsDatabase) {
    this.#db = db
  }

  /** Takes all of these chains or none; one call after the other. */
  take(chains: readonly IncomingChain[]): Promise<void> {
    return this.#next(async () => {
      const waiting: (readonly [IncomingChain, Waiting])[] = []
      for (const chain of chains) waiting.push([chain, await this.#wait(chain.events)])
      await this.#db.write(() => {
        for (const one of waiting) this.#move(...one)
      })
    })
  }

  /** Takes events of a chain that is here, all of them or none. @param move says where they belong, when all of them are there */
  putBack(
    events: AsyncIterable<IncomingEvent>,
    move: (count: number, insert: Insert) => void,
  ): Promise<void> {
    return this.#next(async () => {
      const waiting = await this.#wait(events)
      const [first, end] = waiting.events
      await this.#db.write(() => move(end - first, (chain, from) => this.#insert(chain, from, waiting)))
    })
  }

  #next(run: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => this.#within(run))
    this.#last = done.catch(() => undefined)
    return done
  }

  async #within(run: () => Promise<void>): Promise<void> {
    this.#db.now(() => {
      this.#db
        .sql(
          'CREATE TEMP TABLE IF NOT EXISTS arrived (id INTEGER PRIMARY KEY, seq INTEGER, header BLOB, body BLOB)',
        )
        .run()
      this.#db
        .sql('CREATE TEMP TABLE IF NOT EXISTS arrived_blobs (id INTEGER PRIMARY KEY, cid BLOB, bytes BLOB)')
        .run()
    })
    try {
      await run()
    } finally {
      this.#db.now(() => {
        this.#db.sql('DELETE FROM temp.arrived').run()
        this.#db.sql('DELETE FROM temp.arrived_blobs').run()
      })
    }
  }

  async #wait(events: AsyncIterable<IncomingEvent>): Promise<Waiting> {
    const [firstEvent, firstBlob] = [this.#events, this.#blobs]
    let group: IncomingEvent[] = []
    let bytes = 0
    const put = (): void => {
      this.#db.now(() => {
        for (const event of group) this.#put(event, this.#events - firstEvent)
      })
      group = []
      bytes = 0
    }
    for await (const event of events) {
      group.push(event)
      bytes += sizeOf(event)
      if (group.length === GROUP || bytes >= GROUP_BYTES) put()
    }
    put()
    return { events: [firstEvent, this.#events], blobs: [firstBlob, this.#blobs] }
  }

  #put({ header, body, blobs = [] }: IncomingEvent, seq: number): void {
    const event = this.#db.sql('INSERT INTO temp.arrived (id, seq, header, body) VALUES (?, ?, ?, ?)')
    event.run(this.#events++, seq, header, body)
    const blob = this.#db.sql('INSERT INTO temp.arrived_blobs (id, cid, bytes) VALUES (?, ?, ?)')
    for (const { cid, bytes } of blobs) blob.run(this.#blobs++, cid, bytes)
  }

  #move({ chain, label, head, epoch, origin }: IncomingChain, waiting: Waiting): void {
    const { events } = waiting
    if (this.#db.sql('SELECT 1 FROM chains WHERE chain = ?').get(chain) !== undefined)
      throw new ChainError('exists', `chain ${hex(chain)} is already here`)
    if (this.#db.sql('SELECT 1 FROM chains WHERE label = ?').get(label) !== undefined) throw taken(label)
    const { lastInsertRowid } = this.#db
      .sql('INSERT INTO chains (chain, label, size, head, epoch, origin) VALUES (?, ?, ?, ?, ?, ?)')
      .run(chain, label, events[1] - events[0], head, epoch, origin)
    this.#insert(Number(lastInsertRowid), 0, waiting)
  }

  #insert(chain: number, first: number, { events, blobs }: Waiting): void {
    this.#db
      .sql(
        `INSERT INTO events (chain, seq, header, body)
         SELECT ?, ? + seq, header, body FROM temp.arrived WHERE id >= ? AND id < ? ORDER BY id`,
      )
      .run(chain, first, ...events)
    this.#db
      .sql(
        `INSERT INTO blobs (cid, bytes) SELECT cid, bytes FROM temp.arrived_blobs WHERE id >= ? AND id < ? ORDER BY id
         ON CONFLICT (cid) DO NOTHING`,
      )
      .run(...blobs)
  }
}

function sizeOf({ header, body, blobs = [] }: IncomingEvent): number {
  return blobs.reduce((sum, block) => sum + block.bytes.length, header.length + (body?.length ?? 0))
}
