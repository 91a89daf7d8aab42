import type { Hash, KeptBlob, StoreBackend } from './backend.ts'
import { chunkCount, intact, joined, unchanged } from './chunks.ts'

/** What {@link collect} keeps. */
export interface CollectOptions {
  /**
   * Of hashes, as hexadecimal digits, those that somebody may ask for still: whoever keeps records knows. Called once, with those
   * of the blobs that nothing else keeps.
   */
  readonly keep: (hashes: ReadonlySet<string>) => ReadonlySet<string> | Promise<ReadonlySet<string>>
  /** Milliseconds since 1970: what was put since then stays. */
  readonly before: number
  /**
   * Says what would be freed, and frees nothing.
   *
   * @default false
   */
  readonly dryRun?: boolean
}

/** What {@link collect} did. */
export interface Collected {
  /** What was freed, by namespace and hash. */
  readonly freed: readonly KeptBlob[]
  /** How many blobs stay. */
  readonly kept: number
  /** How many uploads were given up; 0 of a dry run. */
  readonly uploads: number
  /** Blobs that are kept and damaged. Where there are any, nothing was freed: what they had is not known, and it may have been a tree. */
  readonly damaged: readonly KeptBlob[]
}

/** A directory of a tree begins so: what it lists, with hashes in hexadecimal digits, is within it. */
const TREE = '{"tree":'

/** The most bytes of a blob that is looked into: no directory is as large. */
const TREE_BYTES = 64 * 1024 * 1024

/**
 * Frees the blobs that nobody can ask for: not named by a label of their namespace, not put since `before`, not kept by `keep`, and
 * not within a tree that is kept. What `keep` says, and what a tree has, holds in every namespace.
 *
 * An actor that runs meanwhile may learn of a hash that `keep` has not heard of: run none.
 *
 * @example
 * await collect(backend, { keep: (hashes) => new Set(hashes), before: Date.now() })
 */
export async function collect(
  backend: StoreBackend,
  { keep, before, dryRun = false }: CollectOptions,
): Promise<Collected> {
  const all = await backend.blobs()
  const loose = new Set(all.filter(({ labelled, touched }) => !labelled && touched < before))
  const held = await keep(new Set([...loose].map(({ hash }) => hex(hash))))
  const roots = all.filter((blob) => !loose.has(blob) || held.has(hex(blob.hash)))
  const { within, damaged } = await withinTrees(backend, all, roots)
  if (damaged.length > 0) return { freed: [], kept: all.length, uploads: 0, damaged }
  const freed: KeptBlob[] = []
  for (const blob of loose) {
    if (held.has(hex(blob.hash)) || within.has(hex(blob.hash))) continue
    if (dryRun || (await backend.forget(blob.namespace, blob.hash, before))) freed.push(blob)
  }
  const uploads = dryRun ? 0 : await backend.sweep(before)
  return { freed, kept: all.length - freed.length, uploads, damaged }
}

/** The hashes of all that is within those blobs that are trees. */
async function withinTrees(backend: StoreBackend, all: readonly KeptBlob[], roots: readonly KeptBlob[]) {
  const byHash = Map.groupBy(all, ({ hash }) => hex(hash))
  const open = new Set(roots.map(({ hash }) => hex(hash)))
  const within = new Set<string>()
  const damaged: KeptBlob[] = []
  // A set is gone through in the order in which it grows.
  for (const hash of open) {
    const [blob] = byHash.get(hash) ?? []
    if (blob === undefined) continue
    const inner = await listed(backend, blob)
    if (inner === undefined) damaged.push(blob)
    for (const one of inner ?? []) {
      within.add(one)
      open.add(one)
    }
  }
  return { within, damaged }
}

/** The hashes that a blob lists, where it is a directory of a tree; `undefined` where that is not known. */
async function listed(
  backend: StoreBackend,
  { namespace, hash, size }: KeptBlob,
): Promise<readonly string[] | undefined> {
  if (size > TREE_BYTES) return []
  const [first] = (await backend.chunks(namespace, hash, 0, 1)) ?? []
  // What is damaged may have been one.
  if (first === undefined || !unchanged(size, 0, [first])) return undefined
  if (!textOf(first.bytes).startsWith(TREE)) return []
  const chunks = (await backend.chunks(namespace, hash, 0, chunkCount(size))) ?? []
  if (!intact(hash, size, 0, chunks)) return undefined
  return textOf(joined(chunks)).match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function hex(hash: Hash): string {
  return Buffer.from(hash).toString('hex')
}
