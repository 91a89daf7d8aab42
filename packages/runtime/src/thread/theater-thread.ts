import type { Event } from '@theater/event-chain'
import type { FunctionModel } from '@theater/values'
import type { RecordedLetter } from '../dead.ts'
import { within } from '../deadline.ts'
import { Desk } from '../desk.ts'
import type { OpenOptions } from '../desk.ts'
import { TheaterError } from '../errors.ts'
import { listenerFailed } from '../failures.ts'
import type {
  ActorInfo,
  CallOptions,
  Failure,
  IdleOptions,
  Message,
  PublishOutcome,
  SpawnOptions,
  TimerInfo,
} from '../options.ts'
import {
  checkTopic,
  publishCall,
  publishOutcome,
  refusalOf,
  requestCall,
  requested,
  sendCall,
} from '../messages.ts'
import type { Channel, ChannelListener } from '../program-end.ts'
import type { EventsOptions } from '../record-events.ts'
import { Topics } from '../topics.ts'
import type { Published, TopicListener } from '../topics.ts'
import type { Hung } from '../watch.ts'
import type { WitnessInfo } from '../witnesses.ts'
import { Asking } from './asking.ts'
import { farEvents } from './far-record.ts'
import { Keeper } from './keeper.ts'
import type { ThreadEnd } from './keeper.ts'
import type { ThreadOptions } from './options.ts'
import { Tally } from './tally.ts'
import { unpackError, unpackInfo, unpackWitness } from './wire.ts'
import type { Answers, FromThread, Question, SentInfo } from './wire.ts'

const defaults = { answerMs: 10_000, restarts: 20, restartMs: 600_000 }
/** The longest delay that a timer takes. */
const MAX_TIMER = 0x7fff_ffff

/**
 * A theater in a thread of its own. It does what `Theater` does; where the thread does not answer it is ended, and another
 * one brings the actors back: the turn that had the thread is aborted, `unresponsive`, and everything else goes on.
 */
