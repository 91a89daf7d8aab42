import type { StoredEvent } from './store.ts'

const CHUNK = 256 * 1024

/** Integers kept per event: chunk, offset, header length, body length (-1 for none). */
const FIELDS = 4

/**
 * Events in memory, by place. They stand in a few large buffers: an object or two for each of a million events would
 * make every garbage collection walk over all of them.
 */
export class EventLog {
  readonly #chunks: Uint8Array[] = []
  #used = CHUNK
  #index = new Int32Array(64 * FIELDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Keeps a copy of an event. */
  push({ header, body }: StoredEvent): void {
    const length = header.length + (body?.length ?? 0)
    const chunk = this.#room(length)
    const at = this.#used
    chunk.set(header, at)
    if (body !== null) chunk.set(body, at + header.length)
    this.#used += length
    const i = this.#size++ * FIELDS
    if (i === this.#index.length) {
      const index = new Int32Array(this.#index.length * 2)
      index.set(this.#index)
      this.#index = index
    }
    this.#index[i] = this.#chunks.length - 1
    this.#index[i + 1] = at
    this.#index[i + 2] = header.length
    this.#index[i + 3] = body === null ? -1 : body.length
  }

  /** The event at a place; undefined where there is none. */
  at(seq: number): StoredEvent | undefined {
    if (seq < 0 || seq >= this.#size) return undefined
    const i = seq * FIELDS
    const [chunk = 0, at = 0, header = 0, body = 0] = this.#index.subarray(i, i + FIELDS)
    const bytes = this.#chunks[chunk]
    if (bytes === undefined) return undefined
    const start = at + header
    return {
      header: bytes.subarray(at, start),
      body: body === -1 ? null : bytes.subarray(start, start + body),
    }
  }

  /** The last chunk, with room for that many bytes at `#used`. */
  #room(length: number): Uint8Array {
    const last = this.#chunks.at(-1)
    if (last !== undefined && this.#used + length <= last.length) return last
    const chunk = new Uint8Array(Math.max(CHUNK, length))
    this.#chunks.push(chunk)
    this.#used = 0
    return chunk
  }
}
