import { Boundary, depart, functionsOf } from '@theater/boundary'
import type {
  ChannelStep,
  EventRef,
  Functions,
  Link,
  Live,
  Resolution,
  TheaterEvent,
  TimerStep,
  TurnEnd,
} from '@theater/boundary'
import type { CheckedComponent, Prepared, Stacks } from '@theater/component'
import { readEvents } from '@theater/event-chain'
import type { AbortCode, Genesis, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { ValueError } from '@theater/values'
import { reasonOf } from './failures.ts'
import { Images } from './images.ts'
import type { ImagesLeft } from './images.ts'
import type { Limits } from './limits.ts'
import type { Letter } from './mailbox.ts'
import type { OwnRecord } from './own-record.ts'
import { cannotResume, rebuild } from './rebuild.ts'
import type { Rebuilt, Unfinished } from './rebuild.ts'
import { withContent } from './record.ts'
import { RecordShare } from './record-share.ts'
import type { Snapshots } from './snapshots.ts'
import type { TurnReply } from './turn-reply.ts'
import type { Doing, Watch } from './watch.ts'

/** What an instance is made of. */
export interface InstanceParts {
  readonly id: string
  readonly component: CheckedComponent
  readonly prepared: Prepared
  readonly resolution: Resolution
  readonly genesis: Genesis
  readonly limits: Limits
  readonly seed: Uint8Array
  readonly store: Store
  readonly record: OwnRecord
}

/** What an instance needs of its actor. */
export interface Surroundings {
  readonly links: ReadonlyMap<string, Link>
  /** Aborts when the actor ends. */
  readonly signal: () => AbortSignal
  readonly leave: Live['leave']
  /** Milliseconds since the epoch. */
  now(): number
  /** Lets the event loop turn where actors have kept it for long. */
  breathe(): Promise<void> | undefined
  /** A turn has come to its end, and is as durable as it is to be. */
  turned(): void
  /** Whether the actor takes turns. */
  alive(): boolean
  /** Whether no turn waits for the one that runs. */
  alone(): boolean
  /** Who is told when the guest has the thread. */
  readonly watch: Watch | undefined
  readonly snapshots: Snapshots
  /** Where guests run that can be suspended. */
  readonly stacks: Stacks
}

/** What is known of the instance of an actor that is not in memory. */
export interface InstanceLeft {
  readonly notBefore: number | undefined
  readonly images: ImagesLeft | undefined
}

/** What became of a turn that was to be taken. */
export interface Taken {
  /** What its sender is told once the turn is concluded. */
  readonly reply: TurnReply
  /** The turn is as durable as it is to be, and what it said has left, behind that of the turns before. */
  readonly concluded: Promise<void>
  /** Whether the next turn may begin before it is concluded. */
  readonly ahead: boolean
  /** Where the turn begins in the record; `undefined`: it did not begin. */
  readonly seq: number | undefined
  /** When it began, in milliseconds since the epoch. */
  readonly time: number
}

/**
 * The instance of one actor's component. One that a turn finished is made again from the record for the next turn; where
 * genesis says that instances live for a turn, each turn has one of its own, of nothing but the component.
 */
export class Instance {
  readonly #parts: InstanceParts
  readonly #around: Surroundings
  readonly #images: Images
  /** Of every instance, while there is one. */
  #crossings: Functions | undefined
  /** Instantiated, in a turn, or ready for one; not one that is being brought back. */
  #boundary: Boundary | undefined
  /** Of the instance before: the first millisecond that the next turn may start at. */
  #notBefore: number | undefined
  /** Whether the record has turns that no instance here has seen. */
  #behind: boolean
  /** The conclusions of turns, one behind the other. */
  #concluding = Promise.resolve()
  readonly #share: RecordShare
  #doing: Doing = 'start'

  /** @param before what was known of it when the actor left memory */
  constructor(parts: InstanceParts, around: Surroundings, before?: InstanceLeft) {
    this.#parts = parts
    this.#around = around
    this.#behind = !parts.record.taken
    this.#share = new RecordShare(parts.limits)
    this.#notBefore = before?.notBefore
    this.#images = new Images(parts, around.snapshots, before?.images)
  }

  /** What is to be known of it when the actor is in memory again. */
  get left(): InstanceLeft {
    return { notBefore: this.notBefore, images: this.#images.left }
  }

  /** The intent of the outside effect that is performed now. */
  get intent(): EventRef | undefined {
    return this.#boundary?.intent
  }

  /** Messages of the turn that runs, which have not left yet. */
  get queued(): number {
    return this.#boundary?.queued ?? 0
  }

  /** What the turn that runs has said of channels, which has not left yet. */
  get steps(): readonly ChannelStep[] {
    return this.#boundary?.steps ?? []
  }

  /** What the turn that runs has said of timers, which is not in force yet. */
  get timers(): readonly TimerStep[] {
    return this.#boundary?.timers ?? []
  }

  /** The first millisecond that the next turn may begin at; `undefined` while no instance says so. */
  get notBefore(): number | undefined {
    return this.#boundary?.notBefore ?? this.#notBefore
  }

  /** When the turn began that runs, in milliseconds since the epoch; 0 while none does. */
  get turnStart(): number {
    return this.#boundary?.turnStart ?? 0
  }

  /** Subscriptions of the turn that runs, which are not in force yet. */
  get subscribing(): number {
    return this.#boundary?.subscribing ?? 0
  }

  /** Instantiates a new actor's component. What it did is not durable yet. */
  async instantiate(): Promise<TurnEnd> {
    const boundary = this.#newBoundary()
    this.#boundary = boundary
    const end = await boundary.instantiate([])
    if (end.tag !== 'return') return end
    if (this.#perTurn) this.#spend(boundary)
    else this.#made(boundary)
    return end
  }

  /**
   * Brings it back from the record: from the last snapshot and what came after it, else from the start. `undefined`: the actor
   * ended meanwhile.
   *
   * @param lastReturn where the last turn begins that returned: where instances live for a turn, all that is before it is over
   * @throws TheaterError `cannot-resume`
   */
  async rebuild(lastReturn = 0): Promise<Rebuilt | undefined> {
    const { store, record } = this.#parts
    this.#doing = 'rerun'
    await this.#flush()
    const short = this.#perTurn ? undefined : await this.#fromSnapshot()
    if (short !== undefined) return short.rebuilt
    const from = this.#perTurn ? lastReturn : 0
    return this.#rerun(withContent(readEvents(store, record.chain, from, undefined, { hash: sha256 })))
  }

  /** `undefined`: there is no snapshot that leads to where the record ends. */
  async #fromSnapshot(): Promise<{ readonly rebuilt: Rebuilt | undefined } | undefined> {
    const last = await this.#images.last()
    if (last === undefined) return undefined
    const { snapshot, start, tail } = last
    const boundary = this.#newBoundary()
    try {
      const end = await boundary.instantiate(start.events, start)
      if (end.tag !== 'return') throw cannotResume(this.#parts.id, end, 1)
      this.#made(boundary)
      const refused = boundary.restore(snapshot)
      if (refused !== undefined) throw new Error(refused.message)
      return { rebuilt: await this.#rerun(tail, boundary) }
    } catch (error) {
      boundary.dispose()
      await this.#images.useless(reasonOf(error))
      return undefined
    }
  }

  async #rerun(record: AsyncIterable<TheaterEvent>, restored?: Boundary): Promise<Rebuilt | undefined> {
    let boundary = restored
    const next = (): Boundary => {
      if (boundary === undefined || this.#perTurn) {
        this.#spend(boundary)
        boundary = this.#newBoundary()
      }
      return boundary
    }
    const goOn = async (): Promise<boolean> => {
      await this.#around.breathe()
      return this.#around.alive()
    }
    const rebuilt = await rebuild(this.#parts.id, next, record, goOn, (made) => this.#made(made))
    this.#behind = rebuilt === undefined
    if (rebuilt === undefined) boundary?.dispose()
    else if (this.#perTurn) this.#spend(boundary)
    else this.#boundary = boundary
    return rebuilt
  }

  #made(boundary: Boundary): void {
    if (!this.#perTurn) this.#images.made(boundary)
  }

  get #perTurn(): boolean {
    return this.#parts.genesis.instance === 'turn'
  }

  /** An instance whose turn is over lets go of all that it holds; what it saw of time is all that is kept. */
  #spend(boundary: Boundary | undefined): void {
    if (boundary === undefined) return
    this.#notBefore = boundary.notBefore
    boundary.release()
    this.#boundary = undefined
  }

  /** Whether there is one, or the next turn needs none of those before. */
  get ready(): boolean {
    // Whoever ended it between two turns ended the instance, not the actor.
    if (this.#boundary?.ended !== undefined) this.discard()
    return this.#perTurn ? !this.#behind : this.#boundary !== undefined
  }

  /**
   * Takes a turn, or goes on with one that the last host left. `undefined`: the actor ended before it began.
   *
   * @throws what keeps the actor from going on: the record cannot be written, or re-run
   */
  async take(letter: Letter, unfinished: Unfinished | undefined): Promise<Taken | undefined> {
    if (this.#perTurn) this.#boundary ??= this.#newBoundary()
    const boundary = this.#boundary
    if (boundary === undefined || !this.#around.alive()) return undefined
    const { id: fn, args, sender, cause, link, taken, notBefore } = letter
    const seq = unfinished?.turn.seq ?? this.#parts.record.size
    this.#doing = 'turn'
    taken?.(seq)
    const { turnMs } = this.#parts.limits
    const timer = setTimeout(() => boundary.abort('turn-deadline', undefined), turnMs)
    let end: TurnEnd
    try {
      end = await (unfinished === undefined
        ? boundary.turn({ fn, args, sender, cause, notBefore, ...(link !== undefined && { link }) })
        : boundary.rerun(unfinished.turn, unfinished.events))
    } catch (error) {
      if (!ValueError.is(error)) throw error
      const reply: TurnReply = { tag: 'bad-arguments', error }
      return { reply, concluded: this.#concluding, ahead: false, seq: undefined, time: 0 }
    } finally {
      clearTimeout(timer)
    }
    return { ...this.#conclude(boundary, end, seq), seq, time: boundary.turnStart }
  }

  /** Makes the end of a turn durable, lets its messages leave, and says what its sender is told. */
  #conclude(boundary: Boundary, end: TurnEnd, seq: number): Pick<Taken, 'reply' | 'concluded' | 'ahead'> {
    switch (end.tag) {
      case 'return': {
        const due = !this.#perTurn && this.#images.turned(boundary, this.#around.alone())
        const concluded = this.#inOrder(async () => {
          await depart({ flush: () => this.#write(), leave: (all) => this.#around.leave(all) }, end.sends)
          if (this.#perTurn) this.#spend(boundary)
          else if (due) await this.#images.take(boundary)
        })
        // What counts until it has left, or changes what the next turn finds, is waited for; a snapshot is taken between two turns.
        const plain = end.sends.every((one) => one.kind === 'handed' && one.closes === undefined)
        const reply: TurnReply = { tag: 'answered', value: end.value, ref: end.ref }
        return { reply, concluded, ahead: plain && !this.#perTurn && !due }
      }
      case 'trap':
        return {
          reply: { tag: 'trapped', code: end.code },
          concluded: this.#inOrder(() => this.#undo(boundary)),
          ahead: false,
        }
      case 'abort': {
        const { code, status, error } = end
        const concluded = this.#inOrder(() => this.#undo(boundary))
        return { reply: { tag: 'aborted', code, status, error }, concluded, ahead: false }
      }
      case 'lost':
        throw end.error
      case 'diverged':
        throw cannotResume(this.#parts.id, end, seq)
      case 'incomplete':
        throw new TypeError('a live turn ended without an end')
    }
  }

  /** Ends the turn that runs, or the instantiation. */
  abort(code: AbortCode, status?: number): void {
    this.#boundary?.abort(code, undefined, status)
  }

  /** Leaves the turn that runs where its record is, as a crash of the host would. */
  abandon(): void {
    this.#boundary?.abandon()
  }

  /** The turn came to nothing, and its instance is over. What the guest held before it is there again in the next one, or in none. */
  async #undo(boundary: Boundary): Promise<void> {
    await this.#write()
    if (this.#perTurn) boundary.release()
    this.discard()
  }

  /** Whether it is of use to keep it while it rests. */
  get worthKeeping(): boolean {
    return this.#boundary !== undefined && !this.#perTurn && this.#images.early
  }

  /** Keeps what it takes to have it again soon: it rests, or is about to be let go of. */
  async keep(): Promise<void> {
    if (!this.#perTurn) await this.#images.keep(() => this.#boundary)
  }

  /** Lets go of it until the next turn, for which it is made again. */
  rest(): void {
    const { notBefore } = this
    this.discard()
    this.#notBefore = notBefore
    this.#crossings = undefined
  }

  /** Throws the instance away; the next turn makes one, as the record has it. */
  discard(): void {
    this.#boundary?.dispose()
    this.#boundary = undefined
  }

  /** Concludes a turn when those before are concluded. */
  #inOrder(conclude: () => Promise<void>): Promise<void> {
    const concluded = this.#concluding.then(conclude).then(() => this.#around.turned())
    this.#concluding = concluded
    // Whoever takes the turn hears of it.
    concluded.catch(() => undefined)
    return concluded
  }

  /** What was appended becomes durable, behind what turns before have to say. */
  async #flush(): Promise<void> {
    await this.#concluding
    await this.#write()
  }

  async #write(): Promise<void> {
    const mark = this.#share.mark
    await this.#parts.record.flush()
    this.#share.flushed(mark)
    await this.#around.breathe()
  }

  #newBoundary(): Boundary {
    const { id, component, prepared, genesis, seed, record, limits } = this.#parts
    this.#crossings ??= functionsOf({ component, prepared, grants: genesis.grants })
    const { links, signal, leave, watch, stacks } = this.#around
    const stage = watch?.stage(id, () => this.#doing)
    const append: Live['recorder']['append'] = (kind, content) => {
      const ref = record.append(kind, content)
      const over = this.#share.takes(kind, content.length)
      if (over !== undefined) boundary.abort(over.code, over.error)
      return ref
    }
    const boundary = new Boundary({
      component,
      prepared,
      crossings: this.#crossings,
      actor: { id, parent: genesis.parent },
      time: genesis.time,
      instance: genesis.instance,
      notBefore: this.#perTurn ? this.#notBefore : undefined,
      grants: genesis.grants,
      seed,
      maxHandles: limits.handles,
      allowance: {
        fuel: limits.fuel,
        start: limits.startFuel,
        depth: limits.depth,
        memory: limits.memory,
        elements: limits.tables,
      },
      hash: sha256,
      stacks,
      live: {
        recorder: { append, flush: () => this.#flush() },
        links,
        now: () => this.#around.now(),
        leave,
        callTimeoutMs: limits.callMs,
        signal: signal(),
        stage,
      },
    })
    return boundary
  }
}
