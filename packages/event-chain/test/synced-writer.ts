// Appends what is to be on the disk, and says on stdout when it is. Run under strace by synced.test.ts.
import { writeSync } from 'node:fs'
import { ChainWriter } from '../src/index.ts'
import { saltPool, sha256 } from '../src/node.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { content, genesis } from './helpers.ts'

const store = sqliteStore(process.argv[2] ?? '')
const writer = ChainWriter.create({
  store,
  salts: saltPool(),
  hash: sha256,
  label: 'counter',
  genesis: content('genesis', genesis()),
  durability: 'disk',
})
for (let i = 0; i < 5; i++) {
  await writer.flush()
  writeSync(1, 'acknowledged\n')
  writer.append('send', content('send', { call: 1 }))
}
await store.close()
