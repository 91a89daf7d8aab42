/**
 * `wasi:http` for actors: requests to origins that were granted.
 *
 * @example
 * ```ts
 * import { http } from '@theater/handler-http'
 * import type { HttpGrant } from '@theater/handler-http'
 *
 * const handler = http({ secrets: { API_KEY: () => process.env['API_KEY'] ?? '' } })
 * const grant: HttpGrant = {
 *   out: [
 *     {
 *       origin: 'https://api.example.com',
 *       methods: ['GET', 'POST'],
 *       paths: ['/v1'],
 *       headers: { authorization: { secret: 'API_KEY', prefix: 'Bearer ' } },
 *     },
 *   ],
 * }
 *
 * const origin = 'https://api.example.com'
 * console.log(handler.authorize(grant, { method: 'GET', origin, path: '/v1/models' }))
 * console.log(handler.authorize(grant, { method: 'GET', origin, path: '/v1/../admin' }))
 * console.log(handler.authorize(grant, { method: 'GET', origin: 'http://169.254.169.254', path: '/v1' }))
 * ```
 *
 * @packageDocumentation
 */
import type { LookupFunction } from 'node:net'
import type { Handler } from '@theater/handler'
import type { HttpGrant } from './grant.ts'
import { httpHandler, type HttpImports } from './handler.ts'
import { DEFAULT_LIMITS, type HttpLimits } from './limits.ts'
import { Listener, type ListenAddress, type ListenOptions } from './listener.ts'
import type { Secrets } from './secrets.ts'
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from './server-limits.ts'

export { httpGrant } from './grant.ts'
export type { HttpAsk, HttpGrant, Outgoing, SecretHeader } from './grant.ts'
export type { Bounds, ClientExchange, ClientResponse } from './client.ts'
export type { ClientError } from './client-request.ts'
export type { HttpImports } from './handler.ts'
export { DEFAULT_LIMITS } from './limits.ts'
export type { HttpLimits } from './limits.ts'
export type { ErrorCode, HeaderError } from './errors.ts'
export { HttpHostError } from './host-error.ts'
export type { HttpHostErrorCode } from './host-error.ts'
export type { ListenAddress, ListenOptions } from './listener.ts'
export type { Route } from './route.ts'
export type { WebSocketRoute } from './websocket-grant.ts'
export { DEFAULT_SERVER_LIMITS } from './server-limits.ts'
export type { ServerLimits } from './server-limits.ts'
export type { Secrets } from './secrets.ts'

/** Options of {@link http}. None of them grants anything. */
export interface HttpOptions {
  /**
   * Secrets by name, which grants may have set as headers of requests to one origin. A function is called for each such
   * request. No guest, no event and no error has a value of them.
   *
   * @default {}
   */
  readonly secrets?: Secrets
  /**
   * The limits of a grant that does not say.
   *
   * @default {@link DEFAULT_LIMITS}
   */
  readonly limits?: Partial<HttpLimits>
  /**
   * How names of hosts are resolved. What it answers is checked, each time.
   *
   * @default `dns.lookup` of Node
   */
  readonly lookup?: LookupFunction
  /**
   * Where it listens for the requests that actors are granted to answer. It does not before there is such a grant; with
   * `false` never, and those actors get none.
   *
   * @default { host: '127.0.0.1', port: 0 }
   */
  readonly listen?: ListenOptions | false
  /** Called when it listens. @default nothing */
  readonly onListen?: (address: ListenAddress) => void
  /**
   * Called with the id of an actor that has answered a request and left a later one without an answer: its turn ended
   * without one, or trapped. A component that is written for hosts that make an instance for each request may do so.
   *
   * @default nothing
   */
  readonly onUnanswered?: (actor: string) => void
  /**
   * What the listener takes from all clients together.
   *
   * @default {@link DEFAULT_SERVER_LIMITS}
   */
  readonly server?: Partial<ServerLimits>
}

/** The handler of `wasi:http`, which may listen for requests. Disposing of it takes no more and lets those under way end. */
export interface HttpHandler extends Handler<HttpGrant, HttpImports> {
  /** Where it listens: from the first actor on that is granted to answer requests. */
  readonly address: ListenAddress | undefined
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * The handler of `wasi:http/types@0.2`, `wasi:http/outgoing-handler@0.2` and `theater:http/websocket@0.1`, and of the exports
 * `theater:http/request-handler@0.1`, `wasi:http/incoming-handler@0.2` and `theater:http/websocket-handler@0.1`.
 */
export function http(options: HttpOptions = {}): HttpHandler {
  const server = { ...DEFAULT_SERVER_LIMITS, ...options.server }
  const listener = new Listener(options.listen ?? {}, server, options.onListen)
  const handler = httpHandler({
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    secrets: options.secrets ?? {},
    lookup: options.lookup,
    listener,
    unanswered: (actor) => options.onUnanswered?.(actor),
  })
  return {
    ...handler,
    get address() {
      return listener.address
    },
    [Symbol.asyncDispose]: () => listener.close(),
  }
}
