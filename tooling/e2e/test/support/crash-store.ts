// A host that ends itself with SIGKILL when an actor changes its store: `node crash-store.ts CHAINS.db STORE.db WHEN WHAT`.
// WHEN: `before` or `after` it was changed. WHAT: the call of the backend, and which of its kind: `set`, `edit:2`.
import { sqliteStore } from '@theater/event-chain/sqlite'
import { relayed, relayGuest } from '@theater/guests/relay'
import { store } from '@theater/handler-store'
import type { StoreBackend } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { Theater } from '@theater/runtime'
import { cache } from './actors.ts'

const [chains, file, when, what] = process.argv.slice(2) as [string, string, string, string]
const backend = sqlite(file)
const [wanted = '', nth = '1'] = what.split(':')
let calls = 0

/** Does a call, and ends this process before or after it where it is the one. */
async function deadly<T>(name: string, call: () => Promise<T>): Promise<T> {
  const now = name === wanted && ++calls === Number(nth)
  if (now && when === 'before') process.kill(process.pid, 'SIGKILL')
  const answer = await call()
  if (now) process.kill(process.pid, 'SIGKILL')
  return answer
}

const watched: StoreBackend = {
  ...backend,
  set: (...args) => deadly('set', () => backend.set(...args)),
  append: (...args) => deadly('append', () => backend.append(...args)),
  finish: (...args) => deadly('finish', () => backend.finish(...args)),
  edit: (...args) => deadly('edit', () => backend.edit(...args)),
}
const theater = await Theater.open({
  store: sqliteStore(chains),
  handlers: [store({ backend: watched })],
  cache,
})
await theater.spawn({
  id: 'keeper',
  component: relayGuest('store'),
  grants: { store: { rights: ['read', 'write', 'label'] } },
})
const text = new TextEncoder().encode('text')
const call = async (fn: string, ...args: unknown[]): Promise<unknown> => {
  const answer = (await theater.call('keeper', relayed(fn), args)) as { tag: string; val: unknown }
  if (answer.tag !== 'ok') throw new Error(`${fn}: ${JSON.stringify(answer.val)}`)
  return answer.val
}
const hash = await call('theater:store/blobs@0.1#put', text)
await call('theater:store/labels@0.1#set', 'label', undefined, hash)
const upload = await call('theater:store/transfers@0.1#start')
await call('theater:store/transfers@0.1#[method]upload.write', upload, 0n, text)
await call('theater:store/transfers@0.1#[method]upload.finish', upload)
const bucket = await call('wasi:keyvalue/store@0.2.0-draft2#open', 'b')
await call('wasi:keyvalue/atomics@0.2.0-draft2#increment', bucket, 'n', 5n)
const cas = await call('wasi:keyvalue/atomics@0.2.0-draft2#[static]cas.new', bucket, 'n')
await call('wasi:keyvalue/atomics@0.2.0-draft2#swap', cas, text)
throw new Error('the host should have been killed before')
