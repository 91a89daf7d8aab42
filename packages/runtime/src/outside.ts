import { otherEnd } from '@theater/boundary'
import type { Actor } from './actor.ts'
import { HANDLE_ACCEPT, HANDLE_CLOSE, HANDLE_MESSAGE, HANDLE_OPEN } from './channels.ts'
import type { ChannelState } from './channels.ts'
import { TheaterError } from './errors.ts'
import type { Failure, Message } from './options.ts'
import type { Delivery, Sender } from './post.ts'
import type { TurnReply } from './turn-reply.ts'

/** How a channel was closed: `theater:messaging/channel-peer.closed`. */
export type ChannelClosed =
  /** The other end closed it, and all is well. */
  | { readonly tag: 'done' }
  /** The other end closed it, or refused it, and says why. */
  | { readonly tag: 'failed'; readonly val: Failure }
  /** The other end has ended. */
  | { readonly tag: 'stopped' }
  /** The actor trapped over the opening, failed, or was aborted, so that it knows of no channel. */
  | { readonly tag: 'undelivered' }

/** What the program says of a channel. It is named by the host when it is opened, and known by `n` until then. */
export type BySaid =
  | {
      readonly step: 'open'
      readonly n: number
      readonly end: string
      readonly to: string
      readonly message: Message
    }
  | { readonly step: 'accept'; readonly channel: string }
  | { readonly step: 'send'; readonly channel: string; readonly message: Message }
  | { readonly step: 'close'; readonly channel: string; readonly why: Failure | undefined }

/** What the program hears of a channel, when it is in the actor's record. */
export type Heard =
  | { readonly tag: 'named'; readonly n: number; readonly channel: string }
  | {
      readonly tag: 'asked'
      readonly channel: string
      readonly end: string
      readonly from: string
      readonly message: Message
    }
  | { readonly tag: 'accepted'; readonly channel: string }
  | { readonly tag: 'message'; readonly channel: string; readonly message: Message }
  | { readonly tag: 'closed'; readonly channel: string; readonly how: ChannelClosed }

const END = /^@[a-z0-9._:-]{1,127}$/

/** @throws TheaterError `bad-id` for what is not the name of an end that the program may have */
export function checkEnd(end: string): void {
  if (END.test(end)) return
  throw new TheaterError(
    'bad-id',
    `${JSON.stringify(end)} cannot name an end of the program: @ and 1 to 127 of a-z 0-9 . _ - and :`,
  )
}

/** What the ends of the program need of their host. */
export interface OutsideParts {
  /** An actor that takes turns. @throws TheaterError why there is none */
  actor(id: string): Actor
  find(id: string): Actor | undefined
  /** Tells an actor that the end of a channel which the program had is there no more. */
  lose(actor: Actor, channel: string): void
  /** Random bytes. */
  bytes(length: number): Uint8Array
}

/** The ends of channels that the program around the actors has. They end with the host: nothing of them is on record but what actors say and hear. */
export class Outside {
  readonly #parts: OutsideParts
  /** By channel, those that nobody has closed. */
  readonly #ends = new Map<string, { readonly actor: string; state: ChannelState }>()
  /** The same, by actor. */
  readonly #byActor = new Map<string, Set<string>>()
  /** By channel, for each message that the program has not taken: what it is to be said then. */
  readonly #unread = new Map<string, (() => void)[]>()
  readonly #served = new Set<string>()
  #hear: (heard: Heard) => void = () => undefined

  constructor(parts: OutsideParts) {
    this.#parts = parts
  }

  /** Has somebody hear what actors say from here on. */
  listen(hear: (heard: Heard) => void): void {
    this.#hear = hear
  }

  /** From here on actors can open channels to an end, or can not. */
  serve(end: string, on: boolean): void {
    if (on) this.#served.add(end)
    else this.#served.delete(end)
  }

  /** Whether actors can open channels to an end. */
  serves(end: string): boolean {
    return this.#served.has(end)
  }

  /** Whether the program has an end of a channel. */
  has(channel: string): boolean {
    return this.#ends.has(channel)
  }

  /** What an actor says to an end of the program. It is in its record. */
  deliver(from: Sender, { to, fn, args }: Pick<Delivery, 'to' | 'fn' | 'args'>): void {
    const [, channel, said] = args as readonly [unknown, string, unknown]
    const end = this.#ends.get(channel)
    if (fn === HANDLE_OPEN) {
      this.#add(channel, from.id, 'asked')
      if (this.serves(to))
        this.#hear({ tag: 'asked', channel, end: to, from: from.id, message: said as Message })
      else this.leave(channel)
      return
    }
    // What crosses a close is not taken.
    if (end === undefined) return
    if (fn === HANDLE_ACCEPT) {
      end.state = 'open'
      this.#hear({ tag: 'accepted', channel })
    } else if (fn === HANDLE_MESSAGE) {
      from.outbox++
      const taken = (): void => void from.outbox--
      const unread = this.#unread.get(channel)
      if (unread === undefined) this.#unread.set(channel, [taken])
      else unread.push(taken)
      this.#hear({ tag: 'message', channel, message: said as Message })
    } else if (fn === HANDLE_CLOSE) this.closed(channel, said as ChannelClosed)
  }

