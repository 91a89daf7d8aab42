import type { Published, Topics } from '../topics.ts'

/** What somebody outside of a thread listens to. */
export class Ears {
  readonly #hear: (published: Published) => void
  readonly #listening = new Map<string, Disposable | undefined>()
  #topics: Topics | undefined

  constructor(topics: readonly string[], hear: (published: Published) => void) {
    this.#hear = hear
    for (const topic of topics) this.#listening.set(topic, undefined)
  }

  /** From here on there is something to hear. */
  open(topics: Topics): void {
    this.#topics = topics
    for (const topic of this.#listening.keys()) this.#listening.set(topic, topics.listen(topic, this.#hear))
  }

  /** Somebody listens to a topic, or nobody does any more. */
  turn(topic: string, on: boolean): void {
    if (!on) {
      this.#listening.get(topic)?.[Symbol.dispose]()
      this.#listening.delete(topic)
    } else if (!this.#listening.has(topic))
      this.#listening.set(topic, this.#topics?.listen(topic, this.#hear))
  }
}
