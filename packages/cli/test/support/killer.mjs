// Kills its process at a moment of archiving: when it writes the file, when that has its name, or at a statement to the database.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync } from 'node:sqlite'

const at = process.env.KILLED_AT
const die = () => process.kill(process.pid, 'SIGKILL')
const { createWriteStream } = fs
const { link } = fs.promises
fs.createWriteStream = (...args) => {
  const stream = createWriteStream(...args)
  if (at === 'write') stream.on('drain', die).on('finish', die)
  return stream
}
fs.promises.link = async (...args) => {
  await link(...args)
  if (at === 'linked') die()
}
syncBuiltinESMExports()

const [prepare, exec] = ['prepare', 'exec'].map((name) => Reflect.get(DatabaseSync.prototype, name))
// A commit is that of the events that go, or come back.
let moved = false
DatabaseSync.prototype.prepare = function (text) {
  const statement = prepare.call(this, text)
  const run = statement.run.bind(statement)
  statement.run = (...args) => {
    const done = run(...args)
    moved ||= text.includes(' archives ')
    if ((moved || at !== 'COMMIT') && text.startsWith(at)) die()
    return done
  }
  return statement
}
DatabaseSync.prototype.exec = function (text) {
  if (text.startsWith(at)) die()
  return exec.call(this, text)
}
