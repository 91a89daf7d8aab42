/**
 * Makes runs of a certificate in a process of its own, whose flags chose the engine's tiers, and in a thread of it, whose
 * stack is as large as it was told. Nothing is shared with other processes but the cache of transpiled components. Nothing is
 * loaded here that only the thread needs: all of it would be loaded twice.
 */
import { Worker } from 'node:worker_threads'
import type { Json } from '@theater/values'
import type { HandlerModule } from '../contributed.ts'
import type { Lifetime } from '../manifest.ts'
import type { verdictJson } from '../verdict.ts'
import type { WrittenCall } from './calls.ts'

/** What is asked for. */
export interface Order {
  readonly component: Uint8Array
  /** The component's file, for messages. */
  readonly file: string
  readonly calls: readonly WrittenCall[]
  readonly grants: Readonly<Record<string, Json>>
  readonly instance: Lifetime
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

process.once('message', (stackMb: number) => startThread(stackMb))
// Whoever asked is gone.
process.once('disconnect', () => process.exit())

/** The first message says how large the stack is, every other is an order. */
function startThread(stackMb: number): void {
  const file = import.meta.url.endsWith('.ts') ? './run-thread.ts' : './run-thread.js'
  const worker = new Worker(new URL(file, import.meta.url), { resourceLimits: { stackSizeMb: stackMb } })
  const send = (report: Report): void => {
    process.send?.(report, undefined, undefined, () => undefined)
  }
  process.on('message', (order: Order) => worker.postMessage(order))
  worker.on('message', send)
  worker.once('error', (error: unknown) => {
    send({ did: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  })
  worker.once('exit', () => send({ did: 'failed', message: 'the thread has ended' }))
}
