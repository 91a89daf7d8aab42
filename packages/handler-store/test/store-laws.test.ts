import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { storeLaws, violated } from '@theater/handler-conformance'
import type { StoreSubject, StoreWorld } from '@theater/handler-conformance'
import { storeConformance } from '@theater/handler-conformance/vitest'
import { WitError } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../src/chunks.ts'
import { memory, store } from '../src/index.ts'
import type { StoreBackend } from '../src/index.ts'
import { directory } from '../src/directory.ts'
import { sqlite } from '../src/sqlite.ts'
import { temporaryFile, temporaryFolder } from './backends.ts'

const RIGHTS = ['read', 'write', 'label'] as const

function subject(name: string, make: () => StoreWorld): StoreSubject {
  return {
    name,
    make,
    grant: (maxBytes) => ({ rights: [...RIGHTS], maxBytes }),
    grants: [
      { rights: [] },
      ...RIGHTS.map((right) => ({ rights: [right] })),
      { rights: ['read', 'label'], labels: 'other/' },
      { rights: [...RIGHTS], labels: 'n', maxBytes: 5 },
    ],
  }
}

/** Memory that can be damaged: what it gives of one blob has a byte changed. */
function frail(): { readonly backend: StoreBackend; readonly damage: NonNullable<StoreWorld['damage']> } {
  const backend = memory()
  return {
    backend,
    async damage(hash, at) {
      const n = Math.floor(at / 65_536)
      const chunks = (await backend.chunks('actor:actor', hash, 0, 99)) ?? []
      const changed = chunks.map((chunk, i) =>
        i === n
          ? { ...chunk, bytes: chunk.bytes.with(at % 65_536, (chunk.bytes[at % 65_536] ?? 0) ^ 1) }
          : chunk,
      )
      await backend.put('actor:actor', hash, changed, { quota: 10_000_000, now: 0 })
    },
  }
}

const inMemory = subject('memory', () => {
  const { backend, damage } = frail()
  return { handler: store({ backend }), damage }
})

const subjects: readonly StoreSubject[] = [
  inMemory,
  subject('memory, with small limits', () => ({
    handler: store({ maxListed: 1, maxUploads: 1, maxCallBytes: 200_000 }),
  })),
  subject('sqlite', () => {
    const path = temporaryFile()
    return {
      handler: store({ backend: sqlite(path) }),
      damage(_hash, at) {
        const db = new DatabaseSync(path)
        const row = db.prepare('select bytes from bytes where n = ?').get(Math.floor(at / 65_536))
        const bytes = new Uint8Array(row?.['bytes'] as Uint8Array)
        db.prepare('update bytes set bytes = ? where n = ?').run(
          bytes.with(at % 65_536, (bytes[at % 65_536] ?? 0) ^ 1),
          Math.floor(at / 65_536),
        )
        db.close()
      },
    }
  }),
  subject('directory', () => {
    const path = temporaryFolder()
    return {
      handler: store({ backend: directory(path) }),
      damage(hash, at) {
        const hex = Buffer.from(hash).toString('hex')
        const file = join(path, 'blobs', hex.slice(0, 2), hex.slice(2))
        const bytes = new Uint8Array(readFileSync(file))
        writeFileSync(file, bytes.with(at, (bytes[at] ?? 0) ^ 1))
      },
    }
  }),
]

for (const one of subjects) storeConformance(one)

const BLOBS = 'theater:store/blobs@0.1'
const LABELS = 'theater:store/labels@0.1'
const TRANSFERS = 'theater:store/transfers@0.1'
type Store = ReturnType<typeof store>
type Bound = Awaited<ReturnType<Store['bind']>>
type Upload = Awaited<ReturnType<Bound['imports'][typeof TRANSFERS]['start']>>
type Reader = Awaited<ReturnType<Bound['imports'][typeof TRANSFERS]['open']>>
type Break = (bound: Bound, backend: StoreBackend) => Bound

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const filler = (length: number): Uint8Array => new Uint8Array(length).fill(1)

/** With other functions of blobs. */
const blobs =
  (change: (of: Bound['imports'][typeof BLOBS]) => Partial<Bound['imports'][typeof BLOBS]>): Break =>
  (bound) => ({
    ...bound,
    imports: { ...bound.imports, [BLOBS]: { ...bound.imports[BLOBS], ...change(bound.imports[BLOBS]) } },
  })

/** With other functions of labels. */
const labels =
  (
    change: (of: Bound['imports'][typeof LABELS], bound: Bound) => Partial<Bound['imports'][typeof LABELS]>,
  ): Break =>
  (bound) => ({
    ...bound,
    imports: {
      ...bound.imports,
      [LABELS]: { ...bound.imports[LABELS], ...change(bound.imports[LABELS], bound) },
    },
  })

