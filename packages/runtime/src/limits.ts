import { TheaterError } from './errors.ts'

/** Bounds of one actor; part of its genesis. */
export interface Limits {
  /** Messages that wait for the actor. @default 1000 */
  readonly mailbox: number
  /** Messages the actor sent that no receiver has taken yet. @default 1000 */
  readonly outbox: number
  /** Host resources the guest may hold at once. @default 10000 */
  readonly handles: number
  /** Milliseconds that one host call may take. @default 300000 */
  readonly callMs: number
  /** Actors that it may make and that these may make, at once. 0: none. @default 100 */
  readonly descendants: number
}

/** The limits of an actor that was given none. */
export const defaultLimits: Limits = {
  mailbox: 1000,
  outbox: 1000,
  handles: 10_000,
  callMs: 300_000,
  descendants: 100,
}

/** @throws TheaterError `bad-limit` */
export function checkLimits(actor: string, limits: Partial<Limits> | undefined): Limits {
  const all: Limits = { ...defaultLimits, ...limits }
  for (const [name, value] of Object.entries(all)) {
    if (!Object.hasOwn(defaultLimits, name)) {
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
  }
  return all
}
