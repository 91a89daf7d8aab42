// A host whose actors hold channels over SQLite until it is killed: `node crash-talk.ts FILE.db WRITE before|after`. It ends itself
// with SIGKILL just before, or after, that write of its store.
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { actors, live } from './parley.ts'
import { Hall } from './talkers.ts'

const [file, write, when] = process.argv.slice(2) as [string, string, string]
let writes = 0

/** Does a write, and ends the process at the one that was asked for. */
async function deadly<T>(run: () => Promise<T>): Promise<T> {
  const last = ++writes === Number(write)
  if (last && when === 'before') process.kill(process.pid, 'SIGKILL')
  const value = await run()
  if (last) process.kill(process.pid, 'SIGKILL')
  return value
}

const sqlite = sqliteStore(file)
const store: Store = {
  create: (...args) => deadly(() => sqlite.create(...args)),
  append: (...args) => deadly(() => sqlite.append(...args)),
  lease: (...args) => deadly(() => sqlite.lease(...args)),
  relabel: (...args) => deadly(() => sqlite.relabel(...args)),
  setDurability: (...args) => deadly(() => sqlite.setDurability(...args)),
  put: (...args) => deadly(() => sqlite.put(...args)),
  read: (...args) => sqlite.read(...args),
  info: (...args) => sqlite.info(...args),
  find: (...args) => sqlite.find(...args),
  list: () => sqlite.list(),
  get: (...args) => sqlite.get(...args),
  has: (...args) => sqlite.has(...args),
  caches: {
    kept: (...args) => sqlite.caches.kept(...args),
    keep: (...args) => deadly(() => sqlite.caches.keep(...args)),
    discard: (...args) => deadly(() => sqlite.caches.discard(...args)),
  },
  close: () => sqlite.close(),
  [Symbol.asyncDispose]: () => sqlite.close(),
}
await live(await Hall.open({ store, summaryEvery: 10 }, actors))
throw new Error('the host should have been killed before')
