import type { InvokeFailure } from '@theater/handler'
import type { ErrorCode } from './errors.ts'
import type { Field } from './fields.ts'

/** An answer that the host gives in the actor's place: a status and a line that says nothing of what is inside. */
export interface HostAnswer {
  readonly status: number
  readonly text: string
  /** Seconds after which it is worth another try. */
  readonly retryAfter?: number
  /** Fields that say more. */
  readonly fields?: readonly Field[]
}

/** What the host says, by what happened. */
export const hostAnswers = {
  badRequest: { status: 400, text: 'This request is not clear.' },
  badOrigin: { status: 403, text: 'Pages from there may not connect.' },
  'no-path': { status: 404, text: 'Nobody answers here.' },
  noTunnel: { status: 405, text: 'There is nothing to connect to.' },
  tooSlow: { status: 408, text: 'The request took too long.' },
  bodyTooLarge: { status: 413, text: 'The body is too large.' },
  notWebSocket: {
    status: 426,
    text: 'This is for WebSocket connections.',
    fields: [
      ['upgrade', 'websocket'],
      ['connection', 'upgrade'],
      ['sec-websocket-version', '13'],
    ],
  },
  'no-host': { status: 421, text: 'Nobody answers for this host here.' },
  headerTooLarge: { status: 431, text: 'The header is too large.' },
  noAnswer: { status: 500, text: 'The actor gave no answer.' },
  broken: { status: 502, text: 'The actor failed.' },
  badAnswer: { status: 502, text: 'The actor gave an answer that is none.' },
  busy: { status: 503, text: 'There is too much to do.', retryAfter: 1 },
  gone: { status: 503, text: 'The actor is not there any more.' },
  late: { status: 504, text: 'The actor took too long.' },
} as const satisfies Record<string, HostAnswer>

/** Why no actor answers a request, where none of them was asked, or nobody waits any longer. */
export class Unanswered extends Error {
  readonly code: InvokeFailure

  constructor(code: InvokeFailure) {
    super(`a request that is not answered: ${code}`)
    this.code = code
  }
}

/** What a client is told whose request came to no answer of the actor's. Total. */
export function answerToFailure(error: unknown): HostAnswer {
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  switch (code as InvokeFailure | undefined) {
    case 'too-large':
      return hostAnswers.bodyTooLarge
    case 'mailbox-full':
      return hostAnswers.busy
    case 'timeout':
      return hostAnswers.late
    case 'stopped':
    case 'closed':
    case 'withdrawn':
    case 'store-failed':
    case 'cannot-resume':
      return hostAnswers.gone
    case 'trapped':
    case 'aborted':
    case 'not-served':
    case 'not-open':
    case 'bad-arguments':
    case undefined:
      return hostAnswers.broken
  }
  return hostAnswers.broken
}

/** The status for an error that the actor answers with. Nothing of what it carries goes to the client. */
export function statusOf(code: ErrorCode): number {
  switch (code.tag) {
    case 'HTTP-request-URI-invalid':
      return 400
    case 'HTTP-request-denied':
      return 403
    case 'HTTP-request-method-invalid':
      return 405
    case 'HTTP-request-length-required':
      return 411
    case 'HTTP-request-body-size':
      return 413
    case 'HTTP-request-URI-too-long':
      return 414
    case 'HTTP-request-header-section-size':
    case 'HTTP-request-header-size':
    case 'HTTP-request-trailer-section-size':
    case 'HTTP-request-trailer-size':
      return 431
    case 'internal-error':
    case 'configuration-error':
      return 500
    case 'connection-limit-reached':
      return 503
    case 'DNS-timeout':
    case 'connection-timeout':
    case 'connection-read-timeout':
    case 'connection-write-timeout':
    case 'HTTP-response-timeout':
      return 504
    case 'loop-detected':
      return 508
    case 'DNS-error':
    case 'destination-not-found':
    case 'destination-unavailable':
    case 'destination-IP-prohibited':
    case 'destination-IP-unroutable':
    case 'connection-refused':
    case 'connection-terminated':
    case 'TLS-protocol-error':
    case 'TLS-certificate-error':
    case 'TLS-alert-received':
    case 'HTTP-response-incomplete':
    case 'HTTP-response-header-section-size':
    case 'HTTP-response-header-size':
    case 'HTTP-response-body-size':
    case 'HTTP-response-trailer-section-size':
    case 'HTTP-response-trailer-size':
    case 'HTTP-response-transfer-coding':
    case 'HTTP-response-content-coding':
    case 'HTTP-upgrade-failed':
    case 'HTTP-protocol-error':
      return 502
  }
}
