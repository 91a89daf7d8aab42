import { kinds, numberOf } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { Headers, SlabEvent } from './slab-event.ts'
import type { Sealing } from './slab-event.ts'
import type { StoredEvent } from './store.ts'

const CHUNK = 256 * 1024
/** Of the first one. */
const FIRST = 2048

/** Integers kept per event: buffer, offset of its body, length and kind. */
const FIELDS = 3
/** Bits of a kind. */
const KIND = 4
/** Where an event was copied, the length of its body stands before it, and of its header the length is kept. */
const LENGTH = 4
/** The length of no body. */
const NONE = 0xffff_ffff
/** Events in a page of the index. The first page begins small; none is ever copied once it is full. */
const PAGE = 16_384

/** Events of one writer in one slab, one after the other. */
interface Run {
  readonly sealing: Sealing
  /** How much higher the sequence number of an event is than its place here. */
  readonly shift: number
}

/**
 * Events in memory, by place. They stand in a few large buffers: an object or two for each of a million events would
 * make every garbage collection walk over all of them.
 */
export class EventLog {
  readonly #buffers: Uint8Array[] = []
  /** Of each buffer whose events are in it, where they stand as they were made. */
  readonly #runs: (Run | undefined)[] = []
  /** The last of the buffers, where it is one of ours that copies go to. */
  #chunk: Uint8Array | undefined
  #used = 0
  readonly #pages: Int32Array[] = []
  /** The page that the next event is noted in, and how many events it holds. */
  #page = new Int32Array(0)
  #noted = 0
  #size = 0
  /** Whoever makes the hashes of the last event that may have none yet, and its number. Who reads has them made. */
  #late: Sealing | undefined
  #lateSeq = 0

  get size(): number {
    return this.#size
  }

  /** Keeps an event: where it was made, or a copy. */
  push(event: StoredEvent): void {
    if (event instanceof SlabEvent) {
      const { slab, bodyAt, digestAt, kind, sealing } = event
      const shift = event.seq - this.#size
      if (this.#buffers.at(-1) !== slab || this.#runs.at(-1)?.shift !== shift) {
        this.#buffers.push(slab)
        this.#runs.push({ sealing, shift })
        this.#chunk = undefined
      }
      if (sealing !== this.#late) {
        this.#seal()
        this.#late = sealing
      }
      this.#lateSeq = event.seq
      this.#note(bodyAt, ((digestAt - bodyAt) << KIND) | numberOf(kind))
    } else this.#copy(event)
  }

  #copy({ header, body }: StoredEvent): void {
    const chunk = this.#room(LENGTH + header.length + (body?.length ?? 0))
    const at = this.#used + LENGTH
    putLength(chunk, this.#used, body === null ? NONE : body.length)
    chunk.set(header, at)
    if (body !== null) chunk.set(body, at + header.length)
    this.#used = at + header.length + (body?.length ?? 0)
    this.#note(at, header.length)
  }

  #note(at: number, what: number): void {
    let i = this.#noted * FIELDS
    if (i === this.#page.length) {
      this.#turnPage()
      i = this.#noted * FIELDS
    }
    const page = this.#page
    page[i] = this.#buffers.length - 1
    page[i + 1] = at
    page[i + 2] = what
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

  /**
   * The event at a place; undefined where there is none.
   *
   * @param headers where its header is made, of whoever reads many. @default in a buffer of its own
   */
  at(seq: number, headers: Headers = new Headers()): StoredEvent | undefined {
    const page = this.#pages[Math.floor(seq / PAGE)]
    if (page === undefined || seq >= this.#size) return undefined
    const i = (seq % PAGE) * FIELDS
    const [buffer, at, what] = [page[i] ?? 0, page[i + 1] ?? 0, page[i + 2] ?? 0]
    const bytes = this.#buffers[buffer]
    if (bytes === undefined) return undefined
    this.#seal()
    const run = this.#runs[buffer]
    if (run === undefined) {
      const bodyAt = at + what
      const length = lengthAt(bytes, at - LENGTH)
      return {
        header: bytes.subarray(at, bodyAt),
        body: length === NONE ? null : bytes.subarray(bodyAt, bodyAt + length),
      }
    }
    const facts = what < 0 ? ~what : what
    const digestAt = at + (facts >> KIND)
    const kind = kinds[facts & ((1 << KIND) - 1)] as Kind
    return {
      header: headers.of(run.sealing, { seq: seq + run.shift, kind, slab: bytes, bodyAt: at, digestAt }),
      body: what < 0 ? null : bytes.subarray(at, digestAt),
    }
  }

  #seal(): void {
    this.#late?.upTo(this.#lateSeq)
    this.#late = undefined
  }

  /** Overwrites the body of an event, and answers what it was; null where there was none. */
  erase(seq: number): Uint8Array | null {
    const body = this.at(seq)?.body ?? null
    const page = this.#pages[Math.floor(seq / PAGE)]
    if (body === null || page === undefined) return null
    const was = body.slice()
    body.fill(0)
    const i = (seq % PAGE) * FIELDS
    const bytes = this.#buffers[page[i] as number] as Uint8Array
    if (this.#runs[page[i] as number] === undefined) putLength(bytes, (page[i + 1] as number) - LENGTH, NONE)
    else page[i + 2] = ~(page[i + 2] as number)
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
    this.#runs.push(undefined)
    this.#chunk = chunk
    this.#used = 0
    return chunk
  }
}

function putLength(out: Uint8Array, at: number, n: number): void {
  new DataView(out.buffer, out.byteOffset).setUint32(at, n)
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)
}
