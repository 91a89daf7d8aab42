/** Where bytes are put aside that do not fit into memory together, until all is told. */
export interface Scratch extends AsyncDisposable {
  /** Puts bytes aside, which are copied, and says where. */
  write(bytes: Uint8Array): Promise<number>
  /** Reads bytes back into `into`, from where {@link Scratch.write} said. */
  read(at: number, into: Uint8Array): Promise<void>
}

/** Bytes put aside in memory, outside the heap of the engine. */
export class MemoryScratch implements Scratch {
  readonly #pieces = new Map<number, Uint8Array>()
  #end = 0

  async write(bytes: Uint8Array): Promise<number> {
    const at = this.#end
    this.#pieces.set(at, bytes.slice())
    this.#end += bytes.length
    return at
  }

  async read(at: number, into: Uint8Array): Promise<void> {
    const piece = this.#pieces.get(at)
    if (piece === undefined) throw new RangeError(`nothing was put aside at ${at}`)
    into.set(piece)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces.clear()
  }
}
