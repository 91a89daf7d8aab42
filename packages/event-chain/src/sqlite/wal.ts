import { close, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'

/**
 * Syncs the log of a database that is in WAL mode, beside the thread that writes it.
 *
 * A commit with `synchronous = NORMAL` has handed its frames to the system, so one `fdatasync` of the log brings it to the disk with all
 * commits before it. Where SQLite has begun the log anew meanwhile, it has synced the database first. The name of the file is on the
 * disk too: SQLite syncs the folder when it first writes to a log.
 */
export class WalSync {
  readonly #path: string
  #file: number | undefined

  /** @param path of the log, which is there as long as the database is open */
  constructor(path: string) {
    this.#path = path
  }

  async sync(): Promise<void> {
    // Some systems sync only for those who may write.
    const file = (this.#file ??= openSync(this.#path, 'r+'))
    await new Promise<void>((resolve, reject) => {
      fdatasync(file, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) await promisify(close)(file)
  }
}
