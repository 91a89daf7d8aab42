import { httpError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { entryFor } from './grant.ts'
import { FutureIncomingResponse, IncomingResponse } from './incoming-response.ts'
import type { Network } from './network.ts'
import { methodName, type OutgoingRequest } from './outgoing-request.ts'
import { lowered, type RequestOptions } from './request-options.ts'
import type { Keyring } from './secrets.ts'
import type { Session } from './session.ts'

/** What requests of one actor are made with. */
export interface Outside {
  readonly session: Session
  readonly network: Network
  readonly keyring: Keyring
}

/**
 * Starts a request.
 *
 * @throws WitError with an `error-code` for what is wrong with it before anything leaves
 */
export function send(
  { session, network, keyring }: Outside,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse {
  const { limits, grant } = session
  if (request.isLost) throw httpError({ tag: 'connection-terminated' }, 'the request is of before a restart')
  if (methodName(request.method()).toUpperCase() === 'CONNECT')
    throw httpError({ tag: 'HTTP-request-method-invalid' })
  const target = request.target
  if (target === undefined)
    throw httpError({ tag: 'HTTP-request-URI-invalid' }, 'no scheme and authority to go to')
  // Again, and not only where the boundary asks: which entry it is decides what the request carries.
  const entry = entryFor(grant, target)
  if ('refused' in entry) throw httpError({ tag: 'HTTP-request-denied' }, entry.refused)
  checkLength(request)
  if (request.headerBytes > limits['header-bytes']) {
    throw httpError({ tag: 'HTTP-request-header-section-size', val: limits['header-bytes'] })
  }
  const headers = keyring.dress(request.fields.list, entry)
  if (headers === undefined)
    throw httpError({ tag: 'configuration-error' }, 'a secret that the grant names is not to be had')
  if (session.exchanges >= limits.concurrent || !session.totals.open)
    throw httpError({ tag: 'connection-limit-reached' })
  session.totals.request()

  const future = new FutureIncomingResponse(session, () => exchange[Symbol.dispose]())
  session.exchanges += 1
  const exchange: Exchange = new Exchange(
    {
      dispatcher: network.dispatcher(entry['private-network'] === true),
      method: target.method,
      origin: target.origin,
      pathWithQuery: request.pathWithQuery() ?? '/',
      headers,
      body: request.outflow,
      times: {
        connect: lowered(options?.connectTimeout(), limits['connect-ms']),
        firstByte: lowered(options?.firstByteTimeout(), limits['first-byte-ms']),
        betweenBytes: lowered(options?.betweenBytesTimeout(), limits['between-bytes-ms']),
        total: limits['total-ms'],
      },
      responseBytes: limits['response-bytes'],
      totals: session.totals,
      redact: keyring.redact,
    },
    {
      response: (status, fields, body) =>
        future.settle({ tag: 'ok', val: new IncomingResponse(session, status, fields, body) }),
      failed: (val) => future.settle({ tag: 'err', val }),
      over: () => {
        session.exchanges -= 1
        session.remove(exchange)
      },
    },
  )
  session.add(exchange)
  return future
}

/** A length that is none, or of a body that there is not, would let a guest decide where the next request begins. */
function checkLength(request: OutgoingRequest): void {
  const declared = request.fields.declaredLength
  if (declared === undefined) return
  if (Number.isNaN(declared))
    throw httpError({ tag: 'HTTP-protocol-error' }, 'content-length is not one number')
  if (request.outflow === undefined && declared > 0)
    throw httpError({ tag: 'HTTP-request-body-size', val: 0n })
}
