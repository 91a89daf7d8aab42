import { segments, trackName } from '@theater/boundary'
import type { TheaterEvent } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import type { Event, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Cause, RecordedCall } from '@theater/handler'
import { compileFunction, decodeModel, hasHandle, noHandles, Reader } from '@theater/values'
import type { ComponentModel, FunctionModel } from '@theater/values'
import { TheaterError } from './errors.ts'
import { causeKey } from './received.ts'
import type { TurnReply } from './turn-reply.ts'

/** Without it what is read is hashed by a portable function, which takes a host some milliseconds to get going. */
const HASH = Object.freeze({ hash: sha256 })

/** The reply of the turn that begins at `seq`, as the record holds it. */
export async function recordedReply(
  store: Store,
  chain: Uint8Array,
  seq: number,
  exported: (fn: string) => FunctionModel | undefined,
): Promise<TurnReply> {
  for await (const segment of segments(
    fromTurn(withContent(readEvents(store, chain, seq, undefined, HASH))),
  )) {
    if (segment.kind !== 'turn') continue
    const last = segment.events.at(-1)
    const fn = exported(segment.turn.content.fn)
    if (last?.kind === 'return' && fn !== undefined) {
      const codec = compileFunction(fn)
      const value = codec.readResult(new Reader(last.content.result), {
        write: () => undefined,
        read: (n, type) => ({ guest: n, type: type.resource }),
      })
      return { tag: 'answered', value, ref: { seq: last.seq, hash: last.hash } }
    }
    if (last?.kind === 'trap') return { tag: 'trapped', code: last.content.code }
    if (last?.kind === 'abort') {
      return {
        tag: 'aborted',
        code: last.content.code,
        status: last.content.status ?? undefined,
        error: undefined,
      }
    }
    break
  }
  throw new TheaterError('cannot-resume', `the turn at event ${seq} of the record has no end`, {
    detail: { seq },
  })
}

/**
 * Where the last turn of a cause begins, as what is here of the record says it; `undefined`: it holds none; `archived`: what is here does not,
 * and part of it is archived. It reads all of it.
 */
export async function recordedTurn(
  store: Store,
  chain: Uint8Array,
  cause: Pick<Cause, 'chain' | 'seq'>,
): Promise<number | 'archived' | undefined> {
  const key = causeKey(cause)
  const archived = (await store.info(chain))?.archived
  let found: number | undefined
  const first = archived?.base ?? 0
  for await (const { seq, kind, content } of readEvents(store, chain, first, undefined, HASH))
    if (kind === 'turn' && content !== null && content.cause !== null && causeKey(content.cause) === key)
      found = seq
  return found ?? (archived === undefined ? undefined : 'archived')
}

/** The intent without a result that ends the turn which begins at `seq`; `undefined`: there is none. */
export async function givenUpIn(store: Store, chain: Uint8Array, seq: number): Promise<number | undefined> {
  let intent: number | undefined
  for await (const event of readEvents(store, chain, seq, undefined, HASH)) {
    if (event.content === null) continue
    if (event.kind === 'call' && event.content.outcome === null) intent = event.seq
    if (event.kind === 'result') intent = undefined
  }
  return intent
}

/** The outside effect whose intent is at `seq`; `undefined`: there is none, or its arguments have resources in them. */
export async function recordedCall(
  store: Store,
  chain: Uint8Array,
  seq: number,
  { imports }: ComponentModel,
): Promise<RecordedCall | undefined> {
  for await (const event of readEvents(store, chain, seq, seq + 1, HASH)) {
    if (event.kind !== 'call' || event.content === null || event.content.outcome !== null) return undefined
    const { fn: id, args } = event.content
    const fn = imports.flatMap(({ functions }) => functions).find((one) => one.id === id)
    if (fn === undefined || fn.params.some(({ type }) => hasHandle(type))) return undefined
    return {
      fn: trackName(fn),
      args: compileFunction(fn).readArgs(new Reader(args), noHandles),
      intent: { chain, seq, hash: event.hash },
    }
  }
  return undefined
}

/** Whether a record has the beginning of a turn at `seq`. */
export async function beginsTurn(store: Store, chain: Uint8Array, seq: number): Promise<boolean> {
  for await (const { kind } of readEvents(store, chain, seq, seq + 1, HASH)) return kind === 'turn'
  return false
}

/** The types of the component of a record; `undefined` where they are not there. */
export async function recordedModel(store: Store, chain: Uint8Array): Promise<ComponentModel | undefined> {
  for await (const { kind, content } of readEvents(store, chain, 0, 1, HASH)) {
    if (kind !== 'genesis' || content === null) break
    const wit = await store.get(content.wit)
    return wit && decodeModel(wit)
  }
  return undefined
}

/** A live actor's own record always has its contents; where one is missing, it cannot go on. */
export async function* withContent(events: AsyncIterable<Event>): AsyncGenerator<TheaterEvent> {
  for await (const event of events) {
    if (event.content === null) {
      throw new TheaterError('cannot-resume', `event ${event.seq} of the record is withheld or erased`, {
        detail: { seq: event.seq },
      })
    }
    yield event
  }
}

/** One turn's events, dressed as a chain. */
async function* fromTurn(events: AsyncIterable<TheaterEvent>): AsyncGenerator<TheaterEvent> {
  for await (const event of events) {
    yield event
    if (event.kind === 'return' || event.kind === 'trap' || event.kind === 'abort') return
  }
}

/**
 * Calls the record of an actor that never came to be something else, so that its name can be tried again: `counter~1`,
 * which is no actor's id. What it did stays on record.
 */
export async function releaseName(store: Store, chain: Uint8Array, id: string): Promise<void> {
  for (let n = 1; ; n++) {
    const label = `${id}~${n}`
    if ((await store.find(label)) !== undefined) continue
    await store.relabel(chain, label)
    return
  }
}
