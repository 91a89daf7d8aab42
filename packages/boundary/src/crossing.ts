import { poison, unreachable } from '@theater/component'
import type { HostFunction } from '@theater/component'
import type { Outcome } from '@theater/event-chain'
import { Reader, ValueError, Writer } from '@theater/values'
import { checkAnswer } from './answer.ts'
import { SeedWithheld } from './clock.ts'
import { GuestFault } from './derived.ts'
import type { DerivedSource } from './derived.ts'
import { EMPTY } from './fuel.ts'
import { HandleFault } from './handles.ts'
import type { Imported } from './imported.ts'
import { checkIo, isUnpermitted, notePermit } from './io.ts'
import type { LiveCalls } from './live-calls.ts'
import type { Crossed } from './performer.ts'
import { ENDED } from './state.ts'
import type { InstanceState } from './state.ts'
import type { Actual, TheaterEvent } from './types.ts'

/**
 * The way in from the guest: every call of an import and every drop passes here, whether the record answers it or a
 * handler does. One per instance.
 */
export class Crossing {
  readonly #state: InstanceState
  /** `undefined`: the record answers and nobody else. */
  readonly #live: LiveCalls | undefined
  readonly #derived: DerivedSource
  readonly #writer = new Writer()
  readonly #small = new Writer(64)

