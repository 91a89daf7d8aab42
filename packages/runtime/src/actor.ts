import type { ChannelStep, EventRef, Handed, TimerStep } from '@theater/boundary'
import type { Durability } from '@theater/event-chain'
import type { RecordedCall } from '@theater/handler'
import type { FunctionModel } from '@theater/values'
import { birthOf } from './birth.ts'
import type { Birth } from './birth.ts'
import type { Ends } from './channels.ts'
import type { Connections } from './connections.ts'
import type { TheaterError } from './errors.ts'
import { exportedBy } from './exported.ts'
import type { Grants } from './grants.ts'
import type { Host } from './host.ts'
import { Inside } from './inside.ts'
import type { Left } from './inside.ts'
import type { InstanceParts } from './instance.ts'
import type { Limits } from './limits.ts'
import { LogGate } from './log-gate.ts'
import type { Invocation } from './mailbox.ts'
import type { ActorInfo, ActorState, TimerInfo } from './options.ts'
import { packed, unpacked } from './packed.ts'
import type { Sender } from './post.ts'
import type { Reception } from './reception.ts'
import { RecordKeeper } from './record-keeper.ts'
import { recordedCall } from './record.ts'
import type { Requester } from './request.ts'
import { staysBound } from './bindings.ts'
import type { Sends } from './sends.ts'
import type { Standing } from './standing.ts'
import type { Summary } from './summary.ts'
import type { Turns } from './turns.ts'

/** What an actor is made of. */
export interface ActorParts extends InstanceParts {
  /** The durability that was chosen for it alone; `undefined`: it has that of its host. */
  readonly durability: Durability | undefined
}

/** What its record says, as far as that is known beside it. */
export interface Known {
  readonly summary: Summary
  /** How much of the record the summary stands for that is beside it. */
  readonly kept: number
}

/** A host may have a hundred thousand that have nothing to do: what is common to many is not held for each. */
interface Held extends Omit<ActorParts, 'seed'> {
  readonly seed: string
}

/** Of an actor that has had no turn in this host nothing is known but its record. */
const anew: Left = { life: { recovery: undefined }, instance: undefined }

/**
 * One actor, as all others know it. It always is its record and what that says; the rest ({@link Inside}) is there from when it is first needed
 * until the actor leaves memory.
 */
export class Actor implements Requester, Sender {
  readonly id: string
  /** Messages of this actor that no receiver has taken yet. */
  outbox = 0
  /** What is kept beside its record. */
  readonly keeper: RecordKeeper
  readonly #parts: Held
  readonly #host: Host
  #inside: Inside | undefined
  /** While there is no inside; `undefined`: the actor has still to come to be, or to come back. */
  #left: Left | undefined
  /** Whether it takes turns: not before all that a host brings back is in the mailboxes. */
  #open = false
  #closing = false
  #logGate: LogGate | undefined
  #cut: AbortController | undefined

