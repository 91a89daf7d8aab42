import { CID_LENGTH, isCid } from './cid.ts'
import { ValueError } from './errors.ts'
import { canonicalDouble, MAJOR, truncated, unexpected } from './reader-refusals.ts'

/** How deep arrays and maps may nest in bytes that are read. */
export const MAX_DEPTH = 512

/** Text up to here is read byte by byte. */
const SHORT = 24
/** Text up to here is looked at byte by byte. */
const MEDIUM = 256

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads canonical DAG-CBOR and nothing else: every head the shortest, every length checked against the bytes that are
 * left before anything is allocated, no indefinite lengths. Faces hostile bytes; each refusal is a `ValueError`.
 *
 * @example
 * ```ts
 * const input = new Reader(new Uint8Array([0x82, 0x07, 0x61, 0x78]))
 * input.array() // 2
 * input.uint() // 7
 * input.text() // 'x'
 * input.finish()
 * ```
 */
export class Reader {
  readonly #bytes: Uint8Array
  #view: DataView | undefined
  #at: number
  readonly #end: number
  // The argument of the head read last, as two unsigned 32-bit halves.
  #high = 0
  #low = 0

  /** Reads `bytes` from `offset` up to `end`. */
  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    if (!(offset >= 0 && offset <= end && end <= bytes.length))
      throw new RangeError('the range is not in the bytes')
    this.#bytes = bytes
    this.#at = offset
    this.#end = end
  }

  /** The position in the bytes. */
  get offset(): number {
    return this.#at
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#at
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.#at === this.#end
  }

  /** Throws `trailing` unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw new ValueError('trailing', `${this.remaining} bytes after the value`)
  }

  /** Returns a view of the bytes from `from` to the position. */
  since(from: number): Uint8Array {
    return this.#bytes.subarray(from, this.#at)
  }

  /** Returns the major type (0 to 7) of the item that follows, without reading it. */
  peekMajor(): number {
    return this.#peek() >> 5
  }

  /** Whether null follows; reads it if so. */
  nullNext(): boolean {
    if (this.#peek() !== 0xf6) return false
    this.#at++
    return true
  }

  /** Whether a double (head fb) follows; reads nothing. */
  doubleNext(): boolean {
    return this.#peek() === 0xfb
  }

  /** Reads a head of this major type and returns its argument, which is at most 2^53 - 1. */
  head(major: number): number {
    const initial = this.#peek()
    if (initial >> 5 !== major) throw unexpected(MAJOR[major] ?? '', initial)
    const low = initial & 31
    if (low < 24) {
      this.#at++
      return low
    }
    this.#argument(low)
    if (this.#high > 0x1f_ffff) throw new ValueError('out-of-range', `a ${MAJOR[major]} beyond 2^53`)
    return this.#high * 0x1_0000_0000 + this.#low
  }

  /** Reads an unsigned integer, at most 2^53 - 1. */
  uint(): number {
    return this.head(0)
  }

  /** Reads an integer within ±(2^53 - 1). */
  int(): number {
    if (this.#peek() >> 5 !== 1) return this.head(0)
    const n = -1 - this.head(1)
    if (n < Number.MIN_SAFE_INTEGER) throw new ValueError('out-of-range', 'a negative integer beyond 2^53')
    return n
  }

  /** Reads an integer: a number within ±(2^53 - 1), beyond it a bigint. */
  integer(): number | bigint {
    const initial = this.#peek()
    const major = initial >> 5
    if (major > 1) throw unexpected('integer', initial)
    const low = initial & 31
    if (low < 24) {
      this.#at++
      return major === 0 ? low : -1 - low
    }
    const at = this.#at
    this.#argument(low)
    const argument = this.#high * 0x1_0000_0000 + this.#low
    if (argument < Number.MAX_SAFE_INTEGER) return major === 0 ? argument : -1 - argument
    if (major === 0 && argument === Number.MAX_SAFE_INTEGER) return argument
    this.#at = at
    return this.bigint()
  }

  /** Reads an integer from -2^64 to 2^64 - 1. */
  bigint(): bigint {
    const initial = this.#peek()
    const major = initial >> 5
    if (major > 1) throw unexpected('integer', initial)
    const low = initial & 31
    let argument: bigint
    if (low < 24) {
      this.#at++
      argument = BigInt(low)
    } else {
      this.#argument(low)
      argument = this.#high === 0 ? BigInt(this.#low) : this.#data().getBigUint64(this.#at - 8)
    }
    return major === 0 ? argument : -1n - argument
  }

  /** Reads an unsigned integer of up to 64 bits as two unsigned halves. */
  wide(): { readonly high: number; readonly low: number } {
    const initial = this.#peek()
    if (initial >> 5 !== 0) throw unexpected('unsigned integer', initial)
    const low = initial & 31
    if (low < 24) {
      this.#at++
      return { high: 0, low }
    }
    this.#argument(low)
    return { high: this.#high, low: this.#low }
  }

  /** Reads the head of an array and returns the number of its items, at most the bytes that are left. */
  array(): number {
    const n = this.head(4)
    if (n > this.remaining)
      throw new ValueError('truncated', `an array of ${n} items in ${this.remaining} bytes`)
    return n
  }

  /** Reads the head of a map and returns the number of its pairs; two bytes of what is left are needed for each. */
  map(): number {
    const n = this.head(5)
    if (n > this.remaining / 2)
      throw new ValueError('truncated', `a map of ${n} pairs in ${this.remaining} bytes`)
    return n
  }

  /** Reads a boolean. */
  bool(): boolean {
    const initial = this.#peek()
    if (initial !== 0xf4 && initial !== 0xf5) throw unexpected('boolean', initial)
    this.#at++
    return initial === 0xf5
  }

  /** Reads a byte string as a view into the bytes. */
  byteString(): Uint8Array {
    return this.#take(this.head(2))
  }

  /** Reads text. Throws `bad-utf8`. */
  text(): string {
    const n = this.head(3)
    const at = this.#at
    if (n <= SHORT && n <= this.#end - at) {
      const bytes = this.#bytes
      let text = ''
      let i = 0
      for (; i < n; i++) {
        const byte = bytes[at + i] as number
        if (byte > 0x7f) break
        text += String.fromCharCode(byte)
      }
      if (i === n) {
        this.#at = at + n
        return text
      }
    }
    return decodeText(this.#take(n))
  }

  /** Reads an IEEE 754 double as CBOR has it (head fb), for plain data. Says nothing about NaN or whole numbers. */
  double(): number {
    const initial = this.#peek()
    if (initial !== 0xfb) throw unexpected('double', initial)
    if (this.remaining < 9) throw truncated()
    this.#at += 9
    return this.#data().getFloat64(this.#at - 8)
  }

  /** Reads an f32 of four bytes. Throws `not-canonical` for a NaN other than 7fc00000. */
  f32(): number {
    this.#expect(0x44, 'four bytes')
    if (this.remaining < 4) throw truncated()
    const view = this.#data()
    const value = view.getFloat32(this.#at)
    if (value !== value) {
      if (view.getUint32(this.#at) !== 0x7fc00000)
        throw new ValueError('not-canonical', 'a NaN that is not 7fc00000')
      this.#at += 4
      return NaN
    }
    this.#at += 4
    return value
  }

  /** Reads an f64 of eight bytes. Throws `not-canonical` for a NaN other than 7ff8000000000000. */
  f64(): number {
    this.#expect(0x48, 'eight bytes')
    if (this.remaining < 8) throw truncated()
    const view = this.#data()
    const value = view.getFloat64(this.#at)
    if (value !== value) {
      if (view.getUint32(this.#at) !== 0x7ff80000 || view.getUint32(this.#at + 4) !== 0) {
        throw new ValueError('not-canonical', 'a NaN that is not 7ff8000000000000')
      }
      this.#at += 8
      return NaN
    }
    this.#at += 8
    return value
  }

  /** Reads a link and returns its CID, a view of 36 bytes. Throws `bad-cid`. */
  link(): Uint8Array {
    const tag = this.head(6)
    if (tag !== 42) throw new ValueError('not-canonical', `tag ${tag}; DAG-CBOR has only 42`)
    const bytes = this.byteString()
    const cid = bytes.subarray(1)
    if (bytes.length !== CID_LENGTH + 1 || bytes[0] !== 0 || !isCid(cid)) {
      throw new ValueError('bad-cid', 'a link that is not a CIDv1 of sha2-256 over raw or dag-cbor')
    }
    return cid
  }

  /**
   * Steps over one item, whatever it is, without building it. It is checked as when it is read.
   *
   * @throws ValueError also `too-deep`, beyond 512 levels.
   */
  skip(): void {
    // How many items are still to come at each level; a stack of our own, so that bytes cannot overflow the engine's.
    const left = [1]
    // Of each map that is under way the key before, by its level; null before the first.
    let keys: Map<number, Uint8Array | null> | undefined
    for (;;) {
      const top = left.length - 1
      const n = left[top] as number
      if (n === 0) {
        if (top === 0) return
        left.pop()
        keys?.delete(top)
        continue
      }
      left[top] = n - 1
      const before = keys?.get(top)
      if (before !== undefined && n % 2 === 0) {
        keys?.set(top, this.#keyAfter(before))
        continue
      }
      const isMap = this.#peek() >> 5 === 5
      const items = this.#skipOne()
      if (items < 0) continue
      if (left.length > MAX_DEPTH) throw new ValueError('too-deep', `more than ${MAX_DEPTH} levels`)
      left.push(items)
      if (isMap) (keys ??= new Map<number, Uint8Array | null>()).set(top + 1, null)
    }
  }

  /** Steps over a key of a map; returns its bytes. */
  #keyAfter(before: Uint8Array | null): Uint8Array {
    const key = this.#take(this.head(3))
    checkText(key)
    if (before !== null && !isKeyAfter(before, key))
      throw new ValueError('not-canonical', 'a key that is not after the one before')
    return key
  }

  /** Steps over one head and what is directly under it; returns how many items follow inside, -1 if it holds none. */
  #skipOne(): number {
    const initial = this.#peek()
    switch (initial >> 5) {
      case 0:
      case 1:
        if ((initial & 31) < 24) this.#at++
        else this.#argument(initial & 31)
        return -1
      case 2:
        this.#take(this.head(2))
        return -1
      case 3:
        checkText(this.#take(this.head(3)))
        return -1
      case 4:
        return this.array()
      case 5:
        return this.map() * 2
      case 6:
        this.link()
        return -1
      default:
        if (initial === 0xfb) canonicalDouble(this.double())
        else if (initial >= 0xf4 && initial <= 0xf6) this.#at++
        else throw unexpected('value', initial)
        return -1
    }
  }

  #peek(): number {
    if (this.#at >= this.#end) throw truncated()
    return this.#bytes[this.#at] as number
  }

  #expect(initial: number, what: string): void {
    const found = this.#peek()
    if (found !== initial) throw unexpected(what, found)
    this.#at++
  }

  /** Reads a head's argument of 1, 2, 4 or 8 bytes into #high and #low. */
  #argument(info: number): void {
    if (info > 27) throw new ValueError('not-canonical', 'an indefinite length or a reserved head')
    const size = 1 << (info - 24)
    const at = this.#at + 1
    if (this.#end - at < size) throw truncated()
    const bytes = this.#bytes
    this.#high = 0
    let shortest: boolean
    if (info === 24) {
      this.#low = bytes[at] as number
      shortest = this.#low >= 24
    } else if (info === 25) {
      this.#low = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
      shortest = this.#low >= 0x100
    } else if (info === 26) {
      this.#low = this.#word(at)
      shortest = this.#low >= 0x1_0000
    } else {
      this.#high = this.#word(at)
      this.#low = this.#word(at + 4)
      shortest = this.#high > 0
    }
    if (!shortest) throw new ValueError('not-canonical', 'a head that is not the shortest')
    this.#at = at + size
  }

  #word(at: number): number {
    const bytes = this.#bytes
    const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [
      number,
      number,
      number,
      number,
    ]
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  }

  #take(n: number): Uint8Array {
    const at = this.#at
    if (n > this.#end - at) throw truncated()
    this.#at = at + n
    return this.#bytes.subarray(at, at + n)
  }

  #data(): DataView {
    const bytes = this.#bytes
    return (this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

/** Whether a key follows another in DAG-CBOR: shorter ones come first, then by bytes. */
function isKeyAfter(before: Uint8Array, key: Uint8Array): boolean {
  if (before.length !== key.length) return before.length < key.length
  const at = before.findIndex((byte, i) => byte !== key[i])
  return at !== -1 && (before[at] as number) < (key[at] as number)
}

/** Throws `bad-utf8`. */
function checkText(bytes: Uint8Array): void {
  // To look at many bytes one by one takes longer than to decode them.
  if (bytes.length <= MEDIUM) {
    let i = 0
    while (i < bytes.length && (bytes[i] as number) < 0x80) i++
    if (i === bytes.length) return
  }
  decodeText(bytes)
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    if (cause instanceof TypeError) throw new ValueError('bad-utf8', 'text that is not UTF-8', { cause })
    throw new ValueError('too-large', `text of ${bytes.length} bytes`, { cause })
  }
}
