import type { Change, Hash, LastChange, PutOutcome, SetOutcome, StoreBackend } from './backend.ts'

interface Namespace {
  readonly blobs: Map<string, Uint8Array>
  readonly labels: Map<string, Hash>
  readonly last: Map<string, LastChange>
  bytes: number
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
      found = { blobs: new Map(), labels: new Map(), last: new Map(), bytes: 0 }
      namespaces.set(name, found)
    }
    return found
  }

  return {
    async put(namespace, hash, bytes, quota): Promise<PutOutcome> {
      const space = open(namespace)
      const key = keyOf(hash)
      const there = space.blobs.get(key)?.byteLength
      const total = space.bytes + bytes.byteLength - (there ?? 0)
      if (there === undefined && total > quota) return { tag: 'full', left: Math.max(0, quota - space.bytes) }
      space.blobs.set(key, bytes.slice())
      space.bytes = total
      return { tag: 'stored' }
    },
    async get(namespace, hash) {
      return namespaces.get(namespace)?.blobs.get(keyOf(hash))?.slice()
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

function keyOf(hash: Hash): string {
  return Buffer.from(hash).toString('latin1')
}

function same(a: Hash | undefined, b: Hash | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return Buffer.from(a).equals(b)
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
