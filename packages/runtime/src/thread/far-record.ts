import { readEvents } from '@theater/event-chain'
import type { Event, StoredEvent } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { TheaterError } from '../errors.ts'
import type { EventsOptions } from '../record-events.ts'
import type { Answers, Question } from './wire.ts'

/** What a reader asks of a thread of actors. */
export type AskRecord = <Q extends Extract<Question, { readonly do: 'events' | 'block' }>>(
  question: Q,
  signal?: AbortSignal,
) => Promise<Answers[Q['do']]>

/**
 * Reads an actor's record in a thread, and goes on with what comes. The thread is asked for some events when those before were given, so
 * nothing is kept there for a reader, and some at the most are kept here.
 *
 * @throws TheaterError `unknown-actor`; what asking the thread throws
 */
export async function* farEvents(
  ask: AskRecord,
  id: string,
  { from = 0, signal }: EventsOptions = {},
): AsyncGenerator<Event, void, undefined> {
  let chain: Uint8Array | undefined
  const some = async (next: number): Promise<readonly StoredEvent[]> => {
    const answer = await ask({ do: 'events', id, chain, from: next }, signal)
    chain = answer.chain
    return answer.events
  }
  const block = (cid: Uint8Array): Promise<Uint8Array | undefined> => ask({ do: 'block', cid }, signal)
  try {
    let events = await some(from)
    if (chain === undefined) return
    const store = {
      async *read(): AsyncGenerator<StoredEvent, void, undefined> {
        for (let next = from; events.length > 0; events = await some(next)) {
          yield* events
          next += events.length
        }
      },
      get: block,
      has: async (cid: Uint8Array) => (await block(cid)) !== undefined,
    }
    for await (const event of readEvents(store, chain, from, undefined, { hash: sha256 })) {
      if (signal?.aborted === true) return
      yield event
      // Nothing comes after it.
      if (event.kind === 'stop') return
    }
  } catch (error) {
    if (signal?.aborted === true) return
    // Where it ends is where another reading goes on; one that never began is refused.
    if (chain !== undefined && TheaterError.is(error) && error.code === 'closed') return
    throw error
  }
}
