import { randomBytes } from 'node:crypto'
import { DERIVE_VERSION, queueRule, resolveImports, trackName } from '@theater/boundary'
import type { Delivery } from '@theater/boundary'
import { ComponentError, jcoVersion } from '@theater/component'
import type { Component, ComponentCache, LoadLimits } from '@theater/component'
import { loadComponent, workerTranspiler } from '@theater/component/node'
import { ChainWriter, encodeContent, FORMAT, readEvents } from '@theater/event-chain'
import type { ChainInfo, Genesis, Store } from '@theater/event-chain'
import { saltPool, sha256 } from '@theater/event-chain/node'
import type { AnyHandler, Cause, DeliveryFailure, Reply } from '@theater/handler'
import { cidOf, compileFunction, encodeModel, Reader } from '@theater/values'
import type { FunctionModel, Json } from '@theater/values'
import { Actor } from './actor.ts'
import type { ActorState, Recovery, TurnReply } from './actor.ts'
import { TheaterError } from './errors.ts'
import { GrantChecker, unmetError } from './grants.ts'
import type { Grants } from './grants.ts'
import type { Host, LogLine } from './host.ts'
import { checkLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import { WaitGraph } from './waits.ts'

/** A message as `theater:actor/types` has it. */
export interface Message {
  /** A media type; the body MUST be readable by it alone. */
  readonly format: string
  readonly body: Uint8Array
}

/** The receiver's own "no": `theater:actor/types.failure`. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly detail?: Message
}

/** Options of {@link Theater.open}. */
export interface TheaterOptions {
  /** Where chains, components and large contents are kept: `memoryStore()`, or `sqliteStore(path)` of `@theater/event-chain/sqlite`. */
  readonly store: Store
  /** The capabilities this host offers. None of them gives an actor anything without a grant. @default [] */
  readonly handlers?: readonly AnyHandler[]
  /** What any actor may be granted at most, by handler; a handler that is absent from it may not be granted. @default no ceiling: this program is trusted with every grant it writes */
  readonly ceiling?: Grants
  /** Where transpiled components are kept: `diskCache(folder)` of `@theater/component/node`. @default none */
  readonly cache?: ComponentCache
  /** Bounds on components. @default those of `@theater/component` */
  readonly loadLimits?: Partial<LoadLimits>
  /** Gets what actors log. @default nowhere */
  readonly log?: (line: LogLine) => void
  /** Gets messages that could not be delivered. @default a line in the log */
  readonly deadLetter?: (letter: DeadLetter) => void
  /** Milliseconds a call from outside may take, unless it says otherwise. @default 30000 */
  readonly requestMs?: number
}

/** A message that reached nobody. */
export interface DeadLetter {
  readonly from: string
  readonly to: string
  /** The sequence number of its `send` event in the sender's chain. */
  readonly seq: number
  readonly reason: 'unknown-actor' | 'not-served' | 'stopped' | 'trapped' | 'aborted' | 'failed'
}

/** Options of {@link Theater.spawn}. */
export interface SpawnOptions {
  /** 1 to 128 of `a-z 0-9 . _ -` and `:`. */
  readonly id: string
  /** The component's bytes, or what `loadComponent` made of them. */
  readonly component: Uint8Array | Component
  /** Authority, by handler name. @default {} (none) */
  readonly grants?: Grants
  /** What `theater:actor/lifecycle#init` gets. @default an empty message of `application/octet-stream` */
  readonly params?: Message
  readonly limits?: Partial<Limits>
}

/** One actor, from outside. */
export interface ActorInfo {
  readonly id: string
  readonly state: ActorState
  /** The chain's id, 32 bytes. */
  readonly chain: Uint8Array
  readonly head: Uint8Array
  readonly events: number
  /** sha-256 of the component. */
  readonly component: Uint8Array
  /** What was re-run to bring it back; `undefined` for an actor that was made in this process. */
  readonly recovery: Recovery | undefined
  readonly exitStatus: number | undefined
}

const ID = /^[a-z0-9._:-]{1,128}$/
const INIT = 'theater:actor/lifecycle@0.1#init'
const HANDLE_SEND = 'theater:messaging/receiver@0.1#handle-send'
const HANDLE_REQUEST = 'theater:messaging/responder@0.1#handle-request'

/**
 * A host of actors: it spawns them, brings them back from their records, and carries their messages.
 *
 * @example
 * await using theater = await Theater.open({ store: memoryStore(), handlers: [messaging()] })
 * await theater.spawn({ id: 'counter', component: bytes })
 * const reply = await theater.request('counter', { format: 'application/json', body })
 */
export class Theater {
  readonly #options: TheaterOptions
  readonly #handlers: readonly AnyHandler[]
  readonly #grants: GrantChecker
  readonly #actors = new Map<string, Actor>()
  readonly #stopped = new Map<string, ChainInfo>()
  readonly #components = new Map<string, Component>()
  readonly #salts = saltPool()
  readonly #transpiler = workerTranspiler()
  readonly #host: Host
  /** Messages to receivers whose mailbox is full, in order, by receiver. */
  readonly #held = new Map<string, { readonly from: Actor; readonly delivery: Delivery }[]>()
  #closed = false
  #version: string

  private constructor(options: TheaterOptions) {
    this.#options = options
    this.#handlers = options.handlers ?? []
    this.#grants = new GrantChecker(this.#handlers, options.ceiling)
    this.#version = '0.1.0'
    this.#host = {
      waits: new WaitGraph(),
      log: (line) => options.log?.(line),
      canSend: (from, to, fn) => this.#canSend(from, to, fn),
      deliver: (from, deliveries) => {
        for (const delivery of deliveries) this.#deliver(from, delivery)
      },
      deliverRequest: (from, request) => this.#deliverRequest(from, request),
      requestAgain: (from, to, seq, deadline) => this.#requestAgain(from, to, seq, deadline),
      within: (promise, ms, actor) => within(promise, ms, actor),
    }
  }

  /**
   * Opens a theater over a store and brings every actor in it back, by re-running its record; a turn that was under
   * way when the last host ended goes on where its record ends.
   *
   * @throws TheaterError `cannot-resume`, `unmet-import`, `bad-grant` of an actor that cannot come back
   */
  static async open(options: TheaterOptions): Promise<Theater> {
    const theater = new Theater(options)
    await theater.#recover()
    return theater
  }

  /**
   * Makes an actor: checks its component, grants and imports, instantiates it, and calls its `init` where it has one.
   *
   * @throws TheaterError `bad-id`, `exists`, `bad-component`, `bad-grant`, `bad-limit`, `unmet-import`, `failed-to-start`
   */
  async spawn(options: SpawnOptions): Promise<ActorInfo> {
    this.#open()
    const { id, grants = {}, params } = options
    if (!ID.test(id)) {
      throw new TheaterError('bad-id', `"${id}" is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`, {
        actor: id,
      })
    }
    if (this.#actors.has(id) || this.#stopped.has(id)) {
      throw new TheaterError('exists', `there is an actor ${id} already`, { actor: id })
    }
    const limits = checkLimits(id, options.limits)
    this.#grants.check(id, grants)
    const component = await this.#load(id, options.component)
    const { resolution, prepared } = await this.#prepare(id, component, grants)
    const wit = encodeModel(component.model)
    const componentCid = cidOf('raw', component.digest)
    const witCid = cidOf('dag-cbor', sha256(wit))
    const { store } = this.#options
    const time = Date.now()
    const genesis: Genesis = {
      actor: id,
      cause: null,
      component: componentCid,
      derive: DERIVE_VERSION,
      format: FORMAT,
      grants,
      jco: jcoVersion,
      limits: { ...limits },
      meter: component.transform,
      nan: 'canonical',
      params: params ?? null,
      parent: null,
      theater: this.#version,
      time,
      wit: witCid,
    }
    await store.put(componentCid, component.bytes)
    await store.put(witCid, wit)
    const seed = new Uint8Array(randomBytes(32))
    const writer = ChainWriter.create({
      store,
      salts: this.#salts,
      hash: sha256,
      label: id,
      genesis: encodeContent('genesis', genesis),
    })
    writer.append('seed', encodeContent('seed', { seed }))
    const actor = new Actor(
      { id, component, prepared, resolution, genesis, grants, limits, seed, store, writer },
      this.#host,
    )
    this.#actors.set(id, actor)
    try {
      await actor.bind()
      await actor.start()
      await this.#init(actor, params)
    } catch (error) {
      this.#actors.delete(id)
      await actor.stop('failed to start').catch(() => undefined)
      const info = await store.find(id)
      if (info !== undefined) this.#stopped.set(id, info)
      throw error
    }
    return this.#info(actor)
  }

  /** Sends a message from the host. Resolves when the receiver's turn is durable. */
  async send(to: string, message: Message): Promise<void> {
    const actor = this.#actor(to)
    const result = actor.unwrap(await this.#invoke(actor, HANDLE_SEND, [{ tag: 'host' }, message]))
    unwrapFailure(actor.id, result)
  }

  /**
   * Asks an actor and waits for its answer.
   *
   * @returns the answer, or the actor's own failure as `{ err }`
   * @throws TheaterError where the actor did not answer
   */
  async request(
    to: string,
    message: Message,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<{ readonly ok: Message } | { readonly err: Failure }> {
    const actor = this.#actor(to)
    const invoked = this.#invoke(actor, HANDLE_REQUEST, [{ tag: 'host' }, message])
    const reply = await within(invoked, options.timeoutMs ?? this.#requestMs, to)
    const result = actor.unwrap(reply) as { tag: 'ok'; val: Message } | { tag: 'err'; val: Failure }
    return result.tag === 'ok' ? { ok: result.val } : { err: result.val }
  }

  /**
   * Calls any export: one turn. Resolves when it is durable.
   *
   * @param fn full id, or name within its track: `test:spine/api@0.1.0#run`, `run`
   * @returns the lifted result; for a `result<…>` `{ tag: 'ok' | 'err', val }`
   */
  async call(
    id: string,
    fn: string,
    args: readonly unknown[],
    options: { readonly timeoutMs?: number } = {},
  ): Promise<unknown> {
    const actor = this.#actor(id)
    const reply = await within(this.#invoke(actor, fn, args), options.timeoutMs ?? this.#requestMs, id)
    return actor.unwrap(reply)
  }

  /** Ends an actor for good: aborts its turn, closes its record. */
  async stop(id: string, reason = 'stopped by the host'): Promise<void> {
    const actor = this.#actor(id)
    await actor.stop(reason)
  }

  /** Every actor of this host, ordered by id. */
  actors(): readonly ActorInfo[] {
    return [...this.#actors.values()]
      .map((actor) => this.#info(actor))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** The model of an export of an actor; `undefined` where it has none of that name. */
  exported(id: string, fn: string): FunctionModel | undefined {
    return this.#actor(id).exported(fn)
  }

  /** Resolves when no actor runs and no message waits. */
  async idle(): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      const busy = [...this.#actors.values()].find(
        (actor) => !actor.quiet && actor.state !== 'stopped' && actor.state !== 'failed',
      )
      if (busy === undefined) return
      await busy.settled()
    }
  }

  /** Waits until running turns are over and lets go of everything. Actors come back when the store is opened again. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#actors.values()].map((actor) => actor.dispose()))
  }

  /** {@link close} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #requestMs(): number {
    return this.#options.requestMs ?? 30_000
  }

  #open(): void {
    if (this.#closed) throw new TheaterError('closed', 'this theater was closed')
  }

  #actor(id: string): Actor {
    this.#open()
    const actor = this.#actors.get(id)
    if (actor !== undefined) return actor
    if (this.#stopped.has(id)) throw new TheaterError('stopped', `${id} was stopped`, { actor: id })
    const known = [...this.#actors.keys()].toSorted().join(', ')
    throw new TheaterError('unknown-actor', `there is no actor ${id}. Actors: ${known || 'none'}.`, {
      actor: id,
    })
  }

  #invoke(actor: Actor, fn: string, args: readonly unknown[]): Promise<TurnReply> {
    return actor.invoke({ fn, args, sender: null, cause: null })
  }

  #info(actor: Actor): ActorInfo {
    const { id, state, chain, head, events, recovery, exitStatus } = actor
    return { id, state, chain, head, events, component: actor.component.digest, recovery, exitStatus }
  }

  async #load(id: string, component: Uint8Array | Component): Promise<Component> {
    if (!(component instanceof Uint8Array)) return component
    const key = Buffer.from(sha256(component)).toString('hex')
    const known = this.#components.get(key)
    if (known !== undefined) return known
    const { cache, loadLimits } = this.#options
    try {
      const loaded = await loadComponent(component, {
        transpiler: this.#transpiler,
        ...(cache !== undefined && { cache }),
        ...(loadLimits !== undefined && { limits: loadLimits }),
      })
      this.#components.set(key, loaded)
      return loaded
    } catch (error) {
      throw badComponent(id, error)
    }
  }

  async #prepare(id: string, component: Component, grants: Grants) {
    const resolution = resolveImports(component.model, this.#handlers, grants)
    if (resolution.unmet.length > 0) throw unmetError(id, resolution)
    try {
      const { asyncImports } = resolution
      const prepared = await component.prepare(
        asyncImports.length === 0 ? { mode: 'sync' } : { mode: 'jspi', asyncImports },
      )
      return { resolution, prepared }
    } catch (error) {
      throw badComponent(id, error)
    }
  }

  async #init(actor: Actor, params: Message | undefined): Promise<void> {
    if (actor.exported(INIT) === undefined) return
    const message = params ?? { format: 'application/octet-stream', body: new Uint8Array(0) }
    const reply = await this.#invoke(actor, INIT, [message])
    const answer =
      reply.tag === 'answered' ? (reply.value as { tag: 'ok' | 'err'; val?: Failure }) : undefined
    if (answer?.tag === 'ok') return
    const why = answer === undefined ? reply.tag : `${answer.val?.code}: ${answer.val?.message}`
    throw new TheaterError('failed-to-start', `${actor.id}: init failed (${why})`, {
      actor: actor.id,
      detail: answer?.val ?? reply.tag,
    })
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────

  #canSend(from: Actor, to: string, fn: string): DeliveryFailure | undefined {
    const receiver = this.#actors.get(to)
    if (receiver === undefined) return { tag: 'unknown-actor' }
    if (receiver.exported(fn) === undefined) return { tag: 'not-served' }
    if (from.outbox >= from.limits.outbox) return { tag: 'outbox-full', val: from.outbox }
    from.outbox++
    return undefined
  }

  #deliver(from: Actor, delivery: Delivery): void {
    const receiver = this.#actors.get(delivery.to)
    const held = this.#held.get(delivery.to)
    if (receiver === undefined) {
      this.#dead(from, delivery, 'unknown-actor')
    } else if (receiver.exported(delivery.fn) === undefined) {
      this.#dead(from, delivery, 'not-served')
    } else if ((held !== undefined && held.length > 0) || receiver.full) {
      if (held === undefined) this.#held.set(delivery.to, [{ from, delivery }])
      else held.push({ from, delivery })
    } else {
      void this.#hand(from, receiver, delivery)
    }
  }

  async #hand(from: Actor, receiver: Actor, delivery: Delivery): Promise<void> {
    const cause: Cause = { chain: from.chain, ...delivery.ref }
    const reply = await receiver.invoke({ fn: delivery.fn, args: delivery.args, sender: from.id, cause })
    from.outbox = Math.max(0, from.outbox - 1)
    switch (reply.tag) {
      case 'answered':
        if ((reply.value as { tag?: string } | undefined)?.tag === 'err') this.#dead(from, delivery, 'failed')
        break
      case 'trapped':
      case 'aborted':
      case 'stopped':
        this.#dead(from, delivery, reply.tag)
        break
      case 'mailbox-full':
      case 'bad-arguments':
      case 'store-failed':
        this.#dead(from, delivery, 'failed')
        break
    }
    this.#release(receiver)
  }

  /** Hands on what a full mailbox held up. */
  #release(receiver: Actor): void {
    const held = this.#held.get(receiver.id)
    while (held !== undefined && held.length > 0 && !receiver.full) {
      const next = held.shift()
      if (next !== undefined) void this.#hand(next.from, receiver, next.delivery)
    }
  }

  #dead(from: Actor, delivery: Delivery, reason: DeadLetter['reason']): void {
    const { deadLetter } = this.#options
    const letter: DeadLetter = { from: from.id, to: delivery.to, seq: delivery.ref.seq, reason }
    if (deadLetter !== undefined) deadLetter(letter)
    else {
      this.#host.log({
        actor: from.id,
        level: 'warn',
        message: `a message to ${letter.to} is a dead letter (${reason})`,
        fields: [['seq', String(letter.seq)]],
      })
    }
  }

  async #deliverRequest(
    from: Actor,
    request: {
      readonly to: string
      readonly fn: string
      readonly args: readonly unknown[]
      readonly cause: Cause
    },
  ): Promise<Reply> {
    const receiver = this.#actors.get(request.to)
    if (receiver === undefined) return { tag: this.#stopped.has(request.to) ? 'stopped' : 'unknown-actor' }
    if (receiver.exported(request.fn) === undefined) return { tag: 'not-served' }
    const reply = await receiver.invoke({
      fn: request.fn,
      args: request.args,
      sender: from.id,
      cause: request.cause,
    })
    switch (reply.tag) {
      case 'answered':
        return { tag: 'answered', val: reply.value }
      case 'trapped':
        return { tag: 'trapped' }
      case 'aborted':
        return { tag: 'trapped' }
      case 'stopped':
        return { tag: 'stopped' }
      case 'mailbox-full':
        return { tag: 'mailbox-full' }
      case 'bad-arguments':
        return { tag: 'not-served' }
      case 'store-failed':
        return { tag: 'outcome-unknown' }
    }
  }

  #requestAgain(from: Actor, to: string, seq: number, _deadline: number): Promise<Reply> | undefined {
    const receiver = this.#actors.get(to)
    if (receiver === undefined) return undefined
    const cause = from.causeOf(seq)
    if (cause === undefined || !receiver.holds(cause)) return undefined
    return this.#deliverRequest(from, { to, fn: HANDLE_REQUEST, args: [], cause })
  }

  // ── recovery ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #recover(): Promise<void> {
    const { store } = this.#options
    const scans: Scan[] = []
    for (const info of await store.list()) {
      const scan = await this.#scan(info)
      if (scan !== undefined) scans.push(scan)
    }
    // Every actor is known before the first goes on: what was under way may talk to any of them.
    for (const { actor } of scans) await actor.bind()
    for (const { actor } of scans) await actor.recover()
    for (const { actor, sends } of scans) {
      for (const delivery of sends) {
        const receiver = this.#actors.get(delivery.to)
        if (receiver?.holds({ chain: actor.chain, ...delivery.ref }) === true) continue
        actor.outbox++
        this.#deliver(actor, delivery)
      }
    }
    for (const { actor } of scans) actor.resume()
  }

  /** Reads one record for what cannot wait: who it is, which causes it holds, which messages left it. */
  async #scan(info: ChainInfo): Promise<Scan | undefined> {
    const { store } = this.#options
    const calls = new Map<number, { fn: string; args: Uint8Array }>()
    const sends: { ref: { seq: number; hash: Uint8Array }; call: number }[] = []
    const causes: { cause: Cause; seq: number }[] = []
    const intents = new Map<number, Uint8Array>()
    let genesis: Genesis | undefined
    let seed: Uint8Array | undefined
    let stopped = false
    for await (const event of readEvents(store, info.chain, 0, undefined, { hash: sha256 })) {
      if (event.content === null) continue
      stopped = event.kind === 'stop' || (stopped && event.kind === 'resume')
      if (event.kind === 'genesis') genesis = event.content
      else if (event.kind === 'seed') seed = event.content.seed
      else if (event.kind === 'turn' && event.content.cause !== null)
        causes.push({ cause: event.content.cause, seq: event.seq })
      else if (event.kind === 'call') {
        if (event.content.outcome === null) intents.set(event.seq, event.hash)
        else if (event.content.fn.includes('#send')) calls.set(event.seq, event.content)
      } else if (event.kind === 'send')
        sends.push({ ref: { seq: event.seq, hash: event.hash }, call: event.content.call })
    }
    if (stopped || genesis === undefined || seed === undefined) {
      this.#stopped.set(info.label, info)
      return undefined
    }
    const id = genesis.actor
    const bytes = await store.get(genesis.component)
    if (bytes === undefined)
      throw new TheaterError('cannot-resume', `the component of ${id} is not in the store`, { actor: id })
    const component = await this.#load(id, bytes)
    const grants = genesis.grants
    this.#grants.check(id, grants)
    const { resolution, prepared } = await this.#prepare(id, component, grants)
    const epoch = await store.lease(info.chain)
    const writer = ChainWriter.resume({
      store,
      salts: this.#salts,
      hash: sha256,
      chain: info.chain,
      size: info.size,
      head: info.head,
      epoch,
    })
    writer.append('resume', encodeContent('resume', { epoch }))
    await writer.flush()
    const limits = checkLimits(id, genesis.limits as Partial<Limits>)
    const actor = new Actor(
      { id, component, prepared, resolution, genesis, grants, limits, seed, store, writer },
      this.#host,
    )
    for (const { cause, seq } of causes) actor.noteCause(cause, seq)
    actor.noteIntents(intents)
    this.#actors.set(id, actor)
    return {
      actor,
      sends: sends.flatMap(({ ref, call }) => readDelivery(component, id, ref, calls.get(call))),
    }
  }
}

