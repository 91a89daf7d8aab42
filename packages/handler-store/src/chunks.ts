import { hash as digest } from 'node:crypto'
import type { Chunk, Hash } from './backend.ts'
import { CHUNK_BYTES } from './backend.ts'

/** The sha-256 of bytes. */
export function sha256(bytes: Uint8Array): Hash {
  return new Uint8Array(digest('sha256', bytes, 'buffer'))
}

/** Cuts the bytes of a blob into its chunks: at least one, and all but the last of {@link CHUNK_BYTES}. */
export function cut(bytes: Uint8Array): readonly Chunk[] {
  const chunks: Chunk[] = []
  for (let at = 0; at < bytes.byteLength || at === 0; at += CHUNK_BYTES) {
    const part = bytes.subarray(at, at + CHUNK_BYTES)
    chunks.push({ hash: sha256(part), bytes: part })
  }
  return chunks
}

/** How many bytes chunks have together. */
export function sizeOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
}

/** How many bytes a chunk has in a blob of a size. */
export function chunkSize(size: number, index: number): number {
  return Math.max(0, Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES))
}

/** How many chunks a blob of a size has. */
export function chunkCount(size: number): number {
  return Math.max(1, Math.ceil(size / CHUNK_BYTES))
}

/** Bytes one behind the other. */
export function joined(chunks: readonly Chunk[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf(chunks))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, at)
    at += chunk.bytes.byteLength
  }
  return bytes
}

/** Whether bytes are the same. */
export function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(b)
}

/** Whether chunks are of the right length each, with the hash that they had when they were put. */
export function unchanged(size: number, first: number, chunks: readonly Chunk[]): boolean {
  return chunks.every(
    (chunk, i) =>
      chunk.bytes.byteLength === chunkSize(size, first + i) && same(sha256(chunk.bytes), chunk.hash),
  )
}

/**
 * Whether chunks that were read are those of the blob, whole and unchanged: of the right length each, with the hash that
 * they had when they were put. A blob of one chunk is held against its own hash, and so is one that was read whole.
 *
 * @param first the index of the first of them
 */
export function intact(hash: Hash, size: number, first: number, chunks: readonly Chunk[]): boolean {
  if (!unchanged(size, first, chunks)) return false
  if (chunks.length < chunkCount(size)) return true
  return same(sha256(joined(chunks)), hash)
}
