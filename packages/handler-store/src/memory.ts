import { CHUNK_BYTES } from './backend.ts'
import type {
  AppendOutcome,
  Change,
  Chunk,
  Hash,
  LastChange,
  PutOutcome,
  SetOutcome,
  StoreBackend,
  Upload,
} from './backend.ts'
import { cut, same, sizeOf } from './chunks.ts'
import { memoryEntries } from './memory-entries.ts'

interface Namespace {
  readonly blobs: Map<string, Blob>
  readonly labels: Map<string, Hash>
  readonly last: Map<string, LastChange>
  readonly uploads: Map<string, Upload & Blob>
  bytes: number
}

interface Blob {
  readonly size: number
  /** When it was last put. */
  readonly touched: number
  readonly chunks: readonly Chunk[]
}

/**
 * Makes a backend that keeps everything in memory, and loses it with the process.
 *
 * @example
 * const handler = store({ backend: memory() })
 */
export function memory(): StoreBackend {
  const namespaces = new Map<string, Namespace>()

  function open(name: string): Namespace {
    let found = namespaces.get(name)
    if (found === undefined) {
      found = { blobs: new Map(), labels: new Map(), last: new Map(), uploads: new Map(), bytes: 0 }
      namespaces.set(name, found)
    }
    return found
  }

  function unfinished(namespace: string, upload: string): Blob | undefined {
    const found = namespaces.get(namespace)?.uploads.get(upload)
    return found?.hash === undefined ? found : undefined
  }

  function expire(namespace: string, before: number): number {
    const space = open(namespace)
    const old = [...space.uploads].filter(([, { touched }]) => touched < before)
    for (const [name] of old) {
      space.bytes -= unfinished(namespace, name)?.size ?? 0
      space.uploads.delete(name)
    }
    return old.length
  }

  return {
    ...memoryEntries(open),
    async put(namespace, hash, chunks, { quota, now }): Promise<PutOutcome> {
      const space = open(namespace)
      const key = keyOf(hash)
      const there = space.blobs.get(key)?.size
      const size = sizeOf(chunks)
      const total = space.bytes + size - (there ?? 0)
      if (there === undefined && total > quota) return { tag: 'full', left: Math.max(0, quota - space.bytes) }
      space.blobs.set(key, { size, touched: now, chunks: chunks.map(copy) })
      space.bytes = total
      return { tag: 'stored' }
    },
    async size(namespace, hash) {
      return namespaces.get(namespace)?.blobs.get(keyOf(hash))?.size
    },
    async chunks(namespace, hash, first, count) {
      return namespaces
        .get(namespace)
        ?.blobs.get(keyOf(hash))
        ?.chunks.slice(first, first + count)
        .map(copy)
    },
    async begin(namespace, upload, now, limit) {
      const { uploads } = open(namespace)
      if (uploads.size >= limit) return false
      uploads.set(upload, { size: 0, touched: now, hash: undefined, chunks: cut(new Uint8Array()) })
      return true
    },
    async upload(namespace, upload) {
      const found = namespaces.get(namespace)?.uploads.get(upload)
      return found && { size: found.size, touched: found.touched, hash: found.hash?.slice() }
    },
    async uploaded(namespace, upload, first, count) {
      const found = unfinished(namespace, upload)
      return found?.chunks.slice(first, first + count).map(copy)
    },
    async append(namespace, upload, first, chunks, { quota, now }): Promise<AppendOutcome> {
      const found = unfinished(namespace, upload)
      if (found === undefined) return { tag: 'gone' }
      const space = open(namespace)
      const size = first * CHUNK_BYTES + sizeOf(chunks)
      const total = space.bytes + size - found.size
      if (total > quota) return { tag: 'full', left: Math.max(0, quota - space.bytes) }
      const all = [...found.chunks.slice(0, first), ...chunks.map(copy)]
      space.uploads.set(upload, { size, touched: now, hash: undefined, chunks: all })
      space.bytes = total
      return { tag: 'stored' }
    },
    async finish(namespace, upload, hash, now) {
      const space = open(namespace)
      const found = space.uploads.get(upload)
      if (found === undefined) return false
      if (found.hash !== undefined) return true
      space.bytes -= space.blobs.get(keyOf(hash))?.size ?? 0
      space.blobs.set(keyOf(hash), { size: found.size, touched: now, chunks: found.chunks })
      space.uploads.set(upload, { size: found.size, touched: now, hash: hash.slice(), chunks: [] })
      return true
    },
    async giveUp(namespace, upload) {
      const space = open(namespace)
      space.bytes -= unfinished(namespace, upload)?.size ?? 0
      space.uploads.delete(upload)
    },
    async expire(namespace, before) {
      return expire(namespace, before)
    },
    async blobs() {
      return [...namespaces]
        .toSorted(([a], [b]) => compareBytes(a, b))
        .flatMap(([namespace, space]) =>
          [...space.blobs]
            .map(([key, { size, touched }]) => ({ namespace, hash: hashOf(key), size, touched }))
            .toSorted((a, b) => Buffer.compare(a.hash, b.hash))
            .map((blob) => ({ ...blob, labelled: isLabelled(space, blob.hash) })),
        )
    },
    async forget(namespace, hash, before) {
      const space = open(namespace)
      const there = space.blobs.get(keyOf(hash))
      if (there === undefined || there.touched >= before || isLabelled(space, hash)) return false
      space.blobs.delete(keyOf(hash))
      space.bytes -= there.size
      return true
    },
    async sweep(before) {
      const counts = [...namespaces.keys()].map((namespace) => expire(namespace, before))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    async label(namespace, name) {
      return namespaces.get(namespace)?.labels.get(name)?.slice()
    },
    async set(namespace, writer, change, limit): Promise<SetOutcome> {
      const space = open(namespace)
      const current = space.labels.get(change.name)
      if (!same(current, change.expected)) return { tag: 'conflict', current: current?.slice() }
      if (change.value === undefined) space.labels.delete(change.name)
      else if (current === undefined && space.labels.size >= limit) return { tag: 'full' }
      else space.labels.set(change.name, change.value.slice())
      remember(space, writer, change)
      return { tag: 'set' }
    },
    async last(namespace, writer) {
      return namespaces.get(namespace)?.last.get(writer)
    },
    async list(namespace, prefix, after, limit) {
      const names = [...(namespaces.get(namespace)?.labels.keys() ?? [])]
      return names
        .filter((name) => name.startsWith(prefix) && (after === undefined || compareBytes(name, after) > 0))
        .toSorted(compareBytes)
        .slice(0, limit)
    },
  }
}

function remember(space: Namespace, writer: string, { name, expected, value }: Change): void {
  for (const [other, last] of space.last) {
    if (other !== writer && last.name === name) space.last.set(other, { ...last, overtaken: true })
  }
  space.last.set(writer, { name, expected: expected?.slice(), value: value?.slice(), overtaken: false })
}

function copy({ hash, bytes }: Chunk): Chunk {
  return { hash: hash.slice(), bytes: bytes.slice() }
}

function isLabelled(space: Namespace, hash: Hash): boolean {
  return [...space.labels.values()].some((named) => same(named, hash))
}

function hashOf(key: string): Hash {
  return new Uint8Array(Buffer.from(key, 'latin1'))
}

function keyOf(hash: Hash): string {
  return Buffer.from(hash).toString('latin1')
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
