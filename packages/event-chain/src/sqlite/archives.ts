import { CID_LENGTH } from '@theater/values'
import type { SQLOutputValue, StatementSync } from 'node:sqlite'
import { linkingBodyLength } from '../body.ts'
import { linkHead, linkLength } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import { leavesIn } from '../log/memory-log.ts'
import { checkRemoval, checkReturned, notCovered, nothingOut } from '../memory-events.ts'
import type { Archived, ArchiveStore, IncomingEvent, Leaves, Removal } from '../store.ts'
import type { Arrivals } from './arrivals.ts'
import { guard } from './errors.ts'

type Row = Record<string, SQLOutputValue>

/** What archives need of their database. */
interface ArchivesDatabase {
  /** A statement that sees all that was written. */
  sql(text: string): StatementSync
  /** A statement within {@link write}. */
  within(text: string): StatementSync
  /** Runs something inside a transaction of this writer, and waits until it is on the disk. @throws ChainError */
  write<T>(run: () => T): Promise<T>
}

/** Where in a body the link begins that its content stands behind, as SQLite counts. */
const LINK_AT = linkingBodyLength - linkLength + 1
/** The bytes of such a link before those of the CID that it names a block by. */
const BEFORE_CID = linkLength - CID_LENGTH
/** Only a content of its own length could stand there otherwise, and it does not begin like a link. */
const IS_LINK = `length(body) = ${linkingBodyLength} AND substr(body, ${LINK_AT}, ${BEFORE_CID}) = x'${linkHead.slice(0, BEFORE_CID).toHex()}'`

/** Takes events out of the database that archive files have, and puts them back. */
export class SqliteArchives implements ArchiveStore {
  readonly #db: ArchivesDatabase
  readonly #arrivals: Arrivals
  /** Whether the database has the table: one of an earlier schema that was opened to be read has not. */
  readonly #present: boolean

  constructor(db: ArchivesDatabase, arrivals: Arrivals, present: boolean) {
    this.#db = db
    this.#arrivals = arrivals
    this.#present = present
  }

  /** What was taken out of a chain. */
  of(id: number): Archived | undefined {
    const rows = this.#parts(id)
    const last = rows.at(-1)
    if (last === undefined) return undefined
    const parts = rows.map((row) => ({
      from: numberIn(row, 'first'),
      to: numberIn(row, 'next'),
      file: String(row['file']),
    }))
    return { lead: numberIn(last, 'lead'), base: numberIn(last, 'next'), last: bytesIn(last, 'last'), parts }
  }

