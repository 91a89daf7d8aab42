import type { TheaterMessagingClient } from '@theater/wit'
import type { PendingReply, RequestOptions } from '../capabilities.ts'
import { Failure } from '../failure.ts'
import { ChannelError, RequestError, SendError, SocketError, TopicError } from '../host-errors.ts'
import type { Json } from '../json.ts'
import { decodeReply, encodeMessage, type WireMessage } from '../message.ts'
import { detailOf } from './failure-detail.ts'
import { dispose, payloadOf } from './host.ts'

type Client = typeof TheaterMessagingClient

/** What leaves when a turn has succeeded, in the order in which it was said. */
export class Outgoing {
  readonly #queue: { readonly what: string; readonly to: string; readonly leave: () => void }[] = []

  /** Queues something. `what` and `to` name it, where the host refuses it. */
  readonly add = (what: string, to: string, leave: () => void): void => {
    this.#queue.push({ what, to, leave })
  }

  /** Lets all of it leave. Throws the failure `send-failed` at the first that the host refuses. */
  flush(): void {
    if (this.#queue.length === 0) return
    for (const { what, to, leave } of this.#queue.splice(0)) {
      try {
        leave()
      } catch (error) {
        const known =
          SendError.is(error) || TopicError.is(error) || ChannelError.is(error) || SocketError.is(error)
        if (!known) throw error
        const detail = { to, type: what, error: error.code, limit: error.limit ?? null }
        throw new Failure('send-failed', `${what} to ${to}: ${error.code}`, detail, { cause: error })
      }
    }
  }
}

/** Sends and requests of one turn. */
export class Conversation {
  readonly #client: Client
  readonly #outgoing: Outgoing
  readonly #pending = new Set<Request>()

  /** @param outgoing where what is sent waits */
  constructor(client: Client, outgoing: Outgoing) {
    this.#client = client
    this.#outgoing = outgoing
  }

  /** Queues a message. It is encoded now: what the handler changes later does not go with it. */
  send(to: string, type: string, body?: unknown): void {
    const message = own(encodeMessage(type, body))
    this.#outgoing.add(type, to, () => this.#post(to, message))
  }

  /** Sends a message now. */
  sendNow(to: string, type: string, body?: unknown): void {
    this.#post(to, encodeMessage(type, body))
  }

  /** Starts a request now. */
  request(to: string, type: string, body?: unknown, options: RequestOptions = {}): PendingReply<unknown> {
    const { timeoutMs = 0 } = options
    if (!Number.isInteger(timeoutMs) || timeoutMs < 0 || timeoutMs > 0xffff_ffff) {
      throw new RangeError(`timeoutMs is a whole number of milliseconds below 2^32, not ${timeoutMs}`)
    }
    const pending = this.#client.request(to, encodeMessage(type, body), timeoutMs)
    const request = new Request(this.#client, to, pending, () => this.#pending.delete(request))
    this.#pending.add(request)
    return request
  }

  /** Cancels the requests that were never awaited. They belong to the turn that ends now. */
  close(): void {
    for (const request of this.#pending) request.cancel()
  }

  #post(to: string, message: WireMessage): void {
    try {
      this.#client.send(to, message)
    } catch (thrown) {
      const error = payloadOf<TheaterMessagingClient.SendError>(thrown)
      throw error === undefined ? thrown : new SendError(to, error)
    }
  }
}

class Request implements PendingReply<unknown> {
  readonly #client: Client
  readonly #to: string
  readonly #done: () => void
  #pending: TheaterMessagingClient.Pending | undefined
  #reply: Promise<unknown> | undefined

  constructor(client: Client, to: string, pending: TheaterMessagingClient.Pending, done: () => void) {
    this.#client = client
    this.#to = to
    this.#pending = pending
    this.#done = done
  }

  // The first `await` finishes the request: until then others can be started beside it.
  // oxlint-disable-next-line unicorn/no-thenable -- a request is awaited
  then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#reply ??= new Promise((resolve) => resolve(this.#finish()))
    return this.#reply.then(fulfilled, rejected)
  }

  cancel(): void {
    const pending = this.#take()
    if (pending !== undefined) dispose(pending)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }

  #take(): TheaterMessagingClient.Pending | undefined {
    const pending = this.#pending
    this.#pending = undefined
    this.#done()
    return pending
  }

  #finish(): Json | Uint8Array {
    const pending = this.#take()
    if (pending === undefined)
      throw new Error(`the request to ${this.#to} was cancelled, or its turn is over`)
    let reply: WireMessage
    try {
      reply = this.#client.Pending.finish(pending)
    } catch (thrown) {
      const error = payloadOf<TheaterMessagingClient.RequestError>(thrown)
      throw error === undefined ? thrown : refused(this.#to, error)
    }
    try {
      return decodeReply(reply)
    } catch {
      throw new RequestError(this.#to, 'bad-reply')
    }
  }
}

function refused(to: string, error: TheaterMessagingClient.RequestError): RequestError {
  if (error.tag === 'too-large') return new RequestError(to, error.tag, { limit: Number(error.val) })
  if (error.tag !== 'failed') return new RequestError(to, error.tag)
  const { code, message } = error.val
  const detail = detailOf(error.val.detail)
  const failure = detail === undefined ? { code, message } : { code, message, detail }
  return new RequestError(to, 'failed', { failure })
}

/** Bytes of the actor's own could change before they leave. */
function own(message: WireMessage): WireMessage {
  return { format: message.format, body: message.body.slice() }
}
