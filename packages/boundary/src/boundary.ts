import { InstanceMeter } from '@theater/component'
import type {
  CheckedComponent,
  HostFunction,
  HostImports,
  Instance,
  Prepared,
  Room,
  Stacks,
} from '@theater/component'
import type { AbortCode, EventOf, Genesis } from '@theater/event-chain'
import { sha256, Writer } from '@theater/values'
import type { FunctionModel, Hash, Json } from '@theater/values'
import { beginLive, beginRecorded } from './beginning.ts'
import type { Beginning } from './beginning.ts'
import { DerivedClock, DerivedRandom } from './clock.ts'
import { Crossing } from './crossing.ts'
import { BoundaryError } from './errors.ts'
import { Fuel } from './fuel.ts'
import type { Allowance } from './fuel.ts'
import { functionsOf } from './functions.ts'
import type { Exported, Functions } from './functions.ts'
import { HandleTable } from './handles.ts'
import type { HostEntry } from './handles.ts'
import { isLive } from './live-rules.ts'
import { LiveCalls } from './live-calls.ts'
import { Performer } from './performer.ts'
import type { ChannelStep, TimerStep } from './rules.ts'
import { Settlement } from './settle.ts'
import { keyOf, noSnapshot, sameKey } from './snapshot.ts'
import type { FirstMemory, NoSnapshot, Snapshot } from './snapshot.ts'
import { InstanceState } from './state.ts'
import type { Ended } from './state.ts'
import { Tape } from './tape.ts'
import type { EventRef, Live, Stage, TheaterEvent, TurnEnd, TurnRequest } from './types.ts'

/** What a boundary is made of. */
export interface BoundaryOptions {
  readonly component: CheckedComponent
  /** The component compiled for a plan: `sync` for a re-run alone, else one whose async imports are those of the handlers. */
  readonly prepared: Prepared
  readonly actor: { readonly id: string; readonly parent: string | null }
  /** Milliseconds since the epoch at which the actor was made: where its clocks begin. */
  readonly time: number
  /**
   * `turn`: the instance is made as the first part of a turn, from that turn's time, randomness and record, and takes no
   * other. Absent: it is instantiated before its first turn, and takes one after another.
   */
  readonly instance?: Genesis['instance'] | undefined
  /** The first millisecond that a turn may start at: {@link Boundary.notBefore} of the instance before. @default `time` */
  readonly notBefore?: number | undefined
  /** 32 bytes, from the seed event. Null where it is withheld: a re-run goes as far as the guest's first draw. */
  readonly seed: Uint8Array | null
  /**
   * Those of genesis. Of them the boundary itself looks at `clocks` and `random`: whether they are live.
   *
   * @default {}
   */
  readonly grants?: Readonly<Record<string, Json>> | undefined
  /**
   * What {@link functionsOf} made of the same component, plan and grants, for all the boundaries of one actor.
   *
   * @default made for this one
   */
  readonly crossings?: Functions | undefined
  /**
   * What the instance may use, where it is prepared with metering: genesis has it.
   *
   * @default nothing is bounded; events say all the same what was used
   */
  readonly allowance?: Allowance | undefined
  /**
   * Where the guest runs when it can be suspended: stacks of any number of boundaries.
   *
   * @default each turn has a stack of its own
   */
  readonly stacks?: Stacks | undefined
  /** Who performs what the record does not answer. Absent: nobody; the record is all there is. */
  readonly live?: Live
  /**
   * How many resources may be open at once: the host's in the guest's hands, and the guest's in the host's. One more is
   * a trap, `memory`.
   *
   * @default 10000
   */
  readonly maxHandles?: number
  /** sha-256. @default `sha256` of `@theater/values` */
  readonly hash?: Hash
  /**
   * Is told of a recorded event when what the guest does is held against it: the guest did all before it again. In the
   * middle of a turn, so it MUST NOT throw. An event may come twice.
   */
  readonly taken?: ((event: TheaterEvent) => void) | undefined
}

