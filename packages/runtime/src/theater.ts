import type { Event } from '@theater/event-chain'
import type { FunctionModel } from '@theater/values'
import type { RecordedLetter } from './dead.ts'
import { within } from './deadline.ts'
import { Desk } from './desk.ts'
import type { OpenOptions } from './desk.ts'
import { listenerFailed } from './failures.ts'
import { House } from './house.ts'
import {
  checkTopic,
  publishCall,
  publishOutcome,
  refusalOf,
  requestCall,
  requested,
  sendCall,
} from './messages.ts'
import type {
  ActorInfo,
  CallOptions,
  Failure,
  IdleOptions,
  Message,
  PublishOutcome,
  SpawnOptions,
  TheaterOptions,
  TimerInfo,
} from './options.ts'
import { peerOf } from './outside.ts'
import type { Channel, ChannelListener } from './program-end.ts'
import type { EventsOptions } from './record-events.ts'
import type { TopicListener } from './topics.ts'
import { unwrap } from './turn-reply.ts'
import type { WitnessInfo } from './witnesses.ts'

/**
 * A host of actors: it spawns them, brings them back from their records, and carries their messages.
 *
 * @example
 * await using theater = await Theater.open({ store: memoryStore(), handlers: [messaging()] })
 * await theater.spawn({ id: 'counter', component: bytes })
 * const reply = await theater.request('counter', { format: 'application/json', body })
 */
export class Theater {
  readonly #house: House
  readonly #requestMs: number
  readonly #desk: Desk

