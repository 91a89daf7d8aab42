/** The most messages, sent and arrived, that are in memory at once: some 80 MB of them. */
export const MAX_LINKS = 60_000

/**
 * Which messages are followed in one pass over the chains: where there are more than fit into memory, each pass takes those whose
 * sending event falls into its part, at both ends.
 */
export class Share {
  readonly #parts: number
  readonly #part: number
  readonly #max: number
  /** How many there were in all, followed or not. */
  count = 0

  /** @param max how many are followed at most */
  constructor(parts: number, part: number, max = Infinity) {
    this.#parts = parts
    this.#part = part
    this.#max = max
  }

  /** Whether this is the pass in which what is not followed message by message is told. */
  get first(): boolean {
    return this.#part === 0
  }

  /** Whether a message is followed in this pass. @param seq of the event that sent it */
  takes(seq: number): boolean {
    // Messages are sent at regular places.
    if (this.#parts > 1 && (Math.imul(seq, 0x9e37_79b1) >>> 0) % this.#parts !== this.#part) return false
    this.count++
    return this.count <= this.#max
  }
}

/** Keeps one copy of what is the same: of a million messages most name the same few actors. */
export class Same {
  readonly #texts = new Map<string, string>()
  readonly #chains = new Map<string, Uint8Array>()

  text(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    if (this.#texts.size < MOST) this.#texts.set(text, text)
    return text
  }

  /** A copy of an id: what is read from a file is a view into a piece of it, which would stay as long. */
  chain(id: Uint8Array): Uint8Array {
    const key = bytesText(id)
    const known = this.#chains.get(key)
    if (known !== undefined) return known
    const copy = copyOf(id)
    if (this.#chains.size < MOST) this.#chains.set(key, copy)
    return copy
  }
}

/** How many of a kind are kept. */
const MOST = 10_000

/** Bytes as a text of as many characters, which takes less memory than an array. */
export function bytesText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

/** A copy that holds nothing else. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length)
  copy.set(bytes)
  return copy
}
