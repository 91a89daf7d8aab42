import { TheaterError } from './errors.ts'
import { refusalOf } from './messages.ts'
import type { Failure, Message } from './options.ts'
import { notOpen } from './outside.ts'
import type { BySaid, ChannelClosed } from './outside.ts'

/**
 * The program's end of a channel with an actor. It ends with the host: the actor hears `stopped` then, from the next host
 * that opens the store.
 */
export interface Channel extends AsyncDisposable {
  /** Its name: `OPENER/OTHER/…`. */
  readonly name: string
  /** The actor at the other end. */
  readonly peer: string
  /**
   * Says something: a turn of the actor, in its place behind all that was said here before. Resolves when that is durable. It
   * waits where the actor's mailbox is full, so whoever awaits each `send` says no more than the actor takes.
   *
   * @throws TheaterError `not-open`; `trapped`, `aborted`, `refused` where the actor failed over it, and the channel stays
   * open; `too-large`, `bad-arguments`; or why the actor takes no turns
   */
  send(message: Message): Promise<void>
  /**
   * The next thing that the actor has said; `undefined` when the channel is closed and all was taken. It is in the actor's
   * record. Until it is taken it counts in the actor's `outbox`, so who does not take it holds the actor up.
   */
  receive(): Promise<Message | undefined>
  /** {@link receive}, until there is nothing more. To stop does not close the channel. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined>
  /** Resolves when the channel is closed: to how, from whichever end. Never rejects. */
  readonly closed: Promise<ChannelClosed>
  /**
   * Closes the channel. What the actor has said and was not taken is not taken any more. Closing again does nothing.
   * Resolves when the actor's turn that hears of it is durable.
   *
   * @param why nothing where all is well
   * @throws TheaterError where that turn fails: the channel is closed all the same
   */
  close(why?: Failure): Promise<void>
}

/** A channel that an actor asks the program for. */
export interface AskedChannel {
  /** Its name: `OPENER/OTHER/…`. */
  readonly name: string
  /** The actor that asks. */
  readonly from: string
  /** What it says with it. */
  readonly message: Message
  /** Takes the channel; now or later. @throws TheaterError `not-open` where the actor has given it up, or it was answered */
  accept(): Channel
  /** Refuses it. Resolves when the actor has heard of it. @throws TheaterError where that turn fails */
  refuse(why: Failure): Promise<void>
}

/** Takes channels that actors open. One that it throws over is refused. */
export type ChannelListener = (asked: AskedChannel) => void | Promise<void>

/** What an end needs. */
export interface ProgramEndParts {
  say(said: BySaid): Promise<unknown>
  /** A message was taken. */
  took(): void
  /** Nothing more is wanted. */
  leave(): void
  /** It is closed here. */
  forget(): void
  /** Who waits for it to be accepted; `undefined` where the actor asks. */
  readonly answer: PromiseWithResolvers<Channel> | undefined
}

/** One end of the program. */
export class ProgramEnd implements Channel {
  readonly name: string
  readonly peer: string
  readonly #parts: ProgramEndParts
  readonly #closed = Promise.withResolvers<ChannelClosed>()
  readonly #unread: Message[] = []
  readonly #waiting: ((message: Message | undefined) => void)[] = []
  #state: 'asked' | 'open' | 'closed' = 'asked'

  constructor(name: string, peer: string, parts: ProgramEndParts) {
    this.name = name
    this.peer = peer
    this.#parts = parts
  }

  get closed(): Promise<ChannelClosed> {
    return this.#closed.promise
  }

  async send(message: Message): Promise<void> {
    if (this.#state !== 'open') throw notOpen(this.name)
    await this.#say({ step: 'send', channel: this.name, message })
  }

  receive(): Promise<Message | undefined> {
    const next = this.#unread.shift()
    if (next !== undefined) this.#parts.took()
    if (next !== undefined || this.#state === 'closed') return Promise.resolve(next)
    const { promise, resolve } = Promise.withResolvers<Message | undefined>()
    this.#waiting.push(resolve)
    return promise
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = await this.receive()
      if (message === undefined) return
      yield message
    }
  }

  async close(why?: Failure): Promise<void> {
    if (this.#state !== 'closed') {
      await this.leave(why)
      return
    }
    this.#unread.length = 0
    this.#parts.leave()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What the actor makes of it is in its record.
    await this.close().catch(() => undefined)
  }

  /** The actor has accepted. */
  accepted(): void {
    if (this.#state !== 'asked') return
    this.#state = 'open'
    this.#parts.answer?.resolve(this)
  }

  /** The program accepts. @throws TheaterError `not-open` */
  accept(): Channel {
    if (this.#state !== 'asked') throw notOpen(this.name)
    this.#state = 'open'
    // Of a turn that fails over it the actor's record says so, and the channel is open.
    this.#parts.say({ step: 'accept', channel: this.name }).catch(() => undefined)
    return this
  }

  /** The actor has said something. */
  take(message: Message): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#unread.push(message)
    else {
      this.#parts.took()
      waiting(message)
    }
  }

  /** The actor's end is closed. */
  ended(how: ChannelClosed): void {
    const { answer } = this.#parts
    this.#end(how)
    const data = { actor: this.peer, ...(how.tag === 'failed' && { detail: how.val }) }
    // Of what was not delivered whoever asked is told by what became of the turn.
    if (how.tag === 'stopped') answer?.reject(new TheaterError('stopped', `${this.peer} has ended`, data))
    else if (how.tag !== 'undelivered')
      answer?.reject(new TheaterError('refused', refusal(this.peer, how), data))
  }

  /** Closes it from here, or refuses it; where it is closed this does nothing. @throws TheaterError */
  async leave(why?: Failure): Promise<void> {
    if (this.#state === 'closed') return
    this.#end(why === undefined ? { tag: 'done' } : { tag: 'failed', val: why })
    this.#unread.length = 0
    this.#parts.forget()
    try {
      await this.#say({ step: 'close', channel: this.name, why })
    } catch (error) {
      if (!TheaterError.is(error) || error.code !== 'not-open') throw error
      // The actor has closed it meanwhile.
      this.#parts.leave()
    }
  }

  #end(how: ChannelClosed): void {
    this.#state = 'closed'
    this.#closed.resolve(how)
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
  }

  async #say(said: BySaid): Promise<void> {
    const refused = refusalOf(this.peer, await this.#parts.say(said))
    if (refused !== undefined) throw refused
  }
}

function refusal(peer: string, how: ChannelClosed): string {
  const why = how.tag === 'failed' ? ` (${how.val.code}): ${how.val.message}` : ''
  return `${peer} refused the channel${why}`
}
