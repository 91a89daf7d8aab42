// A host that has everything done that is left to do, and may kill itself: `node host.ts JSON`. What its caller was told is in FILE.told
// before anything else happens, what was synced in FILE.synced.
import { appendFileSync } from 'node:fs'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { LoggedStore } from '@theater/event-chain'
import type { HostPlan, Told } from './plan.ts'
import { WalReader } from './wal.ts'

const plan = JSON.parse(process.argv[2] ?? '') as HostPlan
const { file, point } = plan
const counts = { writes: 0, effects: 0, replies: 0 }

/** Tells of syncs of the log that have come back. The store has to call it by the name that this module replaces. */
function watchSyncs(): void {
  const { fdatasync } = fs
  const reader = new WalReader(file)
  fs.fdatasync = ((fd: number, done: (error: NodeJS.ErrnoException | null) => void) => {
    if (!plan.honest) return void setImmediate(done, null)
    const mark = reader.mark()
    fdatasync(fd, (error) => {
      if (error === null) appendFileSync(`${file}.synced`, `${JSON.stringify(mark)}\n`)
      done(error)
    })
  }) as typeof fs.fdatasync
  syncBuiltinESMExports()
}

/** Comes to a boundary; nothing is after it where this is the one. */
function boundary(at: 'write' | 'effect', n: number, when: 'before' | 'after'): void {
  if (point?.at === at && point.n === n && point.when === when) process.kill(process.pid, 'SIGKILL')
}

async function around<T>(at: 'write' | 'effect', run: () => Promise<T>): Promise<T> {
  const n = at === 'write' ? ++counts.writes : ++counts.effects
  boundary(at, n, 'before')
  const value = await run()
  boundary(at, n, 'after')
  return value
}

/** A store whose every write is a boundary. */
function deadly(store: LoggedStore): LoggedStore {
  const write = <T>(run: () => Promise<T>): Promise<T> => around('write', run)
  const { hostLog } = store
  return {
    create: (...args) => write(() => store.create(...args)),
    append: (...args) => write(() => store.append(...args)),
    lease: (...args) => write(() => store.lease(...args)),
    relabel: (...args) => write(() => store.relabel(...args)),
    setDurability: (...args) => write(() => store.setDurability(...args)),
    take: (...args) => write(() => store.take(...args)),
    put: (...args) => write(() => store.put(...args)),
    read: (...args) => store.read(...args),
    info: (...args) => store.info(...args),
    find: (...args) => store.find(...args),
    list: () => store.list(),
    get: (...args) => store.get(...args),
    has: (...args) => store.has(...args),
    caches: {
      kept: (...args) => store.caches.kept(...args),
      keep: (...args) => write(() => store.caches.keep(...args)),
      discard: (...args) => write(() => store.caches.discard(...args)),
    },
    archives: {
      takeOut: (...args) => write(() => store.archives.takeOut(...args)),
      putBack: (...args) => write(() => store.archives.putBack(...args)),
      notes: (...args) => store.archives.notes(...args),
    },
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
    hostLog,
  }
}

watchSyncs()
const { sqliteStore } = await import('@theater/event-chain/sqlite')
const { Stage } = await import('./stage.ts')
const { work } = await import('./work.ts')
process.stdout.write('begun\n')
{
  await using sqlite = sqliteStore(file)
  await using stage = await Stage.open({
    store: deadly(sqlite),
    world: plan.world,
    around: (effect) => around('effect', effect),
  })
  await work(stage, sqlite, plan, (told: Told) => {
    appendFileSync(`${file}.told`, `${JSON.stringify(told)}\n`)
    counts.replies++
    if (point?.at === 'reply' && point.n === counts.replies) process.kill(process.pid, 'SIGKILL')
  })
}
process.stdout.write(`${JSON.stringify(counts)}\n`)
