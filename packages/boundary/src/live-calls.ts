import type { EventOf } from '@theater/event-chain'
import type { Ask, Effect } from '@theater/handler'
import { encodeData, noHandles, Reader, ValueError } from '@theater/values'
import { checkQueued } from './answer.ts'
import { HandleFault } from './handles.ts'
import type { HostEntry } from './handles.ts'
import type { Imported } from './imported.ts'
import { notePermit } from './io.ts'
import type { Answer, Crossed, Performer, Target } from './performer.ts'
import { ENDED } from './state.ts'
import type { InstanceState } from './state.ts'
import { trackOf } from './track.ts'
import { depart, isOutsideEffect } from './turn-rules.ts'
import type { EventRef, Live } from './types.ts'

/** The live side of crossings: authorises, makes durable what has to be, performs, records, hands on what was recorded. */
export class LiveCalls {
  readonly #state: InstanceState
  readonly #live: Live
  readonly #performer: Performer

  constructor(state: InstanceState, live: Live, performer: Performer) {
    this.#state = state
    this.#live = live
    this.#performer = performer
  }

  /** Performs a call. Answers its value, a promise of it, or that the instance ended. */
  perform(call: Crossed): unknown {
    const { fn, out, fuel } = call
    const performer = this.#performer
    const target = performer.target(call)
    if (target === undefined) return this.#nobody(fn)
    let denied: Answer | undefined
    let objects: readonly unknown[] | undefined
    let effect: Effect
    try {
      const weight = performer.weigh(call, target)
      const { ask } = weight
      effect = weight.effect
      if (ask === undefined) out.null()
      else out.raw(encodeData(ask))
      if (fuel === null) out.null()
      else out.uint(fuel)
      denied = performer.denied(fn, target, ask)
      if (denied === undefined) objects = performer.objects(call)
    } catch (error) {
      return this.#state.broke(error)
    }
    if (denied !== undefined) return this.#record(call, target, denied, undefined)
    const fault = objects === undefined ? undefined : performer.fault(fn, objects)
    if (fault !== undefined) {
      this.#state.end({ tag: 'trap', code: 'guest', error: fault })
      return ENDED
    }
    const outside = isOutsideEffect(effect)
    if (target.mode === 'async') return this.#wait(call, objects, target, outside)
    if (outside)
      return this.#wrong(fn, `is declared sync and ${effect}: its intent could not be made durable first`)
    return this.#record(call, target, performer.performSync(fn, target, objects), undefined)
  }

  /** Tells a handler that a guest has dropped what it made. Throws what the handler throws. */
  dropped(entry: HostEntry): void {
    const { type, description, origin } = entry
    const link = entry.link ?? this.#live.links.get(origin)
    if (description === undefined) return
    link?.binding.dropped?.(`${trackOf(type.interface)}#${type.name}`, description)
  }

