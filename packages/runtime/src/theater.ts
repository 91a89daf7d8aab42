import { randomBytes } from 'node:crypto'
import { DERIVE_VERSION, resolveImports } from '@theater/boundary'
import type { Resolution } from '@theater/boundary'
import { ComponentError, jcoVersion } from '@theater/component'
import type { Component, Prepared } from '@theater/component'
import { loadComponent, workerTranspiler } from '@theater/component/node'
import { ChainWriter, encodeContent, FORMAT } from '@theater/event-chain'
import type { ChainInfo, Genesis } from '@theater/event-chain'
import { saltPool, sha256 } from '@theater/event-chain/node'
import type { AnyHandler } from '@theater/handler'
import { cidOf, encodeModel, splitCid } from '@theater/values'
import type { FunctionModel } from '@theater/values'
import { Actor } from './actor.ts'
import { within } from './deadline.ts'
import { TheaterError } from './errors.ts'
import { GrantChecker, unmetError } from './grants.ts'
import type { Grants } from './grants.ts'
import type { Host } from './host.ts'
import { checkLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import type { ActorInfo, CallOptions, Failure, Message, SpawnOptions, TheaterOptions } from './options.ts'
import { Post } from './post.ts'
import { deliveries, scanRecord } from './recovery.ts'
import type { Scan } from './recovery.ts'
import { unwrap } from './turn-reply.ts'
import type { TurnReply } from './turn-reply.ts'
import { version } from './version.ts'
import { WaitGraph } from './waits.ts'

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
  /** Actors that take no turns: stopped, or not to be brought back. */
  readonly #ended = new Map<
    string,
    { readonly info: ActorInfo; readonly failure: TheaterError | undefined }
  >()
  readonly #spawning = new Set<string>()
  readonly #components = new Map<string, Component>()
  readonly #transpiler = workerTranspiler()
  readonly #salts = saltPool()
  readonly #post: Post
  readonly #host: Host
  #closed = false

  private constructor(options: TheaterOptions) {
    this.#options = options
    this.#handlers = options.handlers ?? []
    this.#grants = new GrantChecker(this.#handlers, options.ceiling)
    this.#post = new Post({
      find: (id) => this.#actors.get(id),
      ended: (id) => this.#ended.has(id),
      deadLetter: options.deadLetter,
      log: (line) => options.log?.(line),
    })
    this.#host = {
      waits: new WaitGraph(),
      log: (line) => options.log?.(line),
      canSend: (from, to, fn) => this.#post.canSend(from, to, fn),
      deliver: (from, sends) => {
        for (const delivery of sends) this.#post.deliver(from, delivery)
      },
      deliverRequest: (from, request) => this.#post.deliverRequest(from, request),
      requestAgain: (from, to, seq) => this.#post.requestAgain(from, to, seq),
    }
  }

  /**
   * Opens a theater over a store and brings every actor in it back, by re-running its record; a turn that was under
   * way when the last host ended goes on where its record ends. An actor that cannot come back is `failed` and says
   * why when it is called; the others are not held up.
   *
   * @throws ChainError where the store cannot be read; TheaterError `bad-grant` for a ceiling that is not valid
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
    this.#checkOpen()
    const { id } = options
    if (!ID.test(id)) {
      throw new TheaterError('bad-id', `"${id}" is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`, {
        actor: id,
      })
    }
    if (this.#actors.has(id) || this.#ended.has(id) || this.#spawning.has(id)) {
      throw new TheaterError('exists', `there is an actor ${id} already`, { actor: id })
    }
    this.#spawning.add(id)
    try {
      return await this.#spawn(options)
    } finally {
      this.#spawning.delete(id)
    }
  }

  /** Sends a message from the host. Resolves when the receiver's turn is durable. */
  async send(to: string, message: Message, options: CallOptions = {}): Promise<void> {
    const answer = (await this.call(to, HANDLE_SEND, [{ tag: 'host' }, message], options)) as FailureResult
    if (answer.tag === 'err') {
      const { code, message: why } = answer.val
      throw new TheaterError('refused', `${to} refused the message (${code}): ${why}`, {
        actor: to,
        detail: answer.val,
      })
    }
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
    options: CallOptions = {},
  ): Promise<{ readonly ok: Message } | { readonly err: Failure }> {
    const answer = await this.call(to, HANDLE_REQUEST, [{ tag: 'host' }, message], options)
    const result = answer as { tag: 'ok'; val: Message } | { tag: 'err'; val: Failure }
    return result.tag === 'ok' ? { ok: result.val } : { err: result.val }
  }

  /**
   * Calls any export: one turn. Resolves when it is durable.
   *
   * @param fn full id, or name within its track: `test:spine/api@0.1.0#run`, `run`
   * @returns the lifted result; for a `result<…>` `{ tag: 'ok' | 'err', val }`
   */
  async call(id: string, fn: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const actor = this.#actor(id)
    const turn = actor.invoke({ fn, args, sender: null, cause: null })
    return unwrap(id, await within(turn, options.timeoutMs ?? this.#options.requestMs ?? 30_000, id))
  }

  /** Ends an actor for good: aborts its turn, closes its record. */
  async stop(id: string, reason = 'stopped by the host'): Promise<void> {
    const actor = this.#actor(id)
    await actor.stop(reason)
    this.#end(actor)
  }

  /** Every actor of this host, ordered by id; those that ended too. */
  actors(): readonly ActorInfo[] {
    const live = [...this.#actors.values()].map((actor) => actor.info)
    const ended = [...this.#ended.values()].map(({ info }) => info)
    return [...live, ...ended].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** The model of an export of an actor; `undefined` where it has none of that name. */
  exported(id: string, fn: string): FunctionModel | undefined {
    return this.#actor(id).exported(fn)
  }

  /** Resolves when no actor runs and no message waits. */
  async idle(): Promise<void> {
    for (;;) {
      // What a turn set going is under way one round of the event loop later.
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      const busy = [...this.#actors.values()].find((actor) => actor.busy)
      if (busy === undefined) return
      await busy.settled()
    }
  }

  /**
   * Lets go of everything. Turns that run have a second to end; what does not is left as after a crash, and goes on
   * when the store is opened again. So do messages that wait.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#actors.values()].map((actor) => actor.close()))
    await this.#transpiler[Symbol.asyncDispose]()
  }

  /** {@link close} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #checkOpen(): void {
    if (this.#closed) throw new TheaterError('closed', 'this theater was closed')
  }

  #actor(id: string): Actor {
    this.#checkOpen()
    const actor = this.#actors.get(id)
    if (actor !== undefined) return actor
    const ended = this.#ended.get(id)
    if (ended !== undefined) {
      throw ended.failure ?? new TheaterError('stopped', `${id} was stopped`, { actor: id })
    }
    const known = [...this.#actors.keys()].toSorted().join(', ')
    throw new TheaterError('unknown-actor', `there is no actor ${id}. Actors: ${known || 'none'}.`, {
      actor: id,
    })
  }

  #end(actor: Actor): void {
    this.#actors.delete(actor.id)
    this.#ended.set(actor.id, { info: actor.info, failure: actor.failure })
  }

  async #spawn(options: SpawnOptions): Promise<ActorInfo> {
    const { id, grants = {}, params } = options
    const { store } = this.#options
    const limits = checkLimits(id, options.limits)
    this.#grants.check(id, grants)
    const component = await this.#load(id, options.component)
    const { resolution, prepared } = await this.#prepare(id, component, grants)
    const wit = encodeModel(component.model)
    const genesis: Genesis = {
      actor: id,
      cause: null,
      component: cidOf('raw', component.digest),
      derive: DERIVE_VERSION,
      format: FORMAT,
      grants,
      jco: jcoVersion,
      limits: { ...limits },
      meter: component.transform,
      nan: 'canonical',
      params: params ?? null,
      parent: null,
      theater: version,
      time: Date.now(),
      wit: cidOf('dag-cbor', sha256(wit)),
    }
    await store.put(genesis.component, component.bytes)
    await store.put(genesis.wit, wit)
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
      { id, component, prepared, resolution, genesis, limits, seed, store, writer },
      this.#host,
    )
    this.#actors.set(id, actor)
    try {
      await actor.bind()
      await actor.start()
      await this.#init(actor, params)
    } catch (error) {
      await actor.stop('failed to start').catch(() => undefined)
      this.#end(actor)
      throw error
    }
    return actor.info
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

  async #prepare(
    id: string,
    component: Component,
    grants: Grants,
  ): Promise<{ readonly resolution: Resolution; readonly prepared: Prepared }> {
    const resolution = resolveImports(component.model, this.#handlers, grants)
    if (resolution.unmet.length > 0) throw unmetError(id, resolution)
    const { asyncImports } = resolution
    try {
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
    const reply = await actor.invoke({ fn: INIT, args: [message], sender: null, cause: null })
    if (reply.tag === 'answered' && (reply.value as FailureResult).tag === 'ok') return
    throw initFailure(actor.id, reply)
  }

  async #recover(): Promise<void> {
    const { store } = this.#options
    const back: { actor: Actor; scan: Scan }[] = []
    for (const info of await store.list()) {
      try {
        const scan = await scanRecord(store, info)
        if (scan.ended || scan.seed === undefined)
          this.#ended.set(info.label, { info: infoOf(scan), failure: undefined })
        else back.push({ actor: await this.#revive(scan, scan.seed), scan })
      } catch (error) {
        this.#lost(info, error)
      }
    }
    // Every actor is known before the first goes on: what was under way may talk to any of them.
    const ready: { actor: Actor; scan: Scan }[] = []
    for (const one of back) {
      try {
        await one.actor.bind()
        await one.actor.recover()
        ready.push(one)
      } catch (error) {
        this.#actors.delete(one.actor.id)
        this.#lost(one.scan.info, error)
      }
    }
    for (const { actor, scan } of ready) {
      for (const delivery of deliveries(scan, actor.component.model)) {
        const receiver = this.#actors.get(delivery.to)
        if (receiver?.holds({ chain: actor.chain, ...delivery.ref }) !== true)
          this.#post.deliver(actor, delivery)
      }
    }
    for (const { actor } of ready) actor.resume()
  }

  /** Takes over a record and makes the actor that goes on with it. */
  async #revive(scan: Scan, seed: Uint8Array): Promise<Actor> {
    const { store } = this.#options
    const { genesis, info } = scan
    const id = genesis.actor
    const bytes = await store.get(genesis.component)
    if (bytes === undefined) {
      throw new TheaterError('cannot-resume', `the component of ${id} is not in the store`, { actor: id })
    }
    this.#grants.check(id, genesis.grants)
    const limits = checkLimits(id, genesis.limits as Partial<Limits>)
    const component = await this.#load(id, bytes)
    const { resolution, prepared } = await this.#prepare(id, component, genesis.grants)
    const epoch = await store.lease(info.chain)
    const { chain, size, head } = info
    const writer = ChainWriter.resume({ store, salts: this.#salts, hash: sha256, chain, size, head, epoch })
    writer.append('resume', encodeContent('resume', { epoch }))
    await writer.flush()
    const actor = new Actor(
      { id, component, prepared, resolution, genesis, limits, seed, store, writer },
      this.#host,
    )
    for (const { cause, seq } of scan.causes) actor.noteCause(cause, seq)
    actor.noteIntents(scan.intents)
    this.#actors.set(id, actor)
    return actor
  }

  /** An actor that cannot be brought back does not hold up the others. */
  #lost(info: ChainInfo, error: unknown): void {
    const id = info.label
    const failure = TheaterError.is(error)
      ? error
      : new TheaterError('cannot-resume', `${id} cannot be brought back: ${reason(error)}`, {
          actor: id,
          cause: error,
        })
    const { chain, head, size } = info
    this.#ended.set(id, {
      info: {
        id,
        state: 'failed',
        chain,
        head,
        events: size,
        component: undefined,
        recovery: undefined,
        exitStatus: undefined,
      },
      failure,
    })
    this.#host.log({ actor: id, level: 'error', message: failure.message, fields: [] })
  }
}

type FailureResult = { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: Failure }

function infoOf({ info, genesis }: Scan): ActorInfo {
  return {
    id: info.label,
    state: 'stopped',
    chain: info.chain,
    head: info.head,
    events: info.size,
    component: splitCid(genesis.component).digest,
    recovery: undefined,
    exitStatus: undefined,
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function badComponent(id: string, error: unknown): TheaterError {
  if (!ComponentError.is(error)) throw error
  return new TheaterError('bad-component', `${id}: ${error.message}`, {
    actor: id,
    detail: error.code,
    cause: error,
  })
}

function initFailure(id: string, reply: TurnReply): TheaterError {
  if (reply.tag === 'answered') {
    const { val } = reply.value as { readonly val: Failure }
    return new TheaterError('failed-to-start', `${id}: init failed (${val.code}): ${val.message}`, {
      actor: id,
      detail: val,
    })
  }
  try {
    unwrap(id, reply)
  } catch (error) {
    return new TheaterError('failed-to-start', `${id}: init failed: ${reason(error)}`, {
      actor: id,
      detail: reply.tag,
      cause: error,
    })
  }
  return new TheaterError('failed-to-start', `${id}: init failed`, { actor: id })
}
