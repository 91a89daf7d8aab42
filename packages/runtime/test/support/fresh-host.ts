// A host that ends itself with SIGKILL in the middle of a turn: `node fresh-host.ts FILE.db TURNS`. So many turns before it.
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import { freshHandler } from './fresh-handler.ts'
import { cache } from './kept.ts'

const [file, turns] = process.argv.slice(2) as [string, string]
const theater = await Theater.open({
  cache,
  store: sqliteStore(file),
  handlers: [
    freshHandler({
      calls: [],
      onEffect: (n) => {
        if (n === 1) process.kill(process.pid, 'SIGKILL')
      },
    }),
  ],
})
await theater.spawn({ id: 'fresh', component: guest('fresh'), grants: { fresh: {} }, instance: 'turn' })
for (let i = 0; i < Number(turns); i++)
  await theater.call('fresh', i % 5 === 4 ? 'fail' : 'count', []).catch(() => undefined)
await theater.call('fresh', 'effects', [2])
throw new Error('the host should have been killed before')
