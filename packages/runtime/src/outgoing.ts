import { queueRule, trackName } from '@theater/boundary'
import type { EventRef } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import type { EventOf, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { compileFunction, noHandles, Reader } from '@theater/values'
import type { FunctionModel } from '@theater/values'
import type { Delivery } from './post.ts'
import { REQUEST } from './record-reader.ts'
import type { Scan } from './recovery.ts'
import type { RequestId } from './request.ts'

const RESPOND = 'theater:messaging/responder@0.1#handle-request'

/** A message, and when the turn began that said it, or a request, that left an actor before its host ended. */
export type Outgoing =
  | { readonly kind: 'send'; readonly delivery: Delivery; readonly said: number }
  | { readonly kind: 'request'; readonly delivery: Delivery; readonly id: RequestId }

/**
 * What left an actor and did not come to its end at its receiver, in the order in which it left; and the requests that its unfinished turn
 * waits for, which the receiver may hold.
 */
export async function* outgoing(store: Store, scan: Scan): AsyncGenerator<Outgoing> {
  const { info, model, asked } = scan
  const sent = new Map(scan.summary.sends.all)
  if (model === undefined || (sent.size === 0 && asked.size === 0)) return
  const known = new Map<string, FunctionModel>()
  for (const { functions } of model.imports) for (const fn of functions) known.set(fn.id, fn)
  const left = [...sent.keys(), ...asked.keys()].toSorted((a, b) => a - b)
  for (const seq of left) {
    const event = await readEvent(store, info.chain, seq)
    const id = asked.get(seq)
    const call = event?.kind === 'send' ? await readEvent(store, info.chain, event.content.call) : event
    if (event === undefined || call?.kind !== 'call') continue
    const fn = known.get(call.content.fn)
    if (fn === undefined) continue
    const ref = { seq: event.seq, hash: event.hash }
    const { to, time } = sent.get(seq) ?? { to: [], time: 0 }
    for (const delivery of said(ref, fn, call.content, scan.genesis.actor)) {
      if (id !== undefined) yield { kind: 'request', delivery, id }
      else if (to.includes(delivery.to)) yield { kind: 'send', delivery, said: time }
    }
  }
}

function said(
  ref: EventRef,
  fn: FunctionModel,
  { args: given, outcome }: EventOf<'call'>['content'],
  sender: string,
): readonly Delivery[] {
  const name = trackName(fn)
  const rule = queueRule(name)
  const codec = compileFunction(fn)
  const args = codec.readArgs(new Reader(given), noHandles)
  if (rule?.kind === 'message') {
    const answer = outcome === null ? undefined : codec.readResult(new Reader(outcome.result), noHandles)
    const made = { args, answer: (answer as { readonly val?: unknown } | undefined)?.val, sender }
    return rule.to(made).map((to) => ({ ref, to, fn: rule.fn, args: rule.args(made) }))
  }
  if (name !== REQUEST) return []
  return [{ ref, to: args[0] as string, fn: RESPOND, args: [{ tag: 'actor', val: sender }, args[1]] }]
}

async function readEvent(store: Store, chain: Uint8Array, seq: number): Promise<KnownEvent | undefined> {
  for await (const event of readEvents(store, chain, seq, seq + 1, { hash: sha256 })) {
    if (event.content !== null && (event.kind === 'send' || event.kind === 'call')) return event
  }
  return undefined
}

type KnownEvent = EventOf<'send'> | EventOf<'call'>
