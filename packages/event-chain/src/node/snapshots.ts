import { promisify } from 'node:util'
import { zstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib'
import { ChainError } from '../errors.ts'
import type { CacheStore, Kept } from '../store.ts'

/** What snapshots are called among what is kept beside chains. */
const SNAPSHOT = 'snapshot'
/** What is said in place of one. */
const NO_SNAPSHOT = 'no-snapshot'

/** Up to so many bytes are compressed sooner than another thread is told to. */
const SMALL = 64 * 1024

/** The snapshot that is kept beside a chain. */
export interface KeptSnapshot extends Omit<Kept, 'bytes'> {
  /** How many bytes it takes in the store. */
  readonly kept: number
  /**
   * Its bytes, as they were given to `keepSnapshot`, or whatever somebody put in their place.
   *
   * @param max the most bytes that are made of it
   * @throws ChainError `too-large` where they are more; `damaged`
   */
  read(max: number): Promise<Uint8Array>
}

/** Keeps a snapshot in place of the last one of its chain, compressed. */
export async function keepSnapshot(
  caches: CacheStore,
  chain: Uint8Array,
  { size, head, bytes }: Kept,
): Promise<void> {
  const small = bytes.length <= SMALL ? zstdCompressSync(bytes) : await promisify(zstdCompress)(bytes)
  await caches.keep([{ chain, kind: SNAPSHOT, size, head, bytes: small }])
}

/** The snapshot that is kept beside a chain; undefined where there is none. Nobody has checked it. */
export async function keptSnapshot(caches: CacheStore, chain: Uint8Array): Promise<KeptSnapshot | undefined> {
  const kept = await storedSnapshot(caches, chain)
  return kept && openSnapshot(kept)
}

/** The snapshot that is kept beside a chain, as it is kept. */
export function storedSnapshot(caches: CacheStore, chain: Uint8Array): Promise<Kept | undefined> {
  return caches.kept(chain, SNAPSHOT)
}

/** What can be read of a snapshot as it was kept. */
export function openSnapshot({ size, head, bytes }: Kept): KeptSnapshot {
  return { size, head, kept: bytes.length, read: (max) => decompress(bytes, max) }
}

async function decompress(bytes: Uint8Array, maxOutputLength: number): Promise<Uint8Array> {
  try {
    return await promisify(zstdDecompress)(bytes, { maxOutputLength })
  } catch (cause) {
    const large = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    if (large)
      throw new ChainError('too-large', `the snapshot has more than ${maxOutputLength} bytes`, { cause })
    throw new ChainError('damaged', 'the snapshot is damaged: it is not what was compressed', { cause })
  }
}

/** Keeps beside a chain why there is no snapshot of it, for people. @param of how much of the chain it is not one */
export async function keepNoSnapshot(
  caches: CacheStore,
  chain: Uint8Array,
  of: Pick<Kept, 'size' | 'head'>,
  why: string,
): Promise<void> {
  const { size, head } = of
  await caches.keep([{ chain, kind: NO_SNAPSHOT, size, head, bytes: new TextEncoder().encode(why) }])
}

/** Why there was no snapshot of so much of a chain when one was to be taken last that could not be; undefined where that never was. */
export async function whyNoSnapshot(
  caches: CacheStore,
  chain: Uint8Array,
): Promise<{ readonly size: number; readonly why: string } | undefined> {
  const kept = await caches.kept(chain, NO_SNAPSHOT)
  return kept && { size: kept.size, why: new TextDecoder().decode(kept.bytes) }
}

/** Throws the snapshot of a chain away. */
export async function discardSnapshot(caches: CacheStore, chain: Uint8Array): Promise<void> {
  await caches.discard(chain, SNAPSHOT)
}
