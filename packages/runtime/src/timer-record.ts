import { queueRule, trackOf } from '@theater/boundary'
import type { TimerStep } from '@theater/boundary'
import type { Event, EventOf } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import type { Data } from '@theater/values'
import type { Message } from './options.ts'
import { chainKey } from './received.ts'
import { FIRED } from './standing.ts'
import type { Standing } from './standing.ts'

/** Reads in one record, event by event, which timers its actor has. */
export class TimerRecord {
  readonly standing: Standing
  readonly #chain: Uint8Array
  /** What the calls of the turn say of timers, by their sequence numbers. */
  readonly #calls = new Map<number, TimerStep>()
  #firing = false

  /** @param standing those that it has before the first event that is taken */
  constructor(chain: Uint8Array, standing: Standing) {
    this.#chain = chain
    this.standing = standing
  }

  /** Whether the turn is that of a timer. */
  get firing(): boolean {
    return this.#firing
  }

  /** Takes the next event. @returns whether it is about timers and nothing else */
  take(event: Event): boolean {
    if (event.content === null) return false
    switch (event.kind) {
      case 'turn':
        this.#calls.clear()
        this.#firing = this.#fires(event.content)
        return this.#firing
      case 'call':
        return this.#says(event.seq, event.content)
      case 'send': {
        const step = this.#calls.get(event.content.call)
        if (step === undefined) return false
        this.standing.left(step, { chain: this.#chain, seq: event.seq, hash: event.hash })
        return true
      }
      case 'genesis':
      case 'seed':
      case 'result':
      case 'drop':
      case 'return':
      case 'trap':
      case 'abort':
      case 'grant':
      case 'resume':
      case 'stop':
        return false
    }
  }

  #fires({ fn, args, cause }: EventOf<'turn'>['content']): boolean {
    if (cause === null || nameInTrack(fn) !== FIRED || chainKey(cause.chain) !== chainKey(this.#chain))
      return false
    const [firing] = listOf(decodeData(args))
    const [id, due] = listOf(firing)
    if (typeof id !== 'number' || typeof due !== 'number') return false
    this.standing.fired(id, due)
    return true
  }

  #says(seq: number, { fn, args, outcome }: EventOf<'call'>['content']): boolean {
    if (outcome === null || queueRule(nameInTrack(fn))?.kind !== 'timer') return false
    const [answer] = listOf(decodeData(outcome.result))
    const [tag, made] = listOf(answer)
    const step = tag === 0 ? stepOf(listOf(decodeData(args)), made ?? null) : undefined
    if (step !== undefined) this.#calls.set(seq, step)
    return true
  }
}

/**
 * What a successful call says of a timer.
 *
 * @param given its arguments
 * @param answer what it was answered with; null for nothing, as `cancel` is
 * @returns `undefined` where the record says nothing of that kind
 */
function stepOf(given: readonly Data[], answer: Data): TimerStep | undefined {
  const [first, said] = given
  if (answer === null) return typeof first === 'number' ? { kind: 'cancel', id: first } : undefined
  const [id, due, every] = listOf(answer)
  const [interval] = listOf(every)
  const [format, body] = listOf(said)
  if (typeof id !== 'number' || typeof due !== 'number') return undefined
  if (typeof format !== 'string' || !(body instanceof Uint8Array)) return undefined
  const message: Message = { format, body }
  return {
    kind: 'set',
    timer: { id, due, interval: typeof interval === 'number' ? interval : undefined, message },
  }
}

function listOf(data: Data | undefined): readonly Data[] {
  return Array.isArray(data) ? (data as readonly Data[]) : []
}

function nameInTrack(fn: string): string {
  const hash = fn.indexOf('#')
  return hash === -1 ? fn : `${trackOf(fn.slice(0, hash))}${fn.slice(hash)}`
}
