import { DatabaseSync } from 'node:sqlite'
import { WitError } from '@theater/handler'
import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import { store } from '../src/index.ts'
import type { StoreGrant, StoreOptions } from '../src/index.ts'
import { sqlite } from '../src/sqlite.ts'
import { backends, temporaryFile } from './backends.ts'

const STORE = 'wasi:keyvalue/store@0.2.0-draft2'
const ATOMICS = 'wasi:keyvalue/atomics@0.2.0-draft2'
const BATCH = 'wasi:keyvalue/batch@0.2.0-draft2'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const all: StoreGrant = { rights: ['read', 'write', 'label'] }

async function payload(answer: () => unknown): Promise<unknown> {
  try {
    await answer()
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  throw new Error('it answered')
}

/** What the interface has no case for. */
const other = (fault: string) => ({ tag: 'other', val: expect.stringMatching(`^${fault}: .`) as unknown })

async function bound(options: StoreOptions, grant = all) {
  const handler = store(options)
  const as = async (id: string, over = grant) => {
    const binding = await handler.bind(fakeActor({ id }), over)
    const { [STORE]: buckets, [ATOMICS]: atomics, [BATCH]: batch } = binding.imports
    return {
      binding,
      open: (name: string) => buckets.open(name),
      atomics,
      newCas: (...args: Parameters<(typeof atomics)['[static]cas.new']>) =>
        atomics['[static]cas.new'](...args),
      batch,
    }
  }
  return { handler, as, ...(await as('actor')) }
}

describe.each(backends)('$name', ({ open: backend }) => {
  test('what is set is got, is there and is deleted', async () => {
    const { open } = await bound({ backend: backend() })
    const bucket = open('notes')
    expect(await bucket.get('k')).toBeUndefined()
    expect(await bucket.exists('k')).toBe(false)
    await bucket.set('k', bytes('one'))
    await bucket.set('k', bytes('two'))
    expect(await bucket.get('k')).toEqual(bytes('two'))
    expect(await open('notes').exists('k')).toBe(true)
    expect(await open('other').exists('k')).toBe(false)
    expect(await open('').exists('k')).toBe(false)
    await bucket.delete('k')
    await bucket.delete('k')
    expect(await bucket.get('k')).toBeUndefined()
    await bucket.set('', bytes(''))
    expect(await bucket.get('')).toEqual(bytes(''))
  })

  test('a bucket is within the namespace: of the actor, or a shared one', async () => {
    const { as, open } = await bound({ backend: backend() })
    await open('b').set('k', bytes('mine'))
    expect(await (await as('another')).open('b').get('k')).toBeUndefined()
    const shared: StoreGrant = { ...all, namespace: 'actor' }
    const one = await as('one', shared)
    expect(await one.open('b').get('k')).toBeUndefined()
    await one.open('b').set('k', bytes('shared'))
    expect(await (await as('two', shared)).open('b').get('k')).toEqual(bytes('shared'))
  })

  test('a bucket has the name of a label, or none', async () => {
    const { open } = await bound({ backend: backend() })
    for (const name of ['', 'a', 'a/b', 'A.b-c']) expect(open(name)).toBeDefined()
    for (const name of ['/', 'a/', '..', 'ä', 'x'.repeat(257)])
      expect(await payload(() => open(name))).toEqual({ tag: 'no-such-store' })
  })

  test('keys are listed by bytes, in pages', async () => {
    const { open } = await bound({ backend: backend(), maxListed: 2 })
    const bucket = open('b')
    const keys = ['\u{10000}', '\uffff', 'b', 'a', 'a\0', 'B', '']
    for (const key of keys) await bucket.set(key, bytes(key))
    await open('b/c').set('elsewhere', bytes(''))
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await bucket.listKeys(cursor)
      expect(page.keys.length).toBeLessThanOrEqual(2)
      found.push(...page.keys)
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(found).toEqual(['', 'B', 'a', 'a\0', 'b', '\uffff', '\u{10000}'])
    expect(await open('none').listKeys(undefined)).toEqual({ keys: [], cursor: undefined })
  })

  test('an increment is of a decimal number of 64 bits', async () => {
    const { open, atomics } = await bound({ backend: backend() })
    const bucket = open('b')
    expect(await atomics.increment(bucket, 'n', 5n)).toBe(5n)
    expect(await atomics.increment(bucket, 'n', -7n)).toBe(-2n)
    expect(await bucket.get('n')).toEqual(bytes('-2'))
    await bucket.set('n', bytes('9223372036854775807'))
    expect(await payload(() => atomics.increment(bucket, 'n', 1n))).toEqual(other('overflow'))
    expect(await bucket.get('n')).toEqual(bytes('9223372036854775807'))
    await bucket.set('n', bytes('ten'))
    expect(await payload(() => atomics.increment(bucket, 'n', 1n))).toEqual(other('not-a-number'))
  })

  test('increments of two actors at once all count', async () => {
    const { as } = await bound({ backend: backend() }, { ...all, namespace: 'n' })
    const actors = await Promise.all(['one', 'two'].map((id) => as(id)))
    await Promise.all(
      actors.flatMap(({ open, atomics }) =>
        Array.from({ length: 20 }, () => atomics.increment(open('b'), 'n', 1n)),
      ),
    )
    expect(await actors[0]?.open('b').get('n')).toEqual(bytes('40'))
  })

  test('a swap is of what was seen, and fails with the next attempt', async () => {
    const { open, newCas, atomics } = await bound({ backend: backend() })
    const bucket = open('b')
    const first = await newCas(bucket, 'k')
    expect(await first.current()).toBeUndefined()
    await atomics.swap(first, bytes('one'))
    const stale = await newCas(bucket, 'k')
    await bucket.set('k', bytes('two'))
    // The same value again is another version.
    await bucket.set('k', bytes('one'))
    const failed = await payload(() => atomics.swap(stale, bytes('three')))
    expect(failed).toMatchObject({ tag: 'cas-failed' })
    expect(await bucket.get('k')).toEqual(bytes('one'))
    const { val } = failed as { readonly val: typeof first }
    expect(await val.current()).toEqual(bytes('one'))
    await atomics.swap(val, bytes('three'))
    expect(await bucket.get('k')).toEqual(bytes('three'))
    const gone = await newCas(bucket, 'k')
    await bucket.delete('k')
    expect(await payload(() => atomics.swap(gone, bytes('four')))).toMatchObject({ tag: 'cas-failed' })
    expect(await bucket.exists('k')).toBe(false)
  })

  test('a batch is done whole or not at all', async () => {
    const { open, batch } = await bound({ backend: backend() }, { ...all, maxBytes: 200 })
    const bucket = open('b')
    await batch.setMany(bucket, [
      ['a', bytes('1')],
      ['b', bytes('2')],
      ['a', bytes('3')],
    ])
    expect(await batch.getMany(bucket, ['b', 'none', 'a', 'a'])).toEqual([
      ['b', bytes('2')],
      undefined,
      ['a', bytes('3')],
      ['a', bytes('3')],
    ])
    const full = () =>
      batch.setMany(bucket, [
        ['a', bytes('4')],
        ['c', new Uint8Array(100)],
      ])
    expect(await payload(full)).toEqual({ tag: 'other', val: 'quota: 68 bytes are left' })
    expect(await bucket.get('a')).toEqual(bytes('3'))
    await batch.deleteMany(bucket, ['a', 'none', 'a'])
    expect(await bucket.listKeys(undefined)).toEqual({ keys: ['b'], cursor: undefined })
  })

  test('entries count with their keys, and leave their room', async () => {
    const { open, binding } = await bound({ backend: backend() }, { ...all, maxBytes: 100 })
    const bucket = open('b')
    await bucket.set('key', new Uint8Array(33))
    const blobs = binding.imports['theater:store/blobs@0.1']
    expect(await payload(() => blobs.put(bytes('x')))).toEqual({ tag: 'quota', val: 0n })
    expect(await payload(() => bucket.set('key', new Uint8Array(34)))).toEqual(other('quota'))
    // Nothing more than before.
    await bucket.set('key', new Uint8Array(33))
    await bucket.delete('key')
    await blobs.put(new Uint8Array(100))
  })

  test('what is too long is refused', async () => {
    const { open, batch, newCas, atomics } = await bound({ backend: backend(), maxCallBytes: 4 })
    const bucket = open('b')
    for (const call of [
      () => bucket.get('ä'.repeat(513)),
      () => bucket.set('x'.repeat(1025), bytes('')),
      () => batch.deleteMany(bucket, ['a', 'x'.repeat(1025)]),
    ])
      expect(await payload(call)).toEqual(other('bad-key'))
    expect(await payload(() => bucket.set('k', bytes('12345')))).toEqual(other('too-large'))
    await bucket.set('a', bytes('123'))
    await bucket.set('b', bytes('123'))
    expect(await payload(() => batch.getMany(bucket, ['a', 'b']))).toEqual(other('too-large'))
    const cas = await newCas(bucket, 'k')
    expect(await payload(() => atomics.swap(cas, bytes('12345')))).toEqual({
      tag: 'store-error',
      val: other('too-large'),
    })
  })

  describe('whose answer a crash lost', () => {
    test('a swap is known to have happened, or not', async () => {
      const { open, newCas, atomics, as, binding } = await bound(
        { backend: backend() },
        { ...all, namespace: 'n' },
      )
      const fn = `${ATOMICS}#swap`
      const settle = (...args: unknown[]) => binding.reconcile?.({ fn, args, ask: undefined })
      const bucket = open('b')
      const cas = await newCas(bucket, 'k')
      expect(await settle(cas, bytes('one'))).toBe('not-done')
      await atomics.swap(cas, bytes('one'))
      expect(await settle(cas, bytes('one'))).toEqual({ done: undefined })
      expect(await settle(cas, bytes('two'))).toBe('not-done')
      await payload(() => atomics.swap(cas, bytes('one')))
      expect(await settle(cas, bytes('one'))).toBe('not-done')
      const next = await newCas(bucket, 'k')
      await atomics.swap(next, bytes('two'))
      await (await as('other')).open('b').set('k', bytes('one'))
      expect(await settle(next, bytes('two'))).toMatchObject({
        failed: { payload: { tag: 'store-error', val: other('outcome-unknown') } },
      })
    })

    test('an increment did not happen, or nobody can tell', async () => {
      const { open, atomics, binding } = await bound({ backend: backend() })
      const fn = `${ATOMICS}#increment`
      const bucket = open('b')
      const settle = () => binding.reconcile?.({ fn, args: [bucket, 'n', 1n], ask: undefined })
      expect(await settle()).toBe('not-done')
      await atomics.increment(bucket, 'n', 1n)
      expect(await settle()).toMatchObject({ failed: { payload: other('outcome-unknown') } })
      await bucket.set('elsewhere', bytes(''))
      expect(await settle()).toBe('not-done')
    })
  })
})

test('a value that changed on the disk is damaged, and set again it is whole', async () => {
  const path = temporaryFile()
  const { open, atomics, handler } = await bound({ backend: sqlite(path) })
  const bucket = open('b')
  await bucket.set('n', bytes('12'))
  const db = new DatabaseSync(path)
  db.prepare('update entries set value = ?').run(bytes('13'))
  db.close()
  expect(await payload(() => bucket.get('n'))).toEqual(other('damaged'))
  expect(await payload(() => atomics.increment(bucket, 'n', 1n))).toEqual(other('damaged'))
  await bucket.set('n', bytes('12'))
  expect(await atomics.increment(bucket, 'n', 1n)).toBe(13n)
  await handler[Symbol.asyncDispose]?.()
})

test('what a description is not of is not resumed', async () => {
  const { binding } = await bound({})
  expect(binding.resume?.(`${STORE}#bucket`, { bucket: 'b' })).toBeDefined()
  expect(binding.resume?.(`${ATOMICS}#cas`, { bucket: 'b', key: 'k', version: 3 })).toBeDefined()
  for (const description of [null, {}, { bucket: 7 }, { bucket: '..' }])
    expect(binding.resume?.(`${STORE}#bucket`, description)).toBeUndefined()
  for (const description of [
    { bucket: 'b' },
    { bucket: 'b', key: 'k' },
    { bucket: 'b', key: 'k', version: '1' },
  ])
    expect(binding.resume?.(`${ATOMICS}#cas`, description)).toBeUndefined()
  expect(binding.closed?.(`${STORE}#[method]bucket.get`)?.payload).toEqual(other('closed'))
  expect(binding.closed?.(`${ATOMICS}#swap`)?.payload).toEqual({ tag: 'store-error', val: other('closed') })
})

describe('grants', () => {
  const handler = store()
  const bucket = { bucket: 'mine' }
  const covered = (grant: StoreGrant, fn: string, ...args: unknown[]) => {
    const ask = handler.functions[fn]?.ask?.({ fn, args })
    return ask !== undefined && handler.authorize(grant, ask) === true
  }
  const rights = (fn: string, ...args: unknown[]) =>
    (['read', 'write', 'label'] as const).filter((right) => {
      const without = all.rights.filter((one) => one !== right)
      return !covered({ rights: without }, fn, ...args)
    })

  test('each function needs its rights, and no other', () => {
    const method = (name: string) => `${STORE}#[method]bucket.${name}`
    expect(rights(`${STORE}#open`, 'mine')).toEqual([])
    for (const name of ['get', 'exists', 'list-keys'])
      expect(rights(method(name), bucket, 'k')).toEqual(['read'])
    expect(rights(method('set'), bucket, 'k')).toEqual(['write', 'label'])
    expect(rights(method('delete'), bucket, 'k')).toEqual(['label'])
    expect(rights(`${ATOMICS}#increment`, bucket, 'k')).toEqual(['read', 'write', 'label'])
    expect(rights(`${ATOMICS}#[static]cas.new`, bucket, 'k')).toEqual(['read'])
    expect(rights(`${ATOMICS}#[method]cas.current`, { ...bucket, key: 'k' })).toEqual(['read'])
    expect(rights(`${ATOMICS}#swap`, { ...bucket, key: 'k' })).toEqual(['write', 'label'])
    expect(rights(`${BATCH}#get-many`, bucket, ['k'])).toEqual(['read'])
    expect(rights(`${BATCH}#set-many`, bucket, [['k', bytes('')]])).toEqual(['write', 'label'])
    expect(rights(`${BATCH}#delete-many`, bucket, ['k'])).toEqual(['label'])
  })

  test('the prefix of names is that of keys too, with their bucket', () => {
    const grant: StoreGrant = { ...all, labels: 'mine/a' }
    const get = `${STORE}#[method]bucket.get`
    expect(covered(grant, `${STORE}#open`, 'mine')).toBe(true)
    expect(covered(grant, get, bucket, 'a')).toBe(true)
    expect(covered(grant, get, bucket, 'abc')).toBe(true)
    expect(covered(grant, get, bucket, 'b')).toBe(false)
    expect(covered(grant, get, { bucket: 'other' }, 'a')).toBe(false)
    expect(covered(grant, `${STORE}#open`, 'other')).toBe(false)
    expect(covered(grant, `${STORE}#[method]bucket.list-keys`, bucket, undefined)).toBe(false)
    expect(covered({ ...all, labels: 'mine/' }, `${STORE}#[method]bucket.list-keys`, bucket)).toBe(true)
    expect(covered(grant, `${BATCH}#get-many`, bucket, ['a', 'b'])).toBe(false)
    expect(covered(grant, `${BATCH}#set-many`, bucket, [['a', bytes('')]])).toBe(true)
    expect(covered(grant, get, bucket, undefined)).toBe(false)
  })
})
