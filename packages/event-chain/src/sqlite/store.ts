import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import { conflict, stale, taken } from '../memory-store.ts'
import type { LogStore } from '../log/store.ts'
import type { Batch, CacheStore, ChainInfo, LoggedStore, StoredEvent } from '../store.ts'
import { SqliteCaches } from './caches.ts'
import { guard } from './errors.ts'
import { SqliteLog } from './log.ts'

type Row = Record<string, SQLOutputValue>

/** How many events are taken from the database at a time: reading never holds a transaction open between two steps. */
const pageLength = 128

const columns = 'id, chain, label, size, head, epoch'

/** The store over an open database. Everything is synchronous inside, and one append is one transaction. */
export class SqliteStore implements LoggedStore {
  readonly hostLog: LogStore
  readonly caches: CacheStore
  readonly #db: DatabaseSync
  /** The owner epoch of this opening; null for a reader. */
  readonly #owner: number | null
  readonly #cache = new Map<string, StatementSync>()

  constructor(
    db: DatabaseSync,
    { owner, version }: { readonly owner: number | null; readonly version: number },
  ) {
    this.#db = db
    this.#owner = owner
    const write = <T>(run: () => T): T =>
      this.#transaction(() => {
        this.#own()
        return run()
      })
    const database = { sql: (text: string) => this.#sql(text), write }
    this.hostLog = new SqliteLog(database, version > 1)
    this.caches = new SqliteCaches(database, version > 2)
  }

  async create(chain: Uint8Array, label: string, batch: Batch): Promise<void> {
    this.#transaction(() => {
      this.#own()
      if (this.#row(chain) !== undefined)
        throw new ChainError('exists', `chain ${hex(chain)} is already here`)
      if (this.#sql('SELECT id FROM chains WHERE label = ?').get(label) !== undefined) throw taken(label)
      const { lastInsertRowid } = this.#sql(
        'INSERT INTO chains (chain, label, size, head, epoch) VALUES (?, ?, ?, ?, ?)',
      ).run(chain, label, batch.events.length, batch.head, batch.epoch)
      this.#insert(Number(lastInsertRowid), 0, batch)
    })
  }

  async append(chain: Uint8Array, expectedHead: Uint8Array, batch: Batch): Promise<void> {
    this.#transaction(() => {
      // One statement checks lease, epoch and head, and moves the head.
      const row = this.#sql(
        `UPDATE chains SET size = size + ?, head = ?
         WHERE chain = ? AND head = ? AND epoch = ? AND ? = (SELECT epoch FROM owner)
         RETURNING id, size`,
      ).get(batch.events.length, batch.head, chain, expectedHead, batch.epoch, this.#owner)
      if (row === undefined) throw this.#refusal(chain, expectedHead, batch.epoch)
      this.#insert(number(row, 'id'), number(row, 'size') - batch.events.length, batch)
    })
  }

  async *read(chain: Uint8Array, from = 0, to?: number): AsyncIterable<StoredEvent> {
    const row = guard(() => this.#row(chain))
    if (row === undefined) throw notFound(chain)
    const id = number(row, 'id')
    const end = Math.min(to ?? number(row, 'size'), number(row, 'size'))
    for (let at = Math.max(from, 0); at < end;) {
      const page = guard(() =>
        this.#sql(
          'SELECT seq, header, body FROM events WHERE chain = ? AND seq >= ? AND seq < ? ORDER BY seq',
        ).all(id, at, Math.min(end, at + pageLength)),
      )
      if (page.length === 0) throw missing(at)
      for (const row of page) {
        if (row['seq'] !== at) throw missing(at)
        const { header, body } = row
        if (!(header instanceof Uint8Array) || !(body === null || body instanceof Uint8Array))
          throw missing(at)
        yield { header, body }
        at++
      }
    }
  }

  async info(chain: Uint8Array): Promise<ChainInfo | undefined> {
    return guard(() => optionalInfo(this.#row(chain)))
  }

  async find(label: string): Promise<ChainInfo | undefined> {
    return guard(() => optionalInfo(this.#sql(`SELECT ${columns} FROM chains WHERE label = ?`).get(label)))
  }

  async list(): Promise<readonly ChainInfo[]> {
    return guard(() => this.#sql(`SELECT ${columns} FROM chains ORDER BY label`).all().map(infoOf))
  }

  async lease(chain: Uint8Array): Promise<number> {
    return this.#transaction(() => {
      this.#own()
      const row = this.#sql('UPDATE chains SET epoch = epoch + 1 WHERE chain = ? RETURNING epoch').get(chain)
      if (row === undefined) throw notFound(chain)
      return number(row, 'epoch')
    })
  }

  async relabel(chain: Uint8Array, label: string): Promise<void> {
    this.#transaction(() => {
      this.#own()
      const holder = this.#sql('SELECT chain FROM chains WHERE label = ?').get(label)?.['chain']
      if (holder instanceof Uint8Array && !sameBytes(holder, chain)) throw taken(label)
      const row = this.#sql('UPDATE chains SET label = ? WHERE chain = ? RETURNING id').get(label, chain)
      if (row === undefined) throw notFound(chain)
    })
  }

  async put(cid: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#transaction(() => {
      this.#own()
      this.#blob(cid, bytes)
    })
  }

  async get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes = guard(() => this.#sql('SELECT bytes FROM blobs WHERE cid = ?').get(cid)?.['bytes'])
    return bytes instanceof Uint8Array ? bytes : undefined
  }

  async has(cid: Uint8Array): Promise<boolean> {
    return guard(() => this.#sql('SELECT 1 FROM blobs WHERE cid = ?').get(cid) !== undefined)
  }

  async close(): Promise<void> {
    if (!this.#db.isOpen) return
    this.#cache.clear()
    guard(() => this.#db.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #sql(text: string): StatementSync {
    let statement = this.#cache.get(text)
    if (statement === undefined) {
      if (!this.#db.isOpen) throw new ChainError('closed', 'the store was closed')
      statement = this.#db.prepare(text)
      this.#cache.set(text, statement)
    }
    return statement
  }

  #transaction<T>(run: () => T): T {
    return guard(() => {
      if (this.#owner === null) throw new ChainError('read-only', 'the store was opened for reading')
      this.#sql('BEGIN IMMEDIATE').run()
      try {
        const value = run()
        this.#sql('COMMIT').run()
        return value
      } catch (error) {
        // After some failures (a full disk) SQLite has already rolled back.
        if (this.#db.isOpen && this.#db.isTransaction) this.#sql('ROLLBACK').run()
        throw error
      }
    })
  }

  /** Refuses when another process has opened the database for writing since. */
  #own(): void {
    const epoch = this.#sql('SELECT epoch FROM owner').get()?.['epoch']
    if (epoch !== this.#owner) throw stale('the database', this.#owner ?? 0, Number(epoch))
  }

  #refusal(chain: Uint8Array, expectedHead: Uint8Array, epoch: number): ChainError {
    this.#own()
    const row = this.#row(chain)
    if (row === undefined) return notFound(chain)
    const info = infoOf(row)
    if (info.epoch !== epoch) return stale(info.label, epoch, info.epoch)
    if (!sameBytes(info.head, expectedHead)) return conflict(info.label)
    return new ChainError('damaged', `the chain ${info.label} cannot be moved`)
  }

  #insert(id: number, seq: number, { events, blobs = [] }: Batch): void {
    const insert = this.#sql('INSERT INTO events (chain, seq, header, body) VALUES (?, ?, ?, ?)')
    for (const { header, body } of events) insert.run(id, seq++, header, body)
    for (const { cid, bytes } of blobs) this.#blob(cid, bytes)
  }

  #blob(cid: Uint8Array, bytes: Uint8Array): void {
    this.#sql('INSERT INTO blobs (cid, bytes) VALUES (?, ?) ON CONFLICT (cid) DO NOTHING').run(cid, bytes)
  }

  #row(chain: Uint8Array): Row | undefined {
    return this.#sql(`SELECT ${columns} FROM chains WHERE chain = ?`).get(chain)
  }
}

function optionalInfo(row: Row | undefined): ChainInfo | undefined {
  return row === undefined ? undefined : infoOf(row)
}

function infoOf(row: Row): ChainInfo {
  const { chain, label, head } = row
  if (!(chain instanceof Uint8Array) || typeof label !== 'string' || !(head instanceof Uint8Array)) {
    throw new ChainError('damaged', 'a chain has lost its id, its label or its head')
  }
  return { chain, label, head, size: number(row, 'size'), epoch: number(row, 'epoch') }
}

function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new ChainError('damaged', `${column} is not a number in the database`)
  return value
}

function notFound(chain: Uint8Array): ChainError {
  return new ChainError('not-found', `chain ${hex(chain)} is not here`)
}

function missing(seq: number): ChainError {
  return broken('missing', 'the event is not in the database', seq)
}
