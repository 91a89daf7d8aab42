import { within } from './deadline.ts'
import { TheaterError } from './errors.ts'
import { refusalOf } from './messages.ts'
import type { CallOptions, Failure, Message } from './options.ts'
import { actorOf, checkEnd } from './outside.ts'
import type { BySaid, ChannelClosed, Heard } from './outside.ts'
import { ProgramEnd } from './program-end.ts'
import type { AskedChannel, Channel, ChannelListener } from './program-end.ts'

/** Options of `Theater.openChannel`. */
export interface OpenOptions extends CallOptions {
  /** The end that the program has: `@` and a name. @default '@host' */
  readonly as?: string
}

/** What the program's ends need of the host of the actors, which may be in another thread. */
export interface Stagedoor {
  /** Says something; resolves to what the actor's turn has answered. @throws TheaterError */
  say(said: BySaid): Promise<unknown>
  /** The program has taken a message of a channel. */
  took(channel: string): void
  /** The program wants nothing of a channel any more. */
  leave(channel: string): void
  /** From here on actors can open channels to an end, or can not. */
  serve(end: string, on: boolean): void
  /** A listener failed. */
  failed(end: string, error: unknown): void
}

/** A channel that the program asks for. */
interface Opening {
  end: ProgramEnd | undefined
  readonly answer: PromiseWithResolvers<Channel>
}

/** The program's ends of channels, on the program's side. */
export class Desk {
  readonly #door: Stagedoor
  readonly #ends = new Map<string, ProgramEnd>()
  readonly #openings = new Map<number, Opening>()
  readonly #listeners = new Map<string, ChannelListener>()
  #last = 0

  constructor(door: Stagedoor) {
    this.#door = door
  }

  /** The ends that actors can open channels to. */
  get served(): readonly string[] {
    return [...this.#listeners.keys()]
  }

  /** Asks an actor for a channel. @throws TheaterError */
  async open(
    to: string,
    message: Message,
    { as = '@host' }: OpenOptions,
    timeoutMs: number,
  ): Promise<Channel> {
    checkEnd(as)
    const n = ++this.#last
    const opening: Opening = { end: undefined, answer: Promise.withResolvers() }
    this.#openings.set(n, opening)
    // Whoever has given up waiting does not hear of it.
    opening.answer.promise.catch(() => undefined)
    const asked = this.#door.say({ step: 'open', n, end: as, to, message })
    asked.then(
      (answer) => {
        const refusal = refusalOf(to, answer)
        if (refusal !== undefined) opening.answer.reject(refusal)
      },
      (error: unknown) => opening.answer.reject(error),
    )
    try {
      return await within(opening.answer.promise, timeoutMs, to)
    } catch (error) {
      opening.end?.leave().catch(() => undefined)
      throw error
    } finally {
      this.#openings.delete(n)
    }
  }

  /** Takes the channels that actors open to an end. @throws TheaterError `exists` where somebody does */
  serve(end: string, listener: ChannelListener): Disposable {
    checkEnd(end)
    if (this.#listeners.has(end))
      throw new TheaterError('exists', `somebody takes the channels to ${end} already`)
    this.#listeners.set(end, listener)
    this.#door.serve(end, true)
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.get(end) !== listener) return
        this.#listeners.delete(end)
        this.#door.serve(end, false)
      },
    }
  }

  /** Takes what is heard of the actors. */
  hear(heard: Heard): void {
    switch (heard.tag) {
      case 'named':
        this.#named(heard.n, heard.channel)
        break
      case 'asked':
        this.#asked(heard)
        break
      case 'accepted':
        this.#ends.get(heard.channel)?.accepted()
        break
      case 'message':
        this.#ends.get(heard.channel)?.take(heard.message)
        break
      case 'closed':
        this.#close(heard.channel, heard.how)
        break
    }
  }

  /** The host of the actors has ended, and every end with it. */
  lost(): void {
    for (const channel of this.#ends.keys()) this.#close(channel, { tag: 'stopped' })
  }

  /** The program closes the host: nobody is asked for a channel any more. */
  end(): void {
    this.#listeners.clear()
    this.lost()
  }

  #close(channel: string, how: ChannelClosed): void {
    const end = this.#ends.get(channel)
    this.#ends.delete(channel)
    end?.ended(how)
  }

  #end(channel: string, answer?: PromiseWithResolvers<Channel>): ProgramEnd {
    const end = new ProgramEnd(channel, actorOf(channel), {
      say: (said) => this.#door.say(said),
      took: () => this.#door.took(channel),
      leave: () => this.#door.leave(channel),
      forget: () => void this.#ends.delete(channel),
      answer,
    })
    this.#ends.set(channel, end)
    return end
  }

  #named(n: number, channel: string): void {
    const opening = this.#openings.get(n)
    if (opening === undefined) this.#door.leave(channel)
    else opening.end = this.#end(channel, opening.answer)
  }

  #asked({ channel, end: name, from, message }: Extract<Heard, { readonly tag: 'asked' }>): void {
    const listener = this.#listeners.get(name)
    if (listener === undefined) {
      this.#door.leave(channel)
      return
    }
    const end = this.#end(channel)
    const asked: AskedChannel = {
      name: channel,
      from,
      message,
      accept: () => end.accept(),
      refuse: (why) => end.leave(why),
    }
    const refuse = (error: unknown): void => {
      this.#door.failed(name, error)
      const why: Failure = { code: 'failed', message: `what takes the channels to ${name} failed` }
      end.leave(why).catch(() => undefined)
    }
    try {
      const taking = listener(asked)
      if (taking instanceof Promise) taking.catch(refuse)
    } catch (error) {
      refuse(error)
    }
  }
}
