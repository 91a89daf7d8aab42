// A host that answers once and waits to be killed: `node killed-host.ts FOLDER TURNS`.
import { join } from 'node:path'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { log } from '@theater/handler-log'
import { Theater } from '@theater/runtime'

const [folder = '', turns = '1'] = process.argv.slice(2)
const store = sqliteStore(join(folder, 'chains.db'))
const cache = await diskCache(join(folder, 'cache'))
const theater = await Theater.open({ store, cache, durability: 'disk', handlers: [log()] })
if (theater.actors().length === 0)
  await theater.spawn({ id: 'echo', component: guest('echo'), grants: { log: {} } })
let answer: unknown
for (let i = 0; i < Number(turns); i++) answer = await theater.call('echo', 'divide', [6, 2])
process.stdout.write(`${JSON.stringify(answer)}\n`)
setInterval(() => undefined, 60_000)