  async takeOut(chain: Uint8Array, removal: Removal): Promise<void> {
    await this.#db.write(() => {
      const row = this.#db.within('SELECT id, size FROM chains WHERE chain = ?').get(chain)
      if (row === undefined) throw new ChainError('not-found', `chain ${chain.toHex()} is not here`)
      const id = numberIn(row, 'id')
      checkRemoval(removal, this.of(id), numberIn(row, 'size'))
      const tree = this.#db.within('SELECT size FROM trees WHERE chain = ?').get(id)
      const over = tree === undefined ? 0 : numberIn(tree, 'size')
      if (over < removal.base) throw notCovered(removal.base, over)
      const { lead, from, base, last, leaves, notes, file } = removal
      this.#db
        .within(
          `INSERT INTO archives (chain, lead, first, next, last, leaves, notes, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(id, lead, from, base, last, packed(leaves), notes, file)
      this.#db.within('UPDATE chains SET archived = ? WHERE id = ?').run(base, id)
      this.#delete(id, from, base)
    })
  }

  /** Deletes events, and the blocks that their contents stand in where no event that stays links to them. */
  #delete(id: number, from: number, base: number): void {
    const links = (where: string): string =>
      `SELECT substr(body, ${LINK_AT + BEFORE_CID}) FROM events WHERE ${where} AND ${IS_LINK}`
    this.#db.within('CREATE TEMP TABLE IF NOT EXISTS loose (cid BLOB PRIMARY KEY) WITHOUT ROWID').run()
    this.#db.within('DELETE FROM temp.loose').run()
    this.#db
      .within(`INSERT OR IGNORE INTO temp.loose ${links('chain = ? AND seq >= ? AND seq < ?')}`)
      .run(id, from, base)
    this.#db.within('DELETE FROM events WHERE chain = ? AND seq >= ? AND seq < ?').run(id, from, base)
    const { n } = this.#db.within('SELECT count(*) AS n FROM temp.loose').get() ?? {}
    if (n === 0) return
    this.#db.within(`DELETE FROM temp.loose WHERE cid IN (${links('TRUE')})`).run()
    this.#db.within('DELETE FROM blobs WHERE cid IN (SELECT cid FROM temp.loose)').run()
  }

  async putBack(chain: Uint8Array, events: AsyncIterable<IncomingEvent>): Promise<void> {
    await this.#arrivals.putBack(events, (count, insert) => {
      const row = this.#db.within('SELECT id FROM chains WHERE chain = ?').get(chain)
      const rows = row === undefined ? [] : this.#parts(numberIn(row, 'id'))
      const last = rows.at(-1)
      if (row === undefined || last === undefined) throw nothingOut()
      const [id, from, base] = [numberIn(row, 'id'), numberIn(last, 'first'), numberIn(last, 'next')]
      checkReturned({ from, base }, count)
      insert(id, from)
      this.#db.within('DELETE FROM archives WHERE chain = ? AND first = ?').run(id, from)
      this.#db.within('UPDATE chains SET archived = ? WHERE id = ?').run(rows.length === 1 ? null : from, id)
    })
  }

  async notes(chain: Uint8Array): Promise<Uint8Array | undefined> {
    const notes = this.#last(chain, 'notes')?.['notes']
    return notes instanceof Uint8Array ? notes : undefined
  }

  /** The leaves that are kept of a chain. */
  async leaves(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]> {
    const row = this.#last(chain, 'leaves')
    return row === undefined ? [] : leavesIn(unpacked(bytesIn(row, 'leaves')), from, to)
  }

  #last(chain: Uint8Array, column: 'notes' | 'leaves'): Row | undefined {
    if (!this.#present) return undefined
    return guard(() =>
      this.#db
        .sql(
          `SELECT a.${column} FROM archives a JOIN chains c ON a.chain = c.id WHERE c.chain = ? ORDER BY a.first DESC LIMIT 1`,
        )
        .get(chain),
    )
  }

  #parts(id: number): Row[] {
    return this.#db
      .within('SELECT lead, first, next, last, file FROM archives WHERE chain = ? ORDER BY first')
      .all(id)
  }
}

/** For each run of leaves the place of the first and how many there are, eight bytes each, and then the leaves. */
function packed(leaves: readonly Leaves[]): Uint8Array {
  const out = new Uint8Array(leaves.reduce((sum, { hashes }) => sum + 16 + hashes.length * 32, 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const { from, hashes } of leaves) {
    view.setBigUint64(at, BigInt(from))
    view.setBigUint64(at + 8, BigInt(hashes.length))
    at += 16
    for (const hash of hashes) {
      out.set(hash, at)
      at += 32
    }
  }
  return out
}

function unpacked(bytes: Uint8Array): Leaves[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const runs: Leaves[] = []
  for (let at = 0; at + 16 <= bytes.length;) {
    const [from, count] = [Number(view.getBigUint64(at)), Number(view.getBigUint64(at + 8))]
    at += 16
    if (at + count * 32 > bytes.length) throw new ChainError('damaged', 'the leaves of an archive are lost')
    const hashes = Array.from({ length: count }, (_, i) => bytes.slice(at + i * 32, at + i * 32 + 32))
    runs.push({ from, hashes })
    at += count * 32
  }
  return runs
}

function bytesIn(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw new ChainError('damaged', `an archive has lost its ${column}`)
  return value
}

function numberIn(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new ChainError('damaged', `an archive has lost its ${column}`)
  return value
}
