// A host as somebody writes it who has installed the packages: it answers once and waits to be killed.
//
//     node killed-host.mjs FOLDER TURNS [COMPONENT]
import { readFile } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { log } from '@theater/handler-log'
import { Theater } from '@theater/runtime'

const [folder = '', turns = '1', component = ''] = process.argv.slice(2)
const store = sqliteStore(join(folder, 'chains.db'))
const cache = await diskCache(join(folder, 'cache'))
const theater = await Theater.open({ store, cache, durability: 'disk', handlers: [log()] })
if (theater.actors().length === 0)
  await theater.spawn({ id: 'echo', component: await readFile(component), grants: { log: {} } })
let answer
for (let i = 0; i < Number(turns); i++) answer = await theater.call('echo', 'divide', [6, 2])
process.stdout.write(`${JSON.stringify(answer)}\n`)
// Once everybody is answered a host keeps what makes the next start quick.
await setTimeout(100)
// A process that is killed has no end at which Node would write what it has compiled.
flushCompileCache()
process.stdout.write('kept\n')
setInterval(() => undefined, 60_000)
