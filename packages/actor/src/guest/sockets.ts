import type { TheaterHttpWebsocket, TheaterHttpWebsocketHandler } from '@theater/wit'
import { isBytes } from '../bytes.ts'
import type { Socket, SocketEnd, SocketRequest } from '../capabilities.ts'
import { SocketError } from '../host-errors.ts'
import type { Queue } from './channels.ts'
import { payloadOf } from './host.ts'

type Host = typeof TheaterHttpWebsocket
type Message = TheaterHttpWebsocket.Message

/** The code for a client that has too much to take (RFC 6455, and its registry). */
const TRY_AGAIN = 1013

/** A WebSocket connection, in one turn. */
export class End implements Socket {
  readonly id: string
  readonly #host: Host
  readonly #queue: Queue

  constructor(host: Host, queue: Queue, id: string) {
    this.#host = host
    this.#queue = queue
    this.id = id
  }

  send(data: string | Uint8Array): void {
    const message = messageOf(data)
    this.#queue('a message', this.id, () => {
      try {
        this.#post(message)
      } catch (error) {
        if (!SocketError.is(error) || error.code === 'too-large') throw error
        // The news of its end is under way, or it is to end: one of many clients does not undo a turn.
        if (error.code === 'full') close(this.#host, this.id, TRY_AGAIN, '')
      }
    })
  }

  sendNow(data: string | Uint8Array): void {
    this.#post(messageOf(data))
  }

  close(code = 1000, reason = ''): void {
    this.#queue('close', this.id, () => close(this.#host, this.id, code, reason))
  }

  #post(message: Message): void {
    asked(this.id, () => this.#host.send(this.id, message))
  }
}

/** Closes a connection now, if it is open. @throws SocketError */
function close(host: Host, id: string, code: number, reason: string): void {
  try {
    asked(id, () => host.close(id, code, reason))
  } catch (error) {
    if (!SocketError.is(error) || error.code !== 'not-open') throw error
  }
}

/** What the handler of an opening is given. */
export function requestOf({
  pathWithQuery,
  authority,
  headers,
  origin,
  subprotocols,
}: TheaterHttpWebsocketHandler.Request): SocketRequest {
  return { path: pathWithQuery, authority, headers, origin, subprotocols }
}

/** What the handler of a close is given. */
export function endOf(how: TheaterHttpWebsocketHandler.Closed): SocketEnd {
  switch (how.tag) {
    case 'client':
      return { how: how.tag, code: how.val.code, reason: how.val.reason }
    case 'violated':
      return { how: how.tag, code: how.val, reason: '' }
    case 'lost':
    case 'slow':
    case 'trapped':
    case 'restarted':
      return { how: how.tag, code: undefined, reason: '' }
  }
}

/** A copy: what the handler changes later does not go with it. */
function messageOf(data: unknown): Message {
  if (typeof data === 'string') return { tag: 'text', val: data }
  if (isBytes(data)) return { tag: 'binary', val: data.slice() }
  throw new TypeError('a message on a WebSocket connection is a string or a Uint8Array')
}

function asked<T>(socket: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterHttpWebsocket.SendError | TheaterHttpWebsocket.CloseError>(thrown)
    throw error === undefined ? thrown : new SocketError(socket, error)
  }
}
