import { Boundary, segments, trackName } from '@theater/boundary'
import type { EventRef, Link, Resolution, TheaterEvent, TurnEnd } from '@theater/boundary'
import type { Component, Prepared } from '@theater/component'
import { encodeContent, readEvents } from '@theater/event-chain'
import type { AbortCode, ChainWriter, EventOf, Genesis, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Binding, Cause } from '@theater/handler'
import { ValueError } from '@theater/values'
import type { FunctionModel, Hash } from '@theater/values'
import { actorContext } from './context.ts'
import { TheaterError } from './errors.ts'
import type { Host } from './host.ts'
import type { Limits } from './limits.ts'
import type { ActorInfo } from './options.ts'
import { causeKey, recordedReply, withContent } from './record.ts'
import type { TurnReply } from './turn-reply.ts'

/** One turn to be taken. */
export interface Invocation {
  /** `FunctionModel.id` of an export, or its name within its track. */
  readonly fn: string
  readonly args: readonly unknown[]
  readonly sender: string | null
  readonly cause: Cause | null
}

interface Item extends Invocation {
  readonly id: string
  readonly settle: (reply: TurnReply) => void
}

/** Where an actor stands. */
export type ActorState = 'starting' | 'idle' | 'running' | 'stopped' | 'failed'

/** What was done to bring an actor back from its record. */
export interface Recovery {
  /** Turns that were re-run. */
  readonly turns: number
  /** Events that the re-run went through. */
  readonly events: number
  /** Whether a turn was under way when the host ended. */
  readonly unfinished: boolean
}

/** What an actor is made of. */
export interface ActorParts {
  readonly id: string
  readonly component: Component
  readonly prepared: Prepared
  readonly resolution: Resolution
  readonly genesis: Genesis
  readonly limits: Limits
  readonly seed: Uint8Array
  readonly store: Store
  readonly writer: ChainWriter
}

/** One actor: its instance, mailbox, chain and turns. */
export class Actor {
  readonly id: string
  readonly #parts: ActorParts
  readonly #host: Host
  readonly #hash: Hash = sha256
  readonly #ended = new AbortController()
  readonly #bindings = new Set<Binding>()
  readonly #links = new Map<string, Link>()
  readonly #mailbox: Item[] = []
  /** Causes this actor's chain holds or its mailbox will: what became of each. */
  readonly #causes = new Map<
    string,
    { readonly seq: number | undefined; readonly reply: Promise<TurnReply> | undefined }
  >()
  readonly #intents = new Map<number, Uint8Array>()
  #boundary: Boundary | undefined
  #state: ActorState = 'starting'
  #failure: TheaterError | undefined
  #pumping: Promise<void> | undefined
  #unfinished: { readonly turn: EventOf<'turn'>; readonly events: readonly TheaterEvent[] } | undefined
  readonly #unfinishedReply = Promise.withResolvers<TurnReply>()
  #exitStatus: number | undefined
  /** Messages of this actor that no receiver's chain holds yet. */
  outbox = 0
  /** Messages of the turn that runs, which have not left yet. */
  queued = 0
  #recovery: Recovery | undefined
  #closing = false

  constructor(parts: ActorParts, host: Host) {
    this.id = parts.id
    this.#parts = parts
    this.#host = host
  }

  get chain(): Uint8Array {
    return this.#parts.writer.chain
  }

  get component(): Component {
    return this.#parts.component
  }

  get limits(): Limits {
    return this.#parts.limits
  }

  /** The actor as it is seen from outside. */
  get info(): ActorInfo {
    const { writer, component } = this.#parts
    return {
      id: this.id,
      state: this.#state,
      chain: writer.chain,
      head: writer.head,
      events: writer.size,
      component: component.digest,
      recovery: this.#recovery,
      exitStatus: this.#exitStatus,
    }
  }

  get failure(): TheaterError | undefined {
    return this.#failure
  }

