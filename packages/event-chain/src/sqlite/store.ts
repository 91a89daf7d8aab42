import { cidOf } from '@theater/values'
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { goneAt } from '../archived.ts'
import { linkInBody, linkingBodyLength } from '../body.ts'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import { conflict, stale, taken } from '../memory-store.ts'
import type { LogStore } from '../log/store.ts'
import { HeaderScratch } from '../slab-event.ts'
import type {
  Batch,
  CacheStore,
  ChainInfo,
  Durability,
  IncomingChain,
  LoggedStore,
  StoredEvent,
} from '../store.ts'
import { SqliteArchives } from './archives.ts'
import { Arrivals } from './arrivals.ts'
import { ERASED, SqliteCaches } from './caches.ts'
import { Commits } from './commits.ts'
import { guard } from './errors.ts'
import { SqliteLog } from './log.ts'
import { arraysOf } from './rows.ts'
import type { OpenedDatabase } from './schema.ts'
import { WalSync } from './wal.ts'

type Row = Record<string, SQLOutputValue>

/** How many events are taken from the database at a time: reading never holds a transaction open between two steps. */
const pageLength = 128

const columns = 'id, chain, label, size, head, epoch'
const durabilities: readonly unknown[] = ['memory', 'process', 'disk'] satisfies Durability[]

/** The store over an open database. What is written in one turn of the event loop is one transaction. */
export class SqliteStore implements LoggedStore {
  readonly hostLog: LogStore
  readonly caches: CacheStore
  readonly archives: SqliteArchives
  readonly #db: DatabaseSync
  /** The owner epoch of this opening; null for a reader. */
  readonly #owner: number | null
  readonly #columns: string
  readonly #wal: WalSync | undefined
  readonly #commits: Commits
  readonly #arrivals: Arrivals
  readonly #cache = new Map<string, StatementSync>()
  readonly #headers = new HeaderScratch()

