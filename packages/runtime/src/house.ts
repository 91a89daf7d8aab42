import { randomBytes } from 'node:crypto'
import { Stacks } from '@theater/component'
import type { Salts } from '@theater/event-chain'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { cidOf } from '@theater/values'
import type { Actor } from './actor.ts'
import { Breath } from './breath.ts'
import { Cast } from './cast.ts'
import { Channels } from './channels.ts'
import { Components } from './components.ts'
import { isWanted } from './connections.ts'
import { deadLetters, dropLetter } from './dead.ts'
import type { RecordedLetter } from './dead.ts'
import { checkDurability } from './durability.ts'
import { TheaterError } from './errors.ts'
import { isTakenOver, recordFailure } from './failures.ts'
import { Family } from './family.ts'
import { GrantChecker } from './grants.ts'
import type { Host } from './host.ts'
import { Snapshots } from './snapshots.ts'
import { Maker } from './maker.ts'
import { checkTopic } from './messages.ts'
import { Notary } from './notary.ts'
import type { Entropy, IdleOptions, TheaterOptions, TimerInfo } from './options.ts'
import { Outcomes } from './outcomes.ts'
import { Outside } from './outside.ts'
import { Post } from './post.ts'
import { releaseName } from './record.ts'
import { Readers } from './record-events.ts'
import { Residents } from './residents.ts'
import { Revival } from './revival.ts'
import { sizeStacks } from './stacks.ts'
import { Summaries } from './summaries.ts'
import { Timers } from './timers.ts'
import type { Published } from './topics.ts'
import type { TurnReply } from './turn-reply.ts'
import { WaitGraph } from './waits.ts'
import type { Guard } from './watch.ts'
import type { WitnessInfo } from './witnesses.ts'

