import type { ChannelStep, EventRef, Handed, TimerStep } from '@theater/boundary'
import { encodeContent } from '@theater/event-chain'
import type { Durability } from '@theater/event-chain'
import type { RecordedCall } from '@theater/handler'
import type { FunctionModel } from '@theater/values'
import { Bindings } from './bindings.ts'
import type { Ends } from './channels.ts'
import type { Connections } from './connections.ts'
import { birthOf } from './birth.ts'
import type { Birth } from './birth.ts'
import { actorContext } from './context.ts'
import { TheaterError } from './errors.ts'
import { exportedBy } from './exported.ts'
import { initFailure, instantiationFailure, reasonOf, recordFailure } from './failures.ts'
import type { Grants } from './grants.ts'
import type { Host } from './host.ts'
import { Instance } from './instance.ts'
import type { InstanceParts } from './instance.ts'
import { initTurn } from './lifecycle.ts'
import type { Limits } from './limits.ts'
import type { Invocation, Letter } from './mailbox.ts'
import type { ActorInfo, ActorState, Recovery } from './options.ts'
import type { Sender } from './post.ts'
import { LogGate } from './log-gate.ts'
import { Reception } from './reception.ts'
import { RecordKeeper } from './record-keeper.ts'
import { recordedCall, releaseName } from './record.ts'
import type { Requester } from './request.ts'
import type { Sends } from './sends.ts'
import type { Standing } from './standing.ts'
import type { Subject } from './subject.ts'
import type { Summary } from './summary.ts'
import type { TurnReply } from './turn-reply.ts'
import { Turns } from './turns.ts'
import type { Ended } from './turns.ts'

/** What an actor is made of. */
export interface ActorParts extends InstanceParts {
  /** What its record says. @default nothing yet */
  readonly summary?: Summary
  /** The durability that was chosen for it alone; `undefined`: it has that of its host. */
  readonly durability: Durability | undefined
}

/** One actor and its life: how it comes to be, comes back, and ends. Its turns are taken by {@link Turns}. */
export class Actor implements Requester, Sender {
  readonly id: string
  /** Where messages come in. */
  readonly reception: Reception
  /** Where its own lines go. */
  readonly logGate: LogGate
  /** Messages of this actor that no receiver has taken yet. */
  outbox = 0
  /** Its ends of channels. */
  readonly ends: Ends
  /** Its WebSocket connections. */
  readonly connections: Connections
  /** The topics that it is subscribed to. */
  readonly subscriptions: Set<string>
  /** The timers that it has. */
  readonly standing: Standing
  /** What left it and may not have come to its end. */
  readonly sends: Sends
  /** What is kept beside its record. */
  readonly keeper: RecordKeeper
  /** The last event of its record; `undefined` while it has not ended for good. */
  end: EventRef | undefined
  readonly #parts: ActorParts
  readonly #host: Host
  readonly #ended = new AbortController()
  readonly #bindings = new Bindings()
  readonly #instance: Instance
  readonly #turns: Turns
  #phase: 'starting' | 'ready' | 'stopped' | 'failed' = 'starting'
  #closing = false
  readonly #born = Promise.withResolvers<TheaterError | undefined>()
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #disposing: Promise<void> | undefined
  #failure: TheaterError | undefined
  #exitStatus: number | undefined
  #recovery: Recovery | undefined
  #started = false
  /** No host brings it back. */
  #final = false
  #released = false

