/**
 * Linear memory as pages that differ from what it was, and of these only in what. A page that changed has mostly the bits that it had: what is
 * zero in the difference takes next to nothing when it is compressed.
 */

import type { Room } from './room.ts'

/** Bytes of a page of an image: smaller than those that memory grows by, because little of it changes in one turn. */
export const IMAGE_PAGE = 4096

const WORDS = IMAGE_PAGE / 8
const SMALL_WORD = 4
const MEMORY_PAGE = 65_536
/** The most pages of a run: room for it is found in one piece. */
const LONGEST = 256

/** Bytes that stand one after another. */
export interface Run {
  /** Where, in pages of an image. */
  readonly at: number
  /** Whole pages of an image: the bits that differ from what was there, which is zero where there was nothing. */
  readonly bytes: Uint8Array
}

/** One memory. */
export interface MemoryImage {
  /** Its size in pages of 64 KiB. */
  readonly pages: number
  /** In rising order, with something between them, or behind one of a megabyte. */
  readonly runs: readonly Run[]
}

/**
 * What of a memory differs from `base`; where there is no base, or nothing more of it, from zeros.
 *
 * @param room for the pages, which stay as long as it is not used for anything else
 */
export function memoryImage(
  memory: WebAssembly.Memory,
  base: Uint8Array | undefined,
  room: Room,
): MemoryImage {
  const now = new Uint8Array(memory.buffer)
  const words = new BigInt64Array(memory.buffer)
  const was = base === undefined ? nothing : new BigInt64Array(base.buffer, base.byteOffset, base.length / 8)
  const runs: Run[] = []
  const count = now.length / IMAGE_PAGE
  let from = -1
  for (let page = 0; page <= count; page++) {
    const differs = page < count && pageDiffers(words, was, page * WORDS)
    if (from >= 0 && (!differs || page - from === LONGEST)) {
      const run = now.subarray(from * IMAGE_PAGE, page * IMAGE_PAGE)
      const bytes = room.take(run.length)
      bytes.set(run)
      const before = base?.subarray(from * IMAGE_PAGE, page * IMAGE_PAGE) ?? none
      differ(bytes, 0, before)
      runs.push({ at: from, bytes })
      from = -1
    }
    if (differs && from < 0) from = page
  }
  return { pages: now.length / MEMORY_PAGE, runs }
}

const nothing = new BigInt64Array(0)
const none = new Uint8Array(0)

/** Flips those bits of whole pages, from a place on, that are set in others. All of them begin where a word does. */
function differ(bytes: Uint8Array, at: number, by: Uint8Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, by.length / SMALL_WORD)
  const others = new Uint32Array(by.buffer, by.byteOffset, by.length / SMALL_WORD)
  for (let i = 0; i < others.length; i++) words[i] = (words[i] as number) ^ (others[i] as number)
}

function pageDiffers(now: BigInt64Array, was: BigInt64Array, from: number): boolean {
  const end = from + WORDS
  if (from >= was.length) {
    for (let i = from; i < end; i++) if (now[i] !== 0n) return true
    return false
  }
  for (let i = from; i < end; i++) if (now[i] !== was[i]) return true
  return false
}

/** Whether an image is one that can be laid over a memory: nothing in it is beyond its end. */
export function fits({ pages, runs }: MemoryImage, memory: WebAssembly.Memory): boolean {
  const size = memory.buffer.byteLength / MEMORY_PAGE
  let free = 0
  for (const { at, bytes } of runs) {
    if (!Number.isSafeInteger(at) || at < free || bytes.length === 0 || bytes.length % IMAGE_PAGE !== 0)
      return false
    free = at + bytes.length / IMAGE_PAGE
  }
  return Number.isSafeInteger(pages) && pages >= size && free * IMAGE_PAGE <= pages * MEMORY_PAGE
}

/**
 * Makes a fresh memory what an image says.
 *
 * @param wide whether it is addressed by 64 bits
 * @param whole whether what the image does not have is zero; else it is as it is
 * @throws RangeError where the host does not have so much
 */
export function layMemory(
  memory: WebAssembly.Memory,
  image: MemoryImage,
  wide: boolean,
  whole: boolean,
): void {
  // What it grows by is zero.
  const fresh = memory.buffer.byteLength
  const more = image.pages - fresh / MEMORY_PAGE
  if (more > 0) grow(memory, more, wide)
  const bytes = new Uint8Array(memory.buffer)
  let scratch = none
  let from = 0
  for (const run of image.runs) {
    const at = run.at * IMAGE_PAGE
    if (whole) {
      if (from < fresh) bytes.fill(0, from, Math.min(at, fresh))
      bytes.set(run.bytes, at)
    } else if (run.bytes.byteOffset % SMALL_WORD === 0) differ(bytes, at, run.bytes)
    else {
      // All begin where a word does: what was read from elsewhere may begin anywhere.
      if (scratch.length < run.bytes.length) scratch = new Uint8Array(run.bytes.length)
      scratch.set(run.bytes)
      differ(bytes, at, scratch.subarray(0, run.bytes.length))
    }
    from = at + run.bytes.length
  }
  if (whole && from < fresh) bytes.fill(0, from, fresh)
}

function grow(memory: WebAssembly.Memory, pages: number, wide: boolean): void {
  const by: unknown = wide ? BigInt(pages) : pages
  memory.grow(by as number)
}
