import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cut, sha256 } from '../src/chunks.ts'
import { directory } from '../src/directory.ts'
import { memory } from '../src/index.ts'
import type { Edit, StoreBackend } from '../src/index.ts'
import { sqlite } from '../src/sqlite.ts'
import { temporaryFolder } from './backends.ts'

/** What all backends are held against. */
const others: readonly { readonly name: string; readonly open: () => StoreBackend }[] = [
  { name: 'sqlite', open: () => sqlite(':memory:') },
  { name: 'directory', open: () => directory(temporaryFolder()) },
]

test.each(others)('$name answers as memory does, whatever is asked of it', async ({ open }) => {
  const space = fc.constantFrom('actor:a', 'shared:a')
  const writer = fc.constantFrom('one', 'two')
  const data = fc.constantFrom(...['', 'abcdef', '12345678'].map((text) => new TextEncoder().encode(text)))
  const value = data.map(sha256)
  // No two namespaces have an upload of one name.
  const upload = fc
    .tuple(space, fc.constantFrom('u', 'v', 'w'))
    .map(([where, name]): [string, string] => [where, `${where.slice(0, 1)}-${name}`])
  const key = fc.constantFrom('', 'k', 'k\0', 'K', 'ä', '\u{10000}', '\uffff')
  const label = fc.option(value, { nil: undefined })
  const name = fc.constantFrom('a', 'a/b', 'a-', 'B', 'c')
  const step = fc.oneof(
    fc.tuple(space, data, fc.integer({ min: 0, max: 12 }), fc.nat(3)).map(
      ([where, bytes, quota, now]) =>
        (backend: StoreBackend) =>
          backend.put(where, sha256(bytes), cut(bytes), { quota, now }),
    ),
    fc.tuple(space, value).map((args) => (backend: StoreBackend) => backend.size(...args)),
    fc.tuple(space, value).map((args) => (backend: StoreBackend) => backend.chunks(...args, 0, 1)),
    fc
      .tuple(upload, fc.nat(3), fc.integer({ min: 1, max: 2 }))
      .map(([[where, name], now, limit]) => async (backend: StoreBackend) => {
        const there = await backend.upload(where, name)
        return there ?? backend.begin(where, name, now, limit)
      }),
    upload.map((args) => (backend: StoreBackend) => backend.upload(...args)),
    upload.map((args) => (backend: StoreBackend) => backend.uploaded(...args, 0, 1)),
    fc.tuple(upload, data, fc.integer({ min: 0, max: 12 }), fc.nat(3)).map(
      ([[where, to], bytes, quota, now]) =>
        (backend: StoreBackend) =>
          backend.append(where, to, 0, cut(bytes), { quota, now }),
    ),
    upload.map(([where, from]) => async (backend: StoreBackend) => {
      const chunks = await backend.uploaded(where, from, 0, 1)
      return backend.finish(where, from, sha256(chunks?.[0]?.bytes ?? new Uint8Array()), 0)
    }),
    upload.map((args) => (backend: StoreBackend) => backend.giveUp(...args)),
    fc.tuple(space, fc.nat(4)).map((args) => (backend: StoreBackend) => backend.expire(...args)),
    fc
      .tuple(space, fc.constantFrom('a', 'b'), key)
      .map((args) => (backend: StoreBackend) => backend.entry(...args)),
    fc
      .tuple(
        space,
        fc.constantFrom('a', 'b'),
        fc.uniqueArray(fc.tuple(key, fc.oneof(fc.constantFrom('remove', 'keep'), data)), {
          selector: ([of]) => of,
          maxLength: 3,
        }),
        writer,
        fc.integer({ min: 0, max: 400 }),
      )
      .map(([where, bucket, edits, who, quota]) => (backend: StoreBackend) => {
        const changes = edits.map(([of, to]): Edit => ({
          key: of,
          change: () => (to instanceof Uint8Array ? { value: to, hash: sha256(to) } : to),
        }))
        return backend.edit(where, bucket, changes, { writer: who, note: String }, quota)
      }),
    fc.tuple(space, writer).map((args) => (backend: StoreBackend) => backend.noted(...args)),
    fc
      .tuple(
        space,
        fc.constantFrom('a', 'b'),
        fc.option(key, { nil: undefined }),
        fc.integer({ min: 1, max: 3 }),
      )
      .map((args) => (backend: StoreBackend) => backend.keys(...args)),
    fc.constant((backend: StoreBackend) => backend.blobs()),
    fc.tuple(space, value, fc.nat(4)).map((args) => (backend: StoreBackend) => backend.forget(...args)),
    fc.nat(4).map((before) => (backend: StoreBackend) => backend.sweep(before)),
    fc.tuple(space, name).map((args) => (backend: StoreBackend) => backend.label(...args)),
    fc
      .tuple(
        space,
        writer,
        fc.record({ name, expected: label, value: label }),
        fc.integer({ min: 0, max: 3 }),
      )
      .map((args) => (backend: StoreBackend) => backend.set(...args)),
    fc.tuple(space, writer).map((args) => (backend: StoreBackend) => backend.last(...args)),
    fc
      .tuple(
        space,
        fc.constantFrom('', 'a', 'a/', 'x'),
        fc.option(name, { nil: undefined }),
        fc.integer({ min: 1, max: 3 }),
      )
      .map((args) => (backend: StoreBackend) => backend.list(...args)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const one = memory()
      const other = open()
      for (const run of steps) expect(await run(other)).toEqual(await run(one))
      await other[Symbol.asyncDispose]?.()
    }),
    { numRuns: 50 },
  )
})
