import type { TheaterHttpWebsocketHandler } from '@theater/wit'

/** A WebSocket connection. It is its name that is kept: `ctx.socket(id)` is the same connection in a later turn. */
export interface Socket {
  /** Its name. */
  readonly id: string
  /**
   * Queues a message for the client, until the handler has succeeded: text, or bytes. A connection that is closed by then drops it,
   * and one whose client is too slow to take it is closed, with the code 1013. One that is too large makes the turn fail with
   * `send-failed`.
   */
  send(data: string | Uint8Array): void
  /** Sends a message at once: it is not taken back where the handler throws later. Throws {@link SocketError}. */
  sendNow(data: string | Uint8Array): void
  /**
   * Queues that it is closed. Nothing is heard of it afterwards.
   *
   * @param code 1000, where all is well, or one from 3000 to 4999
   * @param reason at most 123 bytes
   */
  close(code?: number, reason?: string): void
}

/** `ctx.socket` and `ctx.sockets`: WebSocket connections, within the `websocket` of the http grant. */
export interface Sockets {
  /** The connection of a name. Nothing is asked: one that is not open says so when it is used. */
  socket(id: string): Socket
  /** The connections that are open. */
  sockets(): Socket[]
}

/** What a client asks for. All of it is the client's word, but for what the grant binds. */
export interface SocketRequest {
  /** `/chat?room=7`. */
  readonly path: string
  /** The host that was asked, with the port where it was said. */
  readonly authority: string
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The page that asks: one that the grant names. Undefined: no browser. */
  readonly origin: string | undefined
  /** Those that the client offers and the grant has, the one it likes best first. */
  readonly subprotocols: readonly string[]
}

/** How a connection ended: the case of `theater:http/websocket-handler.closed`. */
export interface SocketEnd {
  readonly how: TheaterHttpWebsocketHandler.Closed['tag']
  /** The code of the close frame, for `client` and `violated`. */
  readonly code: number | undefined
  /** What the client said, for `client`. */
  readonly reason: string
}
