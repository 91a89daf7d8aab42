// Takes a part of the only chain of a database out, or puts it back, and is killed at a statement. Run by killed.test.ts.
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { bytesSource, openCar, restorePart } from '../../src/car.ts'
import { removalOf } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { openDatabase } from '../../src/sqlite/schema.ts'
import { SqliteStore } from '../../src/sqlite/store.ts'

const [path = '', what = '', where = '', base = '', file = ''] = process.argv.slice(2)
const db = new DatabaseSync(path)
const store = new SqliteStore(db, openDatabase(db, { readOnly: false }))
db.function('die', () => {
  process.kill(process.pid, 'SIGKILL')
  return null
})
if (where !== 'done') db.exec(`CREATE TEMP TRIGGER deadly AFTER ${where} BEGIN SELECT die(); END`)
const [info] = await store.list()
if (info === undefined) throw new Error('there is a chain')
if (what === 'out') {
  const options = { lead: 4, base: Number(base), file: 'a.car', notes: new Uint8Array(3), hash: sha256 }
  await store.archives.takeOut(info.chain, await removalOf(store, info.chain, options))
} else {
  const car = await openCar(bytesSource(readFileSync(file)), { hash: sha256 })
  const [part] = car.chains
  if (part === undefined) throw new Error('there is a part')
  await restorePart(car, part, store, { hash: sha256 })
}
process.kill(process.pid, 'SIGKILL')