interface Scan {
  readonly actor: Actor
  readonly sends: readonly Delivery[]
}

/** What a recorded `send` carried, from the call that queued it. */
function readDelivery(
  component: Component,
  id: string,
  ref: { readonly seq: number; readonly hash: Uint8Array },
  call: { readonly fn: string; readonly args: Uint8Array } | undefined,
): Delivery[] {
  if (call === undefined) return []
  for (const { functions } of component.model.imports) {
    for (const fn of functions) {
      const rule = fn.id === call.fn ? queueRule(trackName(fn)) : undefined
      if (rule === undefined) continue
      const args = compileFunction(fn).readArgs(new Reader(call.args), {
        write: () => undefined,
        read: (n) => n,
      })
      return [{ ref, to: rule.to(args), fn: rule.fn, args: rule.args(args, id) }]
    }
  }
  return []
}

function badComponent(id: string, error: unknown): TheaterError {
  if (!ComponentError.is(error)) throw error
  return new TheaterError('bad-component', `${id}: ${error.message}`, {
    actor: id,
    detail: error.code,
    cause: error,
  })
}

function unwrapFailure(id: string, result: unknown): void {
  const answer = result as { tag: 'ok' | 'err'; val?: Failure }
  if (answer.tag === 'err') {
    throw new TheaterError(
      'aborted',
      `${id} refused the message (${answer.val?.code}): ${answer.val?.message}`,
      {
        actor: id,
        detail: answer.val as unknown as Json,
      },
    )
  }
}

async function within<T>(promise: Promise<T>, ms: number, actor: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new TheaterError('timeout', `${actor} did not answer within ${ms} ms; its turn is not undone`, {
            actor,
          }),
        ),
      Math.min(ms, 0x7fff_ffff),
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