  /** The actor's end of a channel is closed. */
  closed(channel: string, how: ChannelClosed): void {
    if (this.#drop(channel)) this.#hear({ tag: 'closed', channel, how })
  }

  /** An actor takes no turns any more. */
  ended(actor: string): void {
    for (const channel of this.#byActor.get(actor) ?? []) this.closed(channel, { tag: 'stopped' })
  }

  #add(channel: string, actor: string, state: ChannelState): void {
    this.#ends.set(channel, { actor, state })
    const others = this.#byActor.get(actor)
    if (others === undefined) this.#byActor.set(actor, new Set([channel]))
    else others.add(channel)
  }

  #drop(channel: string): boolean {
    const end = this.#ends.get(channel)
    if (end === undefined) return false
    this.#ends.delete(channel)
    const others = this.#byActor.get(end.actor)
    others?.delete(channel)
    if (others?.size === 0) this.#byActor.delete(end.actor)
    return true
  }

  /** The program has taken the next message of a channel. */
  took(channel: string): void {
    const unread = this.#unread.get(channel)
    unread?.shift()?.()
    if (unread?.length === 0) this.#unread.delete(channel)
  }

  /** The program wants nothing of a channel any more. One that nobody has closed is lost to its actor. */
  leave(channel: string): void {
    this.#forget(channel)
    const end = this.#ends.get(channel)
    if (end === undefined) return
    this.#drop(channel)
    const actor = this.#parts.find(end.actor)
    if (actor !== undefined) this.#parts.lose(actor, channel)
  }

  #forget(channel: string): void {
    for (const taken of this.#unread.get(channel) ?? []) taken()
    this.#unread.delete(channel)
  }

  /**
   * What the program says: a turn of the actor at the other end, in its place behind all that was said before. It waits
   * where the actor's mailbox is full. Resolves when the turn is durable.
   *
   * @param taken called when its turn begins, with where it does in the actor's record
   * @throws TheaterError `not-open`, `not-served`, `too-many-channels`, or why the actor takes no turns
   */
  say(said: BySaid, taken?: (actor: Actor, seq: number) => void): Promise<TurnReply> {
    const fn = exportOf(said.step)
    const [actor, channel] = this.#begin(said, fn)
    const rest = said.step === 'accept' ? [] : [said.step === 'close' ? howOf(said.why) : said.message]
    const invocation = { fn, args: [{ tag: 'host' }, channel, ...rest], sender: null, cause: null }
    const at = taken && ((seq: number): void => taken(actor, seq))
    const reply = actor.reception.hold(invocation, at)
    return said.step === 'open' ? this.#opened(channel, reply) : reply
  }

  async #opened(channel: string, asked: Promise<TurnReply>): Promise<TurnReply> {
    const reply = await asked
    // Of a turn that was never taken the actor says nothing.
    if (reply.tag !== 'answered') this.#drop(channel)
    return reply
  }

  #begin(said: BySaid, fn: string): readonly [actor: Actor, channel: string] {
    if (said.step === 'open') {
      const actor = this.#parts.actor(said.to)
      if (actor.exported(fn) === undefined)
        throw new TheaterError('not-served', `${actor.id} exports no ${fn}`, { actor: actor.id })
      this.#checkRoom(actor)
      const channel = `${said.end}/${said.to}/${this.#parts.bytes(16).toHex()}`
      this.#add(channel, said.to, 'opening')
      this.#hear({ tag: 'named', n: said.n, channel })
      return [actor, channel]
    }
    const { step, channel } = said
    const end = this.#ends.get(channel)
    const wanted = step === 'accept' ? 'asked' : step === 'send' ? 'open' : end?.state
    if (end === undefined || end.state !== wanted) throw notOpen(channel)
    const actor = this.#parts.actor(end.actor)
    if (step === 'accept') end.state = 'open'
    if (step === 'close') {
      this.#drop(channel)
      this.#forget(channel)
    }
    return [actor, channel]
  }

  #checkRoom({ id, ends, limits: { channels } }: Actor): void {
    // Those that wait in its mailbox it does not know of yet.
    const waiting = [...(this.#byActor.get(id) ?? [])].filter((name) => ends.state(name) === undefined)
    if (ends.size + waiting.length < channels) return
    const message = `${id} has ${channels} channels already: its limit "channels"`
    throw new TheaterError('too-many-channels', message, { actor: id, detail: channels })
  }
}

/** What is said of a channel that is not there for whoever would use it. */
export function notOpen(channel: string): TheaterError {
  return new TheaterError(
    'not-open',
    `the channel ${channel} is not open: it was closed, or not accepted yet`,
  )
}

/** The actor at the other end of a channel that the program has an end of. */
export function actorOf(channel: string): string {
  const [opener = ''] = channel.split('/')
  return opener.startsWith('@') ? otherEnd(channel, opener) : opener
}

/** The actor that something is said to. */
export function peerOf(said: BySaid): string {
  return said.step === 'open' ? said.to : actorOf(said.channel)
}

function exportOf(step: BySaid['step']): string {
  switch (step) {
    case 'open':
      return HANDLE_OPEN
    case 'accept':
      return HANDLE_ACCEPT
    case 'send':
      return HANDLE_MESSAGE
    case 'close':
      return HANDLE_CLOSE
  }
}

function howOf(why: Failure | undefined): ChannelClosed {
  return why === undefined ? { tag: 'done' } : { tag: 'failed', val: why }
}