  private constructor(house: House, { requestMs = 30_000, log }: TheaterOptions) {
    this.#house = house
    this.#requestMs = requestMs
    const { outside } = house
    this.#desk = new Desk({
      say: async (said) => unwrap(peerOf(said), await outside.say(said)),
      took: (channel) => outside.took(channel),
      leave: (channel) => outside.leave(channel),
      serve: (end, on) => outside.serve(end, on),
      failed: (end, error) => log?.(listenerFailed(`the channels to ${end}`, error)),
    })
    outside.listen((heard) => this.#desk.hear(heard))
  }

  /**
   * Opens a theater over a store and brings every actor in it back, by re-running its record; a turn that was under
   * way when the last host ended goes on where its record ends. An actor that cannot come back is `failed` and says
   * why when it is called; the others are not held up.
   *
   * @throws ChainError where the store cannot be read; TheaterError `bad-grant` for a ceiling that is not valid
   */
  static async open(options: TheaterOptions): Promise<Theater> {
    return new Theater(await House.open(options), options)
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
  spawn(options: SpawnOptions): Promise<ActorInfo> {
    return this.#house.maker.make(options)
  }

  /**
   * Keeps a component, so that actors whose grant lists it can make children of it.
   *
   * @returns its digest, as grants have it: `sha256:` and 64 hexadecimal digits
   * @throws ChainError
   */
  addComponent(bytes: Uint8Array): Promise<string> {
    return this.#house.addComponent(bytes)
  }

  /** Sends a message from the host. Resolves when the receiver's turn is durable. */
  async send(to: string, message: Message, options: CallOptions = {}): Promise<void> {
    const { fn, args } = sendCall(message)
    const refusal = refusalOf(to, await this.call(to, fn, args, options))
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
    const { fn, args } = requestCall(message)
    return requested(await this.call(to, fn, args, options))
  }

  /**
   * The messages that reached nobody, or that their receivers trapped over, were aborted at, or refused. It reads every
   * record: they follow from them.
   *
   * @throws ChainError; TheaterError `closed`
   */
  deadLetters(): Promise<readonly RecordedLetter[]> {
    return this.#house.deadLetters()
  }

  /**
   * Has a dead letter taken again, by the actor that has its receiver's name now. It is the same message, from the same sender:
   * its turn has the same cause. A record may have several turns of one cause, of which one at the most has ended well.
   * Resolves when that is durable.
   *
   * @throws TheaterError `unknown-letter` where it is none, or none any more; otherwise as {@link send}
   */
  async retry(id: string): Promise<void> {
    const { to, reply } = await this.#house.retry(id)
    const refusal = refusalOf(to, unwrap(to, await reply))
    if (refusal !== undefined) throw refusal
  }

  /**
   * Says for good that nobody wants a dead letter any more. Where it is tried again later, by another host, and dies again, it
   * is another one.
   *
   * @throws TheaterError `unknown-letter`; ChainError
   */
  drop(id: string): Promise<void> {
    return this.#house.drop(id)
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
    const { fn, args } = publishCall(topic, message)
    const turns = this.#house
      .subscribers(topic)
      .map((id) => publishOutcome(id, this.call(id, fn, args, options)))
    this.#house.tell({ topic, from: null, message })
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
    this.#house.checkOpen()
    checkTopic(topic)
    return this.#house.cast.topics.listen(topic, listener)
  }

  /**
   * Asks an actor for a channel, whose other end this program has. Resolves when the actor has accepted, in this turn or in a later one;
   * who has not within `timeoutMs` is told that the channel is closed.
   *
   * @throws TheaterError `refused` with the reason in `detail`; `timeout`; `too-many-channels`; `bad-id` for a name that no end can
   * have; otherwise as {@link send}
   *
   * @example
   * await using channel = await theater.openChannel('counter', { format: 'application/json', body })
   * await channel.send({ format: 'application/json', body })
   * for await (const { body } of channel) console.log(new TextDecoder().decode(body))
   */
  openChannel(to: string, message: Message, options: OpenOptions = {}): Promise<Channel> {
    return this.#desk.open(to, message, options, options.timeoutMs ?? this.#requestMs)
  }

  /**
   * Takes the channels that actors open to an end of this program. An actor needs a grant that names it, and the channels that it had stay
   * when nobody takes others any more.
   *
   * @param end `@` and a name, which no actor can have: `@desk`
   * @returns what ends it, as `using` does
   * @throws TheaterError `bad-id`; `exists` where somebody takes them already; `closed`
   */
  acceptChannels(end: string, listener: ChannelListener): Disposable {
    this.#house.checkOpen()
    return this.#desk.serve(end, listener)
  }

  /**
   * Calls any export: one turn. Resolves when it is durable.
   *
   * @param fn full id, or name within its track: `test:spine/api@0.1.0#run`, `run`
   * @returns the lifted result; for a `result<…>` `{ tag: 'ok' | 'err', val }`
   */
  async call(id: string, fn: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const turn = this.#house.actor(id).reception.call({ fn, args, sender: null, cause: null })
    return unwrap(id, await within(turn, options.timeoutMs ?? this.#requestMs, id))
  }

  /**
   * Ends an actor for good, its children before it: aborts its turn, closes its record. What waits in its mailbox is not
   * taken.
   *
   * @throws TheaterError `unknown-actor`; `stopped`, or why it ended before; `store-failed`: it ended, and its record
   * does not say so
   */
  stop(id: string, reason?: string): Promise<void> {
    return this.#house.stop(id, reason)
  }

  /**
   * Frees the name of an actor that was stopped, for another, and the names of its children. Its record stays in the store
   * as `ID~1`, `ID~2` and so on.
   *
   * @throws TheaterError `unknown-actor`; `exists` for one that has not ended; `store-failed`
   */
  release(id: string): Promise<void> {
    return this.#house.release(id)
  }

  /** Every actor of this host, ordered by id; those that ended too. */
  actors(): readonly ActorInfo[] {
    return this.#house.cast.infos
  }

  /** The timers that actors have set and that are still to fire, in the order in which they are due. */
  timers(): readonly TimerInfo[] {
    return this.#house.timers
  }

  /** The witnesses of this host's checkpoints: what each cosigned, and what came of the questions to it. */
  witnesses(): readonly WitnessInfo[] {
    return this.#house.witnesses
  }

  /**
   * Reads an actor's record, and goes on with what is recorded, in order and whole: each event when it is in the store. Nothing is
   * kept for a reader, who takes events from the store as it gets to them: one that is slow, or stands still, delays nobody and takes no
   * memory. It ends with the actor, with the theater, or with `signal`; the `seq` of the last event is where another one goes on, also
   * after a restart.
   *
   * @throws TheaterError `unknown-actor` where there is no record of that name; ChainError `closed` where the store was closed
   *
   * @example
   * for await (const { seq, kind } of theater.events('counter', { from: last + 1 })) console.log(seq, kind)
   */
  events(id: string, options?: EventsOptions): AsyncGenerator<Event, void, undefined> {
    return this.#house.readers.events(id, options)
  }

  /** The model of an export of an actor; `undefined` where it has none of that name. */
  exported(id: string, fn: string): FunctionModel | undefined {
    return this.#house.actor(id).exported(fn)
  }

  /** Resolves when no actor is being made, none runs, and no message waits; with `timers` when no timer is to fire any more either. */
  idle(options: IdleOptions = {}): Promise<void> {
    return this.#house.idle(options)
  }

  /**
   * Lets go of everything. Turns that run have a second to end; what does not is left as after a crash, and goes on
   * when the store is opened again. So do messages that wait. Channels of this program end.
   */
  close(): Promise<void> {
    this.#desk.end()
    return this.#house.close()
  }

  /** {@link close} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
