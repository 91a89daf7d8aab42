import type { Cause } from '@theater/handler'
import { httpError } from './errors.ts'
import { Exchange, type ExchangeListener, type ExchangeRequest } from './exchange.ts'
import { sizeOf, type Field } from './fields.ts'
import { entryFor, isSent, type HttpAsk } from './grant.ts'
import { withKey } from './idempotency.ts'
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

/** A request as its actor has made it, by whichever interface. */
export interface Wanted {
  readonly target: HttpAsk
  readonly pathWithQuery: string
  readonly fields: readonly Field[]
  /** The event that it is an effect of. */
  readonly intent: Cause | undefined
}

/** A request that may leave, and what it is to carry. */
export interface Admitted {
  readonly target: HttpAsk
  readonly pathWithQuery: string
  readonly headers: readonly Field[]
  /** Names of headers that the host sets. */
  readonly hosts: ReadonlySet<string>
  readonly privateToo: boolean
}

/**
 * Looks whether a request may leave, and dresses it with what the host sets. Nothing is counted yet.
 *
 * @throws WitError with an `error-code` for why it may not
 */
export function admit(
  { session, keyring }: Outside,
  { target, pathWithQuery, fields, intent }: Wanted,
): Admitted {
  const { limits, grant } = session
  // Again, and not only where the boundary asks: which entry it is decides what the request carries.
  const entry = entryFor(grant, target)
  if ('refused' in entry) throw httpError({ tag: 'HTTP-request-denied' }, entry.refused)
  if (pathWithQuery.length > limits['header-bytes']) throw httpError({ tag: 'HTTP-request-URI-too-long' })
  if (sizeOf(fields) > limits['header-bytes'])
    throw httpError({ tag: 'HTTP-request-header-section-size', val: limits['header-bytes'] })
  const headers = keyring.dress(withKey(fields, entry, target.method, intent), entry)
  if (headers === undefined)
    throw httpError({ tag: 'configuration-error' }, 'a secret that the grant names is not to be had')
  if (session.exchanges >= limits.concurrent || !session.totals.open)
    throw httpError({ tag: 'connection-limit-reached' })
  const hosts = new Set(Object.keys(entry.headers ?? {}))
  return { target, pathWithQuery, headers, hosts, privateToo: entry['private-network'] === true }
}

/** How an admitted request goes out. What is not said is the grant's. */
export interface Going {
  readonly body: ExchangeRequest['body']
  readonly times?: Partial<ExchangeRequest['times']>
  readonly responseBytes?: number
}

/** Lets an admitted request leave, and counts it. */
export function launch(
  { session, network, keyring }: Outside,
  { target, pathWithQuery, headers, hosts, privateToo }: Admitted,
  { body, times, responseBytes }: Going,
  listener: ExchangeListener,
): Exchange {
  const { limits, totals } = session
  totals.request()
  session.exchanges += 1
  const exchange: Exchange = new Exchange(
    {
      pool: network.pool(target.origin.startsWith('https:') ? 'https:' : 'http:', privateToo),
      method: target.method,
      origin: target.origin,
      pathWithQuery,
      headers,
      hosts,
      body,
      times: {
        connect: limits['connect-ms'],
        firstByte: limits['first-byte-ms'],
        betweenBytes: limits['between-bytes-ms'],
        total: limits['total-ms'],
        continue: limits['continue-ms'],
        ...times,
      },
      responseBytes: responseBytes ?? limits['response-bytes'],
      headerBytes: limits['header-bytes'],
      totals,
      redact: keyring.redact,
    },
    {
      ...listener,
      over: () => {
        session.exchanges -= 1
        session.remove(exchange)
        listener.over()
      },
    },
  )
  session.add(exchange)
  return exchange
}

/**
 * Starts a request of `wasi:http`.
 *
 * @throws WitError with an `error-code` for what is wrong with it before anything leaves
 */
export function send(
  outside: Outside,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
  intent: Cause | undefined,
): FutureIncomingResponse {
  const { session } = outside
  if (request.isLost) throw httpError({ tag: 'connection-terminated' }, 'the request is of before a restart')
  if (!isSent(methodName(request.method()))) throw httpError({ tag: 'HTTP-request-method-invalid' })
  const { target } = request
  if (target === undefined)
    throw httpError({ tag: 'HTTP-request-URI-invalid' }, 'no scheme and authority to go to')
  checkLength(request)
  const admitted = admit(outside, {
    target,
    pathWithQuery: request.pathOnWire,
    fields: request.fields.list,
    intent,
  })
  const { limits } = session
  const future = new FutureIncomingResponse(session, {
    hurry: () => exchange.hurry(),
    [Symbol.dispose]: () => exchange[Symbol.dispose](),
  })
  const exchange = launch(
    outside,
    admitted,
    {
      body: request.outflow,
      times: {
        connect: lowered(options?.connectTimeout(), limits['connect-ms']),
        firstByte: lowered(options?.firstByteTimeout(), limits['first-byte-ms']),
        betweenBytes: lowered(options?.betweenBytesTimeout(), limits['between-bytes-ms']),
      },
    },
    {
      response: (status, fields, body) =>
        future.settle({ tag: 'ok', val: new IncomingResponse(session, status, fields, body) }),
      failed: (val) => future.settle({ tag: 'err', val }),
      over: () => undefined,
    },
  )
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
