import { trapCode } from '@theater/component'
import type { TrapCode } from '@theater/event-chain'
import { ValueError, Writer } from '@theater/values'
import type { FunctionCodec } from '@theater/values'
import { EMPTY } from './fuel.ts'
import { HandleFault } from './handles.ts'
import type { Ended, InstanceState } from './state.ts'
import type { Actual, EventRef, TurnEnd } from './types.ts'

/** Ends turns and instantiations: writes how they ended, or holds it against the record. */
export class Settlement {
  readonly #state: InstanceState
  readonly #writer = new Writer()

  constructor(state: InstanceState) {
    this.#state = state
  }

  /** The guest is instantiated, or `error` came of it. */
  instance(error: unknown, failed: boolean): TurnEnd {
    const state = this.#state
    state.instantiating = false
    if (failed || state.ended !== undefined) return this.failed(error)
    // A record that goes on where the guest is ready is not of this guest.
    const left = state.tape.next()
    if (left === undefined) return { tag: 'return', value: undefined, ref: undefined, sends: [] }
    if (!state.abortRecorded(left)) state.diverge(left, { kind: 'ready' })
    return this.failed(error)
  }

  /** The export returned. */
  returned(codec: FunctionCodec, value: unknown): TurnEnd {
    const state = this.#state
    // Glue that swallowed the guest's trap, and went on, does not make it one that returned.
    if (state.ended !== undefined || state.fuel.tripped !== undefined) return this.failed(undefined)
    const out = this.#writer
    out.reset()
    out.array(2)
    let handed: unknown
    try {
      handed = codec.writeResult(value, out, state.handles.lifting)
    } catch (error) {
      // What the glue lifted is made of what the guest gave.
      const guests = ValueError.is(error) || error instanceof HandleFault
      if (guests) state.end({ tag: 'trap', code: 'guest', error })
      else state.broke(error)
      return this.failed(error)
    }
    const fuel = state.fuel.take(out.length - 1)
    if (fuel === EMPTY) {
      state.runDry()
      return this.failed(undefined)
    }
    if (state.checkHandles()) return this.failed(undefined)
    // Last, so that nothing has left of a turn whose result cannot be written.
    const sends = state.leaveQueue()
    if (sends === undefined) return this.failed(undefined)
    state.handles.returnLent()
    const recorded = state.tape.next()
    const actual = (): Actual => ({ kind: 'return', result: out.bytes(1).slice(), fuel })
    if (recorded !== undefined) {
      if (state.abortRecorded(recorded)) return this.failed(undefined)
      const same =
        recorded.kind === 'return' && recorded.content.fuel === fuel && out.holds(recorded.content.result, 1)
      const left = same ? state.tape.next() : recorded
      if (left === undefined) {
        return { tag: 'return', value: handed, ref: { seq: recorded.seq, hash: recorded.hash }, sends }
      }
      state.diverge(left, actual())
      return this.failed(undefined)
    }
    if (!state.canGoOn) {
      state.incomplete(actual())
      return this.failed(undefined)
    }
    writeFuel(out, fuel)
    const ref = state.append('return', out.bytes())
    return ref === undefined
      ? this.failed(undefined)
      : { tag: 'return', value: handed, ref: new LateRef(ref), sends }
  }

  /** The turn, or the instantiation, did not return; `error` came of it, unless the instance was ended before. */
  failed(error: unknown): TurnEnd {
    const state = this.#state
    state.dropQueue()
    if (state.ended === undefined) {
      const { tripped } = state.fuel
      const code = tripped ?? trapCode(error)
      if (code === undefined) state.broke(error)
      else if (code === 'host-memory') state.fault(code, error)
      else state.end({ tag: 'trap', code, error })
    }
    const ended = state.ended as Ended
    switch (ended.tag) {
      case 'diverged':
      case 'incomplete':
      case 'lost':
        return ended
      case 'trap':
        return this.#trap(ended.code, ended.error)
      case 'abort':
        return ended.recorded ? ended : this.#abort(ended)
    }
  }

  /** The turn was ended here; where the record goes on, it has to say so too. */
  #abort(ended: Extract<Ended, { tag: 'abort' }>): TurnEnd {
    const state = this.#state
    const { code, status } = ended
    const recorded = state.tape.next()
    if (recorded?.kind === 'abort') {
      const { code: was, status: left } = recorded.content
      return { ...ended, code: was, status: left ?? undefined, recorded: true }
    }
    // With the record still answering, these can only be the guest's doing: it asked for what cannot be had.
    const guests = code === 'handler-fault' || code === 'host-value'
    const actual: Actual = { kind: 'abort', code }
    if (recorded !== undefined && guests) {
      return { tag: 'diverged', divergence: { seq: recorded.seq, expected: recorded, actual } }
    }
    // A turn whose end is recorded cannot get another: then it is this host that cannot run it.
    if (!state.canGoOn) return guests && recorded === undefined ? { tag: 'incomplete', actual } : ended
    const out = this.#writer
    out.reset()
    out.array(code === 'exited' ? 3 : 2)
    out.text(code)
    out.null()
    if (code === 'exited') out.int(status ?? 0)
    return this.#written('abort', ended)
  }

  #trap(code: TrapCode, error: unknown): TurnEnd {
    const state = this.#state
    const fuel = state.fuel.used()
    const actual: Actual = { kind: 'trap', code, fuel }
    const recorded = state.tape.next()
    if (recorded !== undefined) {
      if (recorded.kind === 'trap' && recorded.content.code === code && recorded.content.fuel === fuel) {
        return { tag: 'trap', code, error }
      }
      if (recorded.kind === 'abort') {
        const { code: was, status } = recorded.content
        return { tag: 'abort', code: was, error: undefined, status: status ?? undefined, recorded: true }
      }
      return { tag: 'diverged', divergence: { seq: recorded.seq, expected: recorded, actual } }
    }
    if (!state.canGoOn) return { tag: 'incomplete', actual }
    const out = this.#writer
    out.reset()
    out.array(2)
    out.text(code)
    writeFuel(out, fuel)
    return this.#written('trap', { tag: 'trap', code, error })
  }

  /** Adds the event that the writer holds. */
  #written(kind: 'trap' | 'abort', end: TurnEnd): TurnEnd {
    try {
      this.#state.record(kind, this.#writer.bytes())
      return end
    } catch (error) {
      return { tag: 'lost', error }
    }
  }
}

/** A name of an event whose hash is made when somebody asks for it: few ask for that of a turn's end. */
class LateRef implements EventRef {
  readonly seq: number
  readonly #event: EventRef

  constructor(event: EventRef) {
    this.seq = event.seq
    this.#event = event
  }

  get hash(): Uint8Array {
    return this.#event.hash
  }
}

function writeFuel(out: Writer, fuel: number | null): void {
  if (fuel === null) out.null()
  else out.uint(fuel)
}
