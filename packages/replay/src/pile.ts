import type { Scratch } from './scratch.ts'

/** Bytes that are put aside at once. */
const PAGE = 16 * 1024
/** Bytes of the length before each record. */
const LENGTH = 4

/** Records one after another, of which no more than the last page is in memory. */
export class Pile {
  readonly #scratch: Scratch
  readonly #pages: number[] = []
  #page: Uint8Array<ArrayBuffer> | undefined
  #fill = 0

  constructor(scratch: Scratch) {
    this.#scratch = scratch
  }

  /** Adds a record. The bytes are copied. */
  async add(record: Uint8Array): Promise<void> {
    const length = new Uint8Array(LENGTH)
    new DataView(length.buffer).setUint32(0, record.length)
    await this.#append(length)
    await this.#append(record)
  }

  /** Every record, from the first. It is valid until the next one is asked for. */
  async *records(): AsyncGenerator<Uint8Array, void, undefined> {
    let pages: Uint8Array[] = []
    let length = 0
    let wanted = LENGTH
    for await (const page of this.#all()) {
      pages.push(page)
      length += page.length
      if (length < wanted) continue
      const bytes = joined(pages, length)
      const view = new DataView(bytes.buffer)
      let at = 0
      for (;;) {
        wanted = at + LENGTH
        if (wanted > bytes.length) break
        wanted += view.getUint32(at)
        if (wanted > bytes.length) break
        yield bytes.subarray(at + LENGTH, wanted)
        at = wanted
      }
      pages = [bytes.subarray(at)]
      length = bytes.length - at
      wanted -= at
    }
  }

  async *#all(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (const at of this.#pages) {
      const page = new Uint8Array(PAGE)
      await this.#scratch.read(at, page)
      yield page
    }
    if (this.#page !== undefined) yield this.#page.subarray(0, this.#fill)
  }

  async #append(bytes: Uint8Array): Promise<void> {
    let at = 0
    while (at < bytes.length) {
      this.#page ??= new Uint8Array(PAGE)
      const piece = bytes.subarray(at, at + PAGE - this.#fill)
      this.#page.set(piece, this.#fill)
      this.#fill += piece.length
      at += piece.length
      if (this.#fill < PAGE) continue
      this.#pages.push(await this.#scratch.write(this.#page))
      this.#fill = 0
    }
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