  constructor(state: InstanceState, live: LiveCalls | undefined) {
    this.#state = state
    this.#live = live
    this.#derived = {
      clock: state.clock,
      random: state.random,
      actor: state.actor,
      timer: (type, deadline) => state.handles.own(type, deadline),
    }
  }

  /** The host function for an import, as the component is instantiated with it. */
  hostFunction(fn: Imported): HostFunction {
    const state = this.#state
    return (...raw) => {
      if (state.instantiating) state.crossedAtStart = true
      let answer: unknown
      try {
        answer = this.#cross(fn, raw)
      } catch (error) {
        answer = this.#broke(error)
      }
      return answer instanceof Promise ? this.#deliverLater(fn, answer) : this.#deliver(fn, answer)
    }
  }

  /** The guest dropped a host resource that it owned. */
  dropped(n: number): void {
    const state = this.#state
    if (state.instantiating) state.crossedAtStart = true
    if (state.ended !== undefined || this.#whileWaiting()) unreachable()
    const entry = state.handles.drop(n)
    const fuel = state.fuel.used()
    const actual: Actual = { kind: 'drop', resource: n, fuel }
    const recorded = state.tape.next()
    if (recorded !== undefined) {
      if (state.abortRecorded(recorded)) unreachable()
      if (recorded.kind !== 'drop' || recorded.content.resource !== n || recorded.content.fuel !== fuel) {
        state.diverge(recorded, actual)
        unreachable()
      }
      if (state.endsHere()) unreachable()
      return
    }
    if (!state.canGoOn) {
      state.incomplete(actual)
      unreachable()
    }
    const out = this.#small
    out.reset()
    out.array(2)
    out.uint(n)
    if (fuel === null) out.null()
    else out.uint(fuel)
    if (state.append('drop', out.bytes()) === undefined) unreachable()
    try {
      const object = entry?.object as { [Symbol.dispose]?: () => void } | undefined
      object?.[Symbol.dispose]?.()
      if (entry !== undefined) this.#live?.dropped(entry)
    } catch (error) {
      state.fault('handler-fault', error)
    }
    if (state.ended !== undefined) unreachable()
  }

  /**
   * Our own code failed inside a crossing, or the engine's stack ran out there. Were it to reach the glue, an import
   * whose `err` is a string would hand the message to the guest.
   */
  #broke(error: unknown): typeof ENDED {
    return this.#state.broke(error)
  }

  /** A guest that was told to wait and did not: it is not suspended, and what it does now is no sequence of events. */
  #whileWaiting(): boolean {
    if (!this.#state.waiting) return false
    this.#state.fault('handler-fault', new Error('the guest went on while a call of it waits'))
    return true
  }

  async #deliverLater(fn: Imported, answer: Promise<unknown>): Promise<unknown> {
    return this.#deliver(fn, await answer.catch((error: unknown) => this.#broke(error)))
  }

  #deliver(fn: Imported, answer: unknown): unknown {
    const { ended, handles, instantiating } = this.#state
    if (answer === ENDED || ended !== undefined) {
      // A guest that can be suspended is, until its instance is ended: an answer, or none, is something to catch.
      if (fn.suspends && !instantiating) return new Promise(() => undefined)
      // One that waits synchronously dies of a real trap; where the glue would turn an Error into a guest value, a
      // poisoned payload traps inside the glue.
      if (fn.isResult) throw poison()
      unreachable()
    }
    let value = answer
    if (fn.isResult) {
      const { tag, val } = answer as { tag: 'ok' | 'err'; val: unknown }
      // The glue's convention for `err`; it is not an Error on purpose.
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      if (tag === 'err') throw { payload: val }
      value = val
    }
    return fn.model.kind === 'constructor' ? handles.lastFresh : value
  }

  #cross(fn: Imported, raw: readonly unknown[]): unknown {
    const state = this.#state
    if (state.ended !== undefined || this.#whileWaiting()) return ENDED
    const out = this.#writer
    out.reset()
    out.raw(fn.head)
    const start = out.length
    let args: readonly unknown[]
    let fuel: number | null
    try {
      args = fn.codec.writeArgs(raw, out, state.handles.lifting)
      if (fn.derived !== undefined) {
        const value = fn.derived(this.#derived, args, fn.pollable)
        const drawn = value instanceof Uint8Array ? value.length : 0
        return state.checkAnswered(out.length - start + drawn) ? ENDED : value
      }
      const used = state.fuel.take(out.length - start)
      if (used === EMPTY) return state.runDry()
      fuel = used
      if (fn.io !== undefined) checkIo(fn.track, args)
      fn.live?.check?.(args)
    } catch (error) {
      return this.#refused(fn, error)
    }
    if (fn.queue !== undefined && state.instantiating) {
      // There is no turn that it could leave with, or be undone with.
      const error = new Error(`${fn.model.id} while the component is instantiated`)
      return state.fault('handler-fault', error)
    }
    const call: Crossed = { fn, args, out, start, fuel }
    const recorded = state.tape.next()
    return recorded === undefined ? this.#beyond(call) : this.#replay(call, recorded)
  }

  /** The record ends here: whoever is live goes on. */
  #beyond(call: Crossed): unknown {
    if (this.#live !== undefined && this.#state.canGoOn) return this.#live.perform(call)
    return this.#state.incomplete(actualOf(call))
  }

  #refused({ model }: Imported, error: unknown): typeof ENDED {
    const state = this.#state
    if (error instanceof SeedWithheld) {
      const before = state.tape.next()?.seq ?? null
      return state.incomplete({ kind: 'draw', fn: model.id, before })
    }
    // What the glue lifted is made of what the guest gave: a resource that it does not have, a value of no type.
    const guests = error instanceof GuestFault || error instanceof HandleFault || ValueError.is(error)
    if (!guests) return this.#broke(error)
    state.end({ tag: 'trap', code: 'guest', error })
    return ENDED
  }

  #replay(call: Crossed, first: TheaterEvent): unknown {
    const state = this.#state
    const { fn, out, start, fuel } = call
    let recorded: TheaterEvent | undefined = first
    if (fn.io !== undefined && recorded.kind === 'trap' && isUnpermitted(fn.track, call.args)) {
      state.tape.back()
      return this.#refused(fn, new GuestFault(`${fn.track}: more than check-write permitted`))
    }
    const sent = recorded.kind === 'send'
    if (sent || (recorded.kind === 'call' && recorded.content.outcome === null && state.queues)) {
      state.tape.back()
      if (state.leaveQueue() === undefined) return ENDED
      recorded = state.tape.next()
    }
    if (recorded === undefined) return this.#beyond(call)
    if (state.abortRecorded(recorded)) return ENDED
    if (
      recorded.kind !== 'call' ||
      recorded.content.fn !== fn.model.id ||
      recorded.content.fuel !== fuel ||
      !out.holds(recorded.content.args, start) ||
      // Only an outside effect makes the queue leave before the turn's end.
      (sent && recorded.content.outcome !== null)
    ) {
      return state.diverge(recorded, actualOf(call))
    }
    const { outcome } = recorded.content
    if (outcome !== null) return this.#apply(call, recorded.seq, recorded, outcome)
    const result = state.tape.next()
    if (result === undefined) {
      if (this.#live !== undefined && state.canGoOn) return this.#live.settle(call, recorded)
      return state.incomplete(actualOf(call))
    }
    if (state.abortRecorded(result)) return ENDED
    if (result.kind !== 'result' || result.content.call !== recorded.seq) {
      return state.diverge(result, actualOf(call))
    }
    return this.#apply(call, recorded.seq, result, result.content.outcome)
  }

  /** Takes an answer from the record; `by` is the event that carries it. */
  #apply({ fn, args }: Crossed, seq: number, by: TheaterEvent, outcome: Outcome): unknown {
    const state = this.#state
    const { handles, clock } = state
    clock.elapse(outcome.elapsed)
    state.setMaker(
      fn,
      args,
      undefined,
      outcome.made.map((one) => one ?? undefined),
    )
    let value: unknown
    try {
      const input = new Reader(outcome.result)
      value = fn.codec.readResult(input, handles.lowering)
      input.finish()
      handles.checkMade()
      checkAnswer(fn, args, value, outcome, clock, by.kind === 'call' && by.content.ask !== null)
      fn.live?.take?.(clock, value)
    } catch (error) {
      // No boundary records an answer that is not of the function's type, or that its own rules rule out.
      const reason = error instanceof Error ? error.message : String(error)
      return state.diverge(by, { kind: 'refused-record', reason })
    }
    if (state.checkAnswered(outcome.result.length)) return ENDED
    if (fn.io !== undefined) notePermit(fn.track, args, value)
    state.enqueue(fn, args, seq, value, by.kind === 'result')
    return state.endsHere() ? ENDED : value
  }
}

/** What the guest calls, for a divergence: the writer holds its arguments. */
function actualOf({ fn, out, start, fuel }: Crossed): Actual {
  return { kind: 'call', fn: fn.model.id, args: out.bytes(start).slice(), fuel }
}
