import type { Entry, EntryBackend } from './backend.ts'
import { entryBytes } from './entry.ts'

/** Where {@link memoryEntries} counts what it keeps. */
interface Counted {
  bytes: number
}

interface Space {
  readonly entries: Map<string, Entry>
  readonly notes: Map<string, string>
  version: number
}

/** Keeps entries of buckets in memory. */
export function memoryEntries(counted: (namespace: string) => Counted): EntryBackend {
  const spaces = new Map<string, Space>()

  function open(namespace: string): Space {
    let found = spaces.get(namespace)
    if (found === undefined) {
      found = { entries: new Map(), notes: new Map(), version: 0 }
      spaces.set(namespace, found)
    }
    return found
  }

  return {
    async entry(namespace, bucket, key) {
      const found = open(namespace).entries.get(nameOf(bucket, key))
      return found && copy(found)
    },
    async edit(namespace, bucket, edits, { writer, note }, quota) {
      const space = open(namespace)
      const count = counted(namespace)
      const writes: (() => void)[] = []
      let { bytes } = count
      let { version } = space
      for (const { key, change } of edits) {
        const name = nameOf(bucket, key)
        const there = space.entries.get(name)
        const edit = change(there && copy(there))
        if (edit === 'keep') continue
        bytes -= there === undefined ? 0 : entryBytes(key, there.value)
        if (edit === 'remove') {
          writes.push(() => void space.entries.delete(name))
          continue
        }
        bytes += entryBytes(key, edit.value)
        const entry = copy({ ...edit, version: ++version })
        writes.push(() => void space.entries.set(name, entry))
      }
      if (bytes > count.bytes && bytes > quota) return { tag: 'full', left: Math.max(0, quota - count.bytes) }
      for (const write of writes) write()
      count.bytes = bytes
      space.version = version
      space.notes.set(writer, note(version))
      return { tag: 'stored' }
    },
    async noted(namespace, writer) {
      return open(namespace).notes.get(writer)
    },
    async keys(namespace, bucket, after, limit) {
      const prefix = nameOf(bucket, '')
      return [...open(namespace).entries.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .filter((key) => after === undefined || compareBytes(key, after) > 0)
        .toSorted(compareBytes)
        .slice(0, limit)
    },
  }
}

/** No bucket's name has a NUL. */
function nameOf(bucket: string, key: string): string {
  return `${bucket}\0${key}`
}

function copy({ value, hash, version }: Entry): Entry {
  return { value: value.slice(), hash: hash.slice(), version }
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
