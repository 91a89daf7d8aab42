import { ChainError, messageOf } from '../errors.ts'
import type { Durability } from '../store.ts'
import { guard } from './errors.ts'

/** What commits need of their database. */
export interface Transactions {
  /** Begins one, and refuses where this is not the writer any more. @throws ChainError */
  begin(): void
  commit(): void
  rollback(): void
  /** Has the disk take all that was committed before it was called. */
  sync(): Promise<void>
}

/** Something to be written, and who waits for it. */
interface Write {
  readonly durability: Durability
  /** Called inside a transaction, and again in one of its own where that one failed. */
  readonly run: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: ChainError) => void
}

/**
 * Group commit: everything that is to be written while the event loop turns once becomes one transaction, whoever writes it, in the
 * order in which it came. What has to be on the disk waits for one sync, which runs beside the thread: what comes meanwhile is
 * committed, and waits for the next.
 *
 * SQLite's log is one file, so a commit that is on the disk has all before it there: nothing survives without what caused it.
 */
export class Commits {
  readonly #db: Transactions
  #waiting: Write[] = []
  #scheduled: NodeJS.Immediate | undefined
  /** What is committed and waits for a sync. */
  #unsynced: (readonly [write: Write, value: unknown])[] = []
  #syncing: Promise<void> | undefined
  /** Why nothing is written any more. */
  #failure: ChainError | undefined

  constructor(db: Transactions) {
    this.#db = db
  }

  /**
   * Writes something, together with what others write. Resolves when that is as durable as it is to be.
   *
   * @param durability `memory`: nobody waits for it, so nothing that comes after it is written where it fails
   */
  add<T>(durability: Durability, run: () => T): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ durability, run, resolve, reject })
      this.#scheduled ??= setImmediate(() => this.drain())
    }) as Promise<T>
  }

  /** Commits what waits, so that whoever reads now sees it. */
  drain(): void {
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    const group = this.#waiting
    if (group.length === 0) return
    this.#waiting = []
    if (!this.#commit(group) && group.length > 1) for (const write of group) this.#commit([write])
  }

  /** Resolves when all that was added is settled. From then on everything is refused. */
  async close(): Promise<void> {
    this.drain()
    this.#failure ??= new ChainError('closed', 'the store was closed')
    await this.#syncing
  }

  /** One transaction. `false`: one of several writes failed, so nothing is written, and it is not known whose fault it is. */
  #commit(group: readonly Write[]): boolean {
    let begun = false
    try {
      if (this.#failure !== undefined) throw this.#failure
      const values = guard(() => {
        this.#db.begin()
        begun = true
        const values = group.map(({ run }) => run())
        this.#db.commit()
        return values
      })
      for (const [i, write] of group.entries()) this.#committed(write, values[i])
      // All of the group wait for one and the same.
      if (this.#unsynced.length > 0) this.#syncing ??= this.#sync()
      return true
    } catch (error) {
      this.#db.rollback()
      if (begun && group.length > 1) return false
      for (const write of group) this.#refuse(write, error as ChainError)
      return true
    }
  }

  #committed(write: Write, value: unknown): void {
    if (write.durability === 'disk') this.#unsynced.push([write, value])
    else write.resolve(value)
  }

  #refuse({ durability, reject }: Write, error: ChainError): void {
    reject(error)
    // Others may have gone on from what nobody waited for.
    if (durability === 'memory')
      this.#fail(`nothing is written after what could not be: ${error.message}`, error)
  }

  async #sync(): Promise<void> {
    while (this.#unsynced.length > 0) {
      const due = this.#unsynced
      this.#unsynced = []
      try {
        await this.#db.sync()
        for (const [{ resolve }, value] of due) resolve(value)
      } catch (cause) {
        // The system has forgotten what it could not write: to ask again would be answered as if it were there.
        const why = `the disk did not take what was written (${messageOf(cause)}); open the store again`
        const error = this.#fail(why, cause)
        for (const [{ reject }] of [...due, ...this.#unsynced.splice(0)]) reject(error)
      }
    }
    // In the step in which nothing waits any more: whoever hears of this sync may commit before anybody else does anything.
    this.#syncing = undefined
  }

  #fail(message: string, cause: unknown): ChainError {
    this.#failure ??= new ChainError('dead', message, { cause })
    return this.#failure
  }
}
