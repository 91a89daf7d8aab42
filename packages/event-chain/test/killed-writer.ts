// Appends for ever, and says what was acknowledged. Run and killed by sqlite.test.ts.
import { writeSync } from 'node:fs'
import { ChainWriter } from '../src/index.ts'
import { saltPool, sha256 } from '../src/node.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { content, genesis, seed, values } from './helpers.ts'

const path = process.argv[2] ?? ''
const store = sqliteStore(path)
const writer = ChainWriter.create({
  store,
  salts: saltPool(),
  hash: sha256,
  label: 'counter',
  genesis: content('genesis', genesis()),
})
writer.append('seed', content('seed', seed))
for (let turn = 0; ; turn++) {
  const large = turn % 10 === 9 ? 'x'.repeat(40_000) : ''
  const args = values(turn, large)
  writer.append('turn', content('turn', { fn: 'run', args, sender: null, cause: null, time: turn, made: [] }))
  writer.append('return', content('return', { result: values(), fuel: null }))
  await writer.flush()
  writeSync(1, `${writer.durable}\n`)
}
