import type { Effect } from '@theater/handler'
import type { Departure } from './types.ts'

/** Where what a turn does becomes durable, and where it leaves to. */
export interface Way {
  /** Resolves when the record is as durable, up to here, as the host asked. */
  readonly flush: () => Promise<void>
  /** Hands over what left. */
  readonly leave: (departures: readonly Departure[]) => void
}

/**
 * The rule of everything that others see of a turn, or that it does to the world: nothing leaves before what led to it is as durable as the
 * host asked. Whoever waits for this performs an effect, or says a reply.
 *
 * Where `flush` rejects nothing has left, and the turn is lost to this host.
 */
export async function depart({ flush, leave }: Way, departures: readonly Departure[]): Promise<void> {
  await flush()
  leave(departures)
}

/**
 * Whether a call is an outside effect: it has an intent on record before it is performed, and before that leaves what the turn has queued.
 * Any other is one event, written when it is answered.
 */
export function isOutsideEffect(effect: Effect): boolean {
  switch (effect) {
    case 'none':
    case 'read':
      return false
    case 'idempotent':
    case 'once':
      return true
  }
}

/**
 * What becomes of an intent whose result the last host has lost: it is done `again`, or whoever performs it is asked (`reconcile`).
 *
 * @param declared what the function is declared to be at most
 * @param now what this call of it is, as far as can be told now
 */
export function settlement(declared: Effect, now: Effect): 'again' | 'reconcile' {
  // Less than idempotent it was not, or there would be no intent: then it cannot be told any more.
  return declared !== 'once' || now === 'idempotent' ? 'again' : 'reconcile'
}
