import type { SQLOutputValue, StatementSync } from 'node:sqlite'
import { ChainError } from '../errors.ts'
import { tombstoneHead } from '../log/entry.ts'
import { logConflict } from '../log/memory-log.ts'
import type {
  GrownChain,
  LogStore,
  LogUpdate,
  TreeState,
  TreeUpdate,
  WitnessFaultCode,
  WitnessRecord,
} from '../log/store.ts'
import { guard } from './errors.ts'
import { arraysOf } from './rows.ts'

type Row = Record<string, SQLOutputValue>

/** What the log needs of the store whose database it shares. */
export interface Database {
  sql(text: string): StatementSync
  /** Runs something inside a transaction of this writer, and waits until it is on the disk. @throws ChainError `stale`, `read-only` */
  write<T>(run: () => T): Promise<T>
  /** Erases the body of an event, within {@link write}. */
  erase(id: number, seq: number): void
  /** Leaves that are kept of events that were archived. */
  leaves(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]>
  /** Sees to it that nothing of what was erased is left in the files. @throws ChainError `busy`, `stale`, `read-only` */
  scrub(): Promise<void>
}

/** The key of the log's own tree, among those of chains: no row of `chains` has it. */
const OWN = 0

/** Of entries of a chain there are two kinds, and no column says which. */
const NO_TOMBSTONE = `substr(e.bytes, 1, 2) <> x'${new Uint8Array(tombstoneHead).toHex()}'`

/** The log in the database of its chains. Entries are numbered from 1 there, as rows are. */
export class SqliteLog implements LogStore {
  readonly #db: Database
  readonly #present: boolean
  readonly #hasWitnesses: boolean
  /** What tells chains of this host from those that came from elsewhere. */
  readonly #own: string

  /** @param version of the schema: a database of an earlier one that was opened to be read has not all tables */
  constructor(db: Database, version: number) {
    this.#db = db
    this.#present = version > 1
    this.#hasWitnesses = version > 4
    this.#own = version > 5 ? 'AND c.origin IS NULL' : ''
  }

