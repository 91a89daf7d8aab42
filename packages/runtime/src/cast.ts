import type { ChainInfo } from '@theater/event-chain'
import type { Actor } from './actor.ts'
import type { Birth } from './birth.ts'
import { TheaterError } from './errors.ts'
import type { ActorInfo } from './options.ts'
import type { Absence } from './post.ts'
import { chainKey } from './received.ts'
import { Topics } from './topics.ts'

/** An actor that takes no turns in this host. */
interface Ended {
  readonly info: ActorInfo
  /** It never came to be, and its name is free. */
  readonly released: boolean
  readonly birth: Birth | undefined
}

/** The actors of one host, by id; those that ended too. */
export class Cast {
  /** What those that take turns are subscribed to. */
  readonly topics = new Topics()
  readonly #actors = new Map<string, Actor>()
  readonly #ended = new Map<string, Ended>()
  /** By the chains of their parents, those that take turns. */
  readonly #children = new Map<string, Set<Actor>>()

  /** Those that take turns. */
  get actors(): Iterable<Actor> {
    return this.#actors.values()
  }

  /** Every actor, ordered by id. */
  get infos(): readonly ActorInfo[] {
    const live = [...this.#actors.values()].map((actor) => actor.info)
    const ended = [...this.#ended.values()].map(({ info }) => info)
    return [...live, ...ended].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** How many take turns, together with those that are being made. */
  with(making: Iterable<string>): number {
    let count = this.#actors.size
    for (const id of making) if (!this.#actors.has(id)) count++
    return count
  }

  find(id: string): Actor | undefined {
    return this.#actors.get(id)
  }

  /** The children of an actor that take turns, in the order in which they were made. */
  children({ chain }: Pick<Actor, 'chain'>): readonly Actor[] {
    const seq = ({ birth }: Actor): number => birth?.cause.seq ?? 0
    return [...(this.#children.get(chainKey(chain)) ?? [])].toSorted((a, b) => seq(a) - seq(b))
  }

  /** Where an actor that has ended came from; `undefined` where the host made it, or there was none. */
  birth(id: string): Birth | undefined {
    return this.#ended.get(id)?.birth
  }

  /** An actor that takes turns. @throws TheaterError `unknown-actor`, `stopped`, or why it ended */
  get(id: string): Actor {
    const actor = this.#actors.get(id)
    if (actor !== undefined) return actor
    const ended = this.#ended.get(id)
    if (ended !== undefined) {
      throw ended.info.failure ?? new TheaterError('stopped', `${id} was stopped`, { actor: id })
    }
    const known = [...this.#actors.keys()].toSorted().join(', ')
    throw new TheaterError('unknown-actor', `there is no actor ${id}. Actors: ${known || 'none'}.`, {
      actor: id,
    })
  }

  /** What is known of an actor that has ended. @throws TheaterError `exists` where it has not, `unknown-actor` */
  ended(id: string): ActorInfo {
    if (this.#actors.has(id))
      throw new TheaterError('exists', `${id} has not ended: stop it first`, { actor: id })
    const ended = this.#ended.get(id)
    if (ended === undefined || ended.released)
      throw new TheaterError('unknown-actor', `there is no actor ${id}`, { actor: id })
    return ended.info
  }

  /** Those that have ended and have their names still, of which an actor that has ended is the parent. */
  endedChildren({ chain }: Pick<ActorInfo, 'chain'>): readonly string[] {
    const key = chainKey(chain)
    return [...this.#ended]
      .filter(
        ([, { released, birth }]) => !released && birth !== undefined && chainKey(birth.cause.chain) === key,
      )
      .map(([id]) => id)
  }

  /** The name of an actor that has ended is free. */
  release(id: string): void {
    const ended = this.#ended.get(id)
    if (ended !== undefined) this.#ended.set(id, { ...ended, released: true })
  }

  /** Whether an id is taken: by an actor, or by one that was. */
  has(id: string): boolean {
    return this.#actors.has(id) || this.#ended.get(id)?.released === false
  }

  /** Why there is no actor of an id that takes turns. */
  absence(id: string): Absence {
    const ended = this.#ended.get(id)
    if (ended === undefined || ended.released) return 'unknown-actor'
    return ended.info.failure === undefined ? 'stopped' : 'failed'
  }

  add(actor: Actor): void {
    this.#ended.delete(actor.id)
    this.#actors.set(actor.id, actor)
    if (actor.birth === undefined) return
    const key = chainKey(actor.birth.cause.chain)
    const siblings = this.#children.get(key)
    if (siblings === undefined) this.#children.set(key, new Set([actor]))
    else siblings.add(actor)
  }

  /** Remembers how an actor ended; of one that left no record there is nothing to remember. */
  end(actor: Actor): void {
    this.#orphan(actor)
    this.topics.forget(actor)
    if (!this.#actors.delete(actor.id) || !actor.recorded) return
    const { info, released, birth } = actor
    this.#ended.set(actor.id, { info, released, birth })
  }

  #orphan(actor: Actor): void {
    if (actor.birth === undefined) return
    const key = chainKey(actor.birth.cause.chain)
    const siblings = this.#children.get(key)
    siblings?.delete(actor)
    if (siblings?.size === 0) this.#children.delete(key)
  }

  /** Knows of an actor by its record alone. */
  record(
    { label, chain, head, size }: ChainInfo,
    state: 'stopped' | 'failed',
    known: {
      readonly component?: Uint8Array
      readonly failure?: TheaterError
      readonly released?: boolean
      readonly birth?: Birth | undefined
    },
  ): void {
    const { component, failure, released = false, birth } = known
    const living = this.#actors.get(label)
    if (living !== undefined) {
      this.#orphan(living)
      this.topics.forget(living)
    }
    this.#actors.delete(label)
    this.#ended.set(label, {
      info: {
        id: label,
        parent: birth?.parent,
        state,
        resident: false,
        opened: false,
        chain,
        head,
        events: size,
        component,
        recovery: undefined,
        failure,
        exitStatus: undefined,
      },
      released,
      birth,
    })
  }
}
