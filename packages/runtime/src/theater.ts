import { randomBytes } from 'node:crypto'
import { DERIVE_VERSION, trackName } from '@theater/boundary'
import { jcoVersion } from '@theater/component'
import { ChainWriter, encodeContent, FORMAT } from '@theater/event-chain'
import type { Genesis, Salts } from '@theater/event-chain'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { cidOf, encodeModel } from '@theater/values'
import type { ComponentModel, FunctionModel } from '@theater/values'
import { Actor } from './actor.ts'
import { isId } from './birth.ts'
import type { Birth } from './birth.ts'
import { Breath } from './breath.ts'
import { Cast } from './cast.ts'
import { Components } from './components.ts'
import { deadLetters, dropLetter } from './dead.ts'
import type { RecordedLetter } from './dead.ts'
import { within } from './deadline.ts'
import { TheaterError } from './errors.ts'
import { recordFailure } from './failures.ts'
import { Family } from './family.ts'
import { GrantChecker, unusedGrants } from './grants.ts'
import type { Host } from './host.ts'
import { LOAD, loadTurn } from './lifecycle.ts'
import { checkLimits } from './limits.ts'
import type {
  ActorInfo,
  CallOptions,
  Entropy,
  Failure,
  Message,
  PublishOutcome,
  SpawnOptions,
  TheaterOptions,
} from './options.ts'
import { Post } from './post.ts'
import { releaseName } from './record.ts'
import { Revival } from './revival.ts'
import { sizeStacks } from './stacks.ts'
import { isTopic } from './topics.ts'
import type { TopicListener } from './topics.ts'
import { unwrap } from './turn-reply.ts'
import { version } from './version.ts'
import { WaitGraph } from './waits.ts'