/** With uploads and readers that are changed when they are made. */
const handles =
  (change: {
    upload?: (upload: Upload, bound: Bound) => object
    reader?: (reader: Reader) => object
  }): Break =>
  (bound) => {
    const { start, open } = bound.imports[TRANSFERS]
    const changed = {
      start: async () => {
        const upload = await start()
        return Object.assign(upload, change.upload?.(upload, bound))
      },
      open: async (hash: Uint8Array) => {
        const reader = await open(hash)
        return Object.assign(reader, change.reader?.(reader))
      },
    }
    return { ...bound, imports: { ...bound.imports, [TRANSFERS]: changed } }
  }

const isDamaged = (error: unknown): boolean =>
  WitError.is(error) && JSON.stringify(error.payload) === '{"tag":"damaged"}'

/** A handler for each law, in the order of the laws, that breaks that one and no other. */
const breaks: readonly Break[] = [
  blobs(({ put }) => {
    let times = 0
    return { put: async (data) => (text(data) === 'a' && times++ > 0 ? new Uint8Array(32) : put(data)) }
  }),
  blobs(({ put }) => {
    let times = 0
    return {
      async put(data) {
        const hash = await put(data)
        if (text(data) === '123456' && times++ > 0) await put(filler(4))
        return hash
      },
    }
  }),
  blobs(({ get }) => ({
    get: (hash, offset, length) => get(hash, offset === 131_000n ? offset - 1n : offset, length),
  })),
  blobs(({ get }) => ({
    get: (...args) =>
      get(...args).catch((error: unknown) => {
        if (!isDamaged(error)) throw error
        return filler(1)
      }),
  })),
  labels(({ get, set }) => ({
    set: async (name, expected, value) => set(name, name === 'x/y' ? await get(name) : expected, value),
  })),
  labels(({ set }, { imports }) => ({
    async set(name, expected, value) {
      if (name === 'name' && value !== undefined) await imports[BLOBS].size(value)
      await set(name, expected, value)
    },
  })),
  labels(({ list }) => ({ list: async (...args) => (await list(...args)).toReversed() })),
  handles({
    upload(upload) {
      const write = upload.write.bind(upload)
      return {
        write: (offset: bigint, data: Uint8Array) =>
          write(offset, data).catch((error: unknown) => {
            if (text(data) !== 'xyz') throw error
          }),
      }
    },
  }),
  handles({
    upload(upload) {
      const write = upload.write.bind(upload)
      return {
        write: async (offset: bigint, data: Uint8Array) => {
          const size = await upload.size()
          await write(text(data) === 'you' && offset < size ? size : offset, data)
        },
      }
    },
  }),
  handles({
    upload(upload) {
      const finish = upload.finish.bind(upload)
      let times = 0
      return {
        async finish() {
          if (times++ > 0) throw new WitError({ tag: 'closed' })
          return finish()
        },
      }
    },
  }),
  handles({
    upload(upload, { imports }) {
      const write = upload.write.bind(upload)
      return {
        async write(offset: bigint, data: Uint8Array) {
          if (text(data) === 'hello') await imports[BLOBS].put(data)
          await write(offset, data)
        },
      }
    },
  }),
  handles({
    upload(upload, { imports }) {
      const finish = upload.finish.bind(upload)
      return {
        async finish() {
          if ((await upload.size()) === 4n) await imports[BLOBS].put(filler(2))
          return finish()
        },
      }
    },
  }),
  (bound) => ({ ...bound, dropped: () => undefined }),
  (bound, backend) => ({
    ...bound,
    dropped(type, description) {
      bound.dropped?.(type, description)
      void backend.forget('actor:actor', sha256(new TextEncoder().encode('hello')), Infinity)
    },
  }),
  (bound) => ({
    ...bound,
    resume: (type, description) => (type.endsWith('#reader') ? undefined : bound.resume?.(type, description)),
  }),
  handles({
    reader(reader) {
      const read = reader.read.bind(reader)
      return {
        read: (offset: bigint, length: bigint) => read(offset === 131_000n ? offset - 1n : offset, length),
      }
    },
  }),
  labels(({ get }) => ({
    async get(name) {
      if (name === 'n') throw new WitError({ tag: 'denied' })
      return get(name)
    },
  })),
]

describe('a handler that breaks a law', () => {
  test.each(storeLaws.map((law, n) => [law.name, n] as const))(
    'breaks one law and no other: %s',
    async (name, n) => {
      expect(breaks).toHaveLength(storeLaws.length)
      const broken = subject(name, () => {
        const { backend, damage } = frail()
        const handler = store({ backend })
        const bind: Store['bind'] = async (actor, grant) =>
          breaks[n]?.(await handler.bind(actor, grant), backend) ?? handler.bind(actor, grant)
        return { handler: { ...handler, bind }, damage }
      })
      expect(await violated(storeLaws, broken)).toEqual([name])
    },
  )
})
