import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import type { Deed, SampleCall } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import fc from 'fast-check'
import { memory, store } from '../src/index.ts'
import type { StoreBackend } from '../src/index.ts'
import { backends, only } from './backends.ts'
import { atLarge } from './at-large.ts'

const BLOBS = 'theater:store/blobs@0.1'
const TRANSFERS = 'theater:store/transfers@0.1'
const LABELS = 'theater:store/labels@0.1'
const data = new Uint8Array([1, 2, 3])
const KV = (name: string) => `wasi:keyvalue/${name.replace('#', '@0.2.0-draft2#')}`
const bucket = (made: (fn: string) => unknown) => made(KV('store#open'))
const cas = (made: (fn: string) => unknown) => made(KV('atomics#[static]cas.new'))
const upload = (made: (fn: string) => unknown) => made(`${TRANSFERS}#start`)
const reader = (made: (fn: string) => unknown) => made(`${TRANSFERS}#open`)
const put = (made: (fn: string) => unknown) => made(`${BLOBS}#put`) ?? new Uint8Array(32)
const named = (...rights: readonly string[]) => ({ rights, labels: '' })
const keyvalueCalls: readonly SampleCall[] = [
  {
    fn: KV('store#open'),
    args: () => ['a'],
    refusedUnder: { rights: ['read'], labels: 'b/' },
    makes: KV('store#bucket'),
    resumes: true,
  },
  {
    fn: KV('store#[method]bucket.set'),
    args: (made) => [bucket(made), 'k', data],
    refusedUnder: named('read', 'label'),
  },
  {
    fn: KV('store#[method]bucket.get'),
    args: (made) => [bucket(made), 'k'],
    refusedUnder: named('write', 'label'),
  },
  {
    fn: KV('store#[method]bucket.exists'),
    args: (made) => [bucket(made), 'none'],
    refusedUnder: named('write', 'label'),
  },
  {
    fn: KV('atomics#[static]cas.new'),
    args: (made) => [bucket(made), 'k'],
    refusedUnder: named('write', 'label'),
    makes: KV('atomics#cas'),
    resumes: true,
  },
  {
    fn: KV('atomics#[method]cas.current'),
    args: (made) => [cas(made)],
    refusedUnder: named('write', 'label'),
  },
  { fn: KV('atomics#swap'), args: (made) => [cas(made), data], refusedUnder: named('read', 'write') },
  {
    fn: KV('atomics#increment'),
    args: (made) => [bucket(made), 'n', 5n],
    refusedUnder: named('write', 'label'),
  },
  {
    fn: KV('batch#set-many'),
    args: (made) => [
      bucket(made),
      [
        ['b', data],
        ['a', data],
      ],
    ],
    refusedUnder: named('write'),
  },
  { fn: KV('batch#get-many'), args: (made) => [bucket(made), ['b', 'none']], refusedUnder: named('write') },
  {
    fn: KV('store#[method]bucket.list-keys'),
    args: (made) => [bucket(made), undefined],
    refusedUnder: { rights: ['read'], labels: 'a/k' },
    listing: (answer) => (answer as { readonly keys: string[] }).keys,
  },
  {
    fn: KV('store#[method]bucket.delete'),
    args: (made) => [bucket(made), 'k'],
    refusedUnder: named('read', 'write'),
  },
  {
    fn: KV('batch#delete-many'),
    args: (made) => [bucket(made), ['b', 'none']],
    refusedUnder: named('read', 'write'),
  },
]
const transferFunctions = ['start', 'open']
  .concat(['write', 'size', 'finish'].map((name) => `[method]upload.${name}`))
  .concat(['size', 'read'].map((name) => `[method]reader.${name}`))
  .map((fn) => `${TRANSFERS}#${fn}`)
/** Changes of names and keys, and what is read; of what is read the world shows nothing. */
const deed: fc.Arbitrary<Deed> = fc
  .tuple(
    fc.constantFrom('put', 'set', 'get', 'list', 'kv-set', 'kv-get', 'kv-delete', 'kv-increment'),
    fc.stringMatching(/^[ab]{1,2}(\/[ab])?$/),
  )
  .map(([what, name]): Deed => {
    const first: readonly SampleCall[] = [{ fn: KV('store#open'), args: () => [name] }]
    switch (what) {
      case 'put':
        return { fn: `${BLOBS}#put`, args: () => [data] }
      case 'set':
        return { fn: `${LABELS}#set`, args: () => [name, undefined, new Uint8Array(32)] }
      case 'get':
        return { fn: `${LABELS}#get`, args: () => [name], shows: false }
      case 'list':
        return { fn: `${LABELS}#list`, args: () => [name, undefined, 10], shows: false }
      case 'kv-set':
        return { fn: KV('store#[method]bucket.set'), first, args: (made) => [bucket(made), 'k', data] }
      case 'kv-get':
        return {
          fn: KV('store#[method]bucket.get'),
          first,
          args: (made) => [bucket(made), 'k'],
          shows: false,
        }
      case 'kv-delete':
        return { fn: KV('store#[method]bucket.delete'), first, args: (made) => [bucket(made), 'k'] }
      case 'kv-increment':
        return { fn: KV('atomics#increment'), first, args: (made) => [bucket(made), 'n', 1n] }
    }
  })
