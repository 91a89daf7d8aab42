import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a witness keeps the last checkpoint of each log that it cosigned: a file each, on the disk before anybody is told. */
export class Ledger {
  readonly #folder: string

  /** @param folder one that is there, and that nobody else writes to */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** The last checkpoint of a log, with the cosignature; undefined before the first. */
  latest(origin: string): Promise<string | undefined> {
    return this.byHash(hashOf(origin))
  }

  /** The same, by the hash of the log's name: 64 lower-case hexadecimal digits. */
  async byHash(hash: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, `${hash}.checkpoint`), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Keeps a checkpoint: whoever cosigned it and forgot that could cosign another one. */
  keep(origin: string, note: string): Promise<void> {
    return this.#write(`${hashOf(origin)}.checkpoint`, note)
  }

  /** Keeps the last thing that a log asked and that did not go on from what it had signed: both together may prove a fork. */
  keepRefused(origin: string, asked: string): Promise<void> {
    return this.#write(`${hashOf(origin)}.refused`, asked)
  }

  /** Whole or not at all, and on the disk. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name)
    const part = `${path}.part`
    {
      await using file = await open(part, 'w', 0o600)
      await file.writeFile(text)
      await file.sync()
    }
    await rename(part, path)
    await using folder = await open(this.#folder, 'r')
    await folder.sync()
  }
}

/** What stands for a log in names of files and paths: its name can have any character. */
function hashOf(origin: string): string {
  return createHash('sha256').update(origin).digest('hex')
}
