import type { EventRef } from '@theater/boundary'
import { Ends } from './channels.ts'
import { Connections } from './connections.ts'
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
  /** The causes that it holds. */
  readonly received = new Received()
  /** What left it and may not have arrived. */
  readonly sends = new Sends()
  /** The topics that it is subscribed to. */
  readonly subscriptions = new Set<string>()
  /** Its ends of channels. */
  readonly ends = new Ends()
  /** Its WebSocket connections. */
  readonly connections = new Connections()
  /** The timers that it has. */
  readonly standing = new Standing()
  /** Channels that it was asked for, in turns that came to nothing. */
  readonly unopened = new Unopened()
  /** Intents whose turn was ended before they had a result: nobody was told what came of them. */
  readonly givenUp = new Set<number>()
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
}
