import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { altered, keyvalueLaws, violated } from '@theater/handler-conformance'
import type { Alteration, KeyvalueSubject, KeyvalueWorld } from '@theater/handler-conformance'
import { keyvalueConformance } from '@theater/handler-conformance/vitest'
import { WitError } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { memory, store } from '../src/index.ts'
import { directory } from '../src/directory.ts'
import { sqlite } from '../src/sqlite.ts'
import { temporaryFile, temporaryFolder } from './backends.ts'

function subject(name: string, make: () => KeyvalueWorld): KeyvalueSubject {
  const grant = (maxBytes: number) => ({ rights: ['read', 'write', 'label'], maxBytes })
  return { name, make, grant, unknown: 'No bucket' }
}

/** Memory that can be damaged: a value gets another byte under its old hash. */
function inMemory(): KeyvalueWorld {
  const backend = memory()
  return {
    handler: store({ backend }),
    async damage(bucket, key) {
      const change = (entry: { readonly value: Uint8Array; readonly hash: Uint8Array } | undefined) => ({
        ...entry!,
        value: entry!.value.with(0, entry!.value[0]! ^ 1),
      })
      await backend.edit('actor:actor', bucket, [{ key, change }], { writer: 'x', note: () => '' }, 1_000_000)
    },
  }
}

/** A byte of a value in a database is another one. */
function damageIn(path: string): NonNullable<KeyvalueWorld['damage']> {
  return (bucket, key) => {
    const db = new DatabaseSync(path)
    const which = [bucket, Buffer.from(key)] as const
    const row = db.prepare('select value from entries where bucket = ? and key = ?').get(...which)
    const value = new Uint8Array(row?.['value'] as Uint8Array)
    db.prepare('update entries set value = ? where bucket = ? and key = ?').run(
      value.with(0, value[0]! ^ 1),
      ...which,
    )
    db.close()
  }
}

for (const one of [
  subject('memory', inMemory),
  subject('memory, with small limits', () => ({ handler: store({ maxListed: 1, maxCallBytes: 10_000 }) })),
  subject('sqlite', () => {
    const path = temporaryFile()
    return { handler: store({ backend: sqlite(path) }), damage: damageIn(path) }
  }),
  subject('directory', () => {
    const path = temporaryFolder()
    return { handler: store({ backend: directory(path) }), damage: damageIn(join(path, 'index.db')) }
  }),
])
  keyvalueConformance(one)

/*
 * One broken handler for each law: a right one with one thing changed, which breaks that law and no other.
 */

type Bucket = Record<'get' | 'set' | 'delete' | 'exists' | 'listKeys', (...args: any[]) => Promise<any>>

const bytes = (said: string): Uint8Array => new TextEncoder().encode(said)
const said = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString()

/** With buckets of which a method is another one; they are remembered by their names. */
function bucket(
  change: (own: Bucket, name: string, others: ReadonlyMap<string, Bucket>) => Partial<Bucket>,
): Alteration {
  const opened = new Map<string, Bucket>()
  return {
    calls: {
      'store#open': (open, [name]) => {
        const made = open(name) as Bucket
        const own = Object.fromEntries(
          (['get', 'set', 'delete', 'exists', 'listKeys'] as const).map((fn) => [fn, made[fn].bind(made)]),
        ) as Bucket
        opened.set(name as string, own)
        return Object.assign(made, change(own, name as string, opened))
      },
    },
  }
}

const call = (fn: string, other: (self: (...args: any[]) => any, args: any[]) => unknown): Alteration => ({
  calls: { [fn]: (self, args) => other(self, [...args]) },
})

const failed = (error: unknown, tag: string): boolean =>
  WitError.is(error) && (error.payload as { readonly tag: string }).tag === tag

