import type { InvokeFailure } from '@theater/handler'
import type { HttpLimits } from './limits.ts'
import { Unanswered } from './refusal.ts'
import type { Answering, Delivery, Service } from './service.ts'

interface Waiting {
  /** Those that it can go to now. */
  readonly members: () => readonly Service[]
  /** Has one of them answer it, who is not idle from then on. */
  readonly start: (member: Service) => void
  readonly fail: (code: InvokeFailure) => void
}

/**
 * Requests for routes that several actors share. An actor takes one turn at a time, so a request goes to one that is idle, the
 * one that has been given none for longest; where all are at work it waits, and whoever is free first takes what came first.
 */
export class Queue {
  readonly #waiting: Waiting[] = []
  /** The order in which actors were given something last. */
  readonly #given = new WeakMap<Service, number>()
  #gifts = 0

  /** Takes a request in. @returns what takes it back */
  add(waiting: Waiting): () => void {
    this.#waiting.push(waiting)
    this.look()
    return () => this.#remove(waiting)
  }

  /** Gives what waits to whoever is idle. Called when an actor has become so, or has gone. */
  look(): void {
    for (const waiting of this.#waiting.slice()) {
      const members = waiting.members()
      if (members.length === 0) {
        this.#remove(waiting)
        waiting.fail('stopped')
        continue
      }
      const [next] = members
        .filter((one) => one.isIdle)
        .toSorted((a, b) => (this.#given.get(a) ?? 0) - (this.#given.get(b) ?? 0))
      if (next === undefined) continue
      this.#remove(waiting)
      this.#given.set(next, ++this.#gifts)
      waiting.start(next)
    }
  }

  #remove(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    if (at !== -1) this.#waiting.splice(at, 1)
  }
}

/** The actors that share a route, as one that answers. What they take is what each of them takes. */
export class Shared implements Answering {
  readonly #queue: Queue
  readonly #members: () => readonly Service[]

  /** @param members those that share the route now; they may come and go while a request waits */
  constructor(queue: Queue, members: () => readonly Service[]) {
    this.#queue = queue
    this.#members = members
  }

  get limits(): Pick<HttpLimits, 'header-bytes' | 'request-bytes'> {
    return { 'header-bytes': this.#least('header-bytes'), 'request-bytes': this.#least('request-bytes') }
  }

  get streams(): boolean {
    return this.#members().every(({ streams }) => streams)
  }

  async handle(delivery: Delivery): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const began = performance.now()
    const fail = (code: InvokeFailure): void => reject(new Unanswered(code))
    const start = (member: Service): void => {
      clearTimeout(timer)
      member.handle(delivery, performance.now() - began).then(resolve, reject)
    }
    const late = (code: InvokeFailure) => (): void => {
      remove()
      fail(code)
    }
    const withdraw = late('withdrawn')
    const timer = setTimeout(late('timeout'), this.#least('answer-ms'))
    const remove = this.#queue.add({ members: this.#members, start, fail })
    const forget = delivery.client.onGone(withdraw)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      forget()
    }
  }

  #least(limit: 'header-bytes' | 'request-bytes' | 'answer-ms'): number {
    return Math.min(...this.#members().map(({ limits }) => limits[limit]))
  }
}
