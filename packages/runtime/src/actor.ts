import type { ChannelStep, EventRef, Handed, TimerStep } from '@theater/boundary'
import type { Durability } from '@theater/event-chain'
import type { RecordedCall } from '@theater/handler'
import type { FunctionModel } from '@theater/values'
import { Bindings } from './bindings.ts'
import type { Ends } from './channels.ts'
import type { Connections } from './connections.ts'
import { birthOf } from './birth.ts'
import type { Birth } from './birth.ts'
import { actorContext } from './context.ts'
import type { TheaterError } from './errors.ts'
import { exportedBy } from './exported.ts'
import { recordFailure } from './failures.ts'
import type { Grants } from './grants.ts'
import type { Host } from './host.ts'
import { Instance } from './instance.ts'
import type { InstanceParts } from './instance.ts'
import { Life } from './life.ts'
import type { Limits } from './limits.ts'
import type { Invocation } from './mailbox.ts'
import type { ActorInfo, ActorState } from './options.ts'
import type { Sender } from './post.ts'
import { LogGate } from './log-gate.ts'
import { Reception } from './reception.ts'
import { RecordKeeper } from './record-keeper.ts'
import { recordedCall } from './record.ts'
import type { Requester } from './request.ts'
import { Residence } from './residence.ts'
import type { Sends } from './sends.ts'
import type { Standing } from './standing.ts'
import type { Subject } from './subject.ts'
import type { Summary } from './summary.ts'
import { Turns } from './turns.ts'

/** What an actor is made of. */
export interface ActorParts extends InstanceParts {
  /** What its record says. @default nothing yet */
  readonly summary?: Summary
  /** How much of the record the summary stands for that is beside it. @default 0 */
  readonly kept?: number
  /** The durability that was chosen for it alone; `undefined`: it has that of its host. */
  readonly durability: Durability | undefined
}

/**
 * One actor. It always is where messages come in and what its record says; what else it is is in memory while it needs it
 * ({@link Residence}). How it comes to be and ends is its {@link Life}, and its turns are taken by {@link Turns}.
 */
export class Actor implements Requester, Sender {
  readonly id: string
  /** Where messages come in. */
  readonly reception: Reception
  /** Where its own lines go. */
  readonly logGate: LogGate
  /** Messages of this actor that no receiver has taken yet. */
  outbox = 0
  /** What is kept beside its record. */
  readonly keeper: RecordKeeper
  readonly #parts: ActorParts
  readonly #host: Host
  #cut: AbortController | undefined
  readonly #bindings = new Bindings()
  readonly #instance: Instance
  readonly #turns: Turns
  readonly #residence: Residence
  readonly #life: Life