/** A turn that started: what the export gave, or threw. */
interface Started {
  readonly fn: Exported
  readonly value: unknown
  readonly failed: boolean
}

const SEED_SEQ = 1
const MONOTONIC = 'wasi:clocks/monotonic-clock@0.2'

/** Fuel of a boundary that nothing bounds. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER

/** Options of {@link Boundary.instantiate}. */
export interface InstantiateOptions {
  /** Whether the record has all of the instantiation, so that nothing can be added to it. @default false */
  readonly complete?: boolean
}

/**
 * The boundary of one instance of a component: the only way in and out of it. Live it authorises, performs and
 * records; over a record it answers and compares. It takes one turn at a time, and an instance whose turn did not
 * return is finished: make another and re-run the record without that turn. Of an actor whose instances live for a turn,
 * each turn has a boundary of its own, and so has the instantiation that makes the actor.
 */
export class Boundary {
  readonly #options: BoundaryOptions
  readonly #state: InstanceState
  readonly #settlement: Settlement
  readonly #calls: LiveCalls | undefined
  readonly #host: HostImports
  readonly #exports: Functions['exports']
  readonly #writer = new Writer()
  #instance: Instance | undefined
  #running = false
  /** Nothing has been called of the instance since it was made. */
  #fresh = true

  constructor(options: BoundaryOptions) {
    this.#options = options
    const { prepared, actor, time, seed, live, stacks, maxHandles = 10_000, hash = sha256 } = options
    const { grants = {} } = options
    const resources = prepared.newResources()
    const clock = new DerivedClock(time)
    if (options.notBefore !== undefined) clock.startTurn(options.notBefore)
    const random = new DerivedRandom(seed, hash)
    const handles = new HandleTable(resources, maxHandles)
    const { allowance } = options
    const meter =
      prepared.meter === null
        ? undefined
        : new InstanceMeter(allowance && { ...allowance, fuel: allowance.start })
    const fuel = new Fuel(meter, allowance?.start ?? UNBOUNDED)
    const state = new InstanceState({ handles, clock, random, fuel, actor, live })
    const calls =
      live === undefined
        ? undefined
        : new LiveCalls(state, live, new Performer(live, clock, isLive(MONOTONIC, grants)))
    this.#calls = calls
    const crossing = new Crossing(state, calls)
    const { imports, exports } = options.crossings ?? functionsOf(options)
    const functions: Record<string, HostFunction> = {}
    for (const fn of imports) functions[fn.model.id] = crossing.hostFunction(fn)
    this.#exports = exports
    this.#state = state
    this.#settlement = new Settlement(state)
    this.#host = { resources, functions, drop: (_resource, n) => crossing.dropped(n), meter, stacks }
  }

  /** Whether the instance is finished and why; `undefined` while it can take turns. */
  get ended(): Ended | undefined {
    return this.#state.ended
  }

  /** The intent of the outside effect that is being performed now: the cause of what it does to other actors. */
  get intent(): EventRef | undefined {
    return this.#state.intent
  }

  /** How many messages the turn that runs has queued and that have not left. */
  get queued(): number {
    return this.#state.queued
  }

  /** What the turn that runs has queued that opens, accepts or closes channels, and has not left. */
  get steps(): readonly ChannelStep[] {
    return this.#state.steps
  }

  /** What the turn that runs has queued that sets or cancels timers, and has not left. */
  get timers(): readonly TimerStep[] {
    return this.#state.timers
  }

  /** How many subscriptions the turn that runs has queued and that are not in force. */
  get subscribing(): number {
    return this.#state.subscribing
  }

  /** When the turn began that runs, or ran last, in milliseconds since the epoch. */
  get turnStart(): number {
    return this.#state.clock.turnStart
  }

  /** Fuel that the turn has used that runs, or ran last; null without a meter. */
  get fuelUsed(): number | null {
    return this.#state.fuel.used()
  }

