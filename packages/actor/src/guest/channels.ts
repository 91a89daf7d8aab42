import type { TheaterActorTypes, TheaterMessagingChannels } from '@theater/wit'
import type { Channel } from '../capabilities.ts'
import type { Failure } from '../failure.ts'
import { ChannelError } from '../host-errors.ts'
import { encodeReply } from '../message.ts'
import { payloadOf } from './host.ts'
import { encodeBody } from './topics.ts'

type Host = typeof TheaterMessagingChannels
type Refusal = TheaterMessagingChannels.OpenError | TheaterMessagingChannels.ChannelError

/** Queues what is done when the handler has succeeded. `what` and `to` name it, where the host refuses it. */
export type Queue = (what: string, to: string, run: () => void) => void

/** One end of a channel, in one turn. */
export class End implements Channel {
  readonly id: string
  readonly peer: string
  /** Whether the handler has accepted or closed it. */
  answered = false
  readonly #host: Host
  readonly #queue: Queue

  /** @param peer the actor at the other end */
  constructor(host: Host, queue: Queue, id: string, peer: string) {
    this.#host = host
    this.#queue = queue
    this.id = id
    this.peer = peer
  }

  send(body: unknown): void {
    // Encoded now: what the handler changes later does not go with it.
    const { format, body: bytes } = encodeBody(body)
    const message = { format, body: bytes.slice() }
    this.#queue('a message', this.peer, () => asked(this.id, () => this.#host.send(this.id, message)))
  }

  accept(): void {
    this.answered = true
    this.#queue('accept', this.peer, () => asked(this.id, () => this.#host.accept(this.id)))
  }

  close(why?: Failure): void {
    this.answered = true
    const said = why === undefined ? undefined : wireFailure(why)
    this.#queue('close', this.peer, () => asked(this.id, () => this.#host.close(this.id, said)))
  }
}

/** Asks for a channel now. @throws ChannelError */
export function open(host: Host, to: string, body: unknown): string {
  const message = encodeBody(body)
  return asked(to, () => host.open(to, message))
}

/** Accepts a channel now. @throws ChannelError */
export function accept(host: Host, id: string): void {
  asked(id, () => host.accept(id))
}

/** Closes a channel now, if it is one still. */
export function abandon(host: Host, id: string, why?: TheaterActorTypes.Failure): void {
  try {
    asked(id, () => host.close(id, why))
  } catch (error) {
    if (!ChannelError.is(error)) throw error
  }
}

/** The other end of a channel, by its name: it begins with both. */
export function otherEnd(id: string, self: string): string {
  const [opener = '', other = ''] = id.split('/')
  return self === opener ? other : opener
}

function wireFailure({ code, message, detail }: Failure): TheaterActorTypes.Failure {
  return detail === undefined
    ? { code, message }
    : { code, message, detail: encodeReply(detail, 'the detail') }
}

function asked<T>(channel: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<Refusal>(thrown)
    throw error === undefined ? thrown : new ChannelError(channel, error)
  }
}
