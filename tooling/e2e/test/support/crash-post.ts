// A host that ends itself with SIGKILL while messages are under way: `node crash-post.ts FILE.db AT`.
// AT: how many lines the receiver has logged when it happens; each of its turns logs one.
import { encodeMessage } from '@theater/actor/message'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { Theater } from '@theater/runtime'
import { cache, counter } from './actors.ts'

const [file, at] = process.argv.slice(2) as [string, string]
let lines = 0
const theater = await Theater.open({
  store: sqliteStore(file),
  handlers: [messaging(), log()],
  cache,
  log: ({ actor }) => {
    if (actor === 'b' && ++lines === Number(at)) process.kill(process.pid, 'SIGKILL')
  },
})
const grants = { messaging: { to: ['*'] }, log: {} }
for (const id of ['a', 'b']) await theater.spawn({ id, component: counter, grants })
const forward = encodeMessage('forward', { to: 'b', by: 1 })
await Promise.all(Array.from({ length: 20 }, () => theater.request('a', forward)))
await theater.idle()
throw new Error('the host should have been killed before')
