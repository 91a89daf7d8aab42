/** Makes the runs, in the thread of the process of `run-process.ts`. */
import { parentPort } from 'node:worker_threads'
import { ComponentError } from '@theater/component'
import type { ComponentCache } from '@theater/component'
import { diskCache, loadComponent } from '@theater/component/node'
import { bytesSource, exportCar, openCar } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { componentLoader, verify } from '@theater/replay/node'
import { TheaterError } from '@theater/runtime'
import { loadHandlers } from '../contributed.ts'
import { makeHandlers } from '../handlers.ts'
import { verdictJson } from '../verdict.ts'
import { targetsOf } from './calls.ts'
import { play } from './play.ts'
import type { Order, Report } from './run-process.ts'

parentPort?.on('message', (order: Order) => {
  void perform(order)
    .catch(failed)
    .then((report) => parentPort?.postMessage(report))
})

async function perform(order: Order): Promise<Report> {
  const cache = await diskCache(order.cache)
  return order.record === null ? run(order, cache) : again(order, order.record, cache)
}

async function run(
  { component, file, calls, grants, instance, modules, head }: Order,
  cache: ComponentCache,
): Promise<Report> {
  const { model } = await loadComponent(component, { cache })
  const targets = targetsOf(model, calls, file)
  const handlers = await makeHandlers({ store: ':memory:', contributed: await loadHandlers(modules) })
  const played = await play({ component, calls: targets, handlers, grants, instance, cache })
  const { store, chain, events, answers, fuel } = played
  const same = head === played.head
  const record = same ? null : Buffer.concat(await Array.fromAsync(exportCar(store, [chain], SMALL)))
  return { did: 'run', head: played.head, events, answers, fuel, record }
}

const SMALL = { components: false, hash: sha256 } as const

/** The same on the synchronous glue, and with nobody there but the record. */
async function again({ component }: Order, record: Uint8Array, cache: ComponentCache): Promise<Report> {
  const store = await openCar(bytesSource(record), { hash: sha256, unfinished: 'allow' })
  const [info] = await store.list()
  if (info === undefined) throw new TypeError('the record of the first run is not one')
  const load = componentLoader({ cache })
  const verdict = await verify(
    { store, chain: info.chain },
    { component, load, unfinished: 'allow', head: info.head },
  )
  return { did: 're-run', verdict: verdictJson(verdict) }
}

function failed(error: unknown): Report {
  if (TheaterError.is(error) || ComponentError.is(error))
    return { did: 'refused', code: error.code, message: error.message }
  return { did: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
