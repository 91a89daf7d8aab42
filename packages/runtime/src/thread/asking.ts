import { TheaterError } from '../errors.ts'
import type { Answers, Begun, Question, SentError, ToThread } from './wire.ts'
import { unpackError } from './wire.ts'

/** Something that was asked and has no answer yet. */
interface Asked {
  readonly question: Question
  begun: Begun | undefined
  /** Whether a thread was asked already. */
  again: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** What is asked of a thread of actors, until it is answered: by that thread, or by one that takes its place. */
export class Asking {
  readonly #asked = new Map<number, Asked>()
  readonly #tell: (message: ToThread) => void
  #last = 0
  #open = false

  /** @param tell says something to the thread that there is now; throws where it cannot cross */
  constructor(tell: (message: ToThread) => void) {
    this.#tell = tell
  }

  /**
   * Asks.
   *
   * @param signal gives the question up
   * @throws what the thread refuses with; the reason of the signal
   */
  async ask<Q extends Question>(question: Q, signal?: AbortSignal): Promise<Answers[Q['do']]> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const n = ++this.#last
    this.#asked.set(n, { question, begun: undefined, again: false, resolve, reject })
    if (this.#open) this.#say(n)
    const giveUp = (): void => {
      if (this.#settle(n) === undefined) return
      if (this.#open) this.#tell({ tag: 'give-up', n })
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', giveUp)
    try {
      return (await promise) as Answers[Q['do']]
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** A thread takes questions: is asked all that has no answer. */
  opened(): void {
    this.#open = true
    for (const n of this.#asked.keys()) this.#say(n)
  }

  /** No thread takes questions, until another one does. */
  shut(): void {
    this.#open = false
  }

  /** The thread said where on record it begins what was asked for. */
  begun(n: number, begun: Begun): void {
    const asked = this.#asked.get(n)
    if (asked !== undefined) asked.begun = begun
  }

  answered(n: number, value: unknown): void {
    this.#settle(n)?.resolve(value)
  }

  refused(n: number, error: SentError): void {
    this.#settle(n)?.reject(unpackError(error))
  }

  /** Those that want an actor to be made, of which there is no record, are told why there will be none. */
  neverMade(actor: string, error: Error): void {
    for (const [n, { question, begun }] of this.#asked)
      if (question.do === 'spawn' && question.options.id === actor && begun === undefined)
        this.#settle(n)?.reject(error)
  }

  /** There is nobody to ask any more. */
  end(error: Error): void {
    this.#open = false
    for (const n of this.#asked.keys()) {
      const asked = this.#settle(n)
      if (asked?.question.do === 'close') asked.resolve(undefined)
      else asked?.reject(error)
    }
  }

  #settle(n: number): Asked | undefined {
    const asked = this.#asked.get(n)
    this.#asked.delete(n)
    return asked
  }

  #say(n: number): void {
    const asked = this.#asked.get(n)
    if (asked === undefined) return
    const { question, again, begun } = asked
    asked.again = true
    try {
      this.#tell({ tag: 'ask', n, question, again, begun })
    } catch (cause) {
      this.#settle(n)?.reject(
        new TheaterError('bad-arguments', 'that cannot cross to the thread of the actors', { cause }),
      )
    }
  }
}