  constructor(db: DatabaseSync, { owner, version, wal }: OpenedDatabase) {
    this.#db = db
    this.#owner = owner
    this.#columns = `${columns}${version > 2 ? ', durability' : ''}${version > 5 ? ', origin' : ''}${version > 6 ? ', archived' : ''}`
    this.#wal = wal === undefined ? undefined : new WalSync(wal)
    this.#commits = new Commits({
      begin: () => this.#begin(),
      commit: () => void this.#sql('COMMIT').run(),
      rollback: () => this.#rollback(),
      sync: async () => await this.#wal?.sync(),
    })
    const sql = (text: string): StatementSync => this.#upToDate(text)
    // A checkpoint that somebody saw MUST NOT be forgotten: the host would sign another one of that size.
    const write = <T>(run: () => T): Promise<T> => this.#commits.add('disk', run)
    const database = {
      sql,
      write,
      erase: (id: number, seq: number) => this.#erase(id, seq),
      scrub: () => this.#scrub(),
      leaves: (chain: Uint8Array, from: number, to: number) => this.archives.leaves(chain, from, to),
    }
    this.hostLog = new SqliteLog(database, version)
    // What is kept beside chains may be lost.
    const keep = <T>(run: () => T): Promise<T> => this.#commits.add('process', run)
    this.caches = new SqliteCaches({ sql, write: keep }, version > 3)
    const within = (text: string): StatementSync => this.#sql(text)
    this.#arrivals = new Arrivals({ sql: within, now: (run) => this.#now(run), write })
    this.archives = new SqliteArchives({ sql, within, write }, this.#arrivals, version > 6)
  }

  create(
    chain: Uint8Array,
    label: string,
    batch: Batch,
    durability: Durability | null = null,
  ): Promise<void> {
    return this.#commits.add(batch.durability ?? 'process', () => {
      if (this.#row(chain) !== undefined)
        throw new ChainError('exists', `chain ${hex(chain)} is already here`)
      if (this.#sql('SELECT id FROM chains WHERE label = ?').get(label) !== undefined) throw taken(label)
      const { lastInsertRowid } = this.#sql(
        'INSERT INTO chains (chain, label, size, head, epoch, durability) VALUES (?, ?, ?, ?, ?, ?)',
      ).run(chain, label, batch.events.length, batch.head, batch.epoch, durability)
      this.#insert(Number(lastInsertRowid), 0, batch)
    })
  }

  take(chains: readonly IncomingChain[]): Promise<void> {
    return this.#arrivals.take(chains)
  }

  append(chain: Uint8Array, expectedHead: Uint8Array, batch: Batch): Promise<void> {
    return this.#commits.add(batch.durability ?? 'process', () => {
      // One statement checks epoch and head, and moves the head.
      const row = this.#sql(
        'UPDATE chains SET size = size + ?, head = ? WHERE chain = ? AND head = ? AND epoch = ? RETURNING id, size',
      ).get(batch.events.length, batch.head, chain, expectedHead, batch.epoch)
      if (row === undefined) throw this.#refusal(chain, expectedHead, batch.epoch)
      this.#insert(number(row, 'id'), number(row, 'size') - batch.events.length, batch)
    })
  }

  async *read(chain: Uint8Array, from = 0, to?: number): AsyncIterable<StoredEvent> {
    const row = guard(() => this.#info('chain', chain))
    if (row === undefined) throw notFound(chain)
    const id = number(row, 'id')
    const { label, archived } = this.#infoOf(row)
    const end = Math.min(to ?? number(row, 'size'), number(row, 'size'))
    const absent = (seq: number): ChainError => goneAt(label, archived, seq) ?? missing(seq)
    for (let at = Math.max(from, 0); at < end;) {
      const page = guard(() =>
        arraysOf(
          this.#sql(
            'SELECT seq, header, body FROM events WHERE chain = ? AND seq >= ? AND seq < ? ORDER BY seq',
          ),
          id,
          at,
          Math.min(end, at + pageLength),
        ),
      )
      if (page.length === 0) throw absent(at)
      for (const [seq, header, body] of page) {
        if (seq !== at) throw absent(at)
        if (!(header instanceof Uint8Array) || !(body === null || body instanceof Uint8Array))
          throw missing(at)
        yield { header, body }
        at++
      }
    }
  }

  async info(chain: Uint8Array): Promise<ChainInfo | undefined> {
    return guard(() => this.#optional(this.#info('chain', chain)))
  }

  async find(label: string): Promise<ChainInfo | undefined> {
    return guard(() => this.#optional(this.#info('label', label)))
  }

  async list(): Promise<readonly ChainInfo[]> {
    return guard(() =>
      this.#upToDate(`SELECT ${this.#columns} FROM chains ORDER BY label`)
        .all()
        .map((row) => this.#infoOf(row)),
    )
  }

  lease(chain: Uint8Array): Promise<number> {
    return this.#commits.add('process', () => {
      const row = this.#sql('UPDATE chains SET epoch = epoch + 1 WHERE chain = ? RETURNING epoch').get(chain)
      if (row === undefined) throw notFound(chain)
      return number(row, 'epoch')
    })
  }

  relabel(chain: Uint8Array, label: string): Promise<void> {
    return this.#commits.add('process', () => {
      const holder = this.#sql('SELECT chain FROM chains WHERE label = ?').get(label)?.['chain']
      if (holder instanceof Uint8Array && !sameBytes(holder, chain)) throw taken(label)
      const row = this.#sql('UPDATE chains SET label = ? WHERE chain = ? RETURNING id').get(label, chain)
      if (row === undefined) throw notFound(chain)
    })
  }

  setDurability(chain: Uint8Array, durability: Durability | null): Promise<void> {
    return this.#commits.add('process', () => {
      const set = this.#sql('UPDATE chains SET durability = ? WHERE chain = ? RETURNING id')
      if (set.get(durability, chain) === undefined) throw notFound(chain)
    })
  }

  put(cid: Uint8Array, bytes: Uint8Array): Promise<void> {
    return this.#commits.add('process', () => this.#blob(cid, bytes))
  }

  async get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes = guard(() => this.#upToDate('SELECT bytes FROM blobs WHERE cid = ?').get(cid)?.['bytes'])
    return bytes instanceof Uint8Array ? bytes : undefined
  }

  async has(cid: Uint8Array): Promise<boolean> {
    return guard(() => this.#upToDate('SELECT 1 FROM blobs WHERE cid = ?').get(cid) !== undefined)
  }

  async close(): Promise<void> {
    if (!this.#db.isOpen) return
    await this.#commits.close()
    await this.#wal?.close()
    // Somebody else may have closed it meanwhile.
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

  /** A statement that sees all that was written, also what nobody has waited for. */
  #upToDate(text: string): StatementSync {
    this.#commits.drain()
    return this.#sql(text)
  }

  /** Runs something in a transaction of its own, after all that waits. What it writes is nobody's but this connection's. */
  #now(run: () => void): void {
    guard(() => {
      this.#commits.drain()
      this.#sql('BEGIN').run()
      try {
        run()
        this.#sql('COMMIT').run()
      } catch (error) {
        this.#rollback()
        throw error
      }
    })
  }

  #begin(): void {
    if (this.#owner === null) throw new ChainError('read-only', 'the store was opened for reading')
    this.#sql('BEGIN IMMEDIATE').run()
    this.#own()
  }

  #rollback(): void {
    // After some failures (a full disk) SQLite has already rolled back.
    if (this.#db.isOpen && this.#db.isTransaction) this.#sql('ROLLBACK').run()
  }

  /** Refuses when another process has opened the database for writing since. */
  #own(): void {
    const epoch = this.#sql('SELECT epoch FROM owner').get()?.['epoch']
    if (epoch !== this.#owner) throw stale('the database', this.#owner ?? 0, Number(epoch))
  }

  #refusal(chain: Uint8Array, expectedHead: Uint8Array, epoch: number): ChainError {
    const row = this.#row(chain)
    if (row === undefined) return notFound(chain)
    const info = infoOf(row)
    if (info.epoch !== epoch) return stale(info.label, epoch, info.epoch)
    if (!sameBytes(info.head, expectedHead)) return conflict(info.label)
    return new ChainError('damaged', `the chain ${info.label} cannot be moved`)
  }

  #insert(id: number, seq: number, { events, blobs = [] }: Batch): void {
    const insert = this.#sql('INSERT INTO events (chain, seq, header, body) VALUES (?, ?, ?, ?)')
    for (const event of events) insert.run(id, seq++, this.#headers.of(event), event.body)
    for (const { cid, bytes } of blobs) this.#blob(cid, bytes)
  }

  #blob(cid: Uint8Array, bytes: Uint8Array): void {
    this.#sql('INSERT INTO blobs (cid, bytes) VALUES (?, ?) ON CONFLICT (cid) DO NOTHING').run(cid, bytes)
  }

  /** With `secure_delete` what is deleted is overwritten. */
  #erase(id: number, seq: number): void {
    const body = this.#sql('SELECT body FROM events WHERE chain = ? AND seq = ?').get(id, seq)?.['body']
    if (!(body instanceof Uint8Array)) return
    this.#sql('UPDATE events SET body = NULL WHERE chain = ? AND seq = ?').run(id, seq)
    // What was found in the record may have what is erased in it; and a host that runs the actor still has that.
    this.#sql('DELETE FROM kept WHERE chain = ?').run(id)
    this.#sql("INSERT INTO kept (chain, kind, size, head, bytes) VALUES (?, ?, 0, x'', x'')").run(id, ERASED)
    const link = linkInBody(body)
    if (link === null) return
    const tail = body.subarray(linkingBodyLength - link.length)
    const other = this.#sql(
      'SELECT 1 FROM events WHERE length(body) = ? AND substr(body, ?) = ? LIMIT 1',
    ).get(linkingBodyLength, linkingBodyLength - link.length + 1, tail)
    if (other === undefined) this.#sql('DELETE FROM blobs WHERE cid = ?').run(cidOf('dag-cbor', link))
  }

  /** What was there before `secure_delete` was on, or was moved from page to page, may be in parts of pages that are free: all are written anew. */
  async #scrub(): Promise<void> {
    await this.#commits.add('process', () => undefined)
    guard(() => {
      this.#commits.drain()
      this.#truncate()
      this.#db.exec('VACUUM')
      this.#truncate()
    })
  }

  #truncate(): void {
    const done = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
    if (done?.['busy'] === 0) return
    throw new ChainError(
      'busy',
      'what is erased may still stand in the database or its -wal file, because another process reads it: end that, and erase it once more',
    )
  }

  #row(chain: Uint8Array): Row | undefined {
    return this.#sql(`SELECT ${this.#columns} FROM chains WHERE chain = ?`).get(chain)
  }

  #optional(row: Row | undefined): ChainInfo | undefined {
    return row === undefined ? undefined : this.#infoOf(row)
  }

  #infoOf(row: Row): ChainInfo {
    const archived = typeof row['archived'] === 'number' ? this.archives.of(number(row, 'id')) : undefined
    return { ...infoOf(row), ...(archived !== undefined && { archived }) }
  }

  #info(key: 'chain' | 'label', value: Uint8Array | string): Row | undefined {
    return this.#upToDate(`SELECT ${this.#columns} FROM chains WHERE ${key} = ?`).get(value)
  }
}

function infoOf(row: Row): ChainInfo {
  const { chain, label, head } = row
  if (!(chain instanceof Uint8Array) || typeof label !== 'string' || !(head instanceof Uint8Array)) {
    throw new ChainError('damaged', 'a chain has lost its id, its label or its head')
  }
  const durability = row['durability'] ?? undefined
  if (!isDurability(durability))
    throw new ChainError('damaged', `the durability of ${label} is none that there is`)
  const origin = row['origin'] ?? undefined
  if (origin !== undefined && !(origin instanceof Uint8Array))
    throw new ChainError('damaged', `where ${label} came from is no digest`)
  return { chain, label, head, size: number(row, 'size'), epoch: number(row, 'epoch'), durability, origin }
}

function isDurability(value: unknown): value is Durability | undefined {
  return value === undefined || durabilities.includes(value)
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
