import { hostCause, poison, unreachable } from '@theater/component'
import type { HostFunction, Resources } from '@theater/component'
import type { AbortCode, EventOf, Outcome, TrapCode } from '@theater/event-chain'
import type { Ask, Effect } from '@theater/handler'
import { encodeData, Reader, ValueError, Writer } from '@theater/values'
import type { FunctionModel } from '@theater/values'
import { SeedWithheld } from './clock.ts'
import type { DerivedClock, DerivedRandom } from './clock.ts'
import { GuestFault } from './derived.ts'
import type { DerivedSource } from './derived.ts'
import { HandleFault, HandleTable } from './handles.ts'
import type { HostEntry } from './handles.ts'
import { prepare } from './imported.ts'
import type { Imported } from './imported.ts'
import { checkAnswer } from './answer.ts'
import { checkIo } from './io.ts'
import type { Answer, Performer, Target } from './performer.ts'
import { Tape } from './tape.ts'
import type { Actual, Delivery, Divergence, EventRef, Link, Live, TheaterEvent } from './types.ts'

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
const ENDED = Symbol('ended')

interface Queued {
  readonly seq: number
  readonly to: string
  readonly fn: string
  readonly args: readonly unknown[]
}

/** Who performs what the record does not answer. */
export interface LiveSide {
  readonly live: Live
  readonly performer: Performer
}

/**
 * The way in from the guest: every call of an import and every drop passes here, whether the record answers it or a
 * handler does. One per instance.
 */
export class Crossing {
  readonly handles: HandleTable
  readonly clock: DerivedClock
  readonly random: DerivedRandom
  readonly #derivedSource: DerivedSource
  readonly #selfId: string
  readonly #writer = new Writer()
  readonly #small = new Writer(64)
  readonly #failure: { resolve: (() => void) | undefined } = { resolve: undefined }
  #queue: Queued[] = []
  tape: Tape = new Tape([])
  /** `undefined`: the record answers and nobody else. */
  live: LiveSide | undefined
  ended: Ended | undefined
  instantiating = true
  /** The intent of the outside effect that is being performed. */
  intent: EventRef | undefined