  async log(): Promise<TreeState & { readonly note: string | null }> {
    if (!this.#present) return { size: 0, edge: [], note: null }
    return guard(() => {
      const note = this.#db.sql('SELECT note FROM checkpoint').get()?.['note']
      const { size, edge } = treeOf(this.#db.sql('SELECT size, edge FROM trees WHERE chain = ?').get(OWN))
      return { size, edge, note: typeof note === 'string' ? note : null }
    })
  }

  async grown(limit: number): Promise<readonly GrownChain[]> {
    if (!this.#present) return []
    return guard(() =>
      this.#db
        .sql(
          `SELECT c.chain, c.epoch, c.size AS events, t.size, t.edge FROM chains c LEFT JOIN trees t ON t.chain = c.id
           WHERE c.size > coalesce(t.size, 0) ${this.#own} ORDER BY c.id LIMIT ?`,
        )
        .all(limit)
        .map((row) => ({
          chain: bytesOf(row, 'chain'),
          epoch: numberOf(row, 'epoch'),
          size: numberOf(row, 'events'),
          tree: row['size'] === null ? { size: 0, edge: [] } : treeOf(row),
        })),
    )
  }

  extendLog({ from, entries, tree, chains, note, rotation }: LogUpdate): Promise<void> {
    return this.#db.write(() => {
      const { size } = treeOf(this.#db.sql('SELECT size, edge FROM trees WHERE chain = ?').get(OWN))
      if (size !== from) throw logConflict(from, size)
      const ids = new Map(chains.map(({ chain }) => [chain, this.#id(chain)]))
      const insert = this.#db.sql('INSERT INTO entries (id, chain, bytes) VALUES (?, ?, ?)')
      for (const [i, { bytes, chain, erases }] of entries.entries()) {
        const id = chain === null ? null : (ids.get(chain) ?? this.#id(chain))
        insert.run(from + i + 1, id, bytes)
        if (id !== null && erases !== undefined) this.#db.erase(id, erases)
      }
      for (const { chain, tree } of chains) this.#grow(ids.get(chain) as number, tree)
      this.#grow(OWN, tree)
      this.#db
        .sql('INSERT INTO checkpoint VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET note = excluded.note')
        .run(note)
      if (rotation) this.#db.sql('INSERT INTO rotations (note) VALUES (?)').run(note)
    })
  }

  #grow(key: number, { size, edge, tiles }: TreeUpdate): void {
    const joined = new Uint8Array(edge.length * 32)
    for (const [i, node] of edge.entries()) joined.set(node, i * 32)
    this.#db
      .sql(
        `INSERT INTO trees (chain, size, edge) VALUES (?, ?, ?)
         ON CONFLICT (chain) DO UPDATE SET size = excluded.size, edge = excluded.edge`,
      )
      .run(key, size, joined)
    if (tiles.length === 0) return
    const row = this.#db.sql('SELECT coalesce(max(idx) + 1, 0) AS next FROM tiles WHERE chain = ?').get(key)
    let next = numberOf(row ?? {}, 'next')
    for (const root of tiles) {
      this.#db.sql('INSERT INTO tiles (chain, idx, root) VALUES (?, ?, ?)').run(key, next++, root)
    }
  }

  async entry(index: number): Promise<Uint8Array | undefined> {
    return (await this.entries(index, index + 1))[0]
  }

  async entries(from: number, to: number): Promise<readonly Uint8Array[]> {
    if (!this.#present) return []
    return guard(() =>
      this.#db
        .sql('SELECT bytes FROM entries WHERE id > ? AND id <= ? ORDER BY id')
        .all(from, to)
        .map((row) => bytesOf(row, 'bytes')),
    )
  }

  async lastEntry(chain: Uint8Array, before = Number.MAX_SAFE_INTEGER): Promise<number | undefined> {
    if (!this.#present) return undefined
    return guard(() => {
      const row = this.#db
        .sql(
          `SELECT e.id FROM entries e JOIN chains c ON e.chain = c.id
           WHERE c.chain = ? AND e.id <= ? AND ${NO_TOMBSTONE} ORDER BY e.id DESC LIMIT 1`,
        )
        .get(chain, before)
      const id = row?.['id']
      return typeof id === 'number' ? id - 1 : undefined
    })
  }

  scrub(): Promise<void> {
    return this.#db.scrub()
  }

  async tombstones(chain: Uint8Array): Promise<readonly number[]> {
    if (!this.#present) return []
    return guard(() =>
      this.#db
        .sql(
          `SELECT e.id FROM entries e JOIN chains c ON e.chain = c.id
           WHERE c.chain = ? AND NOT ${NO_TOMBSTONE} ORDER BY e.id`,
        )
        .all(chain)
        .map((row) => numberOf(row, 'id') - 1),
    )
  }

  async tiles(chain: Uint8Array | null, from: number, to: number): Promise<readonly Uint8Array[]> {
    if (!this.#present) return []
    return guard(() => {
      const key = chain === null ? OWN : this.#id(chain)
      return this.#db
        .sql('SELECT root FROM tiles WHERE chain = ? AND idx >= ? AND idx < ? ORDER BY idx')
        .all(key, from, to)
        .map((row) => bytesOf(row, 'root'))
    })
  }

  leaves(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#db.leaves(chain, from, to)
  }

  async headers(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]> {
    return guard(() => {
      const statement = this.#db.sql(
        'SELECT seq, header FROM events WHERE chain = ? AND seq >= ? AND seq < ? ORDER BY seq',
      )
      const headers: Uint8Array[] = []
      for (const [seq, header] of arraysOf(statement, this.#id(chain), from, to)) {
        if (seq !== from + headers.length || !(header instanceof Uint8Array)) break
        headers.push(header)
      }
      return headers
    })
  }

  async rotations(): Promise<readonly string[]> {
    if (!this.#present) return []
    return guard(() =>
      this.#db
        .sql('SELECT note FROM rotations ORDER BY id')
        .all()
        .map(({ note }) => String(note)),
    )
  }

  async witnesses(): Promise<readonly WitnessRecord[]> {
    if (!this.#hasWitnesses) return []
    return guard(() =>
      this.#db.sql('SELECT key, url, note, code, message FROM witnesses ORDER BY key').all().map(witnessOf),
    )
  }

  async keepWitness({ key, url, note, fault }: WitnessRecord): Promise<void> {
    await this.#db.write(() => {
      this.#db
        .sql('INSERT OR REPLACE INTO witnesses (key, url, note, code, message) VALUES (?, ?, ?, ?, ?)')
        .run(key, url, note, fault?.code ?? null, fault?.message ?? null)
    })
  }

  #id(chain: Uint8Array): number {
    const row = this.#db.sql('SELECT id FROM chains WHERE chain = ?').get(chain)
    if (row === undefined) throw new ChainError('not-found', `chain ${chain.toHex()} is not here`)
    return numberOf(row, 'id')
  }
}

const faultCodes: readonly WitnessFaultCode[] = ['unreachable', 'refused', 'other-log', 'bad-answer']

function witnessOf(row: Row): WitnessRecord {
  const text = (column: string): string | null => {
    const value = row[column]
    if (value !== null && typeof value !== 'string') throw lost(`witness's ${column}`)
    return value
  }
  const key = text('key')
  const code = text('code')
  const known = faultCodes.find((one) => one === code)
  if (key === null || (code !== null && known === undefined)) throw lost('witness')
  return {
    key,
    url: text('url'),
    note: text('note'),
    fault: known === undefined ? null : { code: known, message: text('message') ?? '' },
  }
}

function treeOf(row: Row | undefined): TreeState {
  if (row === undefined) return { size: 0, edge: [] }
  const joined = bytesOf(row, 'edge')
  const edge: Uint8Array[] = []
  for (let at = 0; at < joined.length; at += 32) edge.push(joined.slice(at, at + 32))
  return { size: numberOf(row, 'size'), edge }
}

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw lost(column)
  return value
}

function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw lost(column)
  return value
}

function lost(column: string): ChainError {
  return new ChainError('damaged', `the log has lost a ${column}`)
}
