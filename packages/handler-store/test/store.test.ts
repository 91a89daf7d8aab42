import { createHash } from 'node:crypto'
import { fakeActor } from '@theater/handler-conformance'
import { WitError } from '@theater/handler'
import type { Intent } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { store } from '../src/index.ts'
import type { StoreGrant, StoreOptions, StoreRight } from '../src/index.ts'
import { isName } from '../src/errors.ts'
import { cut } from '../src/chunks.ts'
import { backends, only } from './backends.ts'

const BLOBS = 'theater:store/blobs@0.1'
const TRANSFERS = 'theater:store/transfers@0.1'
const LABELS = 'theater:store/labels@0.1'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest())
const A = sha256(bytes('a'))
const B = sha256(bytes('b'))

async function payload(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  throw new Error('it answered')
}

describe.each(backends)('$name', ({ open }) => {
  async function bound(
    grant: StoreGrant = { rights: ['read', 'write', 'label'] },
    options: StoreOptions = {},
  ) {
    const handler = store({ backend: open(), ...options })
    const as = async (id: string, other: StoreGrant = grant) => {
      const actor = fakeActor({ id })
      const binding = await handler.bind(actor, other)
      return { actor, binding, blobs: binding.imports[BLOBS], labels: binding.imports[LABELS] }
    }
    return { handler, as, ...(await as('actor')) }
  }

  describe('blobs', () => {
    test.each([0, 1, 1000, 65_535, 65_536, 65_537, 200_000])(
      '%i bytes come back from their sha-256',
      async (length) => {
        const { blobs } = await bound()
        const data = new Uint8Array(length).map((_, index) => index * 7)
        const hash = await blobs.put(data)
        expect(hash).toEqual(sha256(data))
        expect(await blobs.put(data)).toEqual(hash)
        expect(await blobs.size(hash)).toBe(BigInt(length))
        expect(await blobs.get(hash, 0n, BigInt(length))).toEqual(data)
      },
    )

    test.each([
      [0n, 3n, 'hel'],
      [2n, 2n, 'll'],
      [3n, 2n ** 64n - 1n, 'lo'],
      [5n, 1n, ''],
      [2n ** 64n - 1n, 2n ** 64n - 1n, ''],
      [1n, 0n, ''],
    ])('a part from %i of length %i is %j', async (offset, length, expected) => {
      const { blobs } = await bound()
      const hash = await blobs.put(bytes('hello'))
      expect(await blobs.get(hash, offset, length)).toEqual(bytes(expected))
    })

    test('what is not there is not-found, what is no hash is bad-hash', async () => {
      const { blobs } = await bound()
      expect(await payload(blobs.get(A, 0n, 1n))).toEqual({ tag: 'not-found' })
      expect(await payload(blobs.size(A))).toEqual({ tag: 'not-found' })
      for (const length of [0, 31, 33]) {
        expect(await payload(blobs.get(new Uint8Array(length), 0n, 1n))).toEqual({ tag: 'bad-hash' })
        expect(await payload(blobs.size(new Uint8Array(length)))).toEqual({ tag: 'bad-hash' })
      }
    })

    test('what a guest does with its bytes afterwards changes nothing', async () => {
      const { blobs } = await bound()
      const data = bytes('hello')
      const hash = await blobs.put(data)
      data.fill(0)
      const read = await blobs.get(hash, 0n, 5n)
      read.fill(0)
      expect(await blobs.get(hash, 0n, 5n)).toEqual(bytes('hello'))
    })

    test('one call moves no more than its limit', async () => {
      const backend = open()
      const wide = await bound({ rights: ['read', 'write', 'label'] }, { backend })
      const { blobs } = await bound({ rights: ['read', 'write', 'label'] }, { backend, maxCallBytes: 4 })
      const hash = await wide.blobs.put(bytes('hello'))
      expect(await payload(blobs.put(bytes('hello')))).toEqual({ tag: 'too-large', val: 4n })
      expect(await payload(blobs.get(hash, 0n, 5n))).toEqual({ tag: 'too-large', val: 4n })
      expect(await blobs.get(hash, 1n, 5n)).toEqual(bytes('ello'))
    })

    test('a namespace holds no more than its quota; the same bytes count once', async () => {
      const { blobs } = await bound({ rights: ['read', 'write', 'label'], maxBytes: 10 })
      const hash = await blobs.put(bytes('123456'))
      await blobs.put(bytes('123456'))
      expect(await payload(blobs.put(bytes('12345')))).toEqual({ tag: 'quota', val: 4n })
      await blobs.put(bytes('1234'))
      await blobs.put(bytes(''))
      expect(await payload(blobs.put(bytes('1')))).toEqual({ tag: 'quota', val: 0n })
      expect(await blobs.put(bytes('123456'))).toEqual(hash)
    })

    test('a grant without maxBytes has the quota of the handler', async () => {
      const { blobs } = await bound({ rights: ['read', 'write', 'label'] }, { maxBytes: 1 })
      expect(await payload(blobs.put(bytes('12')))).toEqual({ tag: 'quota', val: 1n })
    })

    test('damaged content is told apart, not handed out, and healed by putting it again', async () => {
      const backend = open()
      const hash = sha256(bytes('hello'))
      await backend.put('actor:other', hash, cut(bytes('hellx')), { quota: 1000, now: 0 })
      const other = await bound({ rights: ['read', 'write', 'label'], maxBytes: 7 }, { backend }).then(
        (own) => own.as('other'),
      )
      expect(await payload(other.blobs.get(hash, 0n, 1n))).toEqual({ tag: 'damaged' })
      expect(await other.blobs.size(hash)).toBe(5n)
      await other.blobs.put(bytes('hello'))
      expect(await other.blobs.get(hash, 0n, 9n)).toEqual(bytes('hello'))
      // Healing takes no room.
      expect(await payload(other.blobs.put(bytes('123')))).toEqual({ tag: 'quota', val: 2n })
    })
  })

  describe('labels', () => {
    test('are compared and set', async () => {
      const { labels } = await bound()
      expect(await labels.get('a/b')).toBeUndefined()
      await labels.set('a/b', undefined, A)
      expect(await labels.get('a/b')).toEqual(A)
      expect(await payload(labels.set('a/b', undefined, B))).toEqual({ tag: 'conflict', val: A })
      expect(await payload(labels.set('a/b', B, A))).toEqual({ tag: 'conflict', val: A })
      await labels.set('a/b', A, B)
      await labels.set('a/b', B, undefined)
      expect(await labels.get('a/b')).toBeUndefined()
      expect(await payload(labels.set('a/b', A, B))).toEqual({ tag: 'conflict', val: undefined })
      await labels.set('a/b', undefined, undefined)
      expect(await labels.get('a/b')).toBeUndefined()
    })

    test('are as many as the limit', async () => {
      const { labels } = await bound({ rights: ['read', 'write', 'label'] }, { maxLabels: 2 })
      await labels.set('a', undefined, A)
      await labels.set('b', undefined, A)
      expect(await payload(labels.set('c', undefined, A))).toEqual({ tag: 'quota', val: 2n })
      expect(await payload(labels.set('a', undefined, A))).toEqual({ tag: 'conflict', val: A })
      await labels.set('a', A, B)
      await labels.set('a', B, undefined)
      await labels.set('c', undefined, A)
      expect(await labels.list('', undefined, 9)).toEqual(['b', 'c'])
    })

    test('are listed by bytes, in pages', async () => {
      const { labels } = await bound({ rights: ['read', 'write', 'label'] }, { maxListed: 2 })
      for (const name of ['b', 'a/2', 'a/10', 'a/1', 'a', 'A', 'a-', 'a.', 'az'])
        await labels.set(name, undefined, A)
      const all: string[] = []
      for (let page = await labels.list('', undefined, 100); page.length > 0;) {
        expect(page.length).toBeLessThanOrEqual(2)
        all.push(...page)
        page = await labels.list('', all.at(-1), 100)
      }
      expect(all).toEqual(['A', 'a', 'a-', 'a.', 'a/1', 'a/10', 'a/2', 'az', 'b'])
      expect(await labels.list('a/', undefined, 2 ** 32 - 1)).toEqual(['a/1', 'a/10'])
      expect(await labels.list('a/', 'a/10', 100)).toEqual(['a/2'])
      expect(await labels.list('a/', 'A', 1)).toEqual(['a/1'])
      expect(await labels.list('a/', 'zzz\u0000\u{10ffff}', 1)).toEqual([])
      expect(await labels.list('', undefined, 0)).toEqual([])
      for (const prefix of ['%', '_', 'a/~', '\u{10ffff}', 'x'.repeat(10_000)]) {
        expect(await labels.list(prefix, undefined, 5)).toEqual([])
      }
    })

    test('have names of a small alphabet', async () => {
      const { labels } = await bound()
      for (const name of [
        '',
        'a//b',
        '/a',
        'a/',
        '.',
        '..',
        'a/../b',
        'ä',
        'a b',
        'a\n',
        'a\u0000',
        'x'.repeat(257),
      ]) {
        expect(await payload(labels.get(name))).toEqual({ tag: 'bad-name' })
        expect(await payload(labels.set(name, undefined, A))).toEqual({ tag: 'bad-name' })
      }
      for (const name of ['a', '...', '.a', 'a/b/c.d_e-f', 'x'.repeat(256)]) expect(isName(name)).toBe(true)
      expect(await payload(labels.set('a', undefined, new Uint8Array(31)))).toEqual({ tag: 'bad-name' })
      expect(await payload(labels.set('a', new Uint8Array(31), A))).toEqual({
        tag: 'conflict',
        val: undefined,
      })
    })
  })

  describe('namespaces', () => {
    test("one actor's are not another's, a shared one is", async () => {
      const own = await bound()
      const other = await own.as('other')
      const hash = await own.blobs.put(bytes('secret'))
      await own.labels.set('a', undefined, hash)
      expect(await payload(other.blobs.size(hash))).toEqual({ tag: 'not-found' })
      expect(await other.labels.list('', undefined, 9)).toEqual([])

      const first = await own.as('first', { namespace: 'actor', rights: ['read', 'write', 'label'] })
      const second = await own.as('second', { namespace: 'actor', rights: ['read'] })
      expect(await payload(first.blobs.size(hash))).toEqual({ tag: 'not-found' })
      const shared = await first.blobs.put(bytes('shared'))
      expect(await second.blobs.get(shared, 0n, 6n)).toEqual(bytes('shared'))
    })
  })

  describe('a compare-and-set whose answer a crash lost', () => {
    const intent = (...args: unknown[]): Intent => ({ fn: `${LABELS}#set`, args, ask: undefined })
    const grant: StoreGrant = { namespace: 'n', rights: ['read', 'write', 'label'] }

    test('did not happen, or met a conflict: not done', async () => {
      const { binding, labels } = await bound(grant)
      expect(await binding.reconcile?.(intent('a', undefined, A))).toBe('not-done')
      await labels.set('a', undefined, A)
      expect(await binding.reconcile?.(intent('a', A, B))).toBe('not-done')
      await payload(labels.set('a', B, A))
      expect(await binding.reconcile?.(intent('a', B, A))).toBe('not-done')
      expect(await binding.reconcile?.(intent('b', undefined, A))).toBe('not-done')
      expect(await binding.reconcile?.(intent('a', undefined, undefined))).toBe('not-done')
    })

    test('happened: done', async () => {
      const { as, labels } = await bound(grant)
      await labels.set('a', undefined, A)
      await labels.set('b', undefined, B)
      const other = await as('other')
      await other.labels.set('c', undefined, B)
      const again = await as('actor')
      expect(await again.binding.reconcile?.(intent('b', undefined, B))).toEqual({ done: undefined })
      await labels.set('b', B, undefined)
      expect(await again.binding.reconcile?.(intent('b', B, undefined))).toEqual({ done: undefined })
    })

    test('somebody else set the same: not done, so that the redo meets the conflict', async () => {
      const { as, binding, labels } = await bound(grant)
      const other = await as('other')
      await other.labels.set('a', undefined, A)
      expect(await binding.reconcile?.(intent('a', undefined, A))).toBe('not-done')
      expect(await payload(labels.set('a', undefined, A))).toEqual({ tag: 'conflict', val: A })
    })

    test('somebody changed it back: unknown', async () => {
      const { as, binding, labels } = await bound(grant)
      const other = await as('other')
      await labels.set('a', undefined, A)
      await other.labels.set('a', A, undefined)
      expect(await binding.reconcile?.(intent('a', undefined, A))).toBe('unknown')
      expect(await binding.reconcile?.({ fn: `${LABELS}#list`, args: [], ask: undefined })).toBe('unknown')
    })
  })

  test('the end of the actor rejects', async () => {
    const { actor, blobs, labels } = await bound()
    const reason = new Error('stopped')
    actor.end(reason)
    await expect(blobs.put(A)).rejects.toBe(reason)
    await expect(blobs.get(A, 0n, 1n)).rejects.toBe(reason)
    await expect(labels.set('a', undefined, A)).rejects.toBe(reason)
    await expect(labels.list('', undefined, 1)).rejects.toBe(reason)
  })
})