  /** The first millisecond that the next turn may start at. */
  get notBefore(): number {
    return this.#state.clock.notBefore()
  }

  /** The model of an export; `undefined` where the component has none of that id. */
  exported(fn: string): FunctionModel | undefined {
    return this.#exports.get(fn)?.model
  }

  /** Ends the turn that is running, from outside of it. Between turns it finishes the instance without an event. */
  abort(code: AbortCode, error: unknown, status?: number): void {
    this.#state.fault(code, error, status)
  }

  /** Leaves the turn that is running where its record is, as a crash of the host would. */
  abandon(): void {
    this.#state.end({ tag: 'lost', error: new Error('the host left the turn behind') })
  }

  /**
   * Instantiates, over the recorded events of the instantiation; where they end, and are not all, the live side goes on.
   * A boundary does this once.
   */
  async instantiate(recorded: readonly TheaterEvent[], options: InstantiateOptions = {}): Promise<TurnEnd> {
    if (this.#beginInstance(recorded, options)) return this.#endInstance(undefined, true)
    try {
      if (this.#stage !== undefined) await this.#enterStage(this.#stage)
      this.#instance = await this.#options.prepared.instantiate(this.#host)
    } catch (error) {
      return this.#endInstance(error, true)
    } finally {
      this.#stage?.leave()
    }
    return this.#endInstance(undefined, false)
  }

  /** Like {@link instantiate}, without a turn of the event loop. Only with a sync plan and without a live side that waits. */
  instantiateSync(recorded: readonly TheaterEvent[], options: InstantiateOptions = {}): TurnEnd {
    if (this.#beginInstance(recorded, options)) return this.#endInstance(undefined, true)
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
   * @throws BoundaryError where no turn can be taken; then nothing happened
   */
  async turn(request: TurnRequest): Promise<TurnEnd> {
    const { live } = this.#options
    if (live === undefined) throw new BoundaryError('not-live', 'nobody is there to take a new turn')
    const fn = this.#exports.get(request.fn)
    if (fn === undefined) throw new BoundaryError('no-export', `the component exports no ${request.fn}`)
    this.#enter(request.fn)
    try {
      const begun = beginLive(this.#state, { fn, request, live, out: this.#writer })
      if (begun === undefined) return this.#settlement.failed(undefined)
      if (this.#stage !== undefined && !(await this.#onRecord(live, this.#stage)))
        return this.#settlement.failed(undefined)
      const started = this.#start(begun)
      return this.#finish(waits(started) ? await this.#wait(started) : started)
    } finally {
      this.#over()
    }
  }

  /** Re-runs a recorded turn; where its record ends inside the turn, the live side goes on. @throws BoundaryError */
  async rerun(turn: EventOf<'turn'>, recorded: readonly TheaterEvent[]): Promise<TurnEnd> {
    this.#enter(turn.content.fn)
    try {
      if (this.#stage !== undefined) await this.#enterStage(this.#stage)
      const begun = this.#beginRecorded(turn, recorded)
      if (begun === undefined) return this.#settlement.failed(undefined)
      const started = this.#start(begun)
      return this.#finish(waits(started) ? await this.#wait(started) : started)
    } finally {
      this.#over()
    }
  }

  /** Like {@link rerun}, for a sync plan. */
  rerunSync(turn: EventOf<'turn'>, recorded: readonly TheaterEvent[]): TurnEnd {
    this.#enter(turn.content.fn)
    try {
      const begun = this.#beginRecorded(turn, recorded)
      return begun === undefined ? this.#settlement.failed(undefined) : this.#finish(this.#start(begun))
    } finally {
      this.#running = false
    }
  }

  /**
   * Copies what the memories hold before the first turn: what snapshots are written against.
   *
   * @throws BoundaryError where that moment is not now
   */
  firstMemory(): FirstMemory {
    const instance = this.#freshInstance('no memory as it was at first')
    return { ...instance.imaging.first(), shared: !this.#state.crossedAtStart }
  }

  /**
   * The state as it is between two turns, or why there is no snapshot of it. It is a function of the record alone: a re-run up to
   * here gives the same, on whatever plan.
   *
   * @param first what the memories held at first, where that is known: then the snapshot is small
   * @param room for the pages of it, which are as they are until that is used for something else. @default new memory
   */
  snapshot(first?: FirstMemory, room?: Room): Snapshot | NoSnapshot {
    const { ended, handles, clock, queues } = this.#state
    if (this.#perTurn) return noSnapshot('per-turn', 'each turn has an instance of its own')
    if (ended !== undefined) return noSnapshot('finished', 'the instance is finished')
    const instance = this.#instance
    if (this.#running || instance === undefined || queues) return noSnapshot('busy', 'a turn is running')
    const held = handles.image((wrapper) => instance.imaging.placeOf(wrapper))
    if (held === 'lent') return noSnapshot('busy', 'the guest is lent something')
    if (held === 'guest-resource')
      return noSnapshot(held, 'the host holds a resource of the guest that cannot be found in its instance')
    const image = instance.imaging.take(first, room)
    if ('none' in image) return image
    return { key: keyOf(this.#options), clock: clock.now, handles: held, instance: image }
  }

  /**
   * Makes a boundary that is instantiated, and has had no turn, what a snapshot of the same actor says: it goes on from there.
   * Where it answers why not, the boundary is finished.
   *
   * @throws BoundaryError where it has had a turn, or is finished
   */
  restore(snapshot: Snapshot): NoSnapshot | undefined {
    const instance = this.#freshInstance('nothing to lay a snapshot over')
    this.#fresh = false
    const { handles, clock } = this.#state
    const refused = this.#perTurn
      ? noSnapshot('per-turn', 'each turn has an instance of its own')
      : (sameKey(snapshot.key, keyOf(this.#options)) ??
        instance.imaging.lay(snapshot.instance) ??
        (handles.lay(snapshot.handles, (type, place) => instance.imaging.objectAt(type, place))
          ? undefined
          : noSnapshot('misfit', 'the handles of the snapshot are not of this component')))
    if (refused === undefined) clock.now = snapshot.clock
    else this.#state.end({ tag: 'lost', error: new Error(refused.message) })
    return refused
  }

  #freshInstance(what: string): Instance {
    const instance = this.#instance
    if (instance === undefined || !this.#fresh || this.#running || this.#state.ended !== undefined)
      throw new BoundaryError('finished', `there is ${what}: the instance is not just made`)
    return instance
  }

  /**
   * Lets go of the host objects that the guest holds. The instance takes no more turns; one that is running is left
   * where its record is.
   */
  dispose(): void {
    this.#letGo(() => undefined)
  }

  /**
   * Ends an instance that nobody makes again: what the guest holds counts as dropped, and handlers are told so, of what an
   * instance before this host's held too. No event says it; it follows from how long an instance lives.
   */
  release(): void {
    this.#letGo((entry) => this.#calls?.dropped(entry))
  }

  #letGo(dropped: (entry: HostEntry) => void): void {
    this.#state.end({ tag: 'lost', error: new Error('the boundary was disposed of') })
    for (const entry of this.#state.handles.clear()) {
      const object = entry.object as { [Symbol.dispose]?: () => void } | undefined
      try {
        object?.[Symbol.dispose]?.()
        dropped(entry)
      } catch {
        // The instance is over; a handler that cannot let go has nobody to tell.
      }
    }
  }

  /** The turn is over, however it ended. */
  #over(): void {
    this.#running = false
    this.#stage?.leave()
    // A guest that is suspended is, for good, where the turn was ended under it.
    if (this.#state.ended !== undefined) this.#instance?.end()
  }

  get #stage(): Stage | undefined {
    return this.#options.live?.stage
  }

  async #enterStage(stage: Stage): Promise<void> {
    const others = stage.enter()
    if (others !== undefined) await others
  }

  /**
   * Makes it durable that a turn begins, where it may have to be told from the record which one does not end, and lets the
   * guest in. `false`: the turn was ended meanwhile.
   */
  async #onRecord({ recorder }: Live, stage: Stage): Promise<boolean> {
    const state = this.#state
    try {
      await recorder.flush()
    } catch (error) {
      state.end({ tag: 'lost', error })
    }
    await this.#enterStage(stage)
    return state.ended === undefined
  }

  /** @returns whether the record says that the host ended it before the guest did anything */
  #beginInstance(recorded: readonly TheaterEvent[], { complete = false }: InstantiateOptions): boolean {
    if (!this.#state.instantiating || this.#running)
      throw new BoundaryError('finished', 'a boundary instantiates once')
    this.#running = true
    this.#state.tape = new Tape(recorded, complete, this.#options.taken)
    this.#state.random.startTurn(SEED_SEQ)
    return this.#state.endsHere()
  }

  #endInstance(error: unknown, failed: boolean): TurnEnd {
    this.#running = false
    return this.#settlement.instance(error, failed)
  }

  /** Begins a turn, if one can be taken. */
  #enter(fn: string): void {
    // jco does not prevent re-entrance: without JSPI it enters the guest again, with it it waits for ever.
    if (this.#running) throw new BoundaryError('busy', `${fn} was called while a turn runs`)
    const ready = this.#perTurn ? this.#state.instantiating : this.#instance !== undefined
    if (this.#state.ended !== undefined || !ready) {
      throw new BoundaryError('finished', `there is no instance to call ${fn} of`)
    }
    this.#running = true
    this.#fresh = false
  }

  get #perTurn(): boolean {
    return this.#options.instance === 'turn'
  }

  #beginRecorded(turn: EventOf<'turn'>, recorded: readonly TheaterEvent[]): Beginning | undefined {
    this.#state.tape = new Tape(recorded, false, this.#options.taken)
    return beginRecorded(this.#state, this.#exports.get(turn.content.fn), turn)
  }

  #start({ fn, args, bytes, time, seq }: Beginning): Started {
    const state = this.#state
    const { clock, random, fuel } = state
    clock.startTurn(time)
    random.startTurn(seq)
    try {
      if (this.#perTurn) {
        this.#instance = this.#options.prepared.instantiateSync(this.#host)
        state.instantiating = false
        if (state.ended !== undefined) return { fn, value: undefined, failed: true }
      }
      fuel.begin(this.#options.allowance?.fuel ?? UNBOUNDED, this.#perTurn)
      if (!fuel.pay(bytes)) {
        state.runDry()
        return { fn, value: undefined, failed: true }
      }
      // A record may name an export that is not there.
      const run = this.#instance?.functions[fn.model.id]
      if (run === undefined) throw new TypeError(`the glue has no ${fn.model.id}`)
      return { fn, value: run(...args), failed: false }
    } catch (error) {
      return { fn, value: error, failed: true }
    }
  }

  /** Waits for the guest, or for the instance to be ended under it: then its promise may never settle. */
  #wait({ fn, value }: Started): Promise<Started> {
    return new Promise((resolve) => {
      const failed = (error: unknown): void => resolve({ fn, value: error, failed: true })
      const returned = (result: unknown): void => resolve({ fn, value: result, failed: false })
      ;(value as Promise<unknown>).then(returned, failed)
      this.#state.whenEnded(() => failed(undefined))
    })
  }

  #finish({ fn, value, failed }: Started): TurnEnd {
    return failed ? this.#settlement.failed(value) : this.#settlement.returned(fn.codec, value)
  }
}

/** Whether the export answered with a promise: a guest that can be suspended. */
function waits({ failed, value }: Started): boolean {
  return !failed && value instanceof Promise
}
