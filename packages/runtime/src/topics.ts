import type { TopicFailure, Topics as ActorTopics } from '@theater/handler'
import type { Actor } from './actor.ts'
import type { Message } from './options.ts'

const TOPIC = /^[a-z0-9._:/-]{1,128}$/

/** Whether a text is the name of a topic. */
export function isTopic(text: string): boolean {
  return TOPIC.test(text)
}

/** What was published, as whoever embeds the runtime hears it. */
export interface Published {
  readonly topic: string
  /** The actor that published it; null for the host. */
  readonly from: string | null
  readonly message: Message
}

/** Hears what is published, when it is in the publisher's record. */
export type TopicListener = (published: Published) => void

/** Who is subscribed to what, on one host. It says what the records of its actors say. */
export class Topics {
  readonly #subscribers = new Map<string, Set<Actor>>()
  readonly #listeners = new Map<string, Set<TopicListener>>()

  /** A subscription is in force from here on. */
  add(actor: Actor, topic: string): void {
    actor.subscriptions.add(topic)
    put(this.#subscribers, topic, actor)
  }

  remove(actor: Actor, topic: string): void {
    actor.subscriptions.delete(topic)
    drop(this.#subscribers, topic, actor)
  }

  /** An actor takes no turns any more. */
  forget(actor: Actor): void {
    for (const topic of actor.subscriptions) drop(this.#subscribers, topic, actor)
  }

  /** The actors that get what is published now, ascending by id. */
  subscribers(topic: string): readonly Actor[] {
    const living = [...(this.#subscribers.get(topic) ?? [])].filter(({ accepting }) => accepting)
    return living.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Topics as the handlers of one actor reach them. */
  of(actor: Actor): ActorTopics {
    const { limits } = actor
    return {
      subscribers: (topic) => {
        if (!isTopic(topic)) return { tag: 'bad-topic' }
        const ids = this.subscribers(topic).map(({ id }) => id)
        const fits = actor.outbox + actor.queued + ids.length <= limits.outbox
        return fits ? ids : { tag: 'outbox-full', val: limits.outbox }
      },
      subscribe: (topic, fn): TopicFailure | undefined => {
        if (!isTopic(topic)) return { tag: 'bad-topic' }
        if (actor.exported(fn) === undefined) return { tag: 'not-served' }
        if (actor.subscriptions.has(topic)) return undefined
        const taken = actor.subscriptions.size + actor.subscribing
        return taken < limits.subscriptions ? undefined : { tag: 'too-many', val: limits.subscriptions }
      },
      unsubscribe: (topic) => (isTopic(topic) ? undefined : { tag: 'bad-topic' }),
      list: () => [...actor.subscriptions].toSorted(),
    }
  }

  /** Has somebody outside of the actors hear what is published. @returns what ends that */
  listen(topic: string, listener: TopicListener): Disposable {
    put(this.#listeners, topic, listener)
    return { [Symbol.dispose]: () => drop(this.#listeners, topic, listener) }
  }

  /** Whether anybody outside of the actors hears what is published there. */
  heard(topic: string): boolean {
    return this.#listeners.has(topic)
  }

  /** Tells those outside. @returns what they threw */
  tell(published: Published): readonly unknown[] {
    const errors: unknown[] = []
    for (const listener of this.#listeners.get(published.topic) ?? []) {
      try {
        listener(published)
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }
}

function put<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}

function drop<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key)
  set?.delete(value)
  if (set?.size === 0) sets.delete(key)
}