  constructor(parts: ActorParts, host: Host) {
    this.id = parts.id
    this.#parts = parts
    this.#host = host
    this.keeper = new RecordKeeper(parts.store, parts.writer, parts.summary)
    const { received, ends, standing, connections, subscriptions, sends } = this.keeper.summary
    this.ends = ends
    this.standing = standing
    this.connections = connections
    this.subscriptions = subscriptions
    this.sends = sends
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
      alive: () => this.#alive,
      closing: () => this.#closing,
      gone: () => this.#gone(),
      exported: (name) => this.exported(name),
      came: () => this.#turns.pump(),
    })
    this.#instance = new Instance(parts, {
      links: this.#bindings.links,
      signal: this.signal,
      leave: (departures) => host.leave(this, departures),
      now: () => host.now(),
      breathe: () => host.breathe(),
      turned: () => host.turned(),
      alive: () => this.#alive,
      watch: host.watch,
    })
    this.#turns = new Turns({
      instance: this.#instance,
      mailbox: this.reception.mailbox,
      received,
      alive: () => this.#alive,
      closing: () => this.#closing,
      gone: () => this.#gone(),
      admits: (one) => host.admits(this, one),
      heard: (fn, { of, name }) => (of === 'channel' ? this.ends : this.connections).heard(fn, name),
      unopened: (subject) => this.#unopened(subject),
      undone: () => this.#bindings.undone(),
      events: () => this.events,
      aborted: (reply) => this.#aborted(reply),
      ended: (end) => this.#turnEnded(end),
      broke: (error) => this.#fail(recordFailure(this.id, error)),
    })
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
    return this.#parts.writer.chain
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
    return this.#born.promise
  }

  /** Whether it has come to be. */
  get started(): boolean {
    return this.#started
  }

  /** Whether it takes turns, and may have children. */
  get accepting(): boolean {
    return this.#alive && !this.#turns.halted
  }

  /** Aborts when the actor ends. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** The actor as it is seen from outside. */
  get info(): ActorInfo {
    const { writer, component } = this.#parts
    return {
      id: this.id,
      parent: this.birth?.parent,
      state: this.#state,
      chain: writer.chain,
      head: writer.head,
      events: writer.size,
      component: component.digest,
      recovery: this.#recovery,
      failure: this.#failure,
      exitStatus: this.#exitStatus,
    }
  }

  get #state(): ActorState {
    if (this.#phase !== 'ready') return this.#phase
    return this.#turns.running ? 'running' : 'idle'
  }

  /** Why it takes no turns any more, where that is a failure. */
  get failure(): TheaterError | undefined {
    return this.#failure
  }

  /** Whether anything of it is in the store. */
  get recorded(): boolean {
    return this.#parts.writer.durable > 0
  }

  /** Whether it never came to be, so that its name is free. */
  get released(): boolean {
    return this.#released
  }

  /** Whether it is at something, or has something to do that it can do. */
  get busy(): boolean {
    if (this.#turns.running) return true
    return this.#alive && (this.#phase === 'starting' || this.reception.mailbox.waiting > 0)
  }

  /** Resolves when what it is at is over. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#starting, this.#turns.settled()])
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
    return this.#instance.notBefore ?? this.#parts.genesis.time
  }

  /** How many events its record has. */
  get events(): number {
    return this.#parts.writer.size
  }

  /** When the turn began that runs, in milliseconds since the epoch. */
  get turnStart(): number {
    return this.#instance.turnStart
  }

  /** Subscriptions of the turn that runs, which are not in force yet. */
  get subscribing(): number {
    return this.#instance.subscribing
  }

  get #alive(): boolean {
    return !this.#closing && (this.#phase === 'starting' || this.#phase === 'ready')
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
    this.#starting = this.#start(load)
    return this.#starting
  }

  async #start(load: Invocation | undefined): Promise<void> {
    try {
      await this.#bind()
      this.#checkAlive()
      // On record before it runs: where it does not end, and the thread is ended for it, nobody tries again.
      if (this.#host.watch !== undefined) await this.#flush()
      this.#checkAlive()
      const end = await this.#instance.instantiate()
      this.#checkAlive()
      // A state that is to be taken over becomes durable with all that is before it: else a host that ends here would be
      // followed by one that runs `init`.
      if (load === undefined || end.tag !== 'return') await this.#flush()
      this.#checkAlive()
      if (end.tag !== 'return') throw instantiationFailure(this.id, end)
    } catch (error) {
      if (this.#alive) await this.#neverStarted(error)
      throw error
    }
    const init = this.#expectInit(load)
    const outcome = Promise.withResolvers<TurnReply>()
    init?.listeners.push(outcome.resolve)
    this.resume()
    const failure =
      init === undefined ? undefined : initFailure(this.id, functionOf(init), await outcome.promise)
    if (failure !== undefined) throw failure
  }

  #bind(): Promise<void> {
    const { resolution, genesis } = this.#parts
    return this.#bindings.bind(resolution, genesis.grants, (link) => actorContext(this, this.#host, link))
  }

  #checkAlive(): void {
    if (this.#closing)
      throw new TheaterError('closed', `the theater was closed while ${this.id} was made`, { actor: this.id })
    if (this.#phase === 'stopped')
      throw new TheaterError('stopped', `${this.id} was stopped while it was made`, { actor: this.id })
  }

  /** @param stored also where nobody waits for the storage otherwise */
  async #flush({ stored = false } = {}): Promise<void> {
    const { writer } = this.#parts
    try {
      await writer.flush()
      if (stored) await writer.stored()
    } catch (error) {
      throw recordFailure(this.id, error)
    }
  }

  /** The turn of `init`, or the one in its place, comes before any other; without an `init` the actor is ready. */
  #expectInit(load?: Invocation): Letter | undefined {
    const first = load ?? initTurn(this.#parts.genesis)
    const fn = this.exported(first.fn)
    if (fn !== undefined) return this.#turns.expect(fn, first)
    this.#ready()
    return undefined
  }

  /**
   * Brings the actor back from its record, up to where the last host ended. It takes turns from {@link resume} on.
   *
   * @param started whether its `init` has ended well
   * @param lastReturn where the last turn begins that returned
   */
  async recover(started: boolean, lastReturn: number | undefined): Promise<void> {
    await this.#bind()
    const rebuilt = await this.#instance.rebuild(lastReturn)
    if (rebuilt === undefined) return
    const { turns, events, unfinished } = rebuilt
    this.#recovery = { turns, events, unfinished: unfinished !== undefined }
    if (unfinished === undefined) this.keeper.settled()
    else this.#turns.goOnWith(unfinished)
    if (started) this.#ready()
    else this.#expectInit()
  }

  #ready(): void {
    this.#started = true
    this.#phase = 'ready'
    this.#born.resolve(undefined)
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
    // It goes into the record; a guest may have declared the import with a type of its own.
    if (!Number.isInteger(status) || status < 0 || status > 255)
      throw new TypeError(`an exit status is 0 to 255, not ${String(status)}`)
    if (this.#turns.running || this.#phase === 'starting') this.#instance.abort('exited', status)
  }

  /** Has something done when the turn that runs has ended, whatever becomes of what it waits for. */
  afterTurn(run: () => void): void {
    this.#turns.afterwards(run)
  }

  /** Leaves the turn that runs where its record is, as a crash of the host would. */
  abandon(): void {
    this.#instance.abandon()
  }

  async #turnEnded(end: Ended): Promise<void> {
    const { reply, first } = end
    this.logGate.turnEnded()
    await this.keeper.turned(end)
    await this.#keep(this.#host.summaries.every)
    if (first !== undefined) await this.#initEnded(functionOf(first), reply)
    else if (this.#exitStatus !== undefined) await this.#exited()
  }

  /** Keeps what is new beside the record, where that is so many events. */
  async #keep(least?: number): Promise<void> {
    const thing = this.keeper.take(least)
    if (thing !== undefined) await this.#host.summaries.keep([thing])
  }

  #unopened({ of, name }: Subject): void {
    const { size, head } = this.#parts.writer
    const end = { seq: size - 1, hash: head }
    if (of === 'channel') {
      this.keeper.summary.unopened.note(name, end)
      this.#host.unopened(this, name, end)
    } else this.connections.forget(name)
  }

  /** Has a handler let leave what its functions queued. */
  handOver({ interface: from, fn, args, closes }: Handed): void {
    if (closes !== undefined) this.connections.forget(closes)
    this.#bindings.links.get(from)?.binding.leave?.(fn, args)
  }

  #aborted({ code, status, error }: Extract<TurnReply, { readonly tag: 'aborted' }>): void {
    if (code === 'exited') this.#exitStatus = status ?? 0
    else if (code !== 'stopped')
      this.#log(`a turn was aborted (${code})${error instanceof Error ? `: ${error.message}` : ''}`)
  }

  async #initEnded(what: string, reply: TurnReply): Promise<void> {
    // Whoever stops or closes it meanwhile does the rest.
    if (!this.#alive) return
    const failure = initFailure(this.id, what, reply)
    if (failure === undefined) this.#ready()
    else await this.#neverStarted(failure)
  }

  /** The actor never came to be: its record is kept under another name, and its own is free. */
  async #neverStarted(error: unknown): Promise<void> {
    this.#phase = 'failed'
    this.#failure = TheaterError.is(error) ? error : undefined
    this.#born.resolve(
      this.#failure ?? new TheaterError('failed-to-start', reasonOf(error), { actor: this.id }),
    )
    await this.#finish('failed to start')
  }

  /** The guest ended itself. */
  async #exited(): Promise<void> {
    if (this.#phase !== 'ready') return
    this.#phase = 'stopped'
    await this.#finish('exited')
  }

  async #finish(reason: string): Promise<void> {
    try {
      await this.#end(reason)
    } catch (error) {
      this.#log(`the record of ${this.id} could not be closed: ${String(error)}`)
    }
    await this.#dispose()
    this.#host.ended(this)
  }

  /** The actor cannot go on in this host. */
  async #fail(failure: TheaterError): Promise<void> {
    this.#log(failure.message)
    // Whoever stops it meanwhile is told by the record that cannot be closed.
    if (this.#phase === 'stopped') return
    this.#phase = 'failed'
    this.#failure = failure
    this.reception.mailbox.settleAll(this.#gone())
    await this.#dispose()
    this.#host.ended(this)
  }

  /**
   * Ends the actor for good: the turn that runs is aborted, what waits in its mailbox is not taken, and a `stop` event
   * closes the record. One that has not come to be yet never does.
   *
   * @throws TheaterError `store-failed`: it ended, and the record does not say so
   */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason)
    return this.#stopping
  }

  async #stop(reason: string): Promise<void> {
    this.#phase = 'stopped'
    this.#born.resolve(new TheaterError('stopped', `${this.id} was stopped`, { actor: this.id }))
    this.#instance.abort('stopped')
    this.#ended.abort()
    await this.settled()
    try {
      await this.#end(reason)
    } finally {
      await this.#dispose()
    }
  }

  /** The last words of a record. */
  async #end(reason: string): Promise<void> {
    this.#final = true
    this.reception.mailbox.settleAll(this.#gone())
    // Of an actor that was not even instantiated there is no record.
    if (this.recorded) {
      const { writer, store } = this.#parts
      if (writer.failure !== null) throw recordFailure(this.id, writer.failure)
      const { seq, hash } = writer.append('stop', encodeContent('stop', { reason }))
      await this.#flush({ stored: true })
      this.end = { seq, hash }
      this.keeper.ended(this.end)
      await this.#keep()
      if (!this.#started) await releaseName(store, this.chain, this.id)
    }
    this.#released = !this.#started
  }

  /**
   * Lets go of everything and leaves the record open. A turn that runs has `graceMs` to end; then it is left where its
   * record is, as after a crash.
   */
  async close(graceMs = 1000): Promise<void> {
    this.#closing = true
    this.#born.resolve(
      new TheaterError('closed', `the theater was closed while ${this.id} was made`, { actor: this.id }),
    )
    this.reception.mailbox.settleAll(this.#gone())
    const timer = setTimeout(() => this.abandon(), graceMs)
    await Promise.allSettled([this.#starting, this.#turns.settled(), this.#stopping])
    clearTimeout(timer)
    // What nobody has waited for is in the store before anybody closes that; why it is not was said to whoever appended next.
    await this.#parts.writer.stored().catch(() => undefined)
    await this.#dispose()
  }

  #dispose(): Promise<void> {
    this.#disposing ??= (async () => {
      this.#instance.discard()
      this.#ended.abort()
      for (const error of await this.#bindings.dispose())
        this.#log(`a handler could not let go: ${String(error)}`)
      this.logGate.end()
    })()
    return this.#disposing
  }

  #log(message: string): void {
    this.#host.log({ actor: this.id, level: 'error', message, fields: [] })
  }

  /** What is said of a turn that is not taken any more. */
  #gone(): TurnReply {
    if (this.#closing) return { tag: 'closed' }
    return { tag: 'stopped', final: this.#final || this.#phase === 'stopped', failure: this.#failure }
  }
}

/** The name of an export without its interface. */
function functionOf({ id }: Letter): string {
  return id.slice(id.indexOf('#') + 1)
}
