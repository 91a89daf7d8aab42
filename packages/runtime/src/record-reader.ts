import { isOutside, queueRule, trackOf } from '@theater/boundary'
import type { ChannelStep, QueueRule } from '@theater/boundary'
import type { Event, EventOf, Genesis, Outcome } from '@theater/event-chain'
import type { Cause } from '@theater/handler'
import { decodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { HANDLE_CLOSE } from './channels.ts'
import { INIT, LOAD } from './lifecycle.ts'
import { readRequestId } from './request.ts'
import type { RequestId } from './request.ts'
import { recordedSubject } from './subject.ts'
import type { Subject } from './subject.ts'
import { Summary } from './summary.ts'
import { TimerRecord } from './timer-record.ts'

/** Their places among the cases of `closed`. */
const STOPPED = 2
const UNDELIVERED = 3

/** The function that starts a request, by its name within its track. */
export const REQUEST = 'theater:messaging/client@0.1#request'
const FINISH = 'theater:messaging/client@0.1#[static]pending.finish'

/**
 * How far an actor came.
 *
 * - `new`: its `init`, where it has one, has not ended.
 * - `started`: it is an actor.
 * - `stopped`: it was one.
 * - `never`: it could not be instantiated, or its `init` failed, or it was stopped before that had ended.
 */
export type Life = 'new' | 'started' | 'stopped' | 'never'

/** What a call has queued. */
type Queued =
  | { readonly kind: 'message'; readonly step: ChannelStep | undefined; readonly to: readonly string[] }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly topic: string }
  | { readonly kind: 'handed'; readonly closes: string | undefined }

/** Reads one record, event by event: from the start, or from where a summary ends, which it brings on. */
export class RecordReader {
  readonly summary: Summary
  readonly #timers: TimerRecord
  genesis: Genesis | undefined
  seed: Uint8Array | undefined
  /** Where hosts took it over. */
  readonly resumes: number[] = []
  /** Whether there is a seed, here or not. */
  #seeded = false
  /** Requests of the turn, which the guest has still to finish, by the number of the handle that it has for each. */
  readonly asked = new Map<number, RequestId>()
  /** The intent of the turn that has no result. */
  intent: number | undefined
  /** What the turn is about, in which the actor is asked for it. */
  #opening: Subject | undefined
  #turn: EventOf<'turn'> | undefined
  #asking: number | undefined
  /** What calls of the turn have queued, by their sequence numbers. */
  readonly #queued = new Map<number, Queued>()

  /** @param summary what the record says up to the next event, between two turns. @default nothing */
  constructor(chain: Uint8Array, summary: Summary = new Summary()) {
    this.summary = summary
    this.#timers = new TimerRecord(chain, summary.standing)
  }

  /** Whether it is in the middle of a turn, or before the first one, or anywhere else. */
  get at(): 'turn' | 'start' | 'between' {
    if (this.#turn !== undefined) return 'turn'
    const { first, end } = this.summary
    return first === undefined && this.#seeded && end === undefined ? 'start' : 'between'
  }

  /** The cause of the turn that it is in the middle of. */
  get cause(): Cause | undefined {
    return this.#turn?.content.cause ?? undefined
  }

  life(hasInit: boolean): Life {
    const { first, end } = this.summary
    if (!this.#seeded) return 'never'
    // Where there is an `init`, a first turn that is another took its place.
    if (first === 'badly' || (hasInit && first === 'unloaded')) return 'never'
    const started = !hasInit || first === 'well'
    if (end !== undefined) return started ? 'stopped' : 'never'
    return started ? 'started' : 'new'
  }

  take(event: Event): void {
    if (event.kind === 'seed') this.#seeded = true
    if (event.content === null) {
      this.#missed(event)
      return
    }
    const timed = this.#timers.take(event)
    const { summary } = this
    switch (event.kind) {
      case 'genesis':
        this.genesis = event.content
        break
      case 'seed':
        this.seed = event.content.seed
        break
      case 'turn':
        this.#turn = event
        summary.lastTime = event.content.time
        this.#begin(event)
        break
      case 'call':
        this.#call(event)
        break
      case 'result':
        this.intent = undefined
        if (event.content.call === this.#asking) this.#ask(event.content.call, event.content.outcome)
        break
      case 'drop':
        this.asked.delete(event.content.resource)
        break
      case 'send':
        if (!timed) this.#send(event)
        break
      case 'return':
      case 'trap':
      case 'abort':
        this.#end(event)
        break
      case 'resume':
        summary.lastResume = event.seq
        this.resumes.push(event.seq)
        break
      case 'stop':
        summary.end = { seq: event.seq, hash: event.hash }
        break
      case 'grant':
        break
    }
  }

  /** Of an event whose content is not here the kind is still known, and with it where turns end and the record does. */
  #missed({ kind, seq, hash }: Event): void {
    const { summary } = this
    summary.gap ??= seq
    // Of an `init` that failed no host would have gone on.
    if (kind === 'turn') summary.first ??= 'well'
    if (kind === 'return' || kind === 'trap' || kind === 'abort') {
      summary.first ??= kind === 'return' ? 'well' : 'badly'
      this.#close()
    }
    if (kind === 'resume') summary.lastResume = seq
    if (kind === 'stop') summary.end = { seq, hash }
  }

  #begin(turn: EventOf<'turn'>): void {
    const { fn, args, cause } = turn.content
    const { connections, ends, received } = this.summary
    const name = nameInTrack(fn)
    const subject = recordedSubject(turn)
    this.#opening = subject?.opens === true ? subject : undefined
    if (subject?.of === 'connection') connections.heard(name, subject.name)
    if (subject?.of === 'channel') {
      ends.heard(name, subject.name)
      const [, , how] = decodeData(args) as readonly Data[]
      // What tells of a channel that is lost is known by the channel.
      if (name === HANDLE_CLOSE && isLost(how)) return
    }
    // As is a timer, which may fire again and again.
    if (this.#timers.firing) return
    if (cause !== null) received.note(cause, turn.seq)
  }

  #call({ seq, content: { fn, args, outcome } }: EventOf<'call'>): void {
    const name = nameInTrack(fn)
    if (outcome === null) this.intent = seq
    if (name === REQUEST && outcome === null) this.#asking = seq
    if (name === FINISH && outcome !== null) this.asked.delete(handleIn(args))
    const rule = queueRule(name)
    if (rule !== undefined && outcome !== null) this.#queue(seq, rule, args, outcome)
  }

  #queue(seq: number, rule: QueueRule, args: Uint8Array, outcome: Outcome): void {
    const answer = valueOf(outcome.result)
    if (answer === undefined || rule.kind === 'timer') return
    const given = decodeData(args) as readonly Data[]
    const said = { args: given, answer, sender: this.genesis?.actor ?? '' }
    const [topic] = given
    if (rule.kind === 'handed') this.#queued.set(seq, { kind: 'handed', closes: rule.closes?.(said) })
    else if (rule.kind === 'message') {
      // No record could say that it arrived out there, and nobody delivers it again: that end ended with the host.
      const to = rule.to(said).filter((one) => !isOutside(one))
      this.#queued.set(seq, { kind: 'message', step: rule.step?.(said), to })
    } else if (typeof topic === 'string') this.#queued.set(seq, { kind: rule.kind, topic })
  }

