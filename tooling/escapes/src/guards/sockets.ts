import { type Guards, off } from './patch.ts'

const grant = 'handler-http/src/websocket-grant.ts'
const connection = 'handler-http/src/connection.ts'
const sockets = 'handler-http/src/sockets.ts'

/** What keeps the clients of an actor's WebSocket connections at bay, and the actor from filling its host with what it says. */
export const socketGuards: Guards = {
  'socket-origins': [
    {
      file: grant,
      text: "return origins.some((one) => (one === 'self' ? own.includes(known) : covers(one, known)))",
      with: 'return true',
    },
  ],
  'socket-no-origin': [
    {
      file: grant,
      text: "if (origin === undefined) return origins.includes('none')",
      with: 'if (origin === undefined) return true',
    },
  ],
  'socket-handshake': [
    {
      file: 'handler-http/src/listener.ts',
      text: 'target === undefined || !isHandshake(request)',
      with: 'target === undefined',
    },
  ],
  'socket-connections': [off(sockets, 'if (this.size >= this.limits.connections)')],
  'socket-held': [off(connection, 'if (!this.#host.budget.take(cost))')],
  'socket-message-bytes': [
    { file: sockets, text: "maxPayload: Math.max(1, limits['message-bytes']),", with: 'maxPayload: 1e8,' },
  ],
  'socket-message-frames': [
    {
      file: sockets,
      text: "maxFragments: Math.max(1, limits['message-frames']),",
      with: 'maxFragments: 1e6,',
    },
  ],
  'socket-pings': [off(connection, 'if (this.#pings > this.#host.limits.pings)')],
  'socket-silent': [off(connection, 'if (!this.#answered)')],
  'socket-unsent': [off(sockets, 'if (!connection.hasRoom(size))')],
}
