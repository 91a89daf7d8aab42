import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'

/** How long after a change nothing else may change: an editor writes a file in several steps. */
const QUIET_MS = 60

/** Endings of what an actor can be made of. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/

/**
 * Tells when sources change. Folders are watched, not files: an editor that saves puts a new file in the place of the old
 * one, and what was not there can come.
 */
export class Watcher implements Disposable {
  readonly #folders = new Map<string, FSWatcher>()
  readonly #changed: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param changed called once after each burst of changes */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Watches the folders of these files; dependencies are not looked at, they change with an install. */
  follow(files: Iterable<string>): void {
    const folders = new Set<string>()
    for (const file of files) {
      const folder = dirname(resolve(file))
      if (!/[\\/]node_modules(?:[\\/]|$)/.test(folder)) folders.add(folder)
    }
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#folders.delete(folder)
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#add(folder)
  }

  #add(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || SOURCE.test(basename(name))) this.#note()
      })
      // A folder that goes away is no fault: the build will say what is missing.
      watcher.on('error', () => watcher.close())
      this.#folders.set(folder, watcher)
    } catch {
      // As above.
    }
  }

  #note(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#changed, QUIET_MS)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }
}