  /** Whether a turn runs, or one waits that can run. */
  get busy(): boolean {
    if (this.#state === 'stopped' || this.#state === 'failed') return this.#pumping !== undefined
    return this.#mailbox.length > 0 || this.#pumping !== undefined
  }

  /** The intent of the outside effect that this actor performs now. */
  get intent(): EventRef | undefined {
    return this.#boundary?.intent
  }

  /** The export that a full or track name means; `undefined` where the component has none. */
  exported(name: string): FunctionModel | undefined {
    for (const { functions } of this.#parts.component.model.exports) {
      for (const fn of functions) if (fn.id === name || trackName(fn) === name) return fn
    }
    return undefined
  }

  /** Binds the handlers. Called once, before the first instance. */
  async bind(): Promise<void> {
    const { resolution, genesis } = this.#parts
    const byHandler = new Map<string, Link>()
    const context = actorContext(this, this.#host, this.#ended.signal)
    for (const [name, served] of resolution.served) {
      if (served.state === 'built-in') continue
      const { handler } = served
      let link = byHandler.get(handler.name)
      if (link === undefined) {
        const grant = served.state === 'granted' ? genesis.grants[handler.name] : undefined
        const binding =
          grant === undefined ? handler.inert?.(context) : await handler.bind(context, grant as never)
        if (binding === undefined) throw new TypeError(`the handler ${handler.name} has no inert binding`)
        this.#bindings.add(binding)
        link = { handler, binding, grant }
        byHandler.set(handler.name, link)
      }
      this.#links.set(name, link)
    }
  }

  /** Instantiates a new actor and runs its `init`. */
  async start(): Promise<void> {
    const boundary = this.#newBoundary()
    const end = await boundary.instantiate([])
    await this.#parts.writer.flush()
    if (end.tag !== 'return') {
      this.#state = 'failed'
      throw this.#startFailure(end)
    }
    this.#boundary = boundary
    this.#state = 'idle'
  }

  /**
   * Brings the actor back from its record, up to where the host ended. An unfinished turn goes on with the next
   * {@link resume}.
   */
  async recover(): Promise<void> {
    await this.#rebuild()
    if (this.#state === 'starting') this.#state = 'idle'
  }

  /** Goes on with what was under way. */
  resume(): void {
    this.#pump()
  }

  /** Notes a cause that the chain holds already. */
  noteCause(cause: Cause, seq: number): void {
    this.#causes.set(causeKey(cause), { seq, reply: undefined })
  }

  /** Notes the intents of this actor's chain: what its requests to others were caused by. */
  noteIntents(intents: ReadonlyMap<number, Uint8Array>): void {
    for (const [seq, hash] of intents) this.#intents.set(seq, hash)
  }

  /** The cause that a request of this actor carried, from before a restart. */
  causeOf(seq: number): Cause | undefined {
    const hash = this.#intents.get(seq)
    return hash === undefined ? undefined : { chain: this.chain, seq, hash }
  }

  /** Resolves when the turn that runs is over. */
  async settled(): Promise<void> {
    await this.#pumping
  }

  holds(cause: Cause): boolean {
    return this.#causes.has(causeKey(cause))
  }

  #fail(failure: TheaterError): void {
    this.#state = 'failed'
    this.#failure = failure
    this.#settleAll()
  }

  /** Takes a turn. Resolves when it is durable. A cause that is known is not run again. Never rejects. */
  invoke(invocation: Invocation): Promise<TurnReply> {
    const { cause } = invocation
    if (cause !== null) {
      const known = this.#causes.get(causeKey(cause))
      if (known?.reply !== undefined) return known.reply
      if (known?.seq !== undefined) {
        return recordedReply(this.#parts.store, this.chain, known.seq, (name) => this.exported(name))
      }
    }
    if (this.#closing || this.#state === 'stopped' || this.#state === 'failed')
      return Promise.resolve(this.#gone())
    if (this.#mailbox.length >= this.limits.mailbox)
      return Promise.resolve({ tag: 'mailbox-full', limit: this.limits.mailbox })
    const fn = this.exported(invocation.fn)
    if (fn === undefined)
      throw new TheaterError('not-served', `${this.id} exports no ${invocation.fn}`, { actor: this.id })
    const reply = new Promise<TurnReply>((settle) => {
      this.#mailbox.push({ ...invocation, id: fn.id, settle })
    })
    if (cause !== null) this.#causes.set(causeKey(cause), { seq: undefined, reply })
    this.#pump()
    return reply
  }

  /** Room for one more message. */
  get full(): boolean {
    return this.#mailbox.length >= this.limits.mailbox
  }

  /** The guest ended itself. */
  exit(status: number): void {
    this.#boundary?.abort('exited', undefined, status)
  }

  /**
   * Ends the actor for good: the turn that runs is aborted, what waits in its mailbox is not taken, and a `stop` event
   * closes the record.
   */
  async stop(reason: string): Promise<void> {
    if (this.#state === 'stopped') return
    this.#boundary?.abort('stopped', undefined)
    this.#state = 'stopped'
    await this.#pumping
    this.#settleAll()
    await this.#writeStop(reason)
    await this.#dispose()
  }

  /**
   * Lets go of everything and leaves the record open. A turn that runs has `graceMs` to end; then it is left where its
   * record is, as after a crash.
   */
  async close(graceMs = 1000): Promise<void> {
    this.#closing = true
    this.#settleAll()
    const timer = setTimeout(() => this.#boundary?.abandon(), graceMs)
    await this.#pumping
    clearTimeout(timer)
    await this.#dispose()
  }

  async #dispose(): Promise<void> {
    this.#discard()
    this.#ended.abort()
    for (const binding of this.#bindings) {
      try {
        await binding[Symbol.asyncDispose]?.()
      } catch (error) {
        const message = `a handler could not let go: ${String(error)}`
        this.#host.log({ actor: this.id, level: 'error', message, fields: [] })
      }
    }
    this.#bindings.clear()
  }

  async #writeStop(reason: string): Promise<void> {
    const { writer } = this.#parts
    if (writer.failure !== null) return
    writer.append('stop', encodeContent('stop', { reason }))
    await writer.flush()
  }

  #settleAll(): void {
    for (const item of this.#mailbox.splice(0)) item.settle(this.#gone())
  }

  #gone(): TurnReply {
    if (this.#closing) return { tag: 'closed' }
    return { tag: 'stopped', ...(this.#failure !== undefined && { failure: this.#failure }) }
  }

  #newBoundary(): Boundary {
    const { component, prepared, genesis, seed, writer, limits } = this.#parts
    return new Boundary({
      component,
      prepared,
      actor: { id: this.id, parent: genesis.parent },
      time: genesis.time,
      seed,
      maxHandles: limits.handles,
      hash: this.#hash,
      live: {
        recorder: writer,
        links: this.#links,
        now: () => Date.now(),
        leave: (deliveries) => this.#host.deliver(this, deliveries),
        callTimeoutMs: limits.callMs,
        signal: this.#ended.signal,
      },
    })
  }

  #pump(): void {
    if (this.#closing || this.#pumping !== undefined || this.#state === 'stopped' || this.#state === 'failed')
      return
    if (this.#mailbox.length === 0 && this.#unfinished === undefined) return
    this.#pumping = this.#work().finally(() => {
      this.#pumping = undefined
      // Something may have come while the last turn ended.
      this.#pump()
    })
  }

  async #work(): Promise<void> {
    this.#state = 'running'
    try {
      if (this.#boundary === undefined) await this.#rebuild()
      if (this.#unfinished !== undefined) await this.#finishTurn(this.#unfinished)
      while (this.#running()) {
        const item = this.#mailbox.shift()
        if (item === undefined) break
        await this.#take(item)
      }
      if (this.#running()) this.#state = 'idle'
    } catch (error) {
      // A turn that the closing host left behind; its record goes on when the store is opened again.
      if (this.#closing) return
      const failure = TheaterError.is(error)
        ? error
        : new TheaterError(
            'store-failed',
            `the record of ${this.id} cannot be written or read; it stands still`,
            { actor: this.id, cause: error },
          )
      this.#host.log({ actor: this.id, level: 'error', message: failure.message, fields: [] })
      this.#fail(failure)
    }
  }

  // A turn may stop its own actor, which the compiler cannot see.
  #running(): boolean {
    return this.#state === 'running' && !this.#closing
  }

  async #take(item: Item): Promise<void> {
    const seq = this.#parts.writer.size
    try {
      if (this.#boundary === undefined) await this.#rebuild()
      const boundary = this.#boundary as unknown as Boundary
      const { id: fn, args, sender, cause } = item
      const reply = await this.#conclude(await boundary.turn({ fn, args, sender, cause }))
      if (cause !== null) this.#causes.set(causeKey(cause), { seq, reply: undefined })
      item.settle(reply)
    } catch (error) {
      if (ValueError.is(error)) {
        item.settle({ tag: 'bad-arguments', error })
        return
      }
      item.settle(this.#closing ? { tag: 'closed' } : { tag: 'store-failed', error })
      throw error
    }
  }

  async #finishTurn({
    turn,
    events,
  }: {
    turn: EventOf<'turn'>
    events: readonly TheaterEvent[]
  }): Promise<void> {
    this.#unfinished = undefined
    const boundary = this.#boundary as Boundary
    const end = await boundary.rerun(turn, events)
    const reply = await this.#conclude(end)
    if (turn.content.cause !== null) this.noteCause(turn.content.cause, turn.seq)
    this.#unfinishedReply.resolve(reply)
  }

  /** Makes the end of a turn durable, lets its messages leave, and says what its sender is told. */
  async #conclude(end: TurnEnd): Promise<TurnReply> {
    const { writer } = this.#parts
    this.queued = 0
    switch (end.tag) {
      case 'return':
        await writer.flush()
        this.#host.deliver(this, end.sends)
        return { tag: 'answered', value: end.value, ref: end.ref }
      case 'trap':
        await writer.flush()
        this.#discard()
        return { tag: 'trapped', code: end.code }
      case 'abort':
        await writer.flush()
        this.#discard()
        if (end.code === 'exited') await this.#exited(end.status ?? 0)
        else if (end.code !== 'stopped') this.#logAbort(end.code, end.error)
        return { tag: 'aborted', code: end.code, status: end.status, error: end.error }
      case 'lost':
        throw end.error
      case 'diverged':
        throw this.#cannotResume(end.divergence.seq)
      case 'incomplete':
        throw new TypeError('a live turn ended without an end')
    }
  }

  #logAbort(code: AbortCode, error: unknown): void {
    const why = error instanceof Error ? `: ${error.message}` : ''
    this.#host.log({
      actor: this.id,
      level: 'error',
      message: `a turn was aborted (${code})${why}`,
      fields: [],
    })
  }

  async #exited(status: number): Promise<void> {
    this.#exitStatus = status
    this.#state = 'stopped'
    await this.#writeStop('exited')
    this.#settleAll()
  }

  /** The instance is finished; the next turn rebuilds it from the record. */
  #discard(): void {
    this.#boundary?.dispose()
    this.#boundary = undefined
  }

  #cannotResume(seq: number): TheaterError {
    return new TheaterError(
      'cannot-resume',
      `${this.id} cannot go on: its component does not do again what event ${seq} of its record says. Verify the record.`,
      { actor: this.id, detail: { seq } },
    )
  }

