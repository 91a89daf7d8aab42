// A host that has jobs done over SQLite until it is killed: `node crash-busy.ts FILE.db JOBS [WRITE before|after]`.
// With WRITE it ends itself with SIGKILL just before, or after, that write of its store. What it did to the world is in
// FILE.db.did, what it told its caller in FILE.db.told, a line each, before anything else happens.
import { appendFileSync } from 'node:fs'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cast, drive, jobs, missing, records } from './busy.ts'
import { Stage, World } from './courier.ts'

const [file, length, write, when] = process.argv.slice(2) as [string, string, string?, string?]
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
const world = new World()
world.after = (what) => appendFileSync(`${file}.did`, `${what}\n`)
const before = await records(store)
const stage = await Stage.open({ store, world, summaryEvery: 10 })
for (const id of cast) if (before[id] === undefined) await stage.spawn(id)
process.stdout.write('ready\n')
await stage.idle()
await drive(stage, missing(before, jobs(Number(length))), (n, outcome) => {
  appendFileSync(`${file}.told`, `${JSON.stringify([n, outcome])}\n`)
})
await stage.theater.close()
await store.close()