const dead = only(() => Promise.reject(new Error('disk')))

for (const { name, open } of backends) {
  conformance({
    name: `store, ${name}`,
    make: () => {
      const changes: unknown[] = []
      const backend = open()
      const spy: StoreBackend = {
        ...backend,
        put: (...args) => (changes.push(args), backend.put(...args)),
        set: (...args) => (changes.push(args), backend.set(...args)),
        begin: (...args) => (changes.push(args), backend.begin(...args)),
        append: (...args) => (changes.push(args), backend.append(...args)),
        finish: (...args) => (changes.push(args), backend.finish(...args)),
        giveUp: (...args) => (changes.push(args), backend.giveUp(...args)),
        edit: (...args) => (changes.push(args.slice(0, 2)), backend.edit(...args)),
      }
      return { handler: store({ backend: spy }), state: () => [...changes] }
    },
    broken: () => ({ handler: store({ backend: dead }), state: () => undefined }),
    bare: store,
    atLarge,
    // What is granted does not depend on where it is kept.
    ...(open === memory && { deeds: { deed } }),
    grants: [
      { namespace: 'n', rights: ['read', 'write', 'label'] },
      { namespace: 'n', rights: ['read', 'write', 'label'], labels: 'a/', maxBytes: 9 },
      { rights: ['read', 'write', 'label'], labels: 'a' },
      { rights: ['read'] },
      { rights: ['write'] },
      { rights: ['label'], labels: 'a' },
    ],
    guest: { component: relayGuest('store'), exportOf: relayed, trap: TRAP },
    least: { rights: [], maxBytes: 0, labels: 'x'.repeat(256) },
    refusable: ['put', 'get', 'size']
      .map((fn) => `${BLOBS}#${fn}`)
      .concat(['get', 'set', 'list'].map((fn) => `${LABELS}#${fn}`))
      .concat(transferFunctions)
      .concat(keyvalueCalls.map(({ fn }) => fn)),
    calls: [
      { fn: `${BLOBS}#put`, args: () => [data], refusedUnder: { rights: ['read', 'label'] } },
      {
        fn: `${BLOBS}#get`,
        args: (made) => [put(made), 0n, 9n],
        refusedUnder: { rights: ['write', 'label'] },
      },
      { fn: `${BLOBS}#size`, args: (made) => [put(made)], refusedUnder: { rights: ['write', 'label'] } },
      {
        fn: `${TRANSFERS}#start`,
        args: () => [],
        refusedUnder: { rights: ['read', 'label'] },
        makes: `${TRANSFERS}#upload`,
        resumes: true,
      },
      {
        fn: `${TRANSFERS}#[method]upload.write`,
        args: (made) => [upload(made), 0n, data],
        refusedUnder: { rights: ['read', 'label'] },
      },
      {
        fn: `${TRANSFERS}#[method]upload.size`,
        args: (made) => [upload(made)],
        refusedUnder: { rights: ['read', 'label'] },
      },
      {
        fn: `${TRANSFERS}#[method]upload.finish`,
        args: (made) => [upload(made)],
        refusedUnder: { rights: ['read', 'label'] },
      },
      {
        fn: `${TRANSFERS}#open`,
        args: (made) => [put(made)],
        refusedUnder: { rights: ['write', 'label'] },
        makes: `${TRANSFERS}#reader`,
        resumes: true,
      },
      {
        fn: `${TRANSFERS}#[method]reader.size`,
        args: (made) => [reader(made)],
        refusedUnder: { rights: ['write', 'label'] },
      },
      {
        fn: `${TRANSFERS}#[method]reader.read`,
        args: (made) => [reader(made), 0n, 9n],
        refusedUnder: { rights: ['write', 'label'] },
      },
      ...keyvalueCalls,
      ...['b', 'a/b', 'a', 'a-'].map((label) => ({
        fn: `${LABELS}#set`,
        args: (made: (fn: string) => unknown) => [label, undefined, put(made)],
        refusedUnder: { rights: ['read', 'write'] },
      })),
      {
        fn: `${LABELS}#get`,
        args: () => ['a/b'],
        refusedUnder: { rights: ['read', 'write', 'label'], labels: 'b/' },
      },
      {
        fn: `${LABELS}#list`,
        args: () => ['', undefined, 10],
        refusedUnder: { rights: ['read', 'write', 'label'], labels: 'a' },
        listing: (answer) => answer as string[],
      },
    ],
  })
}