  /** Re-runs the record, turns that were undone left out, to where the actor goes on. */
  async #rebuild(): Promise<void> {
    const { store, writer } = this.#parts
    await writer.flush()
    const boundary = this.#newBoundary()
    let turns = 0
    let unfinished: { turn: EventOf<'turn'>; events: readonly TheaterEvent[] } | undefined
    for await (const segment of segments(
      withContent(readEvents(store, this.chain, 0, undefined, { hash: this.#hash })),
    )) {
      if (segment.kind === 'start') {
        const end = await boundary.instantiate(segment.events, segment)
        if (end.tag !== 'return') throw this.#cannotResume(end.tag === 'diverged' ? end.divergence.seq : 1)
      } else if (segment.kind === 'turn') {
        if (segment.end === 'return') {
          turns++
          const end = await boundary.rerun(segment.turn, segment.events)
          if (end.tag !== 'return')
            throw this.#cannotResume(end.tag === 'diverged' ? end.divergence.seq : segment.turn.seq)
        } else if (segment.end === undefined) unfinished = segment
      }
    }
    this.#boundary = boundary
    this.#unfinished = unfinished
    const cause = unfinished?.turn.content.cause ?? null
    if (unfinished !== undefined && cause !== null) {
      this.#causes.set(causeKey(cause), { seq: unfinished.turn.seq, reply: this.#unfinishedReply.promise })
    }
    this.#recovery = { turns, events: writer.size, unfinished: unfinished !== undefined }
  }

  #startFailure(end: TurnEnd): TheaterError {
    const why = end.tag === 'trap' || end.tag === 'abort' ? `${end.tag}: ${end.code}` : end.tag
    const error = 'error' in end && end.error instanceof Error ? `: ${end.error.message}` : ''
    return new TheaterError('failed-to-start', `${this.id} could not be instantiated (${why})${error}`, {
      actor: this.id,
      detail: end.tag === 'trap' || end.tag === 'abort' ? end.code : end.tag,
      cause: 'error' in end ? end.error : undefined,
    })
  }
}
