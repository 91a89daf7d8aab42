import type { Link } from '@theater/boundary'
import type { ActorContext } from '@theater/handler'
import { staysBound } from './bindings.ts'
import type { Bindings } from './bindings.ts'
import type { Instance, InstanceParts } from './instance.ts'
import type { Rebuilt } from './rebuild.ts'

/** What a residence needs of its actor. */
export interface ResidenceParts extends Pick<InstanceParts, 'resolution' | 'genesis' | 'record'> {
  readonly bindings: Bindings
  readonly instance: Instance
  /** The actor as one of its handlers sees it. */
  readonly contextOf: (link: () => Link | undefined) => ActorContext
  /** Where the last turn begins that returned; `undefined` where none did. */
  readonly lastReturn: () => number | undefined
  /** The record was taken over. */
  readonly takenOver: () => void
}

/**
 * What an actor has in memory only while it is at something, and for some time after: the handlers that are bound for it, its instance, the
 * writer of its record. An actor that rests has none of it; all of it is there again for its next turn.
 */
export class Residence {
  readonly #parts: ResidenceParts
  /** What is being let go of. */
  #resting: Promise<readonly unknown[]> | undefined
  #bound = false

  constructor(parts: ResidenceParts) {
    this.#parts = parts
  }

  /** Whether nothing from outside reaches the actor but by its mailbox, so that it may rest. */
  get mayRest(): boolean {
    const { resolution, genesis } = this.#parts
    return !staysBound(resolution, genesis.grants)
  }

  /** Whether any of it is in memory. */
  get inhabited(): boolean {
    return this.#bound
  }

  /** Binds the handlers. @throws what a handler throws that cannot serve the actor */
  async bind(): Promise<void> {
    await this.#resting
    if (this.#bound) return
    const { bindings, resolution, genesis, contextOf } = this.#parts
    this.#bound = true
    await bindings.bind(resolution, genesis.grants, contextOf)
  }

  /** Takes the record over from the host before, where that was not done. @throws ChainError */
  async takeOver(): Promise<void> {
    const { record, takenOver } = this.#parts
    if (record.taken) return
    await record.takeOver()
    takenOver()
  }

  /**
   * Has everything there that a turn needs.
   *
   * @returns what was re-run for it; `undefined`: nothing, or the actor ended meanwhile
   * @throws TheaterError `cannot-resume`; ChainError; what a handler throws
   */
  async wake(): Promise<Rebuilt | undefined> {
    const { instance, lastReturn } = this.#parts
    await this.takeOver()
    await this.bind()
    return instance.ready ? undefined : instance.rebuild(lastReturn())
  }

  /** Whether a turn can begin at once. */
  get awake(): boolean {
    const { record, instance } = this.#parts
    return this.#bound && this.#resting === undefined && record.taken && instance.ready
  }

  /** Lets go of everything until it is needed. @returns what could not be let go of */
  rest(): Promise<readonly unknown[]> {
    const { instance, record } = this.#parts
    instance.rest()
    record.rest()
    return this.#unbind()
  }

  /** Lets go of everything for good. @returns what could not be let go of */
  async end(): Promise<readonly unknown[]> {
    this.#parts.instance.discard()
    await this.#resting
    return this.#unbind()
  }

  #unbind(): Promise<readonly unknown[]> {
    const resting = this.#parts.bindings.dispose().finally(() => {
      this.#bound = false
      this.#resting = undefined
    })
    this.#resting = resting
    return resting
  }
}