  #send({ seq, content }: EventOf<'send'>): void {
    const { subscriptions, connections, ends, sends } = this.summary
    const queued = this.#queued.get(content.call)
    switch (queued?.kind) {
      case 'subscribe':
        subscriptions.add(queued.topic)
        break
      case 'unsubscribe':
        subscriptions.delete(queued.topic)
        break
      case 'handed':
        if (queued.closes !== undefined) connections.forget(queued.closes)
        break
      case 'message':
        if (queued.step !== undefined) ends.left(queued.step)
        sends.left(seq, { time: this.summary.lastTime, to: queued.to })
        break
      case undefined:
        break
    }
  }

  #ask(seq: number, { result, made }: Outcome): void {
    const [description] = made
    // One that was refused was never started, and says so: it has no id.
    const id = typeof description === 'object' && description !== null && 'id' in description
    const known = id ? readRequestId(description.id) : undefined
    if (known?.seq === seq) this.asked.set(handleIn(result), known)
  }

  #end(event: EventOf<'return'> | EventOf<'trap'> | EventOf<'abort'>): void {
    const { summary } = this
    const turn = this.#turn?.content
    if (event.kind === 'return') summary.lastReturn = this.#turn?.seq
    if (summary.first === undefined) {
      const name = turn === undefined ? INIT : nameInTrack(turn.fn)
      if (succeeded(event) || (name !== INIT && name !== LOAD)) summary.first = 'well'
      else summary.first = name === INIT ? 'badly' : 'unloaded'
    }
    if (this.#opening !== undefined && isUndone(event)) {
      const { of, name } = this.#opening
      if (of === 'connection') summary.connections.forget(name)
      else {
        summary.ends.forget(name)
        summary.unopened.note(name, { seq: event.seq, hash: event.hash })
      }
    }
    this.#close()
  }

  /** Nothing of the turn is under way any more. */
  #close(): void {
    const { summary } = this
    this.#turn = undefined
    if (this.intent !== undefined) summary.givenUp.add(this.intent)
    this.intent = undefined
    this.#asking = undefined
    this.#queued.clear()
    this.asked.clear()
  }
}

/** What a successful call was answered with: null for nothing; `undefined` for an error. */
function valueOf(result: Uint8Array): Data | undefined {
  const values = decodeData(result)
  const [answer] = Array.isArray(values) ? (values as readonly Data[]) : []
  if (!Array.isArray(answer) || answer[0] !== 0) return undefined
  return (answer as readonly Data[])[1] ?? null
}

/** Whether a turn came to nothing for whoever it is about. */
function isUndone(event: EventOf<'return'> | EventOf<'trap'> | EventOf<'abort'>): boolean {
  return event.kind !== 'return' || valueOf(event.content.result) === undefined
}

/** Whether `closed` says that nobody has closed the channel. */
function isLost(how: Data | undefined): boolean {
  return Array.isArray(how) && (how[0] === STOPPED || how[0] === UNDELIVERED)
}

/** Whether `init` ended well. */
function succeeded(event: EventOf<'return'> | EventOf<'trap'> | EventOf<'abort'>): boolean {
  if (event.kind !== 'return') return false
  const values = decodeData(event.content.result)
  return Array.isArray(values) && Array.isArray(values[0]) && values[0][0] === 0
}

/** The number of the handle in arguments, or a result, that are one handle; 0 for others. */
function handleIn(values: Uint8Array): number {
  const decoded = decodeData(values)
  const first: unknown = Array.isArray(decoded) ? decoded[0] : undefined
  return typeof first === 'number' ? first : 0
}

function nameInTrack(fn: string): string {
  const hash = fn.indexOf('#')
  return hash === -1 ? fn : `${trackOf(fn.slice(0, hash))}${fn.slice(hash)}`
}
