import type { Genesis } from '@theater/event-chain'
import { checkLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import { chainKey } from './received.ts'

/** What made an actor. */
type Make = Pick<Genesis, 'jco' | 'meter' | 'nan' | 'theater' | 'limits'>

/** What many actors have in common is held once: each record says all of it, and each in bytes of its own. */
export class Likes {
  readonly #limits = new Map<string, Limits>()
  readonly #grants = new Map<string, Genesis['grants']>()
  readonly #links = new Map<string, Uint8Array>()
  readonly #makes = new Map<string, Make>()

  /** @throws TheaterError `bad-limit` */
  limits(actor: string, given: Genesis['limits']): Limits {
    const key = JSON.stringify(given)
    const limits = this.#limits.get(key) ?? checkLimits(actor, given as Partial<Limits>)
    this.#limits.set(key, limits)
    return limits
  }

  /** The same genesis, without what it shares with others, and without the bytes that it was read from. */
  genesis(genesis: Genesis): Genesis {
    const key = JSON.stringify(genesis.grants)
    const grants = this.#grants.get(key) ?? genesis.grants
    this.#grants.set(key, grants)
    const { cause, params, jco, meter, nan, theater } = genesis
    const make = JSON.stringify([jco, meter, nan, theater])
    const made = this.#makes.get(make) ?? { jco, meter, nan, theater, limits: {} }
    this.#makes.set(make, made)
    return {
      ...genesis,
      ...made,
      grants,
      component: this.#link(genesis.component),
      wit: this.#link(genesis.wit),
      cause: cause && { chain: cause.chain.slice(), seq: cause.seq, hash: cause.hash.slice() },
      params: params && { format: params.format, body: params.body.slice() },
    }
  }

  #link(cid: Uint8Array): Uint8Array {
    const key = chainKey(cid)
    const known = this.#links.get(key) ?? cid.slice()
    this.#links.set(key, known)
    return known
  }
}
