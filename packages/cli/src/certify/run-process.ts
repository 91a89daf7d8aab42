/**
 * Makes runs of a certificate in a process of its own, whose flags chose the engine's tiers, and in a thread of it, whose
 * stack is as large as it was told. Nothing is shared with other processes but the cache of transpiled components.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { ComponentError } from '@theater/component'
import type { ComponentCache } from '@theater/component'
import { diskCache, loadComponent } from '@theater/component/node'
import { bytesSource, exportCar, openCar } from '@theater/event-chain/car'
import { sha256 } from '@theater/event-chain/node'
import { componentLoader, verify } from '@theater/replay/node'
import { TheaterError } from '@theater/runtime'
import type { Json } from '@theater/values'
import { loadHandlers } from '../contributed.ts'
import type { HandlerModule } from '../contributed.ts'
import { makeHandlers } from '../handlers.ts'
import { verdictJson } from '../verdict.ts'
import { targetsOf } from './calls.ts'
import type { WrittenCall } from './calls.ts'
import { play } from './play.ts'

/** What is asked for. */
export interface Order {
  readonly component: Uint8Array
  /** The component's file, for messages. */
  readonly file: string
  readonly calls: readonly WrittenCall[]
  readonly grants: Readonly<Record<string, Json>>
  /** Of handlers of others. */
  readonly modules: readonly HandlerModule[]
  /** A folder of transpiled components. */
  readonly cache: string
  /** The record of the first run, which this one runs again; null: it makes one. */
  readonly record: Uint8Array | null
  /** The head that its record has to have, so that it need not be sent; null: it is sent. */
  readonly head: string | null
}

/** What came of it. */
export type Report =
  | {
      readonly did: 'run'
      readonly head: string
      readonly events: number
      readonly answers: readonly Json[]
      readonly fuel: readonly (number | null)[]
      /** One CAR file without the component; null where the head is the one that was asked for. */
      readonly record: Uint8Array | null
    }
  | { readonly did: 're-run'; readonly verdict: ReturnType<typeof verdictJson> }
  /** The component, or a grant, was refused. */
  | { readonly did: 'refused'; readonly code: string; readonly message: string }
  | { readonly did: 'failed'; readonly message: string }

if (isMainThread) {
  process.once('message', (stackMb: number) => startThread(stackMb))
  // Whoever asked is gone.
  process.once('disconnect', () => process.exit())
} else {
  parentPort?.on('message', (order: Order) => {
    void perform(order)
      .catch(failed)
      .then((report) => parentPort?.postMessage(report))
  })
}

/** The first message says how large the stack is, every other is an order. */
function startThread(stackMb: number): void {
  const worker = new Worker(new URL(import.meta.url), { resourceLimits: { stackSizeMb: stackMb } })
  const send = (report: Report): void => {
    process.send?.(report, undefined, undefined, () => undefined)
  }
  process.on('message', (order: Order) => worker.postMessage(order))
  worker.on('message', send)
  worker.once('error', (error) => send(failed(error)))
  worker.once('exit', () => send({ did: 'failed', message: 'the thread has ended' }))
}

async function perform(order: Order): Promise<Report> {
  const cache = await diskCache(order.cache)
  return order.record === null ? run(order, cache) : again(order, order.record, cache)
}

async function run(
  { component, file, calls, grants, modules, head }: Order,
  cache: ComponentCache,
): Promise<Report> {
  const { model } = await loadComponent(component, { cache })
  const targets = targetsOf(model, calls, file)
  const handlers = await makeHandlers({ store: ':memory:', contributed: await loadHandlers(modules) })
  const played = await play({ component, calls: targets, handlers, grants, cache })
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