  #wait(call: Crossed, objects: readonly unknown[] | undefined, target: Target, outside: boolean): unknown {
    const state = this.#state
    const { fn } = call
    if (state.instantiating)
      return this.#wrong(fn, 'waits, and nothing can wait while a component is instantiated')
    if (!fn.suspends) return this.#wrong(fn, 'waits, and the component was prepared for one that does not')
    return this.#waiting(async () => {
      const intent = outside ? await this.#intend(call) : undefined
      if (state.ended !== undefined) return ENDED
      state.intent = intent
      const answer = await this.#handled(() => this.#performer.performAsync(fn, target, objects))
      return this.#record(call, target, answer, intent)
    })
  }

  async #waiting(run: () => Promise<unknown>): Promise<unknown> {
    const state = this.#state
    const { stage } = this.#live
    state.waiting = true
    try {
      const running = run()
      stage?.leave()
      const answer = await running
      const others = stage?.enter()
      if (others !== undefined) await others
      // Its turn is over: nobody comes back to leave.
      if (state.ended !== undefined) stage?.leave()
      return answer
    } finally {
      state.waiting = false
      state.intent = undefined
    }
  }

  /** Runs a handler: until it waits it is the actor that has the thread. */
  #handled(run: () => Promise<Answer>): Promise<Answer> {
    const { stage } = this.#live
    if (stage === undefined) return run()
    const others = stage.enter()
    if (others !== undefined) return others.then(() => this.#handled(run))
    const answer = run()
    stage.leave()
    return answer
  }

  /** Makes durable what leaves the actor now: its queue, then the intent of this call. */
  async #intend({ out }: Crossed): Promise<EventRef | undefined> {
    const state = this.#state
    const departures = state.leaveQueue()
    if (departures === undefined) return undefined
    out.null()
    const intent = state.appendNamed('call', out.bytes())
    if (intent === undefined) return undefined
    const live = this.#live
    try {
      // They leave also where the turn was ended meanwhile: the record says that they left.
      await depart({ flush: () => live.recorder.flush(), leave: (all) => live.leave(all) }, departures)
    } catch (error) {
      state.end({ tag: 'lost', error })
      return undefined
    }
    return intent
  }

  /** Goes on with an intent whose result the host lost. `event` is the intent's. */
  settle(call: Crossed, event: EventOf<'call'>): unknown {
    const state = this.#state
    const { fn } = call
    const target = this.#performer.target(call)
    if (target === undefined) return this.#nobody(fn)
    if (state.instantiating || !fn.suspends) return this.#wrong(fn, 'has an intent where it cannot wait')
    const intent = { seq: event.seq, hash: event.hash }
    return this.#waiting(async () => {
      state.intent = intent
      const ask = event.content.ask === null ? undefined : (event.content.ask as Ask)
      let answer: Answer
      try {
        const objects = this.#performer.objects(call)
        answer = await this.#handled(() => this.#performer.settle(call, target, objects, ask))
      } catch (error) {
        answer = { fault: 'handler-fault', error }
      }
      return this.#record(call, target, answer, intent)
    })
  }

  /** Writes the answer, then hands on what was written. `intent` is the call it settles; else the call is in the writer. */
  #record(call: Crossed, target: Target, answer: Answer, intent: EventRef | undefined): unknown {
    const state = this.#state
    const { fn, args, out } = call
    // A call that ended its own actor is where the record stops: a re-run must not come back from it.
    if (state.ended !== undefined) return ENDED
    if ('fault' in answer) return state.fault(answer.fault, answer.error)
    // What the guest said, for its queue: a handler that was given the arguments may have changed them.
    const said = fn.queue === undefined ? args : saidBy(call)
    if (intent !== undefined) {
      out.reset()
      out.array(2)
      out.uint(intent.seq)
    }
    const { handles } = state
    if (fn.gives) state.setMaker(fn, args, target.link, [])
    out.array(4)
    const before = out.length
    let bytes: number
    let value: unknown
    try {
      const given = fn.live?.reading?.(state.clock, answer.value) ?? answer.value
      value = fn.codec.writeResult(given, out, handles.lowering)
      bytes = out.length - before
      out.uint(answer.elapsed)
      if (fn.gives) handles.writeMade(out)
      else out.array(0)
      out.uint(answer.flags)
      fn.live?.take?.(state.clock, value)
      checkQueued(fn, said, value, state.clock.notBefore() + answer.elapsed)
    } catch (error) {
      const code = ValueError.is(error) || error instanceof HandleFault ? 'host-value' : 'handler-fault'
      return state.broke(error, code, `${fn.model.id} answered with something that is not of its type`)
    }
    const ref = state.append(intent === undefined ? 'call' : 'result', out.bytes())
    if (ref === undefined) return ENDED
    state.clock.elapse(answer.elapsed)
    if (state.checkAnswered(bytes)) return ENDED
    if (fn.io !== undefined) notePermit(fn.track, args, value)
    state.enqueue(fn, said, intent?.seq ?? ref.seq, value, intent !== undefined)
    return value
  }

  #nobody(fn: Imported): typeof ENDED {
    return this.#state.fault('handler-fault', new Error(`no handler answers ${fn.model.id}`))
  }

  #wrong(fn: Imported, why: string): typeof ENDED {
    return this.#state.fault('handler-fault', new Error(`${fn.model.id} ${why}`))
  }
}

/** The arguments as the record has them. A function that queues has no resources among them. */
function saidBy({ fn, out, start }: Crossed): readonly unknown[] {
  return fn.codec.readArgs(new Reader(out.bytes(start).slice()), noHandles)
}
