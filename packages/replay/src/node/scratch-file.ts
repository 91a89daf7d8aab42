import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChainError } from '@theater/event-chain'
import { MemoryScratch } from '../scratch.ts'
import type { Scratch } from '../scratch.ts'

/** Bytes that stay in memory before there is a file. */
const IN_MEMORY = 16 * 1024 * 1024

/** Where and how much. */
export interface ScratchFileOptions {
  /** @default the system's folder for temporary files */
  readonly folder?: string | undefined
  /** Bytes that stay in memory before there is a file. @default 16 MiB */
  readonly inMemory?: number | undefined
}

/**
 * Bytes put aside in a temporary file without a name, that nobody else can open. As long as there are few there is none; where none can be
 * made, or the disk is full, they stay in memory.
 */
export class ScratchFile implements Scratch {
  readonly #memory = new MemoryScratch()
  readonly #folder: string
  #left: number
  #file: FileHandle | null = null
  /** Where the file ends; what is in memory goes by negative numbers. */
  #end = 0

  constructor({ folder = tmpdir(), inMemory = IN_MEMORY }: ScratchFileOptions = {}) {
    this.#folder = folder
    this.#left = inMemory
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.#left -= bytes.length
    return (this.#left < 0 ? await this.#toFile(bytes) : undefined) ?? -1 - (await this.#memory.write(bytes))
  }

  async read(at: number, into: Uint8Array): Promise<void> {
    if (at < 0) return await this.#memory.read(-1 - at, into)
    for (let done = 0; done < into.length;) {
      const { bytesRead = 0 } = (await this.#file?.read(into, done, into.length - done, at + done)) ?? {}
      if (bytesRead === 0) throw new ChainError('io', `a temporary file in ${this.#folder} was cut short`)
      done += bytesRead
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
    await this.#memory[Symbol.asyncDispose]()
  }

  async #toFile(bytes: Uint8Array): Promise<number | undefined> {
    try {
      this.#file ??= await nameless(this.#folder)
      const at = this.#end
      for (let done = 0; done < bytes.length;)
        done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
      this.#end += bytes.length
      return at
    } catch {
      return undefined
    }
  }
}

/** Makes a file that goes with its handle. */
async function nameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `theater-links-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}