const SALT_BYTES = 16
const machine: Entropy = {
  now: () => Date.now(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
}

/** The inside of a theater: who plays in it, how they are made and brought back, and what carries their messages. */
export class House {
  readonly cast = new Cast()
  readonly family: Family
  readonly maker: Maker
  /** The ends of channels that the program has. */
  readonly outside: Outside
  /** Whoever reads records while they grow. */
  readonly readers: Readers
  /** What became of what threads before this one began. */
  readonly outcomes: Outcomes
  readonly #options: TheaterOptions
  readonly #grants: GrantChecker
  readonly #components: Components
  readonly #salts: Salts
  readonly #post: Post
  readonly #channels: Channels
  readonly #timers: Timers
  readonly #host: Host
  readonly #notary: Notary | undefined
  readonly #summaries: Summaries
  readonly #residents: Residents
  #closing: Promise<void> | undefined

  private constructor(options: TheaterOptions, guard: Guard | undefined, readers: Readers) {
    const { handlers = [], ceiling, cache, loadLimits, deadLetter, jspi, store } = options
    const { cast } = this
    const entropy = options.entropy ?? machine
    this.#options = options
    this.readers = readers
    this.outcomes = new Outcomes({ store, cast, actor: (id) => this.actor(id) })
    this.outside = new Outside({
      actor: (id) => this.actor(id),
      find: (id) => cast.find(id),
      lose: (actor, channel) => this.#channels.loseOutside(actor, channel),
      bytes: (length) => entropy.bytes(length),
    })
    guard?.listen(cast.topics, this.outside)
    this.#salts = options.entropy === undefined ? saltPool() : () => entropy.bytes(SALT_BYTES)
    this.#grants = new GrantChecker(handlers, ceiling)
    this.#components = new Components(handlers, {
      cache,
      limits: loadLimits,
      suspendable: jspi === 'always',
    })
    const log: Host['log'] = (line) => {
      try {
        options.log?.(line)
      } catch {
        // Nobody is left to tell, and no actor has anything to do with it.
      }
    }
    const timers = new Timers({ entropy, log })
    this.#timers = timers
    this.#notary = options.checkpoints && new Notary(options.checkpoints, log)
    this.#post = new Post({
      find: (id) => cast.find(id),
      absence: (id) => cast.absence(id),
      deadLetter,
      topics: cast.topics,
      outside: this.outside,
      timer: (from, step, ref) => timers.leave(from, step, ref),
      log,
    })
    this.#channels = new Channels({
      find: (id) => cast.find(id),
      actors: () => cast.actors,
      outside: this.outside,
      canSend: (from, to, fn, said) => this.#post.canSend(from, to, fn, said),
      canQueue: (from) => this.#post.canQueue(from),
    })
    const breath = new Breath()
    const waits = new WaitGraph()
    this.family = new Family({
      store,
      cast,
      grants: this.#grants,
      waits,
      make: (child, birth) => this.maker.make(child, birth),
      release: (id) => this.release(id),
      ended: (actor) => {
        timers.forget(actor)
        this.#channels.ended(actor)
      },
      log,
    })
    this.#summaries = new Summaries(store.caches, options.summaryEvery ?? 1000, log)
    const { snapshots: taken = {} } = options
    this.#residents = new Residents({ most: options.resident ?? 1000, idleMs: options.idleMs })
    this.#host = {
      waits,
      summaries: this.#summaries,
      residents: this.#residents,
      stacks: new Stacks(),
      snapshots: new Snapshots(taken === false ? undefined : store.caches, taken || {}, log),
      watch: guard?.watch,
      now: () => entropy.now(),
      log,
      canSend: (from, to, fn, args) => this.#post.canSend(from, to, fn, args),
      leave: (from, departures) => this.#post.leave(from, departures),
      request: (from, request) => this.#post.request(from, request),
      requestAgain: (from, to, seq) => this.#post.requestAgain(from, to, seq),
      topics: (of) => cast.topics.of(of),
      channels: (of) => this.#channels.of(of),
      timers: (of) => timers.of(of),
      admits: (to, letter) => {
        if (letter.timer !== undefined) return timers.fire(to, letter)
        return this.#channels.admits(to, letter) && isWanted(to, letter) ? letter : undefined
      },
      unopened: (by, channel, end) => this.#channels.failed(by, channel, end),
      children: (of) => this.family.children(of),
      breathe: () => breath.take(),
      turned: () => this.#notary?.turned(),
      ended: (actor) => {
        cast.end(actor)
        timers.forget(actor)
        this.family.ended(actor)
        this.#channels.ended(actor)
        if (isTakenOver(actor.failure)) this.#lose(actor.failure)
      },
    }
    this.maker = new Maker({
      options,
      cast,
      family: this.family,
      host: this.#host,
      grants: this.#grants,
      components: this.#components,
      entropy,
      salts: this.#salts,
      checkOpen: () => this.checkOpen(),
    })
  }

  /**
   * Opens a house and brings every actor of its store back.
   *
   * @param guard who watches the thread that it is opened in
   * @throws ChainError, TheaterError `bad-grant`
   */
  static async open(options: TheaterOptions, guard?: Guard): Promise<House> {
    sizeStacks()
    checkDurability(options.durability)
    const readers = new Readers(options.store)
    const house = new House({ ...options, store: readers.heard() }, guard, readers)
    try {
      await house.#revive(guard)
      return house
    } catch (error) {
      await house.close()
      throw error
    }
  }

  #revive(guard: Guard | undefined): Promise<void> {
    const revival = new Revival({
      store: this.#options.store,
      cast: this.cast,
      post: this.#post,
      family: this.family,
      channels: this.#channels,
      timers: this.#timers,
      host: this.#host,
      grants: this.#grants,
      components: this.#components,
      salts: this.#salts,
      durability: this.#options.durability,
      guard,
    })
    return revival.run()
  }

  /** @throws TheaterError `closed` */
  checkOpen(): void {
    if (this.#closing !== undefined) throw new TheaterError('closed', 'this theater was closed')
  }

  /** @throws TheaterError `closed`, or why there is none */
  actor(id: string): Actor {
    this.checkOpen()
    return this.cast.get(id)
  }

  /** Keeps a component. @throws ChainError, TheaterError `closed` */
  async addComponent(bytes: Uint8Array): Promise<string> {
    this.checkOpen()
    const digest = sha256(bytes)
    await this.#options.store.put(cidOf('raw', digest), bytes)
    return `sha256:${digest.toHex()}`
  }

  /** Ends an actor for good, its children before it. @throws TheaterError */
  async stop(id: string, reason = 'stopped by the host'): Promise<void> {
    await this.family.stop(this.actor(id), reason)
  }

  /** The dead letters of its store. @throws ChainError; TheaterError `closed` */
  async deadLetters(): Promise<readonly RecordedLetter[]> {
    this.checkOpen()
    return deadLetters(this.#options.store)
  }

  /**
   * Has a dead letter taken again.
   *
   * @param begun called with where its turn begins
   * @returns by whom, and what comes of it; inside an object, so that nobody waits for it who only wants it begun
   * @throws TheaterError `unknown-letter`, or why its receiver is not there; ChainError
   */
  async retry(
    id: string,
    begun?: (turn: { readonly chain: Uint8Array; readonly seq: number }) => void,
  ): Promise<{ readonly to: string; readonly reply: Promise<TurnReply> }> {
    const { chain, seq, hash, from, to, fn, args, turn } = await this.#letter(id)
    const actor = this.actor(to)
    const { reception } = actor
    const cause = { chain, seq, hash }
    // Somebody else may have had it taken meanwhile.
    const known = reception.turnOf(cause)
    if (known !== undefined && known !== turn) throw unknownLetter(id)
    const taken = begun && ((at: number): void => begun({ chain: actor.chain, seq: at }))
    return { to, reply: reception.retry({ fn, args, sender: from, cause }, taken) }
  }

  /** Says for good that nobody wants a dead letter any more. @throws TheaterError `unknown-letter`; ChainError */
  async drop(id: string): Promise<void> {
    await dropLetter(this.#options.store, await this.#letter(id))
  }

  async #letter(id: string): Promise<RecordedLetter> {
    const found = (await this.deadLetters()).find((letter) => letter.id === id)
    if (found === undefined) throw unknownLetter(id)
    return found
  }

  /** The actors that get what is published under a topic now, ascending. @throws TheaterError `bad-arguments`, `closed` */
  subscribers(topic: string): readonly string[] {
    this.checkOpen()
    checkTopic(topic)
    return this.cast.topics.subscribers(topic).map(({ id }) => id)
  }

  /** Tells whoever listens outside of the actors. */
  tell(published: Published): void {
    this.#post.tell(published)
  }

  /** Frees the name of an actor that was stopped, and the names of its children. @throws TheaterError */
  async release(id: string): Promise<void> {
    this.checkOpen()
    const { chain } = this.cast.ended(id)
    for (const child of this.cast.endedChildren({ chain })) await this.release(child)
    try {
      await releaseName(this.#options.store, chain, id)
    } catch (error) {
      throw recordFailure(id, error)
    }
    this.cast.release(id)
  }

  /** How far each witness is. */
  get witnesses(): readonly WitnessInfo[] {
    return this.#notary?.witnesses ?? []
  }

  /** The timers that its actors have, in the order in which they are due. */
  get timers(): readonly TimerInfo[] {
    const all = [...this.cast.actors].flatMap(({ timers }) => timers)
    return all.toSorted((a, b) => a.due - b.due || (a.actor < b.actor ? -1 : 1))
  }

  /** Resolves when no actor is being made, none runs, and no message waits. */
  async idle({ timers = false }: IdleOptions = {}): Promise<void> {
    for (;;) {
      // What a turn set going is under way one round of the event loop later.
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      const busy = [...this.cast.actors].find((actor) => actor.busy)
      if (busy !== undefined) await busy.settled()
      else if (this.family.busy) await this.family.settled()
      else if (this.maker.busy) await this.maker.settled()
      else if (timers && this.timers.length > 0) await this.#timers.changed()
      else return
    }
  }

  /** Another host writes its records from here on. Where one of them is refused all are, the others as soon as they have something to say. */
  #lose(error: TheaterError): void {
    if (this.#closing !== undefined) return
    const { log, lost } = this.#options
    const message = 'another host has taken the store over; this one closes'
    log?.({ actor: '', level: 'error', message, fields: [] })
    void this.close()
    lost?.(error)
  }

  /** Lets go of everything; what does not end soon is left as after a crash. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#timers.close()
    this.#residents.close()
    // Whoever is being made stops being made.
    const components = this.#components[Symbol.asyncDispose]()
    const actors = [...this.cast.actors]
    await Promise.all(actors.map((actor) => actor.close()))
    // Of large ones nobody has waited for.
    await this.#host.snapshots.freed()
    await this.#summaries.keep(actors.map((actor) => actor.keeper.take()).filter((one) => one !== undefined))
    await this.maker.settled()
    await this.family.settled()
    await this.#notary?.close()
    await components
    this.#host.stacks[Symbol.dispose]()
    this.readers.close()
  }
}

function unknownLetter(id: string): TheaterError {
  return new TheaterError('unknown-letter', `there is no dead letter ${JSON.stringify(id)}`)
}