export class TheaterThread {
  readonly #options: ThreadOptions
  readonly #answerMs: number
  readonly #tally: Tally
  readonly #asking = new Asking((message) => this.#keeper.say(message))
  readonly #topics = new Topics()
  /** The topics that somebody listens to here. */
  readonly #heard = new Set<string>()
  readonly #desk = new Desk({
    say: (said) => this.#ask({ do: 'channel', said }),
    took: (channel) => this.#keeper.say({ tag: 'took', channel }),
    leave: (channel) => this.#keeper.say({ tag: 'leave', channel }),
    serve: (end, on) => this.#keeper.say({ tag: 'serve', end, on }),
    failed: (end, error) => this.#options.log?.(listenerFailed(`the channels to ${end}`, error)),
  })
  #keeper: Keeper
  readonly #opened = Promise.withResolvers<void>()
  #requestMs = 30_000
  #closing: Promise<void> | undefined
  /** Why there is no thread any more. */
  #gone: Error | undefined

  private constructor(options: ThreadOptions) {
    const {
      answerMs = defaults.answerMs,
      restarts = defaults.restarts,
      restartMs = defaults.restartMs,
    } = options
    checkNumber('answerMs', answerMs, 100)
    checkNumber('restarts', restarts, 0)
    checkNumber('restartMs', restartMs, 1)
    this.#options = options
    this.#answerMs = answerMs
    this.#tally = new Tally(restarts, restartMs)
    this.#keeper = this.#start([], new Set())
  }

  /** @throws TheaterError, ChainError: see `openThread` */
  static async open(options: ThreadOptions): Promise<TheaterThread> {
    const thread = new TheaterThread(options)
    await thread.#opened.promise
    return thread
  }

  #start(hung: readonly Hung[], barred: ReadonlySet<string>): Keeper {
    const { module, data, worker = {} } = this.#options
    this.#asking.shut()
    const keeper = new Keeper({
      module: module.href,
      data,
      hung,
      barred: [...barred],
      topics: [...this.#heard],
      served: this.#desk.served,
      answerMs: this.#answerMs,
      worker,
      take: (message) => this.#take(message),
    })
    void keeper.end.then((end) => this.#ended(end))
    return keeper
  }

  #take(message: FromThread): void {
    switch (message.tag) {
      case 'here':
        break
      case 'open':
        this.#isOpen(message.requestMs)
        break
      case 'failed':
        this.#giveUp(unpackError(message.error))
        break
      case 'begun':
        this.#asking.begun(message.n, message.begun)
        break
      case 'answer':
        this.#asking.answered(message.n, message.value)
        break
      case 'refusal':
        this.#asking.refused(message.n, message.error)
        break
      case 'log':
        this.#options.log?.(message.line)
        break
      case 'published':
        this.#tell(message.published)
        break
      case 'heard':
        this.#desk.hear(message.heard)
        break
      case 'news':
        this.#options.told?.(message.news)
        break
      case 'dead-letter':
        this.#options.deadLetter?.(message.letter)
        break
    }
  }

  #isOpen(requestMs: number | undefined): void {
    this.#requestMs = requestMs ?? this.#requestMs
    this.#tally.opened()
    this.#opened.resolve()
    this.#asking.opened()
  }

  #ended({ how, running, error }: ThreadEnd): void {
    if (this.#gone !== undefined || how === 'ended') return
    this.#desk.lost()
    if (this.#closing !== undefined) {
      // What it did not end goes on when the store is opened again, as after a crash.
      this.#giveUp(new TheaterError('closed', 'this theater was closed'))
      return
    }
    this.#options.restarted?.({ how, actor: running?.actor, error })
    const verdict = this.#tally.ended(running)
    if (verdict.tag === 'enough') {
      const message = `the thread of the actors was ended ${this.#options.restarts ?? defaults.restarts} times and more, and is not started again`
      this.#giveUp(new TheaterError('unresponsive', message, { cause: error }))
      return
    }
    if (running?.doing === 'load' && verdict.barred.has(running.actor)) {
      // There is no record of an actor whose component could not be made ready.
      const { actor } = running
      const message = `${actor}: making its component ready kept the thread of the actors from answering`
      const failed = new TheaterError('failed-to-start', message, { actor, detail: 'unresponsive' })
      this.#asking.neverMade(actor, failed)
    }
    this.#keeper = this.#start(verdict.hung, verdict.barred)
  }

  #giveUp(error: Error): void {
    this.#gone ??= error
    this.#desk.end()
    this.#opened.reject(error)
    void this.#keeper.stop()
    this.#asking.end(error)
  }

  async #ask<Q extends Question>(question: Q, signal?: AbortSignal): Promise<Answers[Q['do']]> {
    if (this.#gone !== undefined) throw this.#gone
    if (this.#closing !== undefined && question.do !== 'close')
      throw new TheaterError('closed', 'this theater was closed')
    return await this.#asking.ask(question, signal)
  }

  /** See `Theater.spawn`. The component is given as bytes. @throws TheaterError */
  async spawn(options: SpawnOptions): Promise<ActorInfo> {
    const { component } = options
    const bytes = component instanceof Uint8Array ? component : component.bytes
    const made: SentInfo = await this.#ask({ do: 'spawn', options: { ...options, component: bytes } })
    return unpackInfo(made)
  }

  /** See `Theater.addComponent`. @throws ChainError */
  addComponent(bytes: Uint8Array): Promise<string> {
    return this.#ask({ do: 'add-component', bytes })
  }

  /** Sends a message from the host. Resolves when the receiver's turn is durable. @throws TheaterError */
  async send(to: string, message: Message, options: CallOptions = {}): Promise<void> {
    const { fn, args } = sendCall(message)
    const refusal = refusalOf(to, await this.call(to, fn, args, options))
    if (refusal !== undefined) throw refusal
  }

  /** Asks an actor and waits for its answer. @throws TheaterError where the actor did not answer */
  async request(
    to: string,
    message: Message,
    options: CallOptions = {},
  ): Promise<{ readonly ok: Message } | { readonly err: Failure }> {
    const { fn, args } = requestCall(message)
    return requested(await this.call(to, fn, args, options))
  }

  /** The dead letters of its store, see `Theater.deadLetters`. @throws ChainError; TheaterError `closed`, `unresponsive` */
  deadLetters(): Promise<readonly RecordedLetter[]> {
    return this.#ask({ do: 'dead-letters' })
  }

  /** Has a dead letter taken again, see `Theater.retry`. @throws TheaterError */
  retry(letter: string): Promise<void> {
    return this.#ask({ do: 'retry', letter })
  }

  /** Says that nobody wants a dead letter any more, see `Theater.drop`. @throws TheaterError, ChainError */
  drop(letter: string): Promise<void> {
    return this.#ask({ do: 'drop', letter })
  }

  /**
   * Publishes a message from the host, see `Theater.publish`: a call of every actor that is subscribed when the thread is
   * asked who is.
   *
   * @throws TheaterError `bad-arguments` for what is not the name of a topic; `closed`, `unresponsive`
   */
  async publish(
    topic: string,
    message: Message,
    options: CallOptions = {},
  ): Promise<readonly PublishOutcome[]> {
    const { fn, args } = publishCall(topic, message)
    const receivers = await this.#ask({ do: 'subscribers', topic })
    const turns = receivers.map((id) => publishOutcome(id, this.call(id, fn, args, options)))
    this.#tell({ topic, from: null, message })
    return Promise.all(turns)
  }

  /**
   * Hears what actors, and this program, publish under a topic, see `Theater.subscribe`.
   *
   * @throws TheaterError `bad-arguments` for what is not the name of a topic; `closed`, `unresponsive`
   */
  subscribe(topic: string, listener: TopicListener): Disposable {
    if (this.#gone !== undefined) throw this.#gone
    checkTopic(topic)
    // The same function may listen twice.
    const heard = this.#topics.listen(topic, (published) => listener(published))
    this.#listen(topic)
    return {
      [Symbol.dispose]: () => {
        heard[Symbol.dispose]()
        this.#listen(topic)
      },
    }
  }

  #tell(published: Published): void {
    const { topic, from } = published
    for (const error of this.#topics.tell(published))
      this.#options.log?.(listenerFailed(`the topic ${topic}`, error, from))
  }

  /** Has the thread say what is published where somebody listens, and nowhere else. */
  #listen(topic: string): void {
    const on = this.#topics.heard(topic)
    if (on === this.#heard.has(topic)) return
    if (on) this.#heard.add(topic)
    else this.#heard.delete(topic)
    this.#keeper.say({ tag: 'listen', topic, on })
  }

  /**
   * Asks an actor for a channel, see `Theater.openChannel`. It ends with the thread that it was opened in: where that had to be ended, both
   * ends are told `stopped`.
   *
   * @throws TheaterError
   */
  openChannel(to: string, message: Message, options: OpenOptions = {}): Promise<Channel> {
    return this.#desk.open(to, message, options, options.timeoutMs ?? this.#requestMs)
  }

  /** Takes the channels that actors open to an end of this program, see `Theater.acceptChannels`. @throws TheaterError */
  acceptChannels(end: string, listener: ChannelListener): Disposable {
    if (this.#gone !== undefined) throw this.#gone
    return this.#desk.serve(end, listener)
  }

  /**
   * Calls any export: one turn. Resolves when it is durable. Where the thread is ended meanwhile, a turn that it began is
   * answered by what becomes of it in the next one, and one that it did not begin is taken there: each once.
   *
   * @throws TheaterError; `aborted` with the detail `unresponsive` where it is this turn that kept the thread
   */
  async call(id: string, fn: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const answer = this.#ask({ do: 'call', id, fn, args })
    return await within(answer, options.timeoutMs ?? this.#requestMs, id)
  }

  /** See `Theater.stop`. @throws TheaterError */
  stop(id: string, reason?: string): Promise<void> {
    return this.#ask({ do: 'stop', id, reason })
  }

  /** See `Theater.release`. @throws TheaterError */
  release(id: string): Promise<void> {
    return this.#ask({ do: 'release', id })
  }

  /** Every actor of the thread, ordered by id; those that ended too. @throws TheaterError `closed`, `unresponsive` */
  async actors(): Promise<readonly ActorInfo[]> {
    return (await this.#ask({ do: 'actors' })).map(unpackInfo)
  }

  /** The timers that actors have set and that are still to fire, in the order in which they are due. @throws TheaterError `closed`, `unresponsive` */
  timers(): Promise<readonly TimerInfo[]> {
    return this.#ask({ do: 'timers' })
  }

  /** The witnesses of the host's checkpoints, see `Theater.witnesses`. @throws TheaterError `closed`, `unresponsive` */
  async witnesses(): Promise<readonly WitnessInfo[]> {
    return await Promise.all((await this.#ask({ do: 'witnesses' })).map(unpackWitness))
  }

  /**
   * Reads an actor's record, and goes on with what is recorded, see `Theater.events`: also in the thread that takes the place of one that was
   * ended. Of a reader that is slow some events are kept here, a few hundred at the most; what it has not been given when the theater
   * closes is read by another one, from there on.
   *
   * @throws TheaterError `unknown-actor` where there is no record of that name; `unresponsive`
   */
  events(id: string, options?: EventsOptions): AsyncGenerator<Event, void, undefined> {
    return farEvents((question, signal) => this.#ask(question, signal), id, options)
  }

  /** The model of an export of an actor; `undefined` where it has none of that name. @throws TheaterError */
  exported(id: string, fn: string): Promise<FunctionModel | undefined> {
    return this.#ask({ do: 'exported', id, fn })
  }

  /** Resolves when no actor is being made, none runs, and no message waits; with `timers` when no timer is to fire any more either. @throws TheaterError `closed`, `unresponsive` */
  idle(options: IdleOptions = {}): Promise<void> {
    return this.#ask({ do: 'idle', options })
  }

  /** Lets go of everything, the handlers and the store of the thread too. One that does not answer is ended. */
  close(): Promise<void> {
    this.#desk.end()
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      if (this.#gone === undefined) await this.#ask({ do: 'close' })
    } finally {
      this.#gone ??= new TheaterError('closed', 'this theater was closed')
      await this.#keeper.stop()
    }
  }

  /** {@link close} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function checkNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= MAX_TIMER) return
  throw new TheaterError(
    'bad-limit',
    `${name} is an integer from ${least} to ${MAX_TIMER}, not ${String(value)}`,
  )
}
