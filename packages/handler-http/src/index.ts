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
import type { Secrets } from './secrets.ts'

export { httpGrant } from './grant.ts'
export type { HttpAsk, HttpGrant, Outgoing, SecretHeader } from './grant.ts'
export type { HttpImports } from './handler.ts'
export { DEFAULT_LIMITS } from './limits.ts'
export type { HttpLimits } from './limits.ts'
export type { ErrorCode, HeaderError } from './errors.ts'
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
}

/** The handler of `wasi:http/types@0.2` and `wasi:http/outgoing-handler@0.2`. */
export function http(options: HttpOptions = {}): Handler<HttpGrant, HttpImports> {
  return httpHandler({
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    secrets: options.secrets ?? {},
    lookup: options.lookup,
  })
}