test('a backend that fails is a fault, never an absence', async () => {
  const backend = only(() => Promise.reject(new Error('disk')))
  const binding = await store({ backend }).bind(fakeActor(), { rights: ['read', 'write', 'label'] })
  const { [BLOBS]: blobs, [LABELS]: labels } = binding.imports
  for (const call of [
    blobs.put(A),
    blobs.get(A, 0n, 1n),
    blobs.size(A),
    labels.get('a'),
    labels.list('', undefined, 1),
  ]) {
    await expect(call).rejects.toThrow('disk')
  }
})

test('a backend that hangs is left by the end of the actor', async () => {
  const backend = only(() => new Promise<never>(() => {}))
  const actor = fakeActor()
  const binding = await store({ backend }).bind(actor, { rights: ['read', 'write', 'label'] })
  const call = binding.imports[BLOBS].put(A)
  actor.end(new Error('stopped'))
  await expect(call).rejects.toThrow('stopped')
})

test('the backend is disposed of with the handler, once', async () => {
  let disposed = 0
  const backend = { ...backends[0]!.open(), [Symbol.asyncDispose]: async () => void disposed++ }
  const handler = store({ backend })
  await handler[Symbol.asyncDispose]?.()
  await handler[Symbol.asyncDispose]?.()
  expect(disposed).toBe(1)
})

