import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import type * as Zlib from 'node:zlib'
import { ChainError } from '../errors.ts'
import type { CacheStore, Kept } from '../store.ts'
import { discardParts, joinParts, keepParts, PART, partList, SNAPSHOT } from './snapshot-parts.ts'
import type { PartList } from './snapshot-parts.ts'
import { readSparseFrame, sparseFrame } from './sparse-frame.ts'

/** What is said in place of one. */
const NO_SNAPSHOT = 'no-snapshot'

/** Up to so many bytes are compressed sooner than another thread is told to. */
const SMALL = 64 * 1024

/** Up to so many are kept without compression, where only runs of one byte are shortened: they take a page or two of the database. */
const SPARSE = 4 * 1024

/** Not before it is needed: to load it takes a host longer than to read a small snapshot. */
function zlib(): typeof Zlib {
  return process.getBuiltinModule('node:zlib')
}

/** A higher level takes two to three times as long for the same bytes, within some hundredths. */
const level = (): Record<number, number> => ({ [zlib().constants.ZSTD_c_compressionLevel]: 1 })

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

/** A snapshot that is to be kept. */
export interface KeepingSnapshot extends Omit<Kept, 'bytes'> {
  /** Its bytes, or what they are one after the other; nobody changes them until it is kept. */
  readonly bytes: Uint8Array | readonly Uint8Array[]
}

/**
 * Keeps a snapshot in place of the last one of its chain, compressed. A large one is compressed beside the thread, and written in parts, each of which keeps it
 * for some milliseconds at most; until the last is there the snapshot before it is what is kept.
 */
export async function keepSnapshot(
  caches: CacheStore,
  chain: Uint8Array,
  { size, head, bytes }: KeepingSnapshot,
): Promise<void> {
  const pieces = bytes instanceof Uint8Array ? [bytes] : bytes
  const length = pieces.reduce((sum, { length }) => sum + length, 0)
  const before = await listedParts(caches, chain)
  if (length <= SMALL) {
    const [one = new Uint8Array(0)] = pieces
    const whole = pieces.length > 1 ? Buffer.concat(pieces) : one
    const small = sparseFrame(whole, SPARSE) ?? zlib().zstdCompressSync(whole, { params: level() })
    await caches.keep([{ chain, kind: SNAPSHOT, size, head, bytes: small }])
    await discardParts(caches, chain, before)
    return
  }
  const parts = compressed(pieces, length)
  const first = await parts.next()
  const second = await parts.next()
  if (first.done !== true && second.done !== true) {
    const all = async function* (): AsyncGenerator<Uint8Array> {
      yield first.value
      yield second.value
      yield* parts
    }
    await keepParts(caches, chain, { size, head }, all(), before)
  } else if (first.done !== true) {
    await caches.keep([{ chain, kind: SNAPSHOT, size, head, bytes: first.value }])
    await discardParts(caches, chain, before)
  }
}

/** Where the last one is in parts; undefined where it is not. */
async function listedParts(caches: CacheStore, chain: Uint8Array): Promise<PartList | undefined> {
  const kept = await caches.kept(chain, SNAPSHOT)
  return kept && partList(kept)
}

/** Compresses bytes, and gives what comes of it in parts. */
async function* compressed(pieces: readonly Uint8Array[], length: number): AsyncGenerator<Uint8Array> {
  const zstd = zlib().createZstdCompress({ params: level(), chunkSize: PART, pledgedSrcSize: length })
  // What goes wrong is heard of by whoever reads what comes of it.
  pipeline(Readable.from(pieces), zstd, () => undefined)
  let some: Uint8Array[] = []
  let room = PART
  for await (const chunk of zstd as AsyncIterable<Uint8Array>) {
    let rest = chunk
    while (rest.length >= room) {
      yield Buffer.concat([...some, rest.subarray(0, room)])
      rest = rest.subarray(room)
      some = []
      room = PART
    }
    if (rest.length > 0) some.push(rest)
    room -= rest.length
  }
  if (some.length > 0) yield Buffer.concat(some)
}

/** The snapshot that is kept beside a chain; undefined where there is none. Nobody has checked it. */
export async function keptSnapshot(caches: CacheStore, chain: Uint8Array): Promise<KeptSnapshot | undefined> {
  const kept = await caches.kept(chain, SNAPSHOT)
  if (kept === undefined) return undefined
  const parts = partList(kept)
  if (parts === undefined) return openSnapshot(kept)
  const { size, head } = kept
  const read = async (max: number): Promise<Uint8Array> =>
    decompress(await joinParts(caches, chain, kept, parts), max)
  return { size, head, kept: parts.length, read }
}

/** The snapshot that is kept beside a chain, as it is kept, in one. @throws ChainError `damaged` */
export async function storedSnapshot(caches: CacheStore, chain: Uint8Array): Promise<Kept | undefined> {
  const kept = await caches.kept(chain, SNAPSHOT)
  const parts = kept && partList(kept)
  if (kept === undefined || parts === undefined) return kept
  return { size: kept.size, head: kept.head, bytes: await joinParts(caches, chain, kept, parts) }
}

/** What can be read of a snapshot as it was kept, in one. */
export function openSnapshot({ size, head, bytes }: Kept): KeptSnapshot {
  return { size, head, kept: bytes.length, read: (max) => decompress(bytes, max) }
}

async function decompress(bytes: Uint8Array, max: number): Promise<Uint8Array> {
  const tooLarge = (cause?: unknown): ChainError =>
    new ChainError('too-large', `the snapshot has more than ${max} bytes`, { cause })
  let data = readSparseFrame(bytes)
  if (data !== undefined && data.length <= max) return data
  try {
    // zlib takes no limit of nothing.
    data = await promisify(zlib().zstdDecompress)(bytes, { maxOutputLength: Math.max(max, 1) })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(cause)
    throw new ChainError('damaged', 'the snapshot is damaged: it is not what was compressed', { cause })
  }
  if (data.length > max) throw tooLarge()
  return data
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
  const parts = await listedParts(caches, chain)
  await caches.discard(chain, SNAPSHOT)
  await discardParts(caches, chain, parts)
}
