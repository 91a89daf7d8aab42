import type { Store } from '@theater/event-chain'
import type { Actor } from './actor.ts'
import type { Cast } from './cast.ts'
import { TheaterError } from './errors.ts'
import { exportedBy } from './exported.ts'
import type { ActorInfo } from './options.ts'
import { chainKey } from './received.ts'
import { beginsTurn, recordedModel, recordedReply } from './record.ts'
import type { TurnReply } from './turn-reply.ts'

/** What it takes to say what became of something. */
export interface OutcomesParts {
  readonly store: Store
  readonly cast: Cast
  /** @throws TheaterError why there is none */
  readonly actor: (id: string) => Actor
}

/** What became of what a thread before this one began and did not see the end of. */
export class Outcomes {
  readonly #parts: OutcomesParts

  constructor(parts: OutcomesParts) {
    this.#parts = parts
  }

  /**
   * What became of an actor whose record was begun; `undefined`: it did not get into the store.
   *
   * @throws TheaterError why it did not come to be
   */
  async actor(chain: Uint8Array): Promise<ActorInfo | undefined> {
    const { store, cast } = this.#parts
    const info = await store.info(chain)
    if (info === undefined) return undefined
    const actor = this.#of(chain)
    if (actor !== undefined) {
      const failure = await actor.born
      if (failure !== undefined) throw failure
      return actor.info
    }
    const known = cast.infos.find((one) => chainKey(one.chain) === chainKey(chain))
    if (known?.state === 'stopped') return known
    throw (
      known?.failure ??
      new TheaterError('failed-to-start', `${info.label} did not come to be`, { actor: info.label })
    )
  }

  /**
   * What became of a turn; `undefined`: it did not get into the store.
   *
   * @throws TheaterError why its actor was not brought back
   */
  async turn({
    chain,
    seq,
  }: {
    readonly chain: Uint8Array
    readonly seq: number
  }): Promise<TurnReply | undefined> {
    const { store } = this.#parts
    const info = await store.info(chain)
    if (info === undefined || !(await beginsTurn(store, chain, seq))) return undefined
    const left = this.#of(chain)?.left
    if (left?.seq === seq) return left.reply
    const model = await recordedModel(store, chain)
    try {
      return await recordedReply(store, chain, seq, (fn) => model && exportedBy(model, fn))
    } catch (error) {
      // Where it has no end its actor was not brought back, which says why.
      this.#parts.actor(info.label)
      throw error
    }
  }

  #of(chain: Uint8Array): Actor | undefined {
    return [...this.#parts.cast.actors].find((actor) => chainKey(actor.chain) === chainKey(chain))
  }
}
