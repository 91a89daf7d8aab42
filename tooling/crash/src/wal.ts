/**
 * What a machine loses that loses its power: the end of SQLite's log that was written and not synced.
 *
 * A host tells of each `fdatasync` that has come back, and up to where the log went when it was called. After the host was killed,
 * everything behind that may be there or not: here it is cut off somewhere, or one page of it is lost and what comes after is not.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { endianness } from 'node:os'

/** https://sqlite.org/fileformat2.html#the_write_ahead_log */
const HEADER = 32
const FRAME_HEADER = 24
/** Where the index of the log says how many frames a checkpoint has begun to take over: https://sqlite.org/walformat.html */
const ATTEMPTED = 128

/** Up to where a log goes, in frames of one generation. */
export interface Mark {
  /** Both salts of the log: another one after SQLite has begun it anew. */
  readonly generation: string
  readonly frames: number
}

/** Reads how far a log goes, from where it went before. */
export class WalReader {
  readonly #path: string
  #last: Mark = { generation: '', frames: 0 }

  /** @param path of the database */
  constructor(path: string) {
    this.#path = `${path}-wal`
  }

  /** What is in the log now; no frame where there is none. */
  mark(): Mark {
    if (!existsSync(this.#path)) return { generation: '', frames: 0 }
    const file = openSync(this.#path, 'r')
    try {
      const header = Buffer.alloc(HEADER)
      if (readSync(file, header, 0, HEADER, 0) < HEADER) return { generation: '', frames: 0 }
      const salts = header.subarray(16, 24)
      const generation = salts.toString('hex')
      const size = FRAME_HEADER + header.readUInt32BE(8)
      let frames = this.#last.generation === generation ? this.#last.frames : 0
      const frame = Buffer.alloc(FRAME_HEADER)
      // What is left of an earlier generation has other salts.
      while (
        readSync(file, frame, 0, FRAME_HEADER, HEADER + frames * size) === FRAME_HEADER &&
        frame.subarray(8, 16).equals(salts)
      )
        frames++
      this.#last = { generation, frames }
      return this.#last
    } finally {
      closeSync(file)
    }
  }
}

/**
 * Loses the power of a machine whose host has ended.
 *
 * @param path of the database
 * @param synced the last mark that was synced; `undefined`: none was
 * @param pick a number below another one
 * @returns how many frames were there and may be lost
 */
export function losePower(path: string, synced: Mark | undefined, pick: (below: number) => number): number {
  const { generation, frames } = new WalReader(path).mark()
  // Before SQLite begins a log anew it has synced the database, and then it syncs the new header.
  const told = synced?.generation === generation ? synced.frames : 0
  // Before it takes over anything it has synced the log.
  const safe = Math.max(told, checkpointed(path))
  const unsynced = frames - safe
  // It is of the processes that are gone.
  rmSync(`${path}-shm`, { force: true })
  if (unsynced <= 0) return 0
  const log = `${path}-wal`
  const size = FRAME_HEADER + readFileSync(log).readUInt32BE(8)
  const at = HEADER + (safe + pick(unsynced)) * size
  if (pick(3) > 0) truncateSync(log, at + pick(size))
  else {
    const file = openSync(log, 'r+')
    writeSync(file, Buffer.alloc(size), 0, size, at)
    closeSync(file)
  }
  return unsynced
}

function checkpointed(path: string): number {
  if (!existsSync(`${path}-shm`)) return 0
  const index = readFileSync(`${path}-shm`)
  if (index.length < ATTEMPTED + 4) return 0
  return endianness() === 'LE' ? index.readUInt32LE(ATTEMPTED) : index.readUInt32BE(ATTEMPTED)
}
