import { CID_LENGTH, isCid } from '@theater/values'
import { decodeVarint, maxVarint } from './format.ts'

/** Bytes that can be read from anywhere: a file, or memory. */
export interface CarSource {
  readonly size: number
  /** Reads `length` bytes at `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): CarSource {
  return {
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  }
}

/** What is used of a `Blob`, or of the `File` that somebody chose on a page. */
export interface BlobLike {
  readonly size: number
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

/** A source over a `Blob` or a `File`: reads what is asked for, and never the whole. */
export function blobSource(blob: BlobLike): CarSource {
  return {
    size: blob.size,
    async read(offset, length) {
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
  }
}

/** One section of a CAR file, not yet checked. */
export interface Section {
  /** Where its length stands. */
  readonly offset: number
  /** What it says its CID is; null where that is none of ours. */
  readonly cid: Uint8Array | null
  /** Its first bytes: length, CID, and a few more. */
  readonly start: Uint8Array
  readonly bytes: Uint8Array
  /** Where `bytes` begin in the file. */
  readonly bytesAt: number
}

/** A place in a CAR file where no section can be: everything behind it is lost. */
export interface BadFraming {
  readonly framing: string
  /** The bytes at that place, as many as a length and a CID take. */
  readonly start: Uint8Array
}

const chunkLength = 64 * 1024

/** Reads sections one after the other, holding one chunk of the file. */
export class SectionReader {
  readonly #source: CarSource
  readonly #maxBlock: number
  #offset: number
  #chunk: Uint8Array = new Uint8Array(0)
  #chunkAt = 0

  constructor(source: CarSource, offset: number, maxBlock: number) {
    this.#source = source
    this.#offset = offset
    this.#maxBlock = maxBlock
  }

  /** The next section; null at the end of the file. */
  async next(): Promise<Section | BadFraming | null> {
    const offset = this.#offset
    const left = this.#source.size - offset
    if (left <= 0) return null
    const start = this.#here(maxVarint + CID_LENGTH) ?? (await this.#fetch(maxVarint + CID_LENGTH))
    const length = decodeVarint(start)
    const bad = (framing: string): BadFraming => ({ framing, start })
    if (length === null) return bad('the length of a section is not one')
    if (length.value < CID_LENGTH) return bad(`a section of ${length.value} bytes`)
    if (length.value > left - length.length) return bad('a section goes on after the end of the file')
    if (length.value - CID_LENGTH > this.#maxBlock)
      return bad(`a block of ${length.value - CID_LENGTH} bytes`)
    const total = length.length + length.value
    const section = this.#here(total) ?? (await this.#fetch(total))
    if (section.length < total) return bad('the file became shorter while it was read')
    this.#offset = offset + total
    const cid = section.subarray(length.length, length.length + CID_LENGTH)
    const head = length.length + CID_LENGTH
    const bytes = section.subarray(head, total)
    return { offset, start, cid: isCid(cid) ? cid : null, bytes, bytesAt: offset + head }
  }

  /** So many bytes from here on, if the chunk has them. */
  #here(length: number): Uint8Array | undefined {
    const at = this.#offset - this.#chunkAt
    if (at + length > this.#chunk.length) return undefined
    return this.#chunk.subarray(at, at + length)
  }

  async #fetch(length: number): Promise<Uint8Array> {
    const at = this.#offset
    const wanted = Math.min(Math.max(length, chunkLength), this.#source.size - at)
    const bytes = await this.#source.read(at, wanted)
    // A large block must not stay in memory as a chunk.
    if (length <= chunkLength) {
      this.#chunk = bytes
      this.#chunkAt = at
    }
    return bytes.subarray(0, length)
  }
}
