import type { EventRef } from '@theater/boundary'
import { Ends } from './channels.ts'
import { Connections } from './connections.ts'
import type { TimerInfo } from './options.ts'
import { Received } from './received.ts'
import { Sends } from './sends.ts'
import { Standing } from './standing.ts'
import { Unopened } from './unopened.ts'

/** How the first turn ended, or the instantiation where it failed. `unloaded`: another turn than `init` took its place, and failed. */
export type First = 'well' | 'badly' | 'unloaded'

/**
 * What the record of an actor says that a host has to know without re-running it. The host that has the actor keeps it up to date, and now
 * and then beside the chain, so that the next one reads only what came after. It is as long as what the actor has at once, not as its record.
 */
export class Summary {
  #received: Received | undefined
  #sends: Sends | undefined
  #subscriptions: Set<string> | undefined
  #ends: Ends | undefined
  #connections: Connections | undefined
  #standing: Standing | undefined
  #unopened: Unopened | undefined
  #givenUp: Set<number> | undefined
  /** Where the last host but one took it over; -1 where there was none. */
  lastResume = -1
  /** Where the last turn begins that returned; `undefined` where none did. */
  lastReturn: number | undefined
  /** When the last turn began, in milliseconds since the epoch; 0 before the first. */
  lastTime = 0
  first: First | undefined
  /** The first event whose content is not here; `undefined` where all is. */
  gap: number | undefined
  /** The event that closes it; `undefined` where it goes on. */
  end: EventRef | undefined

  /** The causes that it holds. */
  get received(): Received {
    return (this.#received ??= new Received())
  }

  /** What left it and may not have arrived. */
  get sends(): Sends {
    return (this.#sends ??= new Sends())
  }

  /** The topics that it is subscribed to. */
  get subscriptions(): Set<string> {
    return (this.#subscriptions ??= new Set())
  }

  /** Its ends of channels. */
  get ends(): Ends {
    return (this.#ends ??= new Ends())
  }

  /** Its WebSocket connections. */
  get connections(): Connections {
    return (this.#connections ??= new Connections())
  }

  /** The timers that it has. */
  get standing(): Standing {
    return (this.#standing ??= new Standing())
  }

  /** Channels that it was asked for, in turns that came to nothing. */
  get unopened(): Unopened {
    return (this.#unopened ??= new Unopened())
  }

  /** Intents whose turn was ended before they had a result: nobody was told what came of them. */
  get givenUp(): Set<number> {
    return (this.#givenUp ??= new Set())
  }

  /** Its timers as they are seen from outside. @param actor who has them */
  timers(actor: string): readonly TimerInfo[] {
    return this.#standing?.infos(actor) ?? []
  }

  /** Lets go of what is empty. Nobody else may hold any of it. */
  trim(): void {
    if (this.#received?.size === 0) this.#received = undefined
    if (this.#sends?.size === 0) this.#sends = undefined
    if (this.#subscriptions?.size === 0) this.#subscriptions = undefined
    if (this.#ends?.size === 0) this.#ends = undefined
    if (this.#connections?.size === 0) this.#connections = undefined
    if (this.#standing?.size === 0) this.#standing = undefined
    if (this.#unopened?.size === 0) this.#unopened = undefined
    if (this.#givenUp?.size === 0) this.#givenUp = undefined
  }
}
