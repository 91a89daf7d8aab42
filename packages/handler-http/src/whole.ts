import type { TheaterHttpRequestHandler } from '@theater/wit'
import { isForbidden, isValue, lengthIn, sizeOf } from './fields.ts'
import { isToken } from './grant.ts'
import type { RequestHead } from './incoming-request.ts'
import type { HttpLimits } from './limits.ts'
import type { Answer } from './outgoing-response.ts'
import { methodName } from './outgoing-request.ts'

/** `theater:http/request-handler.request` as lifted. */
export function requestOf(
  { method, authority, pathWithQuery, headers }: RequestHead,
  body: Uint8Array,
): TheaterHttpRequestHandler.Request {
  return {
    method: methodName(method),
    url: `http://${authority}${pathWithQuery}`,
    headers: headers as [string, string][],
    body,
  }
}

/** An answer that came whole. Guest-controlled: what cannot be sent as it is is none. */
export function answerOf(said: unknown, limits: Pick<HttpLimits, 'header-bytes' | 'response-bytes'>): Answer {
  const { status, headers, body } = said as TheaterHttpRequestHandler.Response
  const fits =
    status >= 200 &&
    status <= 599 &&
    body.length <= limits['response-bytes'] &&
    sizeOf(headers) <= limits['header-bytes'] &&
    !Number.isNaN(lengthIn(headers)) &&
    headers.every(([name, value]) => isToken(name) && isValue(value) && !isForbidden(name, value))
  if (!fits) return { tag: 'err', val: { tag: 'HTTP-protocol-error' } }
  return { tag: 'whole', val: { status, fields: headers, body } }
}
