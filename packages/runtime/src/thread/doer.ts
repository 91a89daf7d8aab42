import { TheaterError } from '../errors.ts'
import type { House } from '../house.ts'
import { refusalOf } from '../messages.ts'
import { peerOf } from '../outside.ts'
import type { BySaid } from '../outside.ts'
import type { SomeEvents } from '../record-events.ts'
import { unwrap } from '../turn-reply.ts'
import type { ThreadSetup } from './setup.ts'
import { packError, packInfo, packWitness } from './wire.ts'
import type { Begun, FromThread, Question, ToThread } from './wire.ts'

type Ask = Extract<ToThread, { readonly tag: 'ask' }>

/** What a doer works with. */
export interface DoerParts {
  readonly house: House
  readonly setup: ThreadSetup
  readonly tell: (message: FromThread) => void
}

/** Does what a thread of actors is asked. */
export class Doer {
  readonly #parts: DoerParts
  /** What gives up questions that may wait for long, and what ends with them. */
  readonly #waiting = new Map<number, { readonly end: AbortController; readonly done: Promise<unknown> }>()

  constructor(parts: DoerParts) {
    this.#parts = parts
  }

  /** Answers a question. Never rejects. */
  async take(ask: Ask): Promise<void> {
    const { n } = ask
    const { tell } = this.#parts
    try {
      const value = await this.#do(ask)
      try {
        tell({ tag: 'answer', n, value })
      } catch (cause) {
        const message =
          'it was answered with something that cannot leave the thread of the actors: a resource'
        throw new TheaterError('not-served', message, { cause })
      }
    } catch (error) {
      tell({ tag: 'refusal', n, error: packError(error) })
    }
  }

  /** Nobody waits for an answer any more. */
  giveUp(n: number): void {
    this.#waiting.get(n)?.end.abort()
  }

  async #do({ n, question, again, begun }: Ask): Promise<unknown> {
    const { house, tell } = this.#parts
    const begins = (at: Begun): void => tell({ tag: 'begun', n, begun: at })
    switch (question.do) {
      case 'spawn': {
        const known = begun && (await house.outcomes.actor(begun.chain))
        return packInfo(
          known ??
            (await house.maker.make(question.options, undefined, (chain) => begins({ chain, seq: 0 }))),
        )
      }
      case 'call':
        return this.#call(question, begun, begins)
      case 'add-component':
        return house.addComponent(question.bytes)
      case 'stop':
        return unlessDone(again, 'stopped', house.stop(question.id, question.reason))
      case 'release':
        return unlessDone(again, 'unknown-actor', house.release(question.id))
      case 'actors':
        return house.cast.infos.map(packInfo)
      case 'exported':
        return house.actor(question.id).exported(question.fn)
      case 'subscribers':
        return house.subscribers(question.topic)
      case 'channel':
        return this.#channel(question.said, again, begun, begins)
      case 'dead-letters':
        return house.deadLetters()
      case 'retry':
        return this.#retry(question.letter, begun, begins)
      case 'drop':
        return unlessDone(again, 'unknown-letter', house.drop(question.letter))
      case 'timers':
        return house.timers
      case 'witnesses':
        return house.witnesses.map(packWitness)
      case 'events':
        return this.#events(n, question)
      case 'block':
        return house.readers.block(question.cid)
      case 'idle':
        return house.idle(question.options)
      case 'close':
        return this.#close()
    }
  }

  async #call(
    { id, fn, args }: Extract<Question, { readonly do: 'call' }>,
    begun: Begun | undefined,
    begins: (at: Begun) => void,
  ): Promise<unknown> {
    const { house } = this.#parts
    const known = begun && (await house.outcomes.turn(begun))
    if (known !== undefined) return unwrap(id, known)
    const actor = house.actor(id)
    const reply = await actor.reception.call({ fn, args, sender: null, cause: null }, (seq) =>
      begins({ chain: actor.chain, seq }),
    )
    return unwrap(id, reply)
  }

  async #channel(
    said: BySaid,
    again: boolean,
    begun: Begun | undefined,
    begins: (at: Begun) => void,
  ): Promise<unknown> {
    const { outside } = this.#parts.house
    const peer = peerOf(said)
    const known = begun && (await this.#parts.house.outcomes.turn(begun))
    if (known !== undefined) return unwrap(peer, known)
    // The thread that had the channel is no more.
    if (again)
      throw new TheaterError('stopped', 'the channel has ended with the thread of the actors', {
        actor: peer,
      })
    return unwrap(peer, await outside.say(said, ({ chain }, seq) => begins({ chain, seq })))
  }

  async #retry(letter: string, begun: Begun | undefined, begins: (at: Begun) => void): Promise<undefined> {
    const { house } = this.#parts
    const known = begun && (await house.outcomes.turn(begun))
    const { to, reply } =
      known === undefined
        ? await house.retry(letter, begins)
        : { to: receiverOf(letter), reply: Promise.resolve(known) }
    const refusal = refusalOf(to, unwrap(to, await reply))
    if (refusal !== undefined) throw refusal
    return undefined
  }

  async #events(
    n: number,
    { id, chain, from }: Extract<Question, { readonly do: 'events' }>,
  ): Promise<SomeEvents> {
    const end = new AbortController()
    const done = this.#parts.house.readers.some(id, chain, from, end.signal)
    this.#waiting.set(n, { end, done })
    try {
      return await done
    } finally {
      this.#waiting.delete(n)
    }
  }

  async #close(): Promise<undefined> {
    const { house, setup } = this.#parts
    await setup.closing?.()
    await house.close()
    // Whoever waited for more has the last of it.
    await Promise.allSettled([...this.#waiting.values()].map(({ done }) => done))
    for (const handler of setup.handlers ?? []) await handler[Symbol.asyncDispose]?.()
    await setup.store.close()
    return undefined
  }
}

/** `FROM@SEQ@TO` */
function receiverOf(letter: string): string {
  return letter.slice(letter.lastIndexOf('@') + 1)
}

/** What was asked of the thread before, too, may have been done there. */
async function unlessDone(
  again: boolean,
  code: 'stopped' | 'unknown-actor' | 'unknown-letter',
  doing: Promise<void>,
): Promise<undefined> {
  try {
    await doing
  } catch (error) {
    if (!again || !TheaterError.is(error) || error.code !== code) throw error
  }
  return undefined
}
