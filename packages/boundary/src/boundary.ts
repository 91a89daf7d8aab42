import { hostCause, trapCode } from '@theater/component'
import type { Component, HostFunction, Instance, Prepared } from '@theater/component'
import type { AbortCode, EventOf, TrapCode } from '@theater/event-chain'
import { compileFunction, encodeData, Reader, sha256, ValueError, Writer } from '@theater/values'
import type { FunctionCodec, FunctionModel, Hash } from '@theater/values'
import { DerivedClock, DerivedRandom } from './clock.ts'
import { Crossing } from './crossing.ts'
import type { Ended } from './crossing.ts'
import { HandleFault } from './handles.ts'
import { Performer } from './performer.ts'
import { Tape } from './tape.ts'
import type { Actual, EventRef, Live, TheaterEvent, TurnEnd, TurnRequest } from './types.ts'

/** What a boundary is made of. */
export interface BoundaryOptions {
  readonly component: Component
  /** The component compiled for a plan: `sync` for a re-run alone, else one whose async imports are those of the handlers. */
  readonly prepared: Prepared
  readonly actor: { readonly id: string; readonly parent: string | null }
  /** Milliseconds since the epoch at which the actor was made: where its clocks begin. */
  readonly time: number
  /** 32 bytes, from the seed event. Null where it is withheld: a re-run goes as far as the guest's first draw. */
  readonly seed: Uint8Array | null
  /** Who performs what the record does not answer. Absent: nobody; the record is all there is. */
  readonly live?: Live
  /** How many host resources the guest may hold at once. @default 10000 */
  readonly maxHandles?: number
  /** sha-256. @default `sha256` of `@theater/values` */
  readonly hash?: Hash
}

interface Exported {
  readonly model: FunctionModel
  readonly codec: FunctionCodec
  readonly isResult: boolean
}

/** A turn that started: what the export gave, or threw. */
interface Started {
  readonly fn: Exported
  readonly value: unknown
  readonly failed: boolean
}

const SEED_SEQ = 1

/**
 * The boundary of one instance of a component: the only way in and out of it. Live it authorises, performs and
 * records; over a record it answers and compares. An instance whose turn did not return is finished: make another
 * and re-run the record without that turn.
 */
export class Boundary {
  readonly #options: BoundaryOptions
  readonly #crossing: Crossing
  readonly #exports = new Map<string, Exported>()
  readonly #writer = new Writer()
  #instance: Instance | undefined

