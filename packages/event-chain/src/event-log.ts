import { SlabEvent } from './linker.ts'
import type { StoredEvent } from './store.ts'

const CHUNK = 256 * 1024
/** Of the first one. */
const FIRST = 2048

/** Integers kept per event: buffer, offset of its header, header length, offset of its body, body length (-1 for none). */
const FIELDS = 5
/** Events in a page of the index. The first page begins small; none is ever copied once it is full. */
const PAGE = 16_384

/**
 * Events in memory, by place. They stand in a few large buffers: an object or two for each of a million events would
 * make every garbage collection walk over all of them.
 */
export class EventLog {
  readonly #buffers: Uint8Array[] = []
  /** The last of the buffers, where it is one of ours that copies go to. */
  #chunk: Uint8Array | undefined
  #used = 0
  readonly #pages: Int32Array[] = []
  /** The page that the next event is noted in, and how many events it holds. */
  #page = new Int32Array(0)
  #noted = 0
  #size = 0
  /** The last event that may have no header yet. Whoever reads makes it, and those of the events before. */
  #late: SlabEvent | undefined

  get size(): number {
    return this.#size
  }

  /** Keeps an event: where it was made, or a copy. */
  push(event: StoredEvent): void {
    if (event instanceof SlabEvent) {
      const { slab, bodyAt, headerAt, hashAt } = event
      if (this.#buffers.at(-1) !== slab) {
        this.#buffers.push(slab)
        this.#chunk = undefined
      }
      if (this.#late !== undefined && !event.isOfWriterOf(this.#late)) this.#late.seal()
      this.#late = event
      this.#note(headerAt, hashAt - headerAt, bodyAt, headerAt - bodyAt)
    } else this.#copy(event)
  }

  #copy({ header, body }: StoredEvent): void {
    const chunk = this.#room(header.length + (body?.length ?? 0))
    const at = this.#used
    const bodyAt = at + header.length
    chunk.set(header, at)
    if (body !== null) chunk.set(body, bodyAt)
    this.#used = bodyAt + (body?.length ?? 0)
    this.#note(at, header.length, bodyAt, body === null ? -1 : body.length)
  }

  #note(headerAt: number, headerLength: number, bodyAt: number, length: number): void {
    let i = this.#noted * FIELDS
    if (i === this.#page.length) {
      this.#turnPage()
      i = this.#noted * FIELDS
    }
    const page = this.#page
    page[i] = this.#buffers.length - 1
    page[i + 1] = headerAt
    page[i + 2] = headerLength
    page[i + 3] = bodyAt
    page[i + 4] = length
    this.#noted++
    this.#size++
  }

  #turnPage(): void {
    const had = this.#noted
    if (had === 0 || had === PAGE) {
      this.#page = new Int32Array((had === 0 ? 64 : PAGE) * FIELDS)
      this.#pages.push(this.#page)
      this.#noted = 0
    } else {
      const page = new Int32Array(had * 2 * FIELDS)
      page.set(this.#page)
      this.#page = page
      this.#pages[0] = page
    }
  }

  /** The event at a place; undefined where there is none. */
  at(seq: number): StoredEvent | undefined {
    if (seq < 0 || seq >= this.#size) return undefined
    const i = (seq % PAGE) * FIELDS
    const [buffer = 0, headerAt = 0, headerLength = 0, bodyAt = 0, length = 0] =
      this.#pages[Math.floor(seq / PAGE)]?.subarray(i, i + FIELDS) ?? []
    const bytes = this.#buffers[buffer]
    if (bytes === undefined) return undefined
    this.#late?.seal()
    this.#late = undefined
    return {
      header: bytes.subarray(headerAt, headerAt + headerLength),
      body: length === -1 ? null : bytes.subarray(bodyAt, bodyAt + length),
    }
  }

  /** Overwrites the body of an event, and answers what it was; null where there was none. */
  erase(seq: number): Uint8Array | null {
    const body = this.at(seq)?.body ?? null
    if (body === null) return null
    const was = body.slice()
    body.fill(0)
    const page = this.#pages[Math.floor(seq / PAGE)]
    if (page !== undefined) page[(seq % PAGE) * FIELDS + FIELDS - 1] = -1
    return was
  }

  /** A chunk with room for that many bytes at `#used`. */
  #room(length: number): Uint8Array {
    const last = this.#chunk
    if (last !== undefined && this.#used + length <= last.length) return last
    // Many chains have few events.
    const size = Math.min(CHUNK, last === undefined ? FIRST : last.length * 2)
    const chunk = new Uint8Array(Math.max(size, length))
    this.#buffers.push(chunk)
    this.#chunk = chunk
    this.#used = 0
    return chunk
  }
}
