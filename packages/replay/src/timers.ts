import { hex } from '@theater/event-chain'
import type { Cause, Event, EventOf } from '@theater/event-chain'
import { decodeData, items } from '@theater/values'
import type { Data, Hash } from '@theater/values'
import { digestOf, track } from './letters.ts'

/** The export that timers fire at, by its name within its track. */
export const FIRED = 'theater:timer/target@0.1#fired'
const TIMERS = 'theater:timer/timers@0.1'

/** What a call says of a timer. */
type Step =
  | { readonly kind: 'set'; readonly timer: Omit<Standing, 'next'> & { readonly due: number } }
  | { readonly kind: 'cancel'; readonly id: number }

interface Standing {
  readonly id: number
  /** The call that set it. */
  readonly call: number
  readonly interval: number | undefined
  /** A digest of what it fires with. */
  readonly message: string
  /** When it is due next; `undefined` where a turn that may have been a firing is withheld. */
  next: number | undefined
}

/** What is found of a firing: nothing, that what it goes back to is withheld, or what is wrong with it. */
export type FiringFound = { readonly message: string } | 'withheld' | undefined

/**
 * Follows the timers of one chain: what sets and cancels them has to leave with its turn, and each time that one is due fires
 * once.
 */
export class TimerLedger {
  /** What is found of the firings that do not hold, by the sequence numbers of their turns. */
  readonly firings = new Map<number, FiringFound>()
  readonly #chain: string
  readonly #hash: Hash
  /** By the events with which they left; null where it is withheld what left. */
  readonly #standing = new Map<number, Standing | null>()
  /** What the calls of the turn say, by their sequence numbers; null where one is withheld. */
  readonly #calls = new Map<number, Step | null>()
  /** What waits for the turn's end. */
  #leaving: (readonly [seq: number, step: Step | null])[] = []

  constructor(chain: Uint8Array, hash: Hash) {
    this.#chain = hex(chain)
    this.#hash = hash
  }

  take(event: Event): void {
    switch (event.kind) {
      case 'turn':
        this.#begin(event)
        break
      case 'call':
        if (event.content === null) this.#calls.set(event.seq, null)
        // What is withheld may be an intent, before which all leaves.
        if (event.content === null || event.content.outcome === null) this.#leave()
        else this.#call(event.seq, event.content)
        break
      case 'send': {
        const step = event.content === null ? null : this.#calls.get(event.content.call)
        if (step !== undefined) this.#leaving.push([event.seq, step])
        break
      }
      case 'return':
        this.#leave()
        break
      case 'trap':
      case 'abort':
        this.#leaving = []
        break
      case 'genesis':
      case 'seed':
      case 'result':
      case 'drop':
      case 'grant':
      case 'resume':
      case 'stop':
        break
    }
  }

  #begin(event: Event): void {
    this.#calls.clear()
    this.#leaving = []
    if (event.kind !== 'turn') return
    if (event.content === null) {
      for (const timer of this.#standing.values()) if (timer !== null) timer.next = undefined
      return
    }
    const { fn, cause } = event.content
    if (track(fn) !== FIRED || cause === null) return
    const found = this.#fire(event.content, cause)
    if (found !== undefined) this.firings.set(event.seq, found)
  }

  #call(seq: number, { fn, args, outcome }: EventOf<'call'>['content']): void {
    const name = track(fn)
    if (outcome === null || !name.startsWith(`${TIMERS}#`) || name === `${TIMERS}#list`) return
    const [answer] = listOf(decodeData(outcome.result))
    const [tag, made] = listOf(answer)
    if (tag !== 0) return
    const given = listOf(decodeData(args))
    if (name === `${TIMERS}#cancel`) {
      this.#calls.set(seq, { kind: 'cancel', id: Number(given[0]) })
      return
    }
    const [id, due, every] = listOf(made)
    const [interval] = listOf(every)
    this.#calls.set(seq, {
      kind: 'set',
      timer: {
        id: Number(id),
        call: seq,
        due: Number(due),
        interval: interval === undefined ? undefined : Number(interval),
        message: digestOf(items(args).slice(1), this.#hash),
      },
    })
  }

  #leave(): void {
    for (const [seq, step] of this.#leaving) {
      if (step === null) this.#standing.set(seq, null)
      else if (step.kind === 'set') this.#standing.set(seq, { ...step.timer, next: step.timer.due })
      else for (const [at, timer] of this.#standing) if (timer?.id === step.id) this.#standing.delete(at)
    }
    this.#leaving = []
  }

  #fire({ args, time }: EventOf<'turn'>['content'], { chain, seq }: Cause): FiringFound {
    if (hex(chain) !== this.#chain) return { message: 'a timer fires by an event of another chain' }
    const timer = this.#standing.get(seq)
    if (timer === null) return 'withheld'
    if (timer === undefined)
      return { message: `event ${seq} sets no timer that is still to fire: it was cancelled, or has fired` }
    const [firing] = listOf(decodeData(args))
    const [id, due, missed] = listOf(firing).map(Number)
    if (id !== timer.id || id !== timer.call || due === undefined || missed === undefined)
      return { message: `event ${seq} sets the timer ${timer.call}, not ${String(id)}` }
    if (digestOf(items(args).slice(1), this.#hash) !== timer.message)
      return { message: `the timer ${id} was set with another message` }
    const { next, interval } = timer
    const first = due - missed * (interval ?? 0)
    if (interval === undefined) this.#standing.delete(seq)
    else timer.next = due + interval
    if (due > time) return { message: `the timer ${id} fires before it is due` }
    if ((next !== undefined && first !== next) || (interval === undefined && missed !== 0))
      return { message: `the timer ${id} fires for another time than it is due` }
    return undefined
  }
}

function listOf(data: Data | undefined): readonly Data[] {
  return Array.isArray(data) ? (data as readonly Data[]) : []
}
