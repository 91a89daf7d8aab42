import { TheaterError } from './errors.ts'

/** Bounds of one actor; part of its genesis. */
export interface Limits {
  /** Fuel that one turn may use: a unit is an instruction of the guest. Then the turn traps. @default 2000000000 */
  readonly fuel: number
  /** Fuel that instantiating the component may use. @default 2000000000 */
  readonly startFuel: number
  /** Bytes of all memories of the guest together. @default 268435456 (256 MiB) */
  readonly memory: number
  /** Elements of all tables of the guest together. @default 100000 */
  readonly tables: number
  /** How deep calls inside the guest may nest; a function counts by the size of its frame. @default 20500 */
  readonly depth: number
  /** Bytes of one message to the actor, and of all that a call of it is given. @default 8388608 (8 MiB) */
  readonly messageBytes: number
  /** Bytes of a state that the actor takes over. @default 67108864 (64 MiB) */
  readonly stateBytes: number
  /** Milliseconds that one turn may take, waiting included. @default 600000 */
  readonly turnMs: number
  /** Events of one turn. @default 100000 */
  readonly turnEvents: number
  /** Bytes that the events of one turn carry. @default 134217728 (128 MiB) */
  readonly turnBytes: number
  /** Lines a second, by the actor's own clock, that are kept of what it logs. @default 1000 */
  readonly logLines: number
  /** Bytes of them. @default 1048576 (1 MiB) */
  readonly logBytes: number
  /** Messages that wait for the actor. @default 1000 */
  readonly mailbox: number
  /** Messages the actor sent that no receiver has taken yet. @default 1000 */
  readonly outbox: number
  /** Topics that the actor may be subscribed to at once. @default 1000 */
  readonly subscriptions: number
  /** Channels that the actor may have at once. @default 1000 */
  readonly channels: number
  /** Timers that the actor may have at once. @default 1000 */
  readonly timers: number
  /** Bytes that the messages of all its timers may have together. @default 1048576 (1 MiB) */
  readonly timerBytes: number
  /** Host resources the guest may hold at once. @default 10000 */
  readonly handles: number
  /** Milliseconds that one host call may take. @default 300000 */
  readonly callMs: number
  /** Actors that it may make and that these may make, at once. 0: none. @default 100 */
  readonly descendants: number
}

const MiB = 1024 * 1024

/** The longest delay that a timer of Node takes, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647

/** The limits of an actor that was given none. */
export const defaultLimits: Limits = {
  fuel: 2_000_000_000,
  startFuel: 2_000_000_000,
  memory: 256 * MiB,
  tables: 100_000,
  depth: 20_500,
  messageBytes: 8 * MiB,
  stateBytes: 64 * MiB,
  turnMs: 600_000,
  turnEvents: 100_000,
  turnBytes: 128 * MiB,
  logLines: 1000,
  logBytes: MiB,
  mailbox: 1000,
  outbox: 1000,
  subscriptions: 1000,
  channels: 1000,
  timers: 1000,
  timerBytes: MiB,
  handles: 10_000,
  callMs: 300_000,
  descendants: 100,
}

/** What no actor can be given more than. The events of a turn at its most are still less than what a verifier reads of one. */
export const maxLimits: Limits = {
  fuel: 1_000_000_000_000,
  startFuel: 1_000_000_000_000,
  memory: 4 * 1024 ** 3,
  tables: 10_000_000,
  depth: 24_000,
  messageBytes: 64 * MiB,
  stateBytes: 64 * MiB,
  turnMs: LONGEST_TIMER,
  turnEvents: 250_000,
  turnBytes: 128 * MiB,
  logLines: 1_000_000,
  logBytes: 64 * MiB,
  mailbox: 1_000_000,
  outbox: 1_000_000,
  subscriptions: 1_000_000,
  channels: 1_000_000,
  timers: 1_000_000,
  timerBytes: 64 * MiB,
  handles: 1_000_000,
  callMs: LONGEST_TIMER,
  descendants: 1_000_000,
}

/** @throws TheaterError `bad-limit` */
export function checkLimits(actor: string, limits: Partial<Limits> | undefined): Limits {
  const all: Limits = { ...defaultLimits, ...limits }
  for (const [name, value] of Object.entries(all)) {
    if (!isLimit(name)) {
      const known = Object.keys(defaultLimits).join(', ')
      throw new TheaterError('bad-limit', `${actor}: there is no limit "${name}". Limits: ${known}.`, {
        actor,
      })
    }
    const least = name === 'descendants' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least) {
      throw new TheaterError(
        'bad-limit',
        `${actor}: the limit "${name}" has to be ${least === 0 ? 'an integer of at least 0' : 'a positive integer'}, not ${String(value)}`,
        { actor },
      )
    }
    if (value > maxLimits[name]) {
      throw new TheaterError(
        'bad-limit',
        `${actor}: the limit "${name}" is ${value}; the most that an actor can be given is ${maxLimits[name]}.`,
        { actor },
      )
    }
  }
  return all
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(defaultLimits, name)
}