  constructor(parts: ActorParts, host: Host, known?: Known) {
    const { id, component, prepared, resolution, genesis, limits, seed, store, record, durability } = parts
    this.id = id
    // Each by its name: of an object that is made of another one each would take half as much again.
    this.#parts = {
      id,
      component,
      prepared,
      resolution,
      genesis,
      limits,
      seed: packed(seed),
      store,
      record,
      durability,
    }
    this.#host = host
    this.keeper = new RecordKeeper(store, record, known?.summary, known?.kept)
  }

  /** All that it is while something is done for it or to it. */
  #within(): Inside {
    if (this.#inside !== undefined) return this.#inside
    const { seed, ...parts } = this.#parts
    const inside = new Inside(
      this,
      {
        ...parts,
        seed: unpacked(seed),
        keeper: this.keeper,
        host: this.#host,
        closing: this.#closing,
        cut: () => this.#cut?.abort(),
        resting: () => this.#rest(),
      },
      this.#left,
    )
    this.#inside = inside
    if (this.#open) inside.turns.open()
    return inside
  }

  /** It has left memory: whatever there is to know of it is its record, and what that says. */
  #rest(): void {
    const left = this.#inside?.left
    if (left === undefined) return
    this.#left = left
    this.#open = true
    this.#inside = undefined
    this.#cut = undefined
    this.keeper.summary.trim()
  }

  /** Where messages come in. Only for at once: the actor may have left memory later. */
  get reception(): Reception {
    return this.#within().reception
  }

  /** Where its own lines go. */
  get logGate(): LogGate {
    return (this.#logGate ??= new LogGate(this, this.#host))
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

  /** Its timers as they are seen from outside. */
  get timers(): readonly TimerInfo[] {
    return this.keeper.summary.timers(this.id)
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
    return this.#within().turns.calls
  }

  /** The turn that the last host left, by where it begins, and what becomes of it. */
  get left(): Turns['left'] {
    return this.#inside?.turns.left
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
    return this.#inside === undefined && this.started ? Promise.resolve(undefined) : this.#within().life.born
  }

  /** Whether it has come to be. */
  get started(): boolean {
    return this.#inside?.life.started ?? this.#left !== undefined
  }

  /** Whether it takes turns, and may have children. */
  get accepting(): boolean {
    return this.#alive && this.#inside?.turns.halted !== true
  }

  /** Aborts when the actor ends. */
  get signal(): AbortSignal {
    if (this.#cut === undefined) {
      this.#cut = new AbortController()
      if (!this.#alive) this.#cut.abort()
    }
    return this.#cut.signal
  }

  get #alive(): boolean {
    return this.#inside?.life.alive ?? !this.#closing
  }

  /** The actor as it is seen from outside. */
  get info(): ActorInfo {
    const { record, component } = this.#parts
    const { failure, exitStatus } = this.#inside?.life ?? {}
    return {
      id: this.id,
      parent: this.birth?.parent,
      state: this.#state,
      resident: this.#inside?.residence.awake === true,
      opened: record.taken,
      chain: record.chain,
      head: record.head,
      events: record.size,
      component: component.digest,
      recovery: (this.#inside?.life ?? this.#left?.life)?.recovery,
      failure,
      exitStatus,
    }
  }

  get #state(): ActorState {
    if (this.#inside === undefined) return this.#left === undefined ? 'starting' : 'idle'
    const { phase } = this.#inside.life
    if (phase !== 'ready') return phase
    return this.#inside.turns.running ? 'running' : 'idle'
  }

  /** Why it takes no turns any more, where that is a failure. */
  get failure(): TheaterError | undefined {
    return this.#inside?.life.failure
  }

  /** Whether anything of it is in the store. */
  get recorded(): boolean {
    return this.#parts.record.durable > 0
  }

  /** Whether it never came to be, so that its name is free. */
  get released(): boolean {
    return this.#inside?.life.released === true
  }

  /** Whether it is at something, or has something to do that it can do. */
  get busy(): boolean {
    return this.#inside === undefined ? this.#left === undefined : this.#inside.busy
  }

  /** Resolves when what it is at is over. */
  async settled(): Promise<void> {
    await this.#inside?.settled()
  }

  /** The intent of the outside effect that this actor performs now. */
  get intent(): EventRef | undefined {
    return this.#inside?.instance.intent
  }

  /** An outside effect as its record has it. */
  performed(seq: number): Promise<RecordedCall | undefined> {
    const { store, component } = this.#parts
    return recordedCall(store, this.chain, seq, component.model)
  }

  /** Messages of the turn that runs, which have not left yet. */
  get queued(): number {
    return this.#inside?.instance.queued ?? 0
  }

  /** What the turn that runs has said of channels, which has not left yet. */
  get steps(): readonly ChannelStep[] {
    return this.#inside?.instance.steps ?? []
  }

  /** What the turn that runs has said of timers, which is not in force yet. */
  get timerSteps(): readonly TimerStep[] {
    return this.#inside?.instance.timers ?? []
  }

  /** The time by its own clock, in milliseconds since the epoch: the first that a turn of it may begin at. */
  get clock(): number {
    const notBefore = this.#inside?.instance.notBefore ?? this.#left?.instance?.notBefore
    return notBefore ?? Math.max(this.keeper.summary.lastTime, this.#parts.genesis.time)
  }

  /** How many events its record has. */
  get events(): number {
    return this.#parts.record.size
  }

  /** When the turn began that runs, in milliseconds since the epoch. */
  get turnStart(): number {
    return this.#inside?.instance.turnStart ?? 0
  }

  /** Subscriptions of the turn that runs, which are not in force yet. */
  get subscribing(): number {
    return this.#inside?.instance.subscribing ?? 0
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
    return this.#within().life.start(load)
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
    return this.#within().life.recover(started)
  }

  /**
   * Has the actor there with nothing to go on with: the rest of it comes with its next turn, but for handlers through which something from
   * outside reaches it. It takes turns from {@link resume} on.
   *
   * @param owing whether something that left it has not arrived, so that the record is taken over
   * @throws ChainError, what a handler throws that cannot serve the actor
   */
  async standBy(owing: boolean): Promise<void> {
    const { resolution, genesis } = this.#parts
    const stays = staysBound(resolution, genesis.grants)
    if (!owing && !stays && this.#inside === undefined) {
      this.keeper.settled()
      this.#left = anew
      return
    }
    const { residence, life } = this.#within()
    if (owing) await residence.takeOver()
    if (stays) await residence.bind()
    life.resume()
  }

  /** Takes turns from here on. */
  resume(): void {
    this.#open = true
    if (this.#inside === undefined) this.keeper.summary.trim()
    else this.#inside.turns.open()
  }

  /** Takes no more turns: it is about to be stopped, and ends after its children. */
  halt(): void {
    this.#within().turns.halt()
  }

  /** The guest ended itself. Between turns there is no guest that could. */
  exit(status: number): void {
    this.#within().life.exit(status)
  }

  /** Has something done when the turn that runs has ended, whatever becomes of what it waits for. */
  afterTurn(run: () => void): void {
    this.#within().turns.afterwards(run)
  }

  /** Leaves the turn that runs where its record is, as a crash of the host would. */
  abandon(): void {
    this.#inside?.instance.abandon()
  }

  /** Has a handler let leave what its functions queued. */
  handOver({ interface: from, fn, args, closes }: Handed): void {
    if (closes !== undefined) this.connections.forget(closes)
    this.#inside?.bindings.links.get(from)?.binding.leave?.(fn, args)
  }

  /**
   * Ends the actor for good: the turn that runs is aborted, what waits in its mailbox is not taken, and a `stop` event
   * closes the record. One that has not come to be yet never does.
   *
   * @throws TheaterError `store-failed`: it ended, and the record does not say so
   */
  stop(reason: string): Promise<void> {
    return this.#within().life.stop(reason)
  }

  /**
   * Lets go of everything and leaves the record open. A turn that runs has `graceMs` to end; then it is left where its
   * record is, as after a crash.
   */
  close(graceMs = 1000): Promise<void> {
    if (this.#inside !== undefined) return this.#inside.life.close(graceMs, () => this.abandon())
    this.#closing = true
    this.#cut?.abort()
    return Promise.resolve()
  }
}