  constructor(options: BoundaryOptions) {
    this.#options = options
    const resources = options.prepared.newResources()
    const clock = new DerivedClock(options.time)
    const random = new DerivedRandom(options.seed, options.hash ?? sha256)
    this.#crossing = new Crossing(resources, options.actor, clock, random, options.maxHandles ?? 10_000)
    if (options.live !== undefined) {
      this.#crossing.live = { live: options.live, performer: new Performer(options.live, clock) }
    }
    const functions: Record<string, HostFunction> = {}
    for (const imported of options.component.model.imports) {
      for (const fn of imported.functions) functions[fn.id] = this.#crossing.hostFunction(fn)
    }
    for (const exported of options.component.model.exports) {
      for (const model of exported.functions) {
        this.#exports.set(model.id, {
          model,
          codec: compileFunction(model, { copyArgs: true }),
          isResult: model.result?.kind === 'result',
        })
      }
    }
    this.#host = { resources, functions, drop: (_resource, n) => this.#crossing.dropped(n) }
  }

  readonly #host: Parameters<Prepared['instantiate']>[0]

  /** Whether the instance is finished and why; `undefined` while it can take turns. */
  get ended(): Ended | undefined {
    return this.#crossing.ended
  }

  /** The intent of the outside effect that is being performed now: the cause of what it does to other actors. */
  get intent(): EventRef | undefined {
    return this.#crossing.intent
  }

  /** The first millisecond that the next turn may start at. */
  get notBefore(): number {
    return this.#crossing.clock.notBefore()
  }

  /** The model of an export; `undefined` where the component has none of that id. */
  exported(fn: string): FunctionModel | undefined {
    return this.#exports.get(fn)?.model
  }

  /** Ends the turn that is running, from outside of it. Between turns it finishes the instance without an event. */
  abort(code: AbortCode, error: unknown, status?: number): void {
    this.#crossing.abort(code, error, status)
  }

  /** Leaves the turn that is running where its record is, as a crash of the host would. */
  abandon(): void {
    this.#crossing.end({ tag: 'lost', error: new Error('the host left the turn behind') })
  }

  /** Instantiates, over the recorded events of the instantiation. */
  async instantiate(recorded: readonly TheaterEvent[]): Promise<TurnEnd> {
    this.#beginInstance(recorded)
    try {
      this.#instance = await this.#options.prepared.instantiate(this.#host)
    } catch (error) {
      return this.#endInstance(error, true)
    }
    return this.#endInstance(undefined, false)
  }

  /** Like {@link instantiate}, without a turn of the event loop. Only with a sync plan and without a live side that waits. */
  instantiateSync(recorded: readonly TheaterEvent[]): TurnEnd {
    this.#beginInstance(recorded)
    try {
      this.#instance = this.#options.prepared.instantiateSync(this.#host)
    } catch (error) {
      return this.#endInstance(error, true)
    }
    return this.#endInstance(undefined, false)
  }

  /**
   * Runs a turn live.
   *
   * @throws ValueError where the arguments are not of the export's types; then nothing happened
   */
  async turn(request: TurnRequest): Promise<TurnEnd> {
    const started = this.#beginLive(request)
    if ('tag' in started) return started
    return this.#finish(await this.#wait(started))
  }

  /** Re-runs a recorded turn; where its record ends inside the turn, the live side goes on. */
  async rerun(turn: EventOf<'turn'>, recorded: readonly TheaterEvent[]): Promise<TurnEnd> {
    const started = this.#beginRecorded(turn, recorded)
    if ('tag' in started) return started
    return this.#finish(await this.#wait(started))
  }

  /** Like {@link rerun}, for a sync plan. */
  rerunSync(turn: EventOf<'turn'>, recorded: readonly TheaterEvent[]): TurnEnd {
    const started = this.#beginRecorded(turn, recorded)
    return 'tag' in started ? started : this.#finish(started)
  }

  /** Lets go of the host objects that the guest holds. The instance takes no more turns. */
  dispose(): void {
    this.#crossing.end({ tag: 'abort', code: 'stopped', error: undefined, status: undefined, recorded: true })
    for (const entry of this.#crossing.handles.entries()) {
      const object = entry.object as { [Symbol.dispose]?: () => void } | undefined
      try {
        object?.[Symbol.dispose]?.()
      } catch {
        // The actor is over; a handler that cannot let go has nobody to tell.
      }
    }
  }

  #beginInstance(recorded: readonly TheaterEvent[]): void {
    this.#crossing.tape = new Tape(recorded)
    this.#crossing.random.startTurn(SEED_SEQ)
  }

  #endInstance(error: unknown, failed: boolean): TurnEnd {
    const crossing = this.#crossing
    crossing.instantiating = false
    if (!failed && crossing.ended === undefined) {
      // A record that goes on where the guest is ready is not of this guest.
      const left = crossing.tape.next()
      if (left === undefined) return { tag: 'return', value: undefined, ref: undefined, sends: [] }
      if (!crossing.abortRecorded(left)) crossing.diverge(left, { kind: 'ready' })
    }
    return this.#settle(error, failed)
  }

  #beginLive(request: TurnRequest): Started | TurnEnd {
    const { live } = this.#options
    const fn = this.#exports.get(request.fn)
    if (live === undefined || fn === undefined) throw new TypeError(`the component exports no ${request.fn}`)
    const crossing = this.#crossing
    const time = Math.max(Math.floor(live.now()), crossing.clock.notBefore())
    const out = this.#writer
    out.reset()
    out.array(6)
    out.text(request.fn)
    crossing.handles.made = []
    crossing.handles.maker = { origin: originOf(fn.model), link: request.link }
    const mark = crossing.handles.mark()
    let args: readonly unknown[]
    try {
      args = fn.codec.writeArgs(request.args, out, crossing.handles.lowering)
    } catch (error) {
      crossing.handles.rollback(mark)
      throw error
    }
    if (request.sender === null) out.null()
    else out.text(request.sender)
    if (request.cause === null) out.null()
    else out.raw(encodeData([request.cause.chain, request.cause.seq, request.cause.hash]))
    out.uint(time)
    out.array(crossing.handles.made.length)
    for (const description of crossing.handles.made) out.raw(encodeData(description ?? null))
    const ref = live.recorder.append('turn', out.bytes())
    crossing.tape = new Tape([])
    return this.#start(fn, args, time, ref.seq)
  }

  #beginRecorded(turn: EventOf<'turn'>, recorded: readonly TheaterEvent[]): Started | TurnEnd {
    const crossing = this.#crossing
    crossing.tape = new Tape(recorded)
    const { fn: id, args: bytes, time, made } = turn.content
    const fn = this.#exports.get(id)
    const refuse = (reason: string): TurnEnd => {
      crossing.diverge(turn, { kind: 'refused-record', reason })
      return this.#settle(undefined, true)
    }
    if (fn === undefined) return refuse(`the component exports no ${id}`)
    if (time < crossing.clock.notBefore()) return refuse('the turn starts before what the actor saw')
    crossing.handles.made = made.map((one) => one ?? undefined)
    crossing.handles.maker = { origin: originOf(fn.model), link: undefined }
    let args: readonly unknown[]
    try {
      const input = new Reader(bytes)
      args = fn.codec.readArgs(input, crossing.handles.lowering)
      input.finish()
      crossing.handles.checkMade()
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error))
    }
    return this.#start(fn, args, time, turn.seq)
  }

  #start(fn: Exported, args: readonly unknown[], time: number, seq: number): Started {
    this.#crossing.clock.startTurn(time)
    this.#crossing.random.startTurn(seq)
    const run = this.#instance?.functions[fn.model.id]
    if (run === undefined) throw new TypeError(`there is no instance to call ${fn.model.id} of`)
    try {
      return { fn, value: run(...args), failed: false }
    } catch (error) {
      return { fn, value: error, failed: true }
    }
  }

  /** Waits for the guest, or for the instance to be ended under it: then its promise may never settle. */
  async #wait(started: Started): Promise<Started> {
    if (started.failed || !(started.value instanceof Promise)) return started
    const settled = started.value.then(
      (value): Started => ({ fn: started.fn, value, failed: false }),
      (error: unknown): Started => ({ fn: started.fn, value: error, failed: true }),
    )
    const ended = this.#crossing
      .failure()
      .then((): Started => ({ fn: started.fn, value: undefined, failed: true }))
    return Promise.race([settled, ended])
  }

  #finish({ fn, value, failed }: Started): TurnEnd {
    const crossing = this.#crossing
    if (failed || crossing.ended !== undefined) return this.#settle(value, failed)
    const out = this.#writer
    out.reset()
    out.array(2)
    let handed: unknown
    try {
      handed = fn.codec.writeResult(value, out, crossing.handles.lifting)
    } catch (error) {
      // The glue lifted a value that is not of the export's type; no guest can do that.
      crossing.abort(
        ValueError.is(error) || error instanceof HandleFault ? 'host-value' : 'handler-fault',
        error,
      )
      return this.#settle(error, true)
    }
    // Last, so that nothing has left of a turn whose result cannot be written.
    const sends = crossing.leaveQueue()
    if (sends === undefined) return this.#settle(undefined, true)
    const recorded = crossing.tape.next()
    if (recorded !== undefined) {
      const result = out.bytes(1)
      if (!crossing.abortRecorded(recorded)) {
        const same =
          recorded.kind === 'return' &&
          recorded.content.fuel === null &&
          sameBytes(recorded.content.result, result)
        const left = same ? crossing.tape.next() : recorded
        if (left === undefined) {
          return { tag: 'return', value: handed, ref: { seq: recorded.seq, hash: recorded.hash }, sends }
        }
        crossing.diverge(left, { kind: 'return', result: result.slice(), fuel: null })
      }
      return this.#settle(undefined, true)
    }
    const { live } = this.#options
    if (live === undefined) {
      crossing.end({
        tag: 'incomplete',
        actual: { kind: 'return', result: out.bytes(1).slice(), fuel: null },
      })
      return this.#settle(undefined, true)
    }
    out.null()
    const ref = live.recorder.append('return', out.bytes())
    return { tag: 'return', value: handed, ref, sends }
  }

  /** Ends a turn, or an instantiation, that did not return, and writes or compares why. */
  #settle(error: unknown, failed: boolean): TurnEnd {
    const crossing = this.#crossing
    crossing.dropQueue()
    if (crossing.ended === undefined && failed) {
      const code = trapCode(error)
      const cause = hostCause(error)
      if (code !== undefined) crossing.end({ tag: 'trap', code, error })
      else crossing.abort(cause === 'host-stack' || cause === 'host-memory' ? cause : 'handler-fault', error)
    }
    const ended = crossing.ended as Ended
    switch (ended.tag) {
      case 'diverged':
      case 'incomplete':
      case 'lost':
        return ended
      case 'trap':
        return this.#settleTrap(ended.code, ended.error)
      case 'abort':
        return ended.recorded ? ended : this.#settleAbort(ended)
    }
  }

  /** The turn was ended here; where the record goes on, it has to say so too. */
  #settleAbort(ended: Extract<Ended, { tag: 'abort' }>): TurnEnd {
    const { code } = ended
    const recorded = this.#crossing.tape.next()
    if (recorded?.kind === 'abort') {
      const { code: was, status } = recorded.content
      return { ...ended, code: was, status: status ?? undefined, recorded: true }
    }
    // With the record still answering, these can only be the guest's doing: it asked for what cannot be had.
    const guests = code === 'handler-fault' || code === 'host-value'
    const actual: Actual = { kind: 'abort', code }
    if (recorded !== undefined && guests) {
      return { tag: 'diverged', divergence: { seq: recorded.seq, expected: recorded, actual } }
    }
    if (this.#options.live !== undefined) this.#appendAbort(code, ended.status)
    else if (guests) return { tag: 'incomplete', actual }
    return ended
  }

  #settleTrap(code: TrapCode, error: unknown): TurnEnd {
    const actual: Actual = { kind: 'trap', code, fuel: null }
    const recorded = this.#crossing.tape.next()
    if (recorded !== undefined) {
      if (recorded.kind === 'trap' && recorded.content.code === code && recorded.content.fuel === null) {
        return { tag: 'trap', code, error }
      }
      if (recorded.kind === 'abort') {
        const { code: was, status } = recorded.content
        return { tag: 'abort', code: was, error: undefined, status: status ?? undefined, recorded: true }
      }
      return { tag: 'diverged', divergence: { seq: recorded.seq, expected: recorded, actual } }
    }
    const { live } = this.#options
    if (live === undefined) return { tag: 'incomplete', actual }
    const out = this.#writer
    out.reset()
    out.array(2)
    out.text(code)
    out.null()
    live.recorder.append('trap', out.bytes())
    return { tag: 'trap', code, error }
  }

  #appendAbort(code: AbortCode, status: number | undefined): void {
    const { live } = this.#options
    if (live === undefined) return
    const out = this.#writer
    out.reset()
    out.array(code === 'exited' ? 3 : 2)
    out.text(code)
    out.null()
    if (code === 'exited') out.int(status ?? 0)
    live.recorder.append('abort', out.bytes())
  }
}

/** The interface that resources in the arguments of an export come from, for whoever resumes them. */
function originOf(fn: FunctionModel): string {
  for (const { type } of fn.params) {
    if ((type.kind === 'own' || type.kind === 'borrow') && type.resource.side === 'import')
      return type.resource.interface
  }
  return ''
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
