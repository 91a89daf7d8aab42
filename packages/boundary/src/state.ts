import { hostCause } from '@theater/component'
import type { AbortCode, TrapCode } from '@theater/event-chain'
import { Writer } from '@theater/values'
import type { Json } from '@theater/values'
import type { DerivedClock, DerivedRandom } from './clock.ts'
import type { Fuel } from './fuel.ts'
import type { HandleTable, HostEntry } from './handles.ts'
import type { Imported } from './imported.ts'
import type { ChannelStep, QueueRule, Said, TimerStep } from './rules.ts'
import { Tape } from './tape.ts'
import type { Actual, Departure, Divergence, EventRef, Link, Live, TheaterEvent } from './types.ts'

/** Why an instance is finished. */
export type Ended =
  | { readonly tag: 'trap'; readonly code: TrapCode; readonly error: unknown }
  | {
      readonly tag: 'abort'
      readonly code: AbortCode
      readonly error: unknown
      readonly status: number | undefined
      readonly recorded: boolean
    }
  | { readonly tag: 'diverged'; readonly divergence: Divergence }
  | { readonly tag: 'incomplete'; readonly actual: Actual }
  | { readonly tag: 'lost'; readonly error: unknown }

/** Answer of a crossing that ended the instance. */
export const ENDED = Symbol('ended')

/** What waits to leave, and the call that queued it. */
interface Queued {
  readonly seq: number
  readonly departs: (ref: EventRef) => Departure
  /** How many messages it is. */
  readonly messages: number
  readonly subscribes: boolean
  readonly step: ChannelStep | undefined
  readonly timer: TimerStep | undefined
}

/** Where one instance stands: its resources, clocks and record, what it queued, and whether and why it ended. */
export class InstanceState {
  readonly handles: HandleTable
  readonly clock: DerivedClock
  readonly random: DerivedRandom
  readonly fuel: Fuel
  readonly actor: { readonly id: string; readonly parent: string | null }
  readonly #live: Live | undefined
  readonly #small = new Writer(64)
  #onEnd: (() => void) | undefined
  #queue: Queued[] = []
  /** How many messages wait to leave. */
  queued = 0
  /** How many subscriptions wait to come into force. */
  subscribing = 0
  /** What is to become of channels when the queue leaves. */
  steps: ChannelStep[] = []
  /** What is to become of timers when the queue leaves. */
  timers: TimerStep[] = []
  #ended: Ended | undefined
  tape: Tape = new Tape([])
  instantiating = true
  /** The guest called out while it was instantiated. */
  crossedAtStart = false
  /** A call waits, so the guest is suspended. */
  waiting = false
  /** The intent of the outside effect that is being performed. */
  intent: EventRef | undefined

  constructor(parts: {
    readonly handles: HandleTable
    readonly clock: DerivedClock
    readonly random: DerivedRandom
    readonly fuel: Fuel
    readonly actor: { readonly id: string; readonly parent: string | null }
    readonly live: Live | undefined
  }) {
    this.handles = parts.handles
    this.clock = parts.clock
    this.random = parts.random
    this.fuel = parts.fuel
    this.actor = parts.actor
    this.#live = parts.live
  }

  /** Why the instance is finished; `undefined` while it is not. */
  get ended(): Ended | undefined {
    return this.#ended
  }

  /** Whether what the record does not answer can be done. */
  get canGoOn(): boolean {
    return this.#live !== undefined && this.tape.open
  }

