import type { CacheStore, Keeping, Kept } from '../store.ts'
import { guard } from './errors.ts'
import type { Database } from './log.ts'

/** The kind of the row that says that a body of the chain was erased: then nothing is kept any more. */
export const ERASED = 'erased'

/** What is kept beside chains, in their database. */
export class SqliteCaches implements CacheStore {
  readonly #db: Pick<Database, 'sql' | 'write'>
  readonly #present: boolean

  /** @param present whether the database has the table: one of an earlier schema that was opened to be read has not */
  constructor(db: Pick<Database, 'sql' | 'write'>, present: boolean) {
    this.#db = db
    this.#present = present
  }

  async kept(chain: Uint8Array, kind: string): Promise<Kept | undefined> {
    if (!this.#present) return undefined
    return guard(() => {
      const row = this.#db
        .sql(
          `SELECT k.size, k.head, k.bytes FROM chains c JOIN kept k ON k.chain = c.id
           WHERE c.chain = ? AND k.kind = ?`,
        )
        .get(chain, kind)
      if (row === undefined) return undefined
      const { size, head, bytes } = row
      // A cache that is damaged is none.
      if (typeof size !== 'number' || !(head instanceof Uint8Array) || !(bytes instanceof Uint8Array))
        return undefined
      return { size, head, bytes }
    })
  }

  async keep(things: readonly Keeping[]): Promise<void> {
    if (things.length === 0) return
    await this.#db.write(() => {
      const put = this.#db.sql(
        `INSERT INTO kept (chain, kind, size, head, bytes) SELECT id, ?, ?, ?, ? FROM chains c WHERE chain = ?
         AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.chain = c.id AND k.kind = '${ERASED}')`,
      )
      for (const { chain, kind, size, head, bytes } of things) {
        // The last one goes first: its pages are those of the next, where an update would overwrite them with zeros besides.
        this.#drop(chain, kind)
        put.run(kind, size, head, bytes, chain)
      }
    })
  }

  async discard(chain: Uint8Array, kind: string): Promise<void> {
    await this.#db.write(() => this.#drop(chain, kind))
  }

  #drop(chain: Uint8Array, kind: string): void {
    this.#db
      .sql('DELETE FROM kept WHERE kind = ? AND chain = (SELECT id FROM chains WHERE chain = ?)')
      .run(kind, chain)
  }
}