  constructor(parts: ActorParts, host: Host) {
    this.id = parts.id
    this.#parts = parts
    this.#host = host
    this.keeper = new RecordKeeper(parts.store, parts.record, parts.summary, parts.kept)
    const { received, connections, ends, unopened } = this.keeper.summary
    const alive = (): boolean => this.#life.alive
    const closing = (): boolean => this.#life.closing
    const gone = (): ReturnType<Life['gone']> => this.#life.gone()
    const exported = (name: string): FunctionModel | undefined => this.exported(name)
    this.logGate = new LogGate({
      actor: parts.id,
      limits: parts.limits,
      now: () => this.clock,
      write: (line) => host.log(line),
    })
    this.reception = new Reception({
      id: parts.id,
      chain: () => this.chain,
      store: parts.store,
      limit: parts.limits.mailbox,
      messageBytes: parts.limits.messageBytes,
      received,
      alive,
      closing,
      gone,
      exported,
      came: () => this.#turns.pump(),
    })
    this.#instance = new Instance(parts, {
      links: this.#bindings.links,
      signal: () => this.signal,
      leave: (departures) => host.leave(this, departures),
      now: () => host.now(),
      breathe: () => host.breathe(),
      turned: () => host.turned(),
      alive,
      watch: host.watch,
      snapshots: host.snapshots,
    })
    this.#residence = new Residence({
      resolution: parts.resolution,
      genesis: parts.genesis,
      record: parts.record,
      bindings: this.#bindings,
      instance: this.#instance,
      contextOf: (link) => actorContext(this, host, link),
      lastReturn: () => this.keeper.summary.lastReturn,
      takenOver: () => this.keeper.takenOver(),
    })
    this.#life = new Life({
      parts,
      host,
      keeper: this.keeper,
      instance: this.#instance,
      residence: this.#residence,
      reception: this.reception,
      logGate: this.logGate,
      turns: () => this.#turns,
      exported,
      cut: () => this.#cut?.abort(),
      over: () => host.ended(this),
    })
    this.#turns = new Turns({
      instance: this.#instance,
      mailbox: this.reception.mailbox,
      received,
      alive,
      closing,
      gone,
      awake: () => this.#residence.awake,
      wake: () => this.#life.wake(),
      working: () => host.residents.gone(this.#life),
      rested: () => this.#life.rested(),
      admits: (one) => host.admits(this, one),
      heard: (fn, { of, name }) => (of === 'channel' ? ends : connections).heard(fn, name),
      unopened: (subject) => this.#unopened(subject, unopened),
      unheard: () => this.keeper.spoil(),
      undone: () => this.#bindings.undone(),
      events: () => this.events,
      aborted: (reply) => this.#life.aborted(reply),
      ended: (end) => this.#life.turnEnded(end),
      broke: (error) => this.#life.fail(recordFailure(this.id, error)),
    })
  }

  /** Its ends of channels. */
  get ends(): Ends {
    return this.keeper.summary.ends
  }

  /** Its WebSocket connections. */
  get connections(): Connections {
    return this.keeper.summary.connections
  }

  /** The topics that it is subscribed to. */
  get subscriptions(): Set<string> {
    return this.keeper.summary.subscriptions
  }

  /** The timers that it has. */
  get standing(): Standing {
    return this.keeper.summary.standing
  }

  /** What left it and may not have come to its end. */
  get sends(): Sends {
    return this.keeper.summary.sends
  }

  /** The last event of its record; `undefined` while it has not ended for good. */
  get end(): EventRef | undefined {
    return this.keeper.summary.end
  }

  /** Requests that the turn that runs has made, by the sequence numbers of their intents. */
  get calls(): Turns['calls'] {
    return this.#turns.calls
  }

  /** The turn that the last host left, by where it begins, and what becomes of it. */
  get left(): Turns['left'] {
    return this.#turns.left
  }

  get chain(): Uint8Array {
    return this.#parts.record.chain
  }

  get limits(): Limits {
    return this.#parts.limits
  }

  /** The durability that was chosen for it alone; `undefined`: it has that of its host. */
  get durability(): Durability | undefined {
    return this.#parts.durability
  }

  /** The authority that it holds. */
  get grants(): Grants {
    return this.#parts.genesis.grants
  }

  /** Where it comes from; `undefined` where the host made it. */
  get birth(): Birth | undefined {
    return birthOf(this.#parts.genesis)
  }

  /** Resolves when it has come to be, or will not: to why. */
  get born(): Promise<TheaterError | undefined> {
    return this.#life.born
  }

  /** Whether it has come to be. */
  get started(): boolean {
    return this.#life.started
  }

  /** Whether it takes turns, and may have children. */
  get accepting(): boolean {
    return this.#life.alive && !this.#turns.halted
  }

  /** Aborts when the actor ends. */
  get signal(): AbortSignal {
    if (this.#cut === undefined) {
      this.#cut = new AbortController()
      if (!this.#life.alive) this.#cut.abort()
    }
    return this.#cut.signal
  }

  /** The actor as it is seen from outside. */
  get info(): ActorInfo {
    const { record, component } = this.#parts
    const { recovery, failure, exitStatus } = this.#life
    return {
      id: this.id,
      parent: this.birth?.parent,
      state: this.#state,
      resident: this.#residence.awake,
      chain: record.chain,
      head: record.head,
      events: record.size,
      component: component.digest,
      recovery,
      failure,
      exitStatus,
    }
  }

  get #state(): ActorState {
    const { phase } = this.#life
    if (phase !== 'ready') return phase
    return this.#turns.running ? 'running' : 'idle'
  }

  /** Why it takes no turns any more, where that is a failure. */
  get failure(): TheaterError | undefined {
    return this.#life.failure
  }

  /** Whether anything of it is in the store. */
  get recorded(): boolean {
    return this.#parts.record.durable > 0
  }

  /** Whether it never came to be, so that its name is free. */
  get released(): boolean {
    return this.#life.released
  }

  /** Whether it is at something, or has something to do that it can do. */
  get busy(): boolean {
    if (this.#turns.running) return true
    const { alive, phase } = this.#life
    return alive && (phase === 'starting' || this.reception.mailbox.waiting > 0)
  }

  /** Resolves when what it is at is over. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#life.settled(), this.#turns.settled()])
  }

  /** The intent of the outside effect that this actor performs now. */
  get intent(): EventRef | undefined {
    return this.#instance.intent
  }

  /** An outside effect as its record has it. */
  performed(seq: number): Promise<RecordedCall | undefined> {
    const { store, component } = this.#parts
    return recordedCall(store, this.chain, seq, component.model)
  }

  /** Messages of the turn that runs, which have not left yet. */
  get queued(): number {
    return this.#instance.queued
  }

  /** What the turn that runs has said of channels, which has not left yet. */
  get steps(): readonly ChannelStep[] {
    return this.#instance.steps
  }

  /** What the turn that runs has said of timers, which is not in force yet. */
  get timerSteps(): readonly TimerStep[] {
    return this.#instance.timers
  }

  /** The time by its own clock, in milliseconds since the epoch: the first that a turn of it may begin at. */
  get clock(): number {
    return this.#instance.notBefore ?? Math.max(this.keeper.summary.lastTime, this.#parts.genesis.time)
  }

  /** How many events its record has. */
  get events(): number {
    return this.#parts.record.size
  }

  /** When the turn began that runs, in milliseconds since the epoch. */
  get turnStart(): number {
    return this.#instance.turnStart
  }

  /** Subscriptions of the turn that runs, which are not in force yet. */
  get subscribing(): number {
    return this.#instance.subscribing
  }

  /** The export that a full or track name means; `undefined` where the component has none. */
  exported(name: string): FunctionModel | undefined {
    return exportedBy(this.#parts.component.model, name)
  }

  /**
   * Makes the actor: binds its handlers, instantiates it, and runs its `init` where it has one.
   *
   * @param load the turn that takes over a state, in place of `init`
   *
   * @throws TheaterError `failed-to-start`, `exists`, `store-failed`; `stopped` or `closed` where that came first;
   * what a handler throws that cannot serve the actor
   */
  start(load?: Invocation): Promise<void> {
    return this.#life.start(load)
  }

  /** From here on no host before this one may add to its record. @throws ChainError */
  async lease(): Promise<void> {
    await this.#parts.record.lease()
  }

  /**
   * Brings the actor back from its record, to go on where that breaks off. It takes turns from {@link resume} on.
   *
   * @param started whether its `init` has ended well
   * @throws TheaterError, ChainError, what a handler throws
   */
  recover(started: boolean): Promise<void> {
    return this.#life.recover(started)
  }

  /**
   * Has the actor there with nothing to go on with: the rest of it comes with its next turn, but for handlers through which something from
   * outside reaches it. It takes turns from {@link resume} on.
   *
   * @param owing whether something that left it has not arrived, so that the record is taken over
   * @throws ChainError, what a handler throws that cannot serve the actor
   */
  async standBy(owing: boolean): Promise<void> {
    if (owing) await this.#residence.takeOver()
    if (!this.#residence.mayRest) await this.#residence.bind()
    this.#life.resume()
  }

  /** Takes turns from here on. */
  resume(): void {
    this.#turns.open()
  }

  /** Takes no more turns: it is about to be stopped, and ends after its children. */
  halt(): void {
    this.#turns.halt()
  }

  /** The guest ended itself. Between turns there is no guest that could. */
  exit(status: number): void {
    this.#life.exit(status)
  }

  /** Has something done when the turn that runs has ended, whatever becomes of what it waits for. */
  afterTurn(run: () => void): void {
    this.#turns.afterwards(run)
  }

  /** Leaves the turn that runs where its record is, as a crash of the host would. */
  abandon(): void {
    this.#instance.abandon()
  }

  #unopened({ of, name }: Subject, unopened: Summary['unopened']): void {
    const { size, head } = this.#parts.record
    const end = { seq: size - 1, hash: head }
    if (of === 'channel') {
      unopened.note(name, end)
      this.#host.unopened(this, name, end)
    } else this.connections.forget(name)
  }

  /** Has a handler let leave what its functions queued. */
  handOver({ interface: from, fn, args, closes }: Handed): void {
    if (closes !== undefined) this.connections.forget(closes)
    this.#bindings.links.get(from)?.binding.leave?.(fn, args)
  }

  /**
   * Ends the actor for good: the turn that runs is aborted, what waits in its mailbox is not taken, and a `stop` event
   * closes the record. One that has not come to be yet never does.
   *
   * @throws TheaterError `store-failed`: it ended, and the record does not say so
   */
  stop(reason: string): Promise<void> {
    return this.#life.stop(reason)
  }

  /**
   * Lets go of everything and leaves the record open. A turn that runs has `graceMs` to end; then it is left where its
   * record is, as after a crash.
   */
  close(graceMs = 1000): Promise<void> {
    return this.#life.close(graceMs, () => this.abandon())
  }
}