  constructor(
    resources: Resources,
    actor: { readonly id: string; readonly parent: string | null },
    clock: DerivedClock,
    random: DerivedRandom,
    maxHandles: number,
  ) {
    this.#selfId = actor.id
    this.clock = clock
    this.random = random
    this.handles = new HandleTable(resources, maxHandles)
    this.#derivedSource = {
      clock,
      random,
      actor,
      timer: (type, deadline) => this.handles.own(type, deadline),
    }
  }

  /** The host function for an import, as the component is instantiated with it. */
  hostFunction(model: FunctionModel): HostFunction {
    const imported = prepare(model)
    return (...raw) => {
      let answer: unknown
      try {
        answer = this.#cross(imported, raw)
      } catch (error) {
        answer = this.#broke(error)
      }
      if (answer instanceof Promise) {
        return answer
          .catch((error: unknown) => this.#broke(error))
          .then((value) => this.#deliver(imported, value))
      }
      return this.#deliver(imported, answer)
    }
  }

  /** The guest dropped a host resource that it owned. */
  dropped(n: number): void {
    if (this.ended !== undefined) unreachable()
    const entry = this.handles.drop(n)
    const actual: Actual = { kind: 'drop', resource: n, fuel: null }
    const recorded = this.tape.next()
    if (recorded !== undefined) {
      if (this.abortRecorded(recorded)) unreachable()
      if (recorded.kind !== 'drop' || recorded.content.resource !== n || recorded.content.fuel !== null) {
        this.diverge(recorded, actual)
        unreachable()
      }
      return
    }
    if (this.live === undefined) {
      this.end({ tag: 'incomplete', actual })
      unreachable()
    }
    const out = this.#small
    out.reset()
    out.array(2)
    out.uint(n)
    out.null()
    this.live.live.recorder.append('drop', out.bytes())
    try {
      const object = entry?.object as { [Symbol.dispose]?: () => void } | undefined
      object?.[Symbol.dispose]?.()
    } catch (error) {
      this.abort('handler-fault', error)
      unreachable()
    }
  }

  /** Ends this instance; only the first reason counts. */
  end(ended: Ended): void {
    if (this.ended !== undefined) return
    this.ended = ended
    this.#failure.resolve?.()
  }

  abort(code: AbortCode, error: unknown, status?: number): void {
    this.end({ tag: 'abort', code, error, status, recorded: false })
  }

  diverge(expected: TheaterEvent, actual: Actual): void {
    this.end({ tag: 'diverged', divergence: { seq: expected.seq, expected, actual } })
  }

  /** Resolves when the instance is ended, also while the guest is suspended for good. */
  failure(): Promise<void> {
    return new Promise((resolve) => {
      this.#failure.resolve = resolve
      if (this.ended !== undefined) resolve()
    })
  }

  /**
   * Lets the queue leave: the record's `send` events are checked, or written.
   * @returns what is to be handed over once it is durable; `undefined`: the record says otherwise
   */
  leaveQueue(): Delivery[] | undefined {
    const deliveries: Delivery[] = []
    for (const queued of this.#queue) {
      const recorded = this.tape.next()
      if (recorded !== undefined) {
        if (recorded.kind !== 'send' || recorded.content.call !== queued.seq) {
          if (!this.abortRecorded(recorded)) this.diverge(recorded, { kind: 'send', call: queued.seq })
          return undefined
        }
        continue
      }
      if (this.live === undefined) {
        this.end({ tag: 'incomplete', actual: { kind: 'send', call: queued.seq } })
        return undefined
      }
      const out = this.#small
      out.reset()
      out.array(1)
      out.uint(queued.seq)
      const ref = this.live.live.recorder.append('send', out.bytes())
      deliveries.push({ ref, to: queued.to, fn: queued.fn, args: queued.args })
    }
    this.#queue = []
    return deliveries
  }

  /** Forgets what was queued: the turn is undone. */
  dropQueue(): void {
    this.#queue = []
  }

  /** Whether the record ends the turn here; then the instance is finished. */
  abortRecorded(recorded: TheaterEvent): boolean {
    if (recorded.kind !== 'abort') return false
    const { code, status } = recorded.content
    this.end({ tag: 'abort', code, error: undefined, status: status ?? undefined, recorded: true })
    return true
  }

  /**
   * Our own code failed inside a crossing, or the engine's stack ran out there. Were it to reach the glue, an import
   * whose `err` is a string would hand the message to the guest.
   */
  #broke(error: unknown): typeof ENDED {
    const cause = hostCause(error)
    return this.#fault(cause === 'host-stack' || cause === 'host-memory' ? cause : 'handler-fault', error)
  }

  #deliver(fn: Imported, answer: unknown): unknown {
    if (answer === ENDED || this.ended !== undefined) {
      // A suspended guest is never resumed to be ended: it could catch that. One that waits synchronously dies of a
      // real trap; where the glue would turn an Error into a guest value, a poisoned payload traps inside the glue.
      if (fn.isResult) throw poison()
      unreachable()
    }
    if (!fn.isResult) return fn.model.kind === 'constructor' ? this.handles.lastFresh : answer
    const { tag, val } = answer as { tag: 'ok' | 'err'; val: unknown }
    // The glue's convention for `err`; it is not an Error on purpose.
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
    if (tag === 'err') throw { payload: val }
    return fn.model.kind === 'constructor' ? this.handles.lastFresh : val
  }

  #cross(fn: Imported, raw: readonly unknown[]): unknown {
    if (this.ended !== undefined) return ENDED
    const out = this.#writer
    out.reset()
    out.raw(fn.head)
    const start = out.length
    let args: readonly unknown[]
    try {
      args = fn.codec.writeArgs(raw, out, this.handles.lifting)
      if (fn.derived !== undefined) {
        const value = fn.derived(this.#derivedSource, args, fn.pollable)
        return value
      }
      if (fn.io !== undefined) checkIo(fn.track, args)
    } catch (error) {
      return this.#refused(fn, error)
    }
    if (fn.queue !== undefined && this.instantiating) {
      // There is no turn that it could leave with, or be undone with.
      return this.#fault('handler-fault', new Error(`${fn.model.id} while the component is instantiated`))
    }
    const recorded = this.tape.next()
    if (recorded !== undefined) return this.#replay(fn, recorded, args, out, start)
    return this.#beyond(fn, args, out, start)
  }

  /** The record ends here: whoever is live goes on. */
  #beyond(fn: Imported, args: readonly unknown[], out: Writer, start: number): unknown {
    if (this.live !== undefined) return this.#perform(fn, args, out, start, this.live)
    this.end({ tag: 'incomplete', actual: callOf(fn, out, start) })
    return ENDED
  }

  #refused({ model }: Imported, error: unknown): typeof ENDED {
    if (error instanceof SeedWithheld) {
      const before = this.tape.next()?.seq ?? null
      this.end({ tag: 'incomplete', actual: { kind: 'draw', fn: model.id, before } })
    } else if (error instanceof GuestFault) this.end({ tag: 'trap', code: 'guest', error })
    else this.#broke(error)
    return ENDED
  }

  #replay(fn: Imported, first: TheaterEvent, args: readonly unknown[], out: Writer, start: number): unknown {
    let recorded: TheaterEvent | undefined = first
    const sent = recorded.kind === 'send'
    if (
      recorded.kind === 'send' ||
      (recorded.kind === 'call' && recorded.content.outcome === null && this.#queue.length > 0)
    ) {
      this.tape.back()
      if (this.leaveQueue() === undefined) return ENDED
      recorded = this.tape.next()
    }
    if (recorded === undefined) return this.#beyond(fn, args, out, start)
    if (this.abortRecorded(recorded)) return ENDED
    if (
      recorded.kind !== 'call' ||
      recorded.content.fn !== fn.model.id ||
      recorded.content.fuel !== null ||
      !sameBytes(recorded.content.args, out.bytes(start)) ||
      // Only an outside effect makes the queue leave before the turn's end.
      (sent && recorded.content.outcome !== null)
    ) {
      this.diverge(recorded, callOf(fn, out, start))
      return ENDED
    }
    const { outcome } = recorded.content
    if (outcome !== null) return this.#apply(fn, args, recorded.seq, recorded, outcome)
    const result = this.tape.next()
    if (result === undefined) {
      if (this.live !== undefined) return this.#settleIntent(fn, recorded, args, this.live)
      this.end({ tag: 'incomplete', actual: callOf(fn, out, start) })
      return ENDED
    }
    if (this.abortRecorded(result)) return ENDED
    if (result.kind !== 'result' || result.content.call !== recorded.seq) {
      this.diverge(result, callOf(fn, out, start))
      return ENDED
    }
    return this.#apply(fn, args, recorded.seq, result, result.content.outcome)
  }

  /** Takes an answer from the record; `by` is the event that carries it. */
  #apply(fn: Imported, args: readonly unknown[], call: number, by: TheaterEvent, outcome: Outcome): unknown {
    this.clock.elapse(outcome.elapsed)
    this.#setMaker(fn, args, undefined)
    this.handles.made = outcome.made.map((one) => one ?? undefined)
    let value: unknown
    try {
      const input = new Reader(outcome.result)
      value = fn.codec.readResult(input, this.handles.lowering)
      input.finish()
      this.handles.checkMade()
      checkAnswer(fn, args, value, outcome, this.clock)
    } catch (error) {
      // No boundary records an answer that is not of the function's type, or that its own rules rule out.
      const reason = error instanceof Error ? error.message : String(error)
      this.diverge(by, { kind: 'refused-record', reason })
      return ENDED
    }
    this.#enqueue(fn, args, call, value)
    return value
  }

  #enqueue(fn: Imported, args: readonly unknown[], seq: number, value: unknown): void {
    if (fn.queue === undefined) return
    if (fn.isResult && (value as { tag: string }).tag !== 'ok') return
    this.#queue.push({ seq, to: fn.queue.to(args), fn: fn.queue.fn, args: fn.queue.args(args, this.#selfId) })
  }

  #setMaker(fn: Imported, args: readonly unknown[], link: Link | undefined): void {
    const self = fn.model.kind === 'method' ? (args[0] as HostEntry) : undefined
    this.handles.maker = { origin: self?.origin ?? fn.model.interface, link }
  }

  #perform(fn: Imported, args: readonly unknown[], out: Writer, start: number, live: LiveSide): unknown {
    const { performer } = live
    const target = performer.target(fn, args)
    if (target === undefined) return this.#nobody(fn)
    let denied: Answer | undefined
    let objects: readonly unknown[] | undefined
    let effect: Effect
    try {
      const weight = performer.weigh(fn, target, args, out.bytes(start))
      const { ask } = weight
      effect = weight.effect
      if (ask === undefined) out.null()
      else out.raw(encodeData(ask))
      // Fuel: no meter yet.
      out.null()
      denied = performer.denied(fn, target, ask)
      if (denied === undefined) objects = performer.objects(fn, args, out.bytes(start))
    } catch (error) {
      return this.#fault('handler-fault', error)
    }
    if (denied !== undefined) return this.#record(fn, args, target, denied, out, undefined)
    if (target.mode === 'async') return this.#wait(fn, args, objects, target, effect, out, live)
    return this.#record(fn, args, target, performer.performSync(fn, target, objects), out, undefined)
  }

  /** A call that waits. The guest is suspended, so the writer keeps its arguments. */
  async #wait(
    fn: Imported,
    args: readonly unknown[],
    objects: readonly unknown[] | undefined,
    target: Target,
    effect: Effect,
    out: Writer,
    { live, performer }: LiveSide,
  ): Promise<unknown> {
    if (this.instantiating) {
      const why = `${fn.model.id} waits, and nothing can wait while a component is instantiated`
      return this.#fault('handler-fault', new Error(why))
    }
    let intent: EventRef | undefined
    if (effect === 'idempotent' || effect === 'once') {
      const deliveries = this.leaveQueue() ?? []
      out.null()
      intent = live.recorder.append('call', out.bytes())
      try {
        await live.recorder.flush()
      } catch (error) {
        this.end({ tag: 'lost', error })
      }
      if (this.ended !== undefined) return ENDED
      live.leave(deliveries)
    }
    this.intent = intent
    const answer = await performer.performAsync(fn, target, objects)
    this.intent = undefined
    return this.ended === undefined ? this.#record(fn, args, target, answer, out, intent) : ENDED
  }

  /** Writes the answer, then hands on what was written. `intent` is the call it settles; else the call is in the writer. */
  #record(
    fn: Imported,
    args: readonly unknown[],
    target: Target,
    answer: Answer,
    out: Writer,
    intent: EventRef | undefined,
  ): unknown {
    if ('fault' in answer) return this.#fault(answer.fault, answer.error)
    const { live } = this.live as LiveSide
    if (intent !== undefined) {
      out.reset()
      out.array(2)
      out.uint(intent.seq)
    }
    this.#setMaker(fn, args, target.link)
    this.handles.made = []
    out.array(4)
    let value: unknown
    try {
      value = fn.codec.writeResult(answer.value, out, this.handles.lowering)
      out.uint(answer.elapsed)
      out.array(this.handles.made.length)
      for (const description of this.handles.made) out.raw(encodeData(description ?? null))
      out.uint(answer.flags)
    } catch (error) {
      const code = ValueError.is(error) || error instanceof HandleFault ? 'host-value' : 'handler-fault'
      return this.#fault(
        code,
        new Error(`${fn.model.id} answered with something that is not of its type`, { cause: error }),
      )
    }
    const ref = live.recorder.append(intent === undefined ? 'call' : 'result', out.bytes())
    this.clock.elapse(answer.elapsed)
    this.#enqueue(fn, args, intent?.seq ?? ref.seq, value)
    return value
  }

  /** Goes on live with an intent whose result the host lost. */
  async #settleIntent(
    fn: Imported,
    call: EventOf<'call'>,
    args: readonly unknown[],
    { performer }: LiveSide,
  ): Promise<unknown> {
    const target = performer.target(fn, args)
    if (target === undefined) return this.#nobody(fn)
    const ask = call.content.ask === null ? undefined : (call.content.ask as Ask)
    this.intent = { seq: call.seq, hash: call.hash }
    let answer: Answer
    try {
      answer = await performer.settle(fn, target, performer.objects(fn, args, call.content.args), ask)
    } catch (error) {
      answer = { fault: 'handler-fault', error }
    }
    const intent = this.intent
    this.intent = undefined
    return this.ended === undefined ? this.#record(fn, args, target, answer, this.#writer, intent) : ENDED
  }

  #nobody(fn: Imported): typeof ENDED {
    return this.#fault('handler-fault', new Error(`no handler answers ${fn.model.id}`))
  }

  #fault(code: AbortCode, error: unknown): typeof ENDED {
    this.abort(code, error)
    return ENDED
  }
}

/** What the guest calls, for a divergence: the writer holds its arguments. */
function callOf(fn: Imported, out: Writer, start: number): Actual {
  return { kind: 'call', fn: fn.model.id, args: out.bytes(start).slice(), fuel: null }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
