import type { ActorContext } from '@theater/handler'
import type { HttpGrant } from './grant.ts'
import type { HttpLimits } from './limits.ts'
import { Totals } from './totals.ts'

/** What the resources of one actor have in common. */
export class Session {
  readonly signal: AbortSignal
  readonly grant: HttpGrant
  readonly limits: HttpLimits
  readonly totals: Totals
  /** How many exchanges are under way. */
  exchanges = 0
  readonly #open = new Set<Disposable>()
  #ended = false

  constructor(actor: Pick<ActorContext, 'signal'>, grant: HttpGrant, limits: HttpLimits) {
    this.signal = actor.signal
    this.grant = grant
    this.limits = limits
    this.totals = new Totals(limits)
  }

  /** Whether answers leave as they are written. */
  get streams(): boolean {
    return this.grant.stream === true
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Remembers what has to be let go of when the actor ends. */
  add(thing: Disposable): void {
    this.#open.add(thing)
  }

  /** Forgets what was let go of. */
  remove(thing: Disposable): void {
    this.#open.delete(thing)
  }

  /** Lets go of everything. */
  end(): void {
    this.#ended = true
    for (const thing of this.#open) thing[Symbol.dispose]()
    this.#open.clear()
  }
}

/** Something that a guest of one session holds. */
export abstract class Resource {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Whether a value is a resource of a session. */
  static of(session: Session, value: unknown): value is Resource {
    return value instanceof Resource && value.#session === session
  }
}

/**
 * A resource that a guest gave back, as what it has to be.
 *
 * @throws TypeError for one of another actor: numbers of resources are the boundary's, so this is a fault of the host
 */
export function mine<T extends Resource>(
  session: Session,
  type: abstract new (...args: never[]) => T,
  value: unknown,
): T {
  if (value instanceof type && Resource.of(session, value)) return value
  throw new TypeError(`not a ${type.name} of this actor`)
}