const SALT_BYTES = 16
const machine: Entropy = {
  now: () => Date.now(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
}

const HANDLE_SEND = 'theater:messaging/receiver@0.1#handle-send'
const HANDLE_PUBLISH = 'theater:messaging/subscriber@0.1#handle-publish'
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
  readonly #grants: GrantChecker
  readonly #components: Components
  readonly #cast = new Cast()
  readonly #spawning = new Map<string, Promise<ActorInfo>>()
  readonly #entropy: Entropy
  readonly #salts: Salts
  readonly #post: Post
  readonly #family: Family
  readonly #host: Host
  #closing: Promise<void> | undefined

  private constructor(options: TheaterOptions) {
    const { handlers = [], ceiling, cache, loadLimits, deadLetter, entropy, jspi } = options
    this.#options = options
    this.#entropy = entropy ?? machine
    this.#salts = entropy === undefined ? saltPool() : () => entropy.bytes(SALT_BYTES)
    this.#grants = new GrantChecker(handlers, ceiling)
    this.#components = new Components(handlers, {
      cache,
      limits: loadLimits,
      suspendable: jspi === 'always',
    })
    const log: Host['log'] = (line) => options.log?.(line)
    this.#post = new Post({
      find: (id) => this.#cast.find(id),
      absence: (id) => this.#cast.absence(id),
      deadLetter,
      topics: this.#cast.topics,
      log,
    })
    const breath = new Breath()
    const waits = new WaitGraph()
    this.#family = new Family({
      store: options.store,
      cast: this.#cast,
      grants: this.#grants,
      waits,
      make: (child, birth) => this.#make(child, birth),
      release: (id) => this.release(id),
      log,
    })
    this.#host = {
      waits,
      now: () => this.#entropy.now(),
      log,
      canSend: (from, to, fn, args) => this.#post.canSend(from, to, fn, args),
      leave: (from, departures) => this.#post.leave(from, departures),
      request: (from, request) => this.#post.request(from, request),
      requestAgain: (from, to, seq) => this.#post.requestAgain(from, to, seq),
      topics: (of) => this.#cast.topics.of(of),
      children: (of) => this.#family.children(of),
      breathe: () => breath.take(),
      ended: (actor) => {
        this.#cast.end(actor)
        this.#family.ended(actor)
      },
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
    sizeStacks()
    const theater = new Theater(options)
    try {
      await theater.#revive()
      return theater
    } catch (error) {
      await theater.close()
      throw error
    }
  }

  /**
   * Makes an actor: checks its component, grants and imports, instantiates it, and calls its `init` where it has one, or
   * with `state` its `load`.
   *
   * One that does not come to be, because instantiating it or its `init` fails, leaves its name free for another try;
   * what there is of its record stays in the store as `ID~1`, `ID~2` and so on. Where the host ends before `init` has,
   * the next one goes on with it.
   *
   * @throws TheaterError `bad-id`, `exists`, `bad-arguments`, `not-served` for a state that it cannot take over, `bad-component`, `bad-grant`, `bad-limit`, `unmet-import`,
   * `failed-to-start`, `store-failed`; `stopped` or `closed` where that came first; what a handler throws that cannot
   * serve such a grant
   */
  async spawn(options: SpawnOptions): Promise<ActorInfo> {
    return this.#make(options)
  }

  /**
   * Keeps a component, so that actors whose grant lists it can make children of it.
   *
   * @returns its digest, as grants have it: `sha256:` and 64 hexadecimal digits
   * @throws ChainError
   */
  async addComponent(bytes: Uint8Array): Promise<string> {
    this.#checkOpen()
    const digest = sha256(bytes)
    await this.#options.store.put(cidOf('raw', digest), bytes)
    return `sha256:${digest.toHex()}`
  }

  async #make(options: SpawnOptions, birth?: Birth): Promise<ActorInfo> {
    this.#checkOpen()
    const { id } = options
    if (!isId(id)) {
      throw new TheaterError('bad-id', `"${id}" is not an actor's id: 1 to 128 of a-z 0-9 . _ - and :`, {
        actor: id,
      })
    }
    if (this.#cast.has(id) || this.#spawning.has(id)) {
      throw new TheaterError('exists', `there is an actor ${id} already`, { actor: id })
    }
    const { maxActors = 10_000 } = this.#options
    if (this.#cast.with(this.#spawning.keys()) >= maxActors) {
      const message = `this host has ${maxActors} actors, as many as it may. Stop one, or let it have more.`
      throw new TheaterError('too-many-actors', message, { actor: id, detail: maxActors })
    }
    const spawning = this.#spawn(options, birth)
    this.#spawning.set(id, spawning)
    try {
      return await spawning
    } finally {
      this.#spawning.delete(id)
    }
  }

  /** Sends a message from the host. Resolves when the receiver's turn is durable. */
  async send(to: string, message: Message, options: CallOptions = {}): Promise<void> {
    const answer = (await this.call(to, HANDLE_SEND, [{ tag: 'host' }, message], options)) as FailureResult
    const refusal = refusalOf(to, answer)
    if (refusal !== undefined) throw refusal
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
   * The messages that reached nobody, or that their receivers trapped over, were aborted at, or refused. It reads every
   * record: they follow from them.
   *
   * @throws ChainError; TheaterError `closed`
   */
  async deadLetters(): Promise<readonly RecordedLetter[]> {
    this.#checkOpen()
    return deadLetters(this.#options.store)
  }

  /**
   * Has a dead letter taken again, by the actor that has its receiver's name now. It is the same message, from the same sender:
   * its turn has the same cause. A record may have several turns of one cause, of which one at the most has ended well.
   * Resolves when that is durable.
   *
   * @throws TheaterError `unknown-letter` where it is none, or none any more; otherwise as {@link send}
   */
  async retry(id: string): Promise<void> {
    const { chain, seq, hash, from, to, fn, args, turn } = await this.#letter(id)
    const { reception } = this.#open(to)
    const cause = { chain, seq, hash }
    // Somebody else may have had it taken meanwhile.
    const known = reception.turnOf(cause)
    if (known !== undefined && known !== turn) throw unknownLetter(id)
    const reply = await reception.retry({ fn, args, sender: from, cause })
    const refusal = refusalOf(to, unwrap(to, reply) as FailureResult)
    if (refusal !== undefined) throw refusal
  }

  /**
   * Says for good that nobody wants a dead letter any more. Where it is tried again later, by another host, and dies again, it
   * is another one.
   *
   * @throws TheaterError `unknown-letter`; ChainError
   */
  async drop(id: string): Promise<void> {
    await dropLetter(this.#options.store, await this.#letter(id))
  }

  async #letter(id: string): Promise<RecordedLetter> {
    const found = (await this.deadLetters()).find((letter) => letter.id === id)
    if (found === undefined) throw unknownLetter(id)
    return found
  }

  /**
   * Publishes a message from the host: a turn of every actor that is subscribed to the topic now. Resolves when all of
   * them are durable.
   *
   * @returns for each of these actors, ascending by id, what came of it
   * @throws TheaterError `bad-arguments` for what is not the name of a topic; `closed`
   */
  async publish(
    topic: string,
    message: Message,
    options: CallOptions = {},
  ): Promise<readonly PublishOutcome[]> {
    this.#checkTopic(topic)
    const receivers = this.#cast.topics.subscribers(topic)
    const turns = receivers.map(async ({ id }): Promise<PublishOutcome> => {
      try {
        const answer = await this.call(id, HANDLE_PUBLISH, [{ tag: 'host' }, topic, message], options)
        return { to: id, error: refusalOf(id, answer as FailureResult) }
      } catch (error) {
        if (!TheaterError.is(error)) throw error
        return { to: id, error }
      }
    })
    this.#post.tell({ topic, from: null, message })
    return Promise.all(turns)
  }

  /**
   * Hears what actors, and this program, publish under a topic, each when it is in the publisher's record. What is published
   * while nobody listens here is not kept for whoever does later.
   *
   * @returns what ends it, as `using` does
   * @throws TheaterError `bad-arguments` for what is not the name of a topic; `closed`
   */
  subscribe(topic: string, listener: TopicListener): Disposable {
    this.#checkTopic(topic)
    return this.#cast.topics.listen(topic, listener)
  }

  /**
   * Calls any export: one turn. Resolves when it is durable.
   *
   * @param fn full id, or name within its track: `test:spine/api@0.1.0#run`, `run`
   * @returns the lifted result; for a `result<…>` `{ tag: 'ok' | 'err', val }`
   */
  async call(id: string, fn: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const actor = this.#open(id)
    const turn = actor.reception.call({ fn, args, sender: null, cause: null })
    return unwrap(id, await within(turn, options.timeoutMs ?? this.#options.requestMs ?? 30_000, id))
  }

  /**
   * Ends an actor for good, its children before it: aborts its turn, closes its record. What waits in its mailbox is not
   * taken.
   *
   * @throws TheaterError `unknown-actor`; `stopped`, or why it ended before; `store-failed`: it ended, and its record
   * does not say so
   */
  async stop(id: string, reason = 'stopped by the host'): Promise<void> {
    await this.#family.stop(this.#open(id), reason)
  }

  /**
   * Frees the name of an actor that was stopped, for another, and the names of its children. Its record stays in the store
   * as `ID~1`, `ID~2` and so on.
   *
   * @throws TheaterError `unknown-actor`; `exists` for one that has not ended; `store-failed`
   */
  async release(id: string): Promise<void> {
    this.#checkOpen()
    const { chain } = this.#cast.ended(id)
    for (const child of this.#cast.endedChildren({ chain })) await this.release(child)
    try {
      await releaseName(this.#options.store, chain, id)
    } catch (error) {
      throw recordFailure(id, error)
    }
    this.#cast.release(id)
  }

  /** Every actor of this host, ordered by id; those that ended too. */
  actors(): readonly ActorInfo[] {
    return this.#cast.infos
  }

  /** The model of an export of an actor; `undefined` where it has none of that name. */
  exported(id: string, fn: string): FunctionModel | undefined {
    return this.#open(id).exported(fn)
  }

  /** Resolves when no actor is being made, none runs, and no message waits. */
  async idle(): Promise<void> {
    for (;;) {
      // What a turn set going is under way one round of the event loop later.
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      const busy = [...this.#cast.actors].find((actor) => actor.busy)
      if (busy !== undefined) await busy.settled()
      else if (this.#family.busy) await this.#family.settled()
      else if (this.#spawning.size === 0) return
      else await Promise.allSettled(this.#spawning.values())
    }
  }

  /**
   * Lets go of everything. Turns that run have a second to end; what does not is left as after a crash, and goes on
   * when the store is opened again. So do messages that wait.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // Whoever is being made stops being made.
    const components = this.#components[Symbol.asyncDispose]()
    await Promise.all([...this.#cast.actors].map((actor) => actor.close()))
    await Promise.allSettled(this.#spawning.values())
    await this.#family.settled()
    await components
  }

  /** {@link close} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #revive(): Promise<void> {
    const revival = new Revival({
      store: this.#options.store,
      cast: this.#cast,
      post: this.#post,
      family: this.#family,
      host: this.#host,
      grants: this.#grants,
      components: this.#components,
      salts: this.#salts,
    })
    return revival.run()
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new TheaterError('closed', 'this theater was closed')
  }

  #checkTopic(topic: string): void {
    this.#checkOpen()
    if (!isTopic(topic))
      throw new TheaterError(
        'bad-arguments',
        `${JSON.stringify(topic)} is not the name of a topic: 1 to 128 of a-z 0-9 . _ - : and /`,
      )
  }

  /** @throws TheaterError `closed`, or why there is none */
  #open(id: string): Actor {
    this.#checkOpen()
    return this.#cast.get(id)
  }

  async #spawn(options: SpawnOptions, birth: Birth | undefined): Promise<ActorInfo> {
    const { id, grants = {}, params, state } = options
    const { store } = this.#options
    const limits = checkLimits(id, options.limits)
    checkMessage(id, 'params are', params)
    checkMessage(id, 'a state is', state)
    if (state !== undefined && state.body.length > limits.stateBytes) {
      const message = `${id} takes a state of at most ${limits.stateBytes} bytes, its limit "stateBytes", and this one has ${state.body.length}`
      throw new TheaterError('too-large', message, { actor: id, detail: limits.stateBytes })
    }
    if (params !== undefined && params.body.length > limits.messageBytes) {
      const message = `${id} takes params of at most ${limits.messageBytes} bytes, its limit "messageBytes"`
      throw new TheaterError('too-large', message, { actor: id, detail: limits.messageBytes })
    }
    this.#grants.check(id, grants)
    const ready = await this.#components.ready(id, options.component, grants)
    const { component } = ready
    for (const name of unusedGrants(
      component.model,
      ready.resolution,
      this.#options.handlers ?? [],
      grants,
    )) {
      const message = `the grant "${name}" has no effect: ${id} imports types of that handler and none of its functions`
      this.#host.log({ actor: id, level: 'warn', message, fields: [] })
    }
    if (state !== undefined && !exportsLoad(component.model)) {
      throw new TheaterError('not-served', `${id} cannot take over a state: it exports no ${LOAD}`, {
        actor: id,
      })
    }
    const wit = encodeModel(component.model)
    const genesis: Genesis = {
      actor: id,
      cause: birth?.cause ?? null,
      component: cidOf('raw', component.digest),
      derive: DERIVE_VERSION,
      format: FORMAT,
      grants,
      jco: jcoVersion,
      limits: { ...limits },
      meter: ready.prepared.meter,
      nan: 'canonical',
      params: params ?? null,
      parent: birth?.parent ?? null,
      theater: version,
      time: this.#entropy.now(),
      wit: cidOf('dag-cbor', sha256(wit)),
    }
    await store.put(genesis.component, component.bytes)
    await store.put(genesis.wit, wit)
    this.#checkOpen()
    // Nobody is born to an actor that is being stopped: its children were stopped before.
    if (birth !== undefined) this.#family.check(birth)
    const seed = this.#entropy.bytes(32)
    const writer = ChainWriter.create({
      store,
      salts: this.#salts,
      hash: sha256,
      label: id,
      genesis: encodeContent('genesis', genesis),
    })
    writer.append('seed', encodeContent('seed', { seed }))
    const actor = new Actor({ id, ...ready, genesis, limits, seed, store, writer }, this.#host)
    this.#cast.add(actor)
    await actor.start(state === undefined ? undefined : loadTurn(state))
    return actor.info
  }
}

type FailureResult = { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: Failure }

function unknownLetter(id: string): TheaterError {
  return new TheaterError('unknown-letter', `there is no dead letter ${JSON.stringify(id)}`)
}

function refusalOf(actor: string, answer: FailureResult): TheaterError | undefined {
  if (answer.tag === 'ok') return undefined
  const { code, message } = answer.val
  return new TheaterError('refused', `${actor} refused the message (${code}): ${message}`, {
    actor,
    detail: answer.val,
  })
}

function exportsLoad({ exports }: ComponentModel): boolean {
  return exports.some(({ functions }) => functions.some((fn) => trackName(fn) === LOAD))
}

function checkMessage(actor: string, what: string, message: Message | undefined): void {
  if (message === undefined) return
  if (typeof message.format === 'string' && message.body instanceof Uint8Array) return
  throw new TheaterError(
    'bad-arguments',
    `${actor}: ${what} a message, { format: string, body: Uint8Array }`,
    {
      actor,
    },
  )
}
