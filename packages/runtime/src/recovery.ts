import { queueRule, trackName } from '@theater/boundary'
import type { Delivery, EventRef } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import type { ChainInfo, Genesis, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Cause } from '@theater/handler'
import { compileFunction, Reader } from '@theater/values'
import type { ComponentModel, FunctionModel } from '@theater/values'
import { TheaterError } from './errors.ts'

/** What one record says before it is re-run. */
export interface Scan {
  readonly info: ChainInfo
  readonly genesis: Genesis
  readonly seed: Uint8Array | undefined
  /** Its last word is that the actor was stopped, or that it never came to be. */
  readonly ended: boolean
  /** The causes of its turns, and where each turn begins. */
  readonly causes: readonly { readonly cause: Cause; readonly seq: number }[]
  /** Intents, by sequence: the causes of the requests it made. */
  readonly intents: ReadonlyMap<number, Uint8Array>
  /** Messages that left it, in order, with the calls that queued them. */
  readonly sends: readonly { readonly ref: EventRef; readonly call: QueuedCall }[]
}

interface QueuedCall {
  readonly fn: string
  readonly args: Uint8Array
}

/** Reads a record once, without running anything. */
export async function scanRecord(store: Store, info: ChainInfo): Promise<Scan> {
  const calls = new Map<number, QueuedCall>()
  const sends: { ref: EventRef; call: QueuedCall }[] = []
  const causes: { cause: Cause; seq: number }[] = []
  const intents = new Map<number, Uint8Array>()
  let genesis: Genesis | undefined
  let seed: Uint8Array | undefined
  let ended = false
  let started = false
  for await (const event of readEvents(store, info.chain, 0, undefined, { hash: sha256 })) {
    if (event.content === null) continue
    const ref = { seq: event.seq, hash: event.hash }
    switch (event.kind) {
      case 'genesis':
        genesis = event.content
        break
      case 'seed':
        seed = event.content.seed
        break
      case 'turn':
        started = true
        calls.clear()
        if (event.content.cause !== null) causes.push({ cause: event.content.cause, seq: event.seq })
        break
      case 'call':
        if (event.content.outcome === null) intents.set(event.seq, event.hash)
        else if (queueRule(nameInTrack(event.content.fn)) !== undefined) calls.set(event.seq, event.content)
        break
      case 'send': {
        const call = calls.get(event.content.call)
        if (call !== undefined) sends.push({ ref, call })
        break
      }
      case 'trap':
      case 'abort':
        if (!started) ended = true
        break
      case 'stop':
        ended = true
        break
      case 'result':
      case 'drop':
      case 'return':
      case 'grant':
      case 'resume':
        break
    }
  }
  if (genesis === undefined) {
    throw new TheaterError('cannot-resume', `the record of ${info.label} has no genesis`, {
      actor: info.label,
    })
  }
  return { info, genesis, seed, ended, causes, intents, sends }
}

/** What the messages of a record carried, decoded by the component's own types. */
export function deliveries(scan: Scan, model: ComponentModel): Delivery[] {
  const known = new Map<string, FunctionModel>()
  for (const { functions } of model.imports) for (const fn of functions) known.set(fn.id, fn)
  return scan.sends.flatMap(({ ref, call }) => {
    const fn = known.get(call.fn)
    const rule = fn === undefined ? undefined : queueRule(trackName(fn))
    if (fn === undefined || rule === undefined) return []
    const args = compileFunction(fn).readArgs(new Reader(call.args), {
      write: () => undefined,
      read: (n) => n,
    })
    return [{ ref, to: rule.to(args), fn: rule.fn, args: rule.args(args, scan.genesis.actor) }]
  })
}

function nameInTrack(fn: string): string {
  const hash = fn.indexOf('#')
  const name = fn.slice(hash + 1)
  const model = { id: fn, interface: hash === -1 ? '' : fn.slice(0, hash), name } as FunctionModel
  return trackName(model)
}