  /** Ends this instance; only the first reason counts. */
  end(ended: Ended): void {
    if (this.#ended !== undefined) return
    this.#ended = ended
    this.#onEnd?.()
  }

  /** Ends this instance, and answers the crossing that it was ended in. */
  fault(code: AbortCode, error: unknown, status?: number): typeof ENDED {
    this.end({ tag: 'abort', code, error: readable(error), status, recorded: false })
    return ENDED
  }

  /** Like {@link fault} with `code`, unless `error` says that the engine's stack or memory ran out. */
  broke(error: unknown, code: AbortCode = 'handler-fault', message?: string): typeof ENDED {
    const told = message === undefined ? error : new Error(message, { cause: error })
    return this.fault(ranOut(error) ?? code, told)
  }

  diverge(expected: TheaterEvent, actual: Actual): typeof ENDED {
    this.end({ tag: 'diverged', divergence: { seq: expected.seq, expected, actual } })
    return ENDED
  }

  /** The record ends before the guest does, and nobody is there to go on. */
  incomplete(actual: Actual): typeof ENDED {
    this.end({ tag: 'incomplete', actual })
    return ENDED
  }

  /** Whether the record ends the turn here; then the instance is finished. */
  abortRecorded(recorded: TheaterEvent): boolean {
    if (recorded.kind !== 'abort') return false
    const { code, status } = recorded.content
    this.end({ tag: 'abort', code, error: undefined, status: status ?? undefined, recorded: true })
    return true
  }

  /**
   * Ends the instance where the record says that the host ended it: nothing is claimed of what the guest does from here
   * on, and it may do it for ever.
   */
  endsHere(): boolean {
    const recorded = this.tape.takeAbort()
    return recorded !== undefined && this.abortRecorded(recorded)
  }

  /** Calls when the instance is ended, also while the guest is suspended for good; the one who listens last is told. */
  whenEnded(listener: () => void): void {
    this.#onEnd = listener
    if (this.#ended !== undefined) listener()
  }

  /** Ends an instance whose fuel did not last for what crosses. */
  runDry(): typeof ENDED {
    this.end({ tag: 'trap', code: 'out-of-fuel', error: new Error('out of fuel') })
    return ENDED
  }

  /**
   * What an answer of so many bytes brings about: it is paid for, and no more resources are open than may be. `true`: the
   * instance ends here.
   */
  checkAnswered(bytes: number): boolean {
    if (!this.fuel.pay(bytes)) this.runDry()
    return this.checkHandles() || this.#ended !== undefined
  }

  /** Ends an instance that holds more resources than it may: the same numbers, and so the same trap, everywhere. */
  checkHandles(): boolean {
    if (!this.handles.full) return false
    const error = new Error(`more than ${this.handles.limit} open resources`)
    this.end({ tag: 'trap', code: 'memory', error })
    return true
  }

  /** Like {@link append}, and answers a name of the event that leaves the boundary: plain data, whatever a recorder gives. */
  appendNamed(kind: TheaterEvent['kind'], content: Uint8Array): EventRef | undefined {
    const ref = this.append(kind, content)
    return ref === undefined ? undefined : { seq: ref.seq, hash: ref.hash }
  }

  /** Adds an event to the record. @throws what the recorder throws */
  record(kind: TheaterEvent['kind'], content: Uint8Array): EventRef {
    if (this.#live === undefined) throw new TypeError('there is no record to write to')
    return this.#live.recorder.append(kind, content)
  }

  /**
   * Adds an event to the record; `undefined`: the instance is finished. Where the record cannot be written it is lost; where
   * only the engine's stack or memory ran out over it, which a guest can bring about, nothing was added, and it is aborted.
   */
  append(kind: TheaterEvent['kind'], content: Uint8Array): EventRef | undefined {
    try {
      return this.record(kind, content)
    } catch (error) {
      const cause = ranOut(error)
      if (cause === undefined) this.end({ tag: 'lost', error })
      else this.fault(cause, error)
      return undefined
    }
  }

  /**
   * Resources that an answer hands over come from whoever made the object, or serves the interface.
   *
   * @param made their descriptions, where the record has them
   */
  setMaker(fn: Imported, args: readonly unknown[], link: Link | undefined, made: (Json | undefined)[]): void {
    const self = fn.model.kind === 'method' ? (args[0] as HostEntry) : undefined
    this.handles.begin({ origin: self?.origin ?? fn.model.interface, link }, made)
  }

  /**
   * Queues what a successful call of a queueing function said; `said` are its arguments as the record has them.
   *
   * @param left whether the call was an outside effect
   */
  enqueue(fn: Imported, said: readonly unknown[], seq: number, value: unknown, left: boolean): void {
    if (fn.queue === undefined || (left && fn.queue.kind === 'handed')) return
    if (fn.isResult && (value as { tag: string }).tag !== 'ok') return
    const answer = fn.isResult ? (value as { readonly val?: unknown }).val : value
    const queued = queuedBy(fn, fn.queue, seq, { args: said, answer, sender: this.actor.id })
    this.#queue.push(queued)
    this.queued += queued.messages
    if (queued.subscribes) this.subscribing++
    if (queued.step !== undefined) this.steps.push(queued.step)
    if (queued.timer !== undefined) this.timers.push(queued.timer)
  }

  /** Whether anything waits to leave. */
  get queues(): boolean {
    return this.#queue.length > 0
  }

  /**
   * Lets the queue leave: the record's `send` events are checked, or written.
   * @returns what is to be handed over once it is durable; `undefined`: the record says otherwise
   */
  leaveQueue(): Departure[] | undefined {
    const departures: Departure[] = []
    for (const queued of this.#queue) {
      const recorded = this.tape.next()
      if (recorded !== undefined) {
        if (recorded.kind !== 'send' || recorded.content.call !== queued.seq) {
          if (!this.abortRecorded(recorded)) this.diverge(recorded, { kind: 'send', call: queued.seq })
          return undefined
        }
        continue
      }
      if (!this.canGoOn) {
        this.incomplete({ kind: 'send', call: queued.seq })
        return undefined
      }
      const out = this.#small
      out.reset()
      out.array(1)
      out.uint(queued.seq)
      const ref = this.appendNamed('send', out.bytes())
      if (ref === undefined) return undefined
      departures.push(queued.departs(ref))
    }
    this.dropQueue()
    return departures
  }

  /** Forgets what was queued: it has left, or the turn is undone. */
  dropQueue(): void {
    if (!this.queues) return
    this.#queue = []
    this.queued = this.subscribing = 0
    this.steps = []
    this.timers = []
  }
}

function queuedBy({ model, track }: Imported, rule: QueueRule, seq: number, said: Said): Queued {
  const nothing = { messages: 0, subscribes: false, step: undefined, timer: undefined }
  if (rule.kind === 'handed') {
    const { kind } = rule
    const closes = rule.closes?.(said)
    const { args } = said
    const departs: Queued['departs'] = (ref) => ({
      kind,
      ref,
      interface: model.interface,
      fn: track,
      args,
      closes,
    })
    return { ...nothing, seq, departs }
  }
  if (rule.kind === 'timer') {
    const timer = rule.step(said)
    return { ...nothing, seq, departs: (ref) => ({ kind: 'timer', ref, step: timer }), timer }
  }
  if (rule.kind !== 'message') {
    const { kind } = rule
    const topic = rule.topic(said)
    const departs: Queued['departs'] = (ref) => ({ kind, ref, topic })
    return { ...nothing, seq, departs, subscribes: kind === 'subscribe' }
  }
  const { kind, fn } = rule
  const to = rule.to(said)
  const args = rule.args(said)
  const topic = rule.topic?.(said)
  const step = rule.step?.(said)
  const departs: Queued['departs'] = (ref) => ({ kind, ref, to, fn, args, topic, step })
  return { ...nothing, seq, departs, messages: to.length, step }
}

/** What of the engine ran out, if that is why something failed. */
function ranOut(error: unknown): 'host-stack' | 'host-memory' | undefined {
  const cause = hostCause(error)
  return cause === 'host-suspend' ? undefined : cause
}

/**
 * What was thrown, where it is an error or a value; else an error that has it as its cause. Whoever shows it, or asks what it
 * is, would run what a handler's object does when it is looked at.
 */
function readable(thrown: unknown): unknown {
  if (Error.isError(thrown) || (typeof thrown !== 'object' && typeof thrown !== 'function')) return thrown
  return thrown === null ? thrown : new Error('what was thrown is no error', { cause: thrown })
}
