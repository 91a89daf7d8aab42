import { CID_LENGTH, isCid } from './cid.ts'
import { ValueError } from './errors.ts'
import { show } from './shape.ts'

const INITIAL = 1024
/** A buffer that grew beyond this for one large value is not kept by `reset`. */
const KEPT = 1 << 20
/** How many views are kept; a power of two. */
const VIEWS = 8
/** Strings up to here are tried byte by byte; longer ones go to the encoder at once. */
const SHORT = 48

const encoder = new TextEncoder()

/**
 * Writes canonical DAG-CBOR into one growing buffer.
 *
 * Heads are always the shortest; nothing here can write what a `Reader` would refuse, except that the caller counts
 * the items of an array itself.
 *
 * @example
 * ```ts
 * const out = new Writer()
 * out.array(2)
 * out.uint(7)
 * out.text('x')
 * out.bytes() // 82 07 61 78
 * ```
 */
export class Writer {
  #buffer: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0
  /** Views of the beginning of the buffer, by length: what is written again and again has one of a few lengths. */
  #views: Uint8Array<ArrayBuffer>[] = []

  /** @param capacity bytes to begin with. */
  constructor(capacity: number = INITIAL) {
    this.#buffer = new Uint8Array(Math.max(16, capacity))
    this.#view = new DataView(this.#buffer.buffer)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** Forgets what was written and keeps the buffer, unless one large value blew it up. */
  reset(): void {
    this.#length = 0
    if (this.#buffer.length > KEPT) this.#replace(INITIAL)
  }

  /** Takes back what was written after the first `length` bytes. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length)) throw new RangeError(`cannot truncate to ${length}`)
    this.#length = length
  }

  /** Returns what was written from `from` on, as a view: valid until the next write or reset. */
  bytes(from = 0): Uint8Array<ArrayBuffer> {
    const length = this.#length
    if (from !== 0) return this.#buffer.subarray(from, length)
    const known = this.#views[length & (VIEWS - 1)]
    if (known?.length === length) return known
    return (this.#views[length & (VIEWS - 1)] = this.#buffer.subarray(0, length))
  }

  /** Whether what was written from `from` on is these bytes. */
  holds(bytes: Uint8Array, from = 0): boolean {
    const { length } = bytes
    if (this.#length - from !== length) return false
    const buffer = this.#buffer
    for (let i = 0; i < length; i++) if (buffer[from + i] !== bytes[i]) return false
    return true
  }

  /** Returns a copy of what was written from `from` on. */
  copy(from = 0): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(from, this.#length)
  }

  /** Writes a head: major type 0 to 7, argument 0 to 2^53 - 1. */
  head(major: number, n: number): void {
    if (n < 24) {
      if (this.#length === this.#buffer.length) this.#grow(1)
      this.#buffer[this.#length++] = (major << 5) | n
    } else {
      this.#longHead(major, n)
    }
  }

  /** Writes a head whose argument is `high * 2^32 + low`, both unsigned 32-bit. */
  wideHead(major: number, high: number, low: number): void {
    if (high === 0) return this.head(major, low)
    this.#room(9)
    this.#buffer[this.#length] = (major << 5) | 27
    this.#view.setUint32(this.#length + 1, high)
    this.#view.setUint32(this.#length + 5, low)
    this.#length += 9
  }

  /** Writes an unsigned integer, 0 to 2^53 - 1. */
  uint(n: number): void {
    this.head(0, n)
  }

  /** Writes a safe integer. */
  int(n: number): void {
    if (n >= 0) this.head(0, n)
    else this.head(1, -1 - n)
  }

  /** Writes an integer from -2^64 to 2^64 - 1. */
  bigint(n: bigint): void {
    const major = n < 0n ? 1 : 0
    const argument = major === 0 ? n : -1n - n
    const short = Number(argument)
    if (short <= Number.MAX_SAFE_INTEGER) return this.head(major, short)
    if (argument > 0xffff_ffff_ffff_ffffn)
      throw new ValueError('out-of-range', `${show(n)} has more than 64 bits`)
    this.#room(9)
    this.#buffer[this.#length] = (major << 5) | 27
    this.#view.setBigUint64(this.#length + 1, argument)
    this.#length += 9
  }

  /** Writes the head of an array of `n` items. */
  array(n: number): void {
    this.head(4, n)
  }

  /** Writes the head of a map of `n` pairs; the caller writes them in canonical order. */
  map(n: number): void {
    this.head(5, n)
  }

  /** Writes a boolean. */
  bool(value: boolean): void {
    this.head(7, value ? 21 : 20)
  }

  /** Writes null. */
  null(): void {
    this.head(7, 22)
  }

  /** Writes a byte string. */
  byteString(value: Uint8Array): void {
    this.head(2, value.length)
    this.raw(value)
  }

  /** Writes text and returns what was written: `value` with each unpaired surrogate replaced by U+FFFD. */
  text(value: string): string {
    const n = value.length
    if (n <= SHORT) {
      this.#room(n + 2)
      const buffer = this.#buffer
      let at = this.#length
      if (n < 24) {
        buffer[at++] = 0x60 | n
      } else {
        buffer[at++] = 0x78
        buffer[at++] = n
      }
      for (let i = 0; i < n; i++) {
        const code = value.charCodeAt(i)
        if (code > 0x7f) return this.#longText(value)
        buffer[at++] = code
      }
      this.#length = at
      return value
    }
    return this.#longText(value)
  }

  /** Writes an IEEE 754 double as CBOR has it (head fb), for plain data. */
  double(value: number): void {
    this.#room(9)
    this.#buffer[this.#length] = 0xfb
    this.#view.setFloat64(this.#length + 1, value)
    this.#length += 9
  }

  /** Writes an f32 as four bytes, big-endian, NaN as 7fc00000. */
  f32(value: number): void {
    this.#room(5)
    this.#buffer[this.#length] = 0x44
    if (value !== value) this.#view.setUint32(this.#length + 1, 0x7fc00000)
    else this.#view.setFloat32(this.#length + 1, value)
    this.#length += 5
  }

  /** Writes an f64 as eight bytes, big-endian, NaN as 7ff8000000000000. */
  f64(value: number): void {
    this.#room(9)
    this.#buffer[this.#length] = 0x48
    if (value !== value) {
      this.#view.setUint32(this.#length + 1, 0x7ff80000)
      this.#view.setUint32(this.#length + 5, 0)
    } else {
      this.#view.setFloat64(this.#length + 1, value)
    }
    this.#length += 9
  }

  /**
   * Writes a link to a block: tag 42 around the CID.
   *
   * @throws ValueError `bad-cid`.
   */
  link(cid: Uint8Array): void {
    if (!isCid(cid)) throw new ValueError('bad-cid', 'not a CIDv1 of sha2-256 over raw or dag-cbor')
    this.head(6, 42)
    this.head(2, CID_LENGTH + 1)
    this.#room(1)
    this.#buffer[this.#length++] = 0
    this.raw(cid)
  }

  /** Writes bytes as they are: a value that was encoded before. */
  raw(value: Uint8Array): void {
    const n = value.length
    this.#room(n)
    this.#buffer.set(value, this.#length)
    this.#length += n
  }

  #longHead(major: number, n: number): void {
    this.#room(9)
    const at = this.#length
    const initial = major << 5
    if (n < 0x100) {
      this.#buffer[at] = initial | 24
      this.#buffer[at + 1] = n
      this.#length = at + 2
    } else if (n < 0x1_0000) {
      this.#buffer[at] = initial | 25
      this.#view.setUint16(at + 1, n)
      this.#length = at + 3
    } else if (n < 0x1_0000_0000) {
      this.#buffer[at] = initial | 26
      this.#view.setUint32(at + 1, n)
      this.#length = at + 5
    } else {
      if (!Number.isSafeInteger(n)) throw new ValueError('out-of-range', `${n} is not a safe integer`)
      this.#buffer[at] = initial | 27
      this.#view.setUint32(at + 1, Math.floor(n / 0x1_0000_0000))
      this.#view.setUint32(at + 5, n >>> 0)
      this.#length = at + 9
    }
  }

  #longText(value: string): string {
    const text = value.isWellFormed() ? value : value.toWellFormed()
    const n = text.length
    if (n > 0x4000) {
      // One exact copy, rather than room for the worst case of three bytes a unit.
      const bytes = encoder.encode(text)
      this.head(3, bytes.length)
      this.raw(bytes)
      return text
    }
    // The head is written once the length is known; its size for ASCII is the guess.
    const guess = headSize(n)
    this.#room(guess + 3 * n)
    const start = this.#length
    const body = start + guess
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(body))
    const size = headSize(written)
    if (size !== guess) {
      this.#room(size + written)
      this.#buffer.copyWithin(start + size, body, body + written)
    }
    this.head(3, written)
    this.#length = start + size + written
    return text
  }

  #room(n: number): void {
    if (this.#length + n > this.#buffer.length) this.#grow(n)
  }

  #grow(n: number): void {
    const old = this.#buffer
    this.#replace(Math.max(this.#length + n, old.length * 2))
    this.#buffer.set(old.subarray(0, this.#length))
  }

  #replace(capacity: number): void {
    try {
      this.#buffer = new Uint8Array(capacity)
    } catch (cause) {
      throw new ValueError('too-large', `no room for ${capacity} bytes`, { cause })
    }
    this.#view = new DataView(this.#buffer.buffer)
    this.#views = []
  }
}

function headSize(n: number): number {
  return n < 24 ? 1 : n < 0x100 ? 2 : n < 0x1_0000 ? 3 : n < 0x1_0000_0000 ? 5 : 9
}
