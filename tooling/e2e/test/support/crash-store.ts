// A host that ends itself with SIGKILL when an actor sets a label: `node crash-store.ts CHAINS.db STORE.db WHEN`.
// WHEN: `before` or `after` it was set.
import { sqliteStore } from '@theater/event-chain/sqlite'
import { relayed, relayGuest } from '@theater/guests/relay'
import { store } from '@theater/handler-store'
import type { StoreBackend } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { Theater } from '@theater/runtime'
import { cache } from './actors.ts'

const [chains, file, when] = process.argv.slice(2) as [string, string, string]
const backend = sqlite(file)
const deadly: StoreBackend = {
  ...backend,
  async set(...args) {
    if (when === 'after') await backend.set(...args)
    process.kill(process.pid, 'SIGKILL')
    throw new Error('the host should have been killed')
  },
}
const theater = await Theater.open({
  store: sqliteStore(chains),
  handlers: [store({ backend: deadly })],
  cache,
})
await theater.spawn({
  id: 'keeper',
  component: relayGuest('store'),
  grants: { store: { rights: ['read', 'write', 'label'] } },
})
const put = relayed('theater:store/blobs@0.1#put')
const stored = (await theater.call('keeper', put, [new TextEncoder().encode('text')])) as { val: Uint8Array }
await theater.call('keeper', relayed('theater:store/labels@0.1#set'), ['label', undefined, stored.val])
throw new Error('the host should have been killed before')
