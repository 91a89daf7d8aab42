import type { TheaterTimerTimers } from '@theater/wit'
import type { Timer, Timers } from '../capabilities.ts'
import { TimerError } from '../host-errors.ts'
import { encodeMessage } from '../message.ts'
import type { Queue } from './channels.ts'
import { payloadOf } from './host.ts'

type Host = typeof TheaterTimerTimers

/** `ctx.timers` of one turn. */
export class Alarms implements Timers {
  readonly #host: Host
  readonly #queue: Queue
  /** Those that the turn has set. */
  readonly #set: bigint[] = []

  constructor(host: Host, queue: Queue) {
    this.#host = host
    this.#queue = queue
  }

  once(when: number | Date, name: string, body?: unknown): Timer {
    const message = encodeMessage(name, body)
    const instant = when instanceof Date
    const due: TheaterTimerTimers.When = {
      tag: instant ? 'at' : 'after',
      val: milliseconds(instant ? when.getTime() : when),
    }
    return this.#made(asked(name, () => this.#host.once(due, message)))
  }

  every(ms: number, name: string, body?: unknown): Timer {
    const message = encodeMessage(name, body)
    return this.#made(asked(name, () => this.#host.every(milliseconds(ms), message)))
  }

  cancel(timer: Timer | number): void {
    const id = BigInt(typeof timer === 'number' ? timer : timer.id)
    this.#queue('cancel', `timer ${id}`, () => giveUp(this.#host, id))
  }

  list(): Timer[] {
    return this.#host.list().map(timerOf)
  }

  /** The turn came to nothing: so did what it set. */
  fail(): void {
    for (const id of this.#set.splice(0)) giveUp(this.#host, id)
  }

  #made(timer: TheaterTimerTimers.Timer): Timer {
    this.#set.push(timer.id)
    return timerOf(timer)
  }
}

function timerOf({ id, due, interval }: TheaterTimerTimers.Timer): Timer {
  return { id: Number(id), due: Number(due), interval: interval === undefined ? null : Number(interval) }
}

/** Cancels a timer now, if it is one still. */
function giveUp(host: Host, id: bigint): void {
  try {
    host.cancel(id)
  } catch (thrown) {
    if (payloadOf(thrown) === undefined) throw thrown
  }
}

function milliseconds(ms: number): bigint {
  if (!Number.isFinite(ms)) throw new RangeError(`${ms} is not a time in milliseconds`)
  return BigInt(Math.max(0, Math.ceil(ms)))
}

function asked<T>(name: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterTimerTimers.Error>(thrown)
    throw error === undefined ? thrown : new TimerError(name, error)
  }
}