describe('grants', () => {
  const handler = store({ maxBytes: 100 })
  const authorize = (grant: StoreGrant, fn: string, ...args: unknown[]) => {
    const ask = handler.functions[fn]?.ask?.({ fn, args })
    return ask === undefined ? true : handler.authorize(grant, ask)
  }

  test.each<[StoreRight, readonly string[]]>([
    ['read', ['blobs get', 'blobs size', 'labels get', 'labels list', 'open', 'reader.size', 'reader.read']],
    ['write', ['blobs put', 'start', 'upload.write', 'upload.size', 'upload.finish']],
    ['label', ['labels set']],
  ])('%s is for %j, and for nothing else', (right, expected) => {
    const calls: [string, string, ...unknown[]][] = [
      ['blobs put', `${BLOBS}#put`, A],
      ['blobs get', `${BLOBS}#get`, A, 0n, 1n],
      ['blobs size', `${BLOBS}#size`, A],
      ['labels get', `${LABELS}#get`, 'a'],
      ['labels set', `${LABELS}#set`, 'a', undefined, A],
      ['labels list', `${LABELS}#list`, '', undefined, 1],
      ['open', `${TRANSFERS}#open`, A],
      ...['reader.size', 'reader.read'].map((name): [string, string, ...unknown[]] => [
        name,
        `${TRANSFERS}#[method]${name}`,
        { hash: 'ab', size: 1 },
      ]),
      ['start', `${TRANSFERS}#start`],
      ...['upload.write', 'upload.size', 'upload.finish'].map((name): [string, string, ...unknown[]] => [
        name,
        `${TRANSFERS}#[method]${name}`,
        { upload: 'u' },
      ]),
    ]
    const covered = calls.filter(([, fn, ...args]) => authorize({ rights: [right] }, fn, ...args) === true)
    expect(covered.map(([name]) => name).toSorted()).toEqual(expected.toSorted())
    expect(calls.filter(([, fn, ...args]) => authorize({ rights: [] }, fn, ...args) === true)).toEqual([])
  })

  test('a prefix holds for names and for listings', () => {
    const grant: StoreGrant = { rights: ['read', 'write', 'label'], labels: 'mine/' }
    expect(authorize(grant, `${LABELS}#get`, 'mine/a')).toBe(true)
    expect(authorize(grant, `${LABELS}#list`, 'mine/', undefined, 1)).toBe(true)
    for (const name of ['mine', 'yours/a', '', 'min', 7, undefined]) {
      expect(authorize(grant, `${LABELS}#get`, name)).not.toBe(true)
      expect(authorize(grant, `${LABELS}#set`, name, undefined, A)).not.toBe(true)
      expect(authorize(grant, `${LABELS}#list`, name, undefined, 1)).not.toBe(true)
    }
  })

  test.each<[StoreGrant, StoreGrant, boolean]>([
    [{ rights: ['read', 'write', 'label'] }, { rights: ['read', 'write', 'label'] }, true],
    [{ rights: ['read'] }, { rights: ['read', 'write', 'label'] }, true],
    [{ rights: ['read', 'write', 'label'] }, { rights: ['read'] }, false],
    [{ rights: ['label', 'read'] }, { rights: ['read', 'write', 'label'] }, true],
    [{ rights: ['write'] }, { rights: ['read', 'label'] }, false],
    [{ rights: [] }, { rights: [] }, true],
    [{ rights: ['read'], namespace: 'n' }, { rights: ['read'], namespace: 'n' }, true],
    [{ rights: ['read'] }, { rights: ['read'], namespace: 'n' }, true],
    [{ rights: ['read'], namespace: 'n' }, { rights: ['read'] }, false],
    [{ rights: ['read'], namespace: 'm' }, { rights: ['read'], namespace: 'n' }, false],
    [{ rights: ['read'], maxBytes: 9 }, { rights: ['read'], maxBytes: 10 }, true],
    [{ rights: ['read'] }, { rights: ['read'], maxBytes: 10 }, false],
    [{ rights: ['read'], maxBytes: 101 }, { rights: ['read'] }, false],
    [{ rights: ['read'], maxBytes: 100 }, { rights: ['read'] }, true],
    [{ rights: ['read'], labels: 'a/b' }, { rights: ['read'], labels: 'a/' }, true],
    [{ rights: ['read'] }, { rights: ['read'], labels: 'a/' }, false],
  ])('%o within %o: %s', (child, parent, expected) => {
    expect(handler.within(child, parent) === true).toBe(expected)
  })
})
