import { DatabaseSync } from 'node:sqlite'

/**
 * Takes the lock of a data folder, the one that `theater` takes: at most one process runs its actors. It ends with
 * the process, however that ends. Waits for one that is just being killed. Undefined: somebody else keeps it.
 */
export function takeLock(path: string): Disposable | undefined {
  const db = new DatabaseSync(path, { timeout: 3000 })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    db.exec(`PRAGMA user_version = ${process.pid}; COMMIT`)
  } catch (error) {
    db.close()
    const { errcode } = error as { readonly errcode?: number }
    if (errcode !== undefined && (errcode & 0xff) === 5) return undefined
    throw error
  }
  return { [Symbol.dispose]: () => db.close() }
}
