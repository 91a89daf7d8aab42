/**
 * A frame of zstd without its compression: bytes as they are, and runs of one byte. Any zstd reads it. A small snapshot is mostly zeros,
 * and a host that has such alone need not load what compresses.
 */

/** The most that is made of one, so that nobody makes much of few bytes. */
const MOST = 64 * 1024

/** Magic number; then: one segment, of which the size follows in four bytes, without a checksum. */
const start = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0)
const headerLength = start.length + 4
const blockHeader = 3

/** A shorter run is as short among other bytes: each run costs two headers and a byte. */
const LEAST_RUN = 16

const RAW = 0
const RUN = 1

/**
 * Writes bytes as such a frame.
 *
 * @param most how long it may be
 * @returns `undefined` where it would be longer
 */
export function sparseFrame(bytes: Uint8Array, most: number): Uint8Array | undefined {
  if (bytes.length > MOST) return undefined
  const out = new Uint8Array(most)
  let length = headerLength
  let header = 0
  const block = (type: number, size: number, content: Uint8Array): boolean => {
    if (length + blockHeader + content.length > most) return false
    header = length
    const word = (size << 3) | (type << 1)
    out.set([word & 0xff, (word >> 8) & 0xff, word >> 16], length)
    out.set(content, length + blockHeader)
    length += blockHeader + content.length
    return true
  }
  let from = 0
  for (let at = 0; at < bytes.length;) {
    const end = runEnd(bytes, at)
    if (end - at >= LEAST_RUN) {
      if (at > from && !block(RAW, at - from, bytes.subarray(from, at))) return undefined
      if (!block(RUN, end - at, bytes.subarray(at, at + 1))) return undefined
      from = end
    }
    at = end
  }
  if (from < bytes.length || length === headerLength)
    if (!block(RAW, bytes.length - from, bytes.subarray(from))) return undefined
  out[header] = (out[header] ?? 0) | 1
  out.set(start)
  new DataView(out.buffer).setUint32(start.length, bytes.length, true)
  return out.slice(0, length)
}

function runEnd(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  let end = at + 1
  while (end < bytes.length && bytes[end] === byte) end++
  return end
}

/** Reads what {@link sparseFrame} wrote; `undefined` for anything else, which may still be a frame of zstd. */
export function readSparseFrame(frame: Uint8Array): Uint8Array | undefined {
  if (frame.length < headerLength || start.some((byte, i) => frame[i] !== byte)) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const length = view.getUint32(start.length, true)
  if (length > MOST) return undefined
  const out = new Uint8Array(length)
  let written = 0
  for (let at = headerLength; at + blockHeader <= frame.length;) {
    const word = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const [last, type, size] = [word & 1, (word >> 1) & 3, word >> 3]
    at += blockHeader
    const content = frame.subarray(at, at + (type === RAW ? size : 1))
    if (type > RUN || written + size > length || content.length < (type === RAW ? size : 1)) return undefined
    if (type === RAW) out.set(content, written)
    else out.fill(content[0] ?? 0, written, written + size)
    at += content.length
    written += size
    if (last === 1) return written === length && at === frame.length ? out : undefined
  }
  return undefined
}
