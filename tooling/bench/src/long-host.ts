// A host that opens a store with a long record, has its actor answer, and says how many KiB it had at the most: `node long-host.ts STORE CACHE COUNT`.
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { Theater } from '@theater/runtime'

const [file = '', cache = '', count = ''] = process.argv.slice(2)
{
  await using store = sqliteStore(file)
  await using theater = await Theater.open({ store, cache: await diskCache(cache), snapshots: false })
  const found = await theater.call('long', 'count', [], { timeoutMs: 600_000 })
  if (found !== Number(count)) throw new Error(`long counted ${String(found)}, not ${count}`)
}
process.stdout.write(String(process.resourceUsage().maxRSS))
