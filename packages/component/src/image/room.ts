/** Bytes of one piece of memory that is used again. */
const PIECE = 4 * 1024 * 1024
/** How much is kept for the next image: more than that is rarely needed, and given back. */
const KEPT = 64 * 1024 * 1024

/** Where the pages of images are put. */
export interface Room {
  /** Bytes whose content is anything. */
  take(length: number): Uint8Array<ArrayBuffer>
}

/**
 * Room for the pages of one image after the other: memory that a process has touched before costs it next to nothing, and new memory more than the
 * copying.
 */
export class ImageRoom implements Room {
  #pieces: Uint8Array<ArrayBuffer>[] = []
  #piece = 0
  #used = 0

  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > PIECE) return new Uint8Array(length)
    if (this.#used + length > PIECE) {
      this.#piece++
      this.#used = 0
    }
    const piece = (this.#pieces[this.#piece] ??= new Uint8Array(PIECE))
    this.#used += length
    return piece.subarray(this.#used - length, this.#used)
  }

  /** Nobody needs any more what was put in it. */
  clear(): void {
    this.#pieces.length = Math.min(this.#pieces.length, KEPT / PIECE)
    this.#piece = 0
    this.#used = 0
  }
}

/** Room that is never used again. */
export const freshRoom: Room = { take: (length) => new Uint8Array(length) }
