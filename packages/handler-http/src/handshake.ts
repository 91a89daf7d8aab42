import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { fieldsOf, type Target } from './target.ts'
import type { Opening } from './sockets.ts'
import type { WebSocketRoute } from './websocket-grant.ts'

/** Whether a request asks for a WebSocket connection: all else that it may want to upgrade to is not heeded, nor one with a body. */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
  if (method !== 'GET' || length !== '0' || coding !== undefined) return false
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Whether the handshake is one (RFC 6455, 4.2.1), so that it is worth asking an actor. */
export function isHandshake({ httpVersion, headers }: IncomingMessage): boolean {
  const { 'sec-websocket-key': key, 'sec-websocket-version': version } = headers
  if (httpVersion !== '1.1' || version !== '13' || !/^[+/0-9A-Za-z]{22}==$/.test(key ?? '')) return false
  return offered(headers['sec-websocket-protocol']) !== undefined
}

/** Ends the connection of a client that says something, or leaves, before it is answered (RFC 6455, 4.1). */
export function awaitAnswer(socket: Socket): void {
  socket.on('data', tooEarly)
  socket.on('end', tooEarly)
}

/** What the client says from here on is to be read. */
export function answered(socket: Socket): void {
  socket.off('data', tooEarly)
  socket.off('end', tooEarly)
}

function tooEarly(this: Socket): void {
  this.destroy()
}

/** What of a handshake the actor sees. */
export function openingOf(request: IncomingMessage, target: Target, route: WebSocketRoute): Opening {
  const { origin, 'sec-websocket-protocol': protocols } = request.headers
  const known = route.subprotocols ?? []
  const fields = fieldsOf(request.rawHeaders).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    value,
  ])
  return {
    pathWithQuery: target.pathWithQuery,
    authority: target.authority,
    headers: fields.filter(([name]) => name !== 'origin' && !name.startsWith('sec-websocket-')),
    origin,
    subprotocols: (offered(protocols) ?? []).filter((name) => known.includes(name)),
  }
}

/** The subprotocols that a client offers; `undefined` for a list that is none. */
function offered(header: string | undefined): string[] | undefined {
  if (header === undefined) return []
  const names = header.split(',').map((name) => name.trim())
  const valid = names.every((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
  return valid && new Set(names).size === names.length ? names : undefined
}
