import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { memoryStore } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { relayed, relayGuest } from '@theater/guests/relay'
import { memory, store } from '@theater/handler-store'
import type { StoreOptions } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { Theater } from '@theater/runtime'
import type { Subject } from './measure.ts'

/** Bytes of a blob. */
const SIZE = 1024
/** How many blobs there are to get. */
const KEPT = 64

type Work = 'put' | 'get'

/** Puts and gets of blobs, each a turn of an actor, over the same by Node itself: the baseline, then ours. */
export async function storePairs(
  stack: AsyncDisposableStack,
  folder: string,
): Promise<readonly { readonly name: string; readonly pair: readonly [Subject, Subject] }[]> {
  const kinds = [
    ['memory', new Map<string, Uint8Array>(), memory(), memoryStore()],
    [
      'sqlite',
      rows(stack, join(folder, 'plain-blobs.db')),
      sqlite(join(folder, 'blobs.db')),
      sqliteStore(join(folder, 'store-chains.db')),
    ],
  ] as const
  const pairs = []
  for (const [name, plain, backend, chains] of kinds) {
    stack.use(chains)
    const ours = await actor(stack, backend, chains)
    const baseline = byItself(plain)
    for (const work of ['put', 'get'] as const)
      pairs.push({ name: `store ${work}, ${name}`, pair: [baseline(work), ours(work)] as const })
  }
  return pairs
}

/** Another blob for each number. */
function blob(n: number): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

/** Blobs under their hashes. */
interface Blobs {
  get(hash: string): Uint8Array | undefined
  set(hash: string, bytes: Uint8Array): unknown
}

function byItself(blobs: Blobs): (work: Work) => Subject {
  let count = 0
  const put = (bytes: Uint8Array): string => {
    const hash = createHash('sha256').update(bytes).digest('hex')
    blobs.set(hash, bytes)
    return hash
  }
  const kept = Array.from({ length: KEPT }, () => put(blob(count++)))
  return (work) => ({
    name: 'plain',
    run(n) {
      for (let i = 0; i < n; i++)
        if (work === 'put') put(blob(count++))
        else if (blobs.get(kept[i % KEPT] ?? '')?.length !== SIZE) throw new Error('a blob is not whole')
    },
  })
}

/** A table of blobs, as durable as those of the handler. */
function rows(stack: AsyncDisposableStack, path: string): Blobs {
  const db = new DatabaseSync(path)
  stack.defer(() => db.close())
  db.exec('pragma journal_mode = wal; pragma synchronous = full')
  db.exec('create table blobs (hash text primary key, bytes blob not null)')
  const insert = db.prepare('insert or ignore into blobs values (?, ?)')
  const select = db.prepare('select bytes from blobs where hash = ?')
  return {
    get: (hash) => select.get(hash)?.['bytes'] as Uint8Array | undefined,
    set: (hash, bytes) => insert.run(hash, bytes),
  }
}

/** What a call of the relay answers. */
type Called = { readonly tag: string; readonly val: Uint8Array }

async function actor(
  stack: AsyncDisposableStack,
  backend: NonNullable<StoreOptions['backend']>,
  chains: ReturnType<typeof memoryStore>,
): Promise<(work: Work) => Subject> {
  const handler = store({ backend })
  stack.defer(() => handler[Symbol.asyncDispose]?.())
  const theater = stack.use(await Theater.open({ store: chains, handlers: [handler] }))
  const grants = { store: { rights: ['read', 'write'] } }
  await theater.spawn({ id: 'keeper', component: relayGuest('store'), grants })
  const call = async (work: Work, ...args: unknown[]): Promise<Uint8Array> => {
    const answer = await theater.call('keeper', relayed(`theater:store/blobs@0.1#${work}`), args)
    const { tag, val } = answer as Called
    if (tag !== 'ok') throw new Error(`${work} failed`)
    return val
  }
  let count = 0
  const kept: Uint8Array[] = []
  while (kept.length < KEPT) kept.push(await call('put', blob(count++)))
  return (work) => ({
    name: work,
    async run(n) {
      for (let i = 0; i < n; i++)
        if (work === 'put') await call('put', blob(count++))
        else if ((await call('get', kept[i % KEPT], 0n, BigInt(SIZE))).length !== SIZE)
          throw new Error('a blob is not whole')
    },
  })
}