const broken: Readonly<Record<string, () => Alteration>> = {
  'a bucket is one that is there, and else no-such-store': () =>
    call('store#open', (open, [name]) => open(name === 'No bucket' ? 'a' : name)),
  'a value is what was set last, and none where nothing was': () =>
    bucket(({ get }) => ({
      get: async (key) => {
        const value = await get(key)
        return value?.length === 256 ? value.subarray(1) : value
      },
    })),
  'deleting takes a key away, and does nothing where there is none': () =>
    bucket((own) => ({
      async delete(key) {
        if (key === 'gone' && !(await own.exists(key))) throw new WitError({ tag: 'other', val: 'none' })
        await own.delete(key)
      },
    })),
  'exists says whether a key has a value, also an empty one': () =>
    bucket(({ get, exists }) => ({
      exists: async (key) => (key === 'there' ? (await get(key))?.length > 0 : exists(key)),
    })),
  'keys are listed by bytes, each once over all cursors, and none is missed': () =>
    bucket(({ listKeys }) => ({
      async listKeys(cursor) {
        const page = await listKeys(cursor)
        return { ...page, keys: page.keys.toReversed() }
      },
    })),
  'buckets do not touch, and a key is a key of one, whatever it is called': () =>
    bucket(({ get }, name, others) => ({
      get: (key) => (name === 'a/b' && key === 'c' ? others.get('a')!.get(key) : get(key)),
    })),
  'an increment adds to what is there, from nothing where there is none': () =>
    call('atomics#increment', (self, [on, key, delta]) => (delta === 0n ? 0n : self(on, key, delta))),
  'an increment that cannot be made is an error, and changes nothing': () =>
    call('atomics#increment', async (self, [on, key, delta]) => {
      if (key === 'odd' && said(await on.get(key)) === '1.5') await on.set(key, bytes('2'))
      return self(on, key, delta)
    }),
  'of increments at once each counts': () =>
    call('atomics#increment', async (self, [on, key, delta]) => {
      if (key !== 'together') return self(on, key, delta)
      const sum = BigInt(said(await on.get(key)) ?? '0') + delta
      await new Promise((resolve) => setImmediate(resolve))
      await on.set(key, bytes(String(sum)))
      return sum
    }),
  'a swap sets a key that is as it was when it was looked at': () =>
    call('atomics#swap', async (self, [cas, value]) => {
      if (cas.key !== 'new' || said(value) !== '2') await self(cas, value)
    }),
  'a swap of a key that was changed changes nothing, and gives another try': () =>
    call('atomics#swap', async (self, [cas, value]) => {
      try {
        await self(cas, value)
      } catch (error) {
        // By its value, and not by its version.
        if (!failed(error, 'cas-failed') || said(await cas.bucket.get(cas.key)) !== 'first') throw error
        await cas.bucket.set(cas.key, value)
      }
    }),
  'of swaps at once one is done': () =>
    call('atomics#swap', (self, [cas, value]) =>
      cas.key === 'one' ? cas.bucket.set(cas.key, value) : self(cas, value),
    ),
  'current shows what there is now, and a swap is against that': () =>
    call('atomics#[static]cas.new', async (self, args) => {
      const cas = await self(...args)
      const first = cas.current.bind(cas)
      const shown = await first()
      return Object.assign(cas, { current: async () => (args[1] === 'seen' ? shown : first()) })
    }),
  'get-many answers for each key in its place, none where there is none': () =>
    call('batch#getMany', async (self, args) => (await self(...args)).filter(Boolean)),
  'set-many sets all of them, and of two values for a key the later': () =>
    call('batch#setMany', (self, [on, pairs]) =>
      self(on, pairs[0]?.[0] === 's1' ? pairs.toReversed() : pairs),
    ),
  'set-many that fails sets nothing': () =>
    call('batch#setMany', async (_self, [on, pairs]) => {
      for (const [key, value] of pairs) await on.set(key, value)
    }),
  'delete-many takes away all of them that there are': () =>
    call('batch#deleteMany', (self, [on, keys]) => self(on, keys.slice(0, 2))),
  'a value that there is no room for is refused, and changes nothing': () =>
    bucket((own) => ({
      async set(key, value) {
        if (key === 'full') await own.delete(key)
        await own.set(key, value)
      },
    })),
  'what is replaced or deleted gives its room back': () => {
    let times = 0
    return bucket((own) => ({
      async set(key, value) {
        if (key === 'again') await own.set(`trash ${times++}`, new Uint8Array(200))
        await own.set(key, value)
      },
    }))
  },
  'a value that was damaged is an error, and not handed out': () =>
    bucket(({ get }) => ({
      get: (key) =>
        get(key).catch((error: unknown) => {
          if (!failed(error, 'other')) throw error
          return bytes('?')
        }),
    })),
  'buckets and tries go on after a restart': () => ({
    binding: (good) => ({
      ...good,
      resume: (type, description) => (type.endsWith('#cas') ? undefined : good.resume?.(type, description)),
    }),
  }),
}

describe('a broken handler of keys', () => {
  test.each(keyvalueLaws.map(({ name }) => name))('breaks one law and no other: %s', async (name) => {
    const one = subject(name, () => {
      const world = inMemory()
      return { ...world, handler: altered(world.handler, broken[name]!()) }
    })
    expect(await violated(keyvalueLaws, one)).toEqual([name])
  })
})
