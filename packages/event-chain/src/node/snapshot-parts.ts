import { decodeData, encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { ChainError } from '../errors.ts'
import type { CacheStore, Kept } from '../store.ts'

/** What snapshots are called among what is kept beside chains. */
export const SNAPSHOT = 'snapshot'

/** The most bytes that are written at once: whoever writes more keeps the thread for long. */
export const PART = 256 * 1024

/** The most parts: whoever wrote a list of more did not write it here. */
const MOST = 65_536

/** What compressed bytes begin with. Nothing that lists parts begins so. */
const FRAME = 0x28

/** Of which half of two the parts of a snapshot are: those of the next one go into the other, so that one of both is whole at any time. */
type Half = 0 | 1

/** What is kept in place of a snapshot that is kept in parts. */
export interface PartList {
  readonly half: Half
  /** How many parts there are in each half: in the other one those of the snapshot before. */
  readonly counts: readonly [number, number]
  /** How many bytes those of this half have together. */
  readonly length: number
}

/** Reads what is kept as a snapshot; `undefined`: it is no list of parts. */
export function partList({ bytes }: Pick<Kept, 'bytes'>): PartList | undefined {
  if (bytes[0] === FRAME) return undefined
  let data: Data
  try {
    data = decodeData(bytes)
  } catch {
    return undefined
  }
  const [half, first, second, length, ...more] = Array.isArray(data) ? (data as readonly Data[]) : []
  if ((half !== 0 && half !== 1) || more.length > 0) return undefined
  if (!isUpTo(MOST, first) || !isUpTo(MOST, second) || !isUpTo(MOST * PART, length)) return undefined
  return { half, counts: [first, second], length }
}

function isUpTo(most: number, data: Data | undefined): data is number {
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0 && data <= most
}

function kindOf(half: Half, n: number): string {
  return `${SNAPSHOT} ${half}.${n}`
}

/**
 * Keeps a snapshot of which more is to come than one part: part by part, and at last what lists them in place of the last one.
 *
 * @param of the snapshot
 * @param before what is kept until then
 */
export async function keepParts(
  caches: CacheStore,
  chain: Uint8Array,
  { size, head }: Pick<Kept, 'size' | 'head'>,
  parts: AsyncIterable<Uint8Array>,
  before: PartList | undefined,
): Promise<void> {
  const half: Half = before?.half === 0 ? 1 : 0
  let count = 0
  let length = 0
  for await (const bytes of parts) {
    await caches.keep([{ chain, kind: kindOf(half, count), size, head, bytes }])
    length += bytes.length
    count++
  }
  const [first, second] = before?.counts ?? [0, 0]
  const counts = half === 0 ? [count, second] : [first, count]
  const bytes = encodeData([half, ...counts, length])
  await caches.keep([{ chain, kind: SNAPSHOT, size, head, bytes }])
  await discardFrom(caches, chain, { half, from: count, listed: before?.counts[half] ?? 0 })
}

/** Puts the parts of a snapshot together. @throws ChainError `damaged` */
export async function joinParts(
  caches: CacheStore,
  chain: Uint8Array,
  { size, head }: Pick<Kept, 'size' | 'head'>,
  { half, counts, length }: PartList,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let n = 0; n < counts[half]; n++) {
    const part = await caches.kept(chain, kindOf(half, n))
    if (part?.size !== size || !Buffer.from(head).equals(part.head))
      throw new ChainError('damaged', 'the snapshot is damaged: a part of it is missing')
    parts.push(part.bytes)
  }
  const joined = Buffer.concat(parts)
  if (joined.length !== length)
    throw new ChainError('damaged', 'the snapshot is damaged: a part of it is another')
  return joined
}

/** Throws all parts away, also those that nothing lists. */
export async function discardParts(
  caches: CacheStore,
  chain: Uint8Array,
  list: PartList | undefined,
): Promise<void> {
  for (const half of [0, 1] as const)
    await discardFrom(caches, chain, { half, from: 0, listed: list?.counts[half] ?? 0 })
}

/**
 * Throws the parts of a half away from one on: those that are listed, and those of one that was never whole, which nothing lists. The last goes
 * first: where a crash cuts this off, what is left has no gap, and is found the next time.
 */
async function discardFrom(
  caches: CacheStore,
  chain: Uint8Array,
  { half, from, listed }: { readonly half: Half; readonly from: number; readonly listed: number },
): Promise<void> {
  let end = Math.max(from, listed)
  while ((await caches.kept(chain, kindOf(half, end))) !== undefined) end++
  while (end > from) await caches.discard(chain, kindOf(half, --end))
}
