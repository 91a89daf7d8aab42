import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownCode, tools } from './tools.ts'
import type { World } from './world.ts'

/** How many components are kept: each has 12 MB. */
const KEPT = 8

/** One component in a folder of components, by what it is made of: the bundled module, its world and the tools. */
export class BuildCache {
  readonly #folder: string
  readonly #file: string

  /** The place of what these make. */
  constructor(folder: string, source: string, { wit, features }: World) {
    const parts = [tools(), ownCode(), wit, features.join(), source]
    const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
    this.#folder = folder
    this.#file = join(folder, `${key}.wasm`)
  }

  /** The component, where it is kept. */
  async get(): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readFile(this.#file)
      const now = new Date()
      await utimes(this.#file, now, now)
      return new Uint8Array(bytes)
    } catch {
      return undefined
    }
  }

  /** Keeps it, and drops what was not asked for the longest. */
  async put(bytes: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const part = join(this.#folder, `${randomUUID()}.part`)
    await writeFile(part, bytes)
    // A reader sees all of it or nothing.
    await rename(part, this.#file)
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.wasm'))
    const files = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#folder, name))).mtimeMs })),
    )
    const old = files.toSorted((a, b) => b.at - a.at).slice(KEPT)
    for (const { name } of old) await rm(join(this.#folder, name), { force: true })
  }
}
