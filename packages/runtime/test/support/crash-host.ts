// A host that ends itself with SIGKILL in the middle of a turn: `node crash-host.ts FILE.db EFFECT AT WHEN`.
// AT: the how manieth `add`; WHEN: `before` or `after` the effect.
import { appendFileSync } from 'node:fs'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import { spineHandler } from './spine-handler.ts'
import { cache } from './kept.ts'

const [file, effect, at, when] = process.argv.slice(2) as [string, 'idempotent' | 'once', string, string]
let adds = 0
const world = {
  calls: [] as string[],
  onAdd(a: number, b: number) {
    adds++
    const done = (): void => appendFileSync(`${file}.effects`, `add ${a} ${b}\n`)
    if (adds === Number(at)) {
      if (when === 'after') done()
      process.kill(process.pid, 'SIGKILL')
    }
    done()
  },
}
const theater = await Theater.open({
  cache,
  store: sqliteStore(file),
  handlers: [spineHandler(world, effect)],
})
await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
await theater.call('spine', 'run', [2])
await theater.call('spine', 'run', [3])
throw new Error('the host should have been killed before')
