import type { ClientError } from './client-request.ts'
import type { ErrorCode } from './errors.ts'
import type { Session } from './session.ts'

/** What an error of an exchange is called in `theater:http/client`. Total. */
export function clientErrorOf(code: ErrorCode, { limits, totals }: Session, bodyBytes: number): ClientError {
  switch (code.tag) {
    case 'HTTP-request-denied':
      return { tag: 'denied' }
    case 'HTTP-request-method-invalid':
      return { tag: 'bad-request', val: 'method' }
    case 'HTTP-request-URI-invalid':
      return { tag: 'bad-request', val: 'url' }
    case 'HTTP-request-URI-too-long':
    case 'HTTP-request-header-size':
    case 'HTTP-request-header-section-size':
      return { tag: 'request-too-large', val: BigInt(limits['header-bytes']) }
    case 'HTTP-request-body-size':
    case 'HTTP-request-length-required':
    case 'HTTP-request-trailer-size':
    case 'HTTP-request-trailer-section-size':
      return { tag: 'request-too-large', val: BigInt(limits['request-bytes']) }
    case 'connection-limit-reached':
      return totals.open ? { tag: 'too-many', val: limits.concurrent } : { tag: 'budget-spent' }
    case 'configuration-error':
      return { tag: 'misconfigured' }
    case 'DNS-error':
    case 'DNS-timeout':
    case 'destination-not-found':
      return { tag: 'dns' }
    case 'destination-IP-prohibited':
      return { tag: 'address-denied' }
    case 'destination-unavailable':
    case 'destination-IP-unroutable':
    case 'connection-refused':
    case 'connection-timeout':
      return { tag: 'connect' }
    case 'TLS-protocol-error':
    case 'TLS-certificate-error':
    case 'TLS-alert-received':
      return { tag: 'tls' }
    case 'connection-read-timeout':
    case 'connection-write-timeout':
    case 'HTTP-response-timeout':
      return { tag: 'timeout' }
    case 'HTTP-response-header-size':
    case 'HTTP-response-header-section-size':
    case 'HTTP-response-trailer-size':
    case 'HTTP-response-trailer-section-size':
      return { tag: 'response-too-large', val: BigInt(limits['header-bytes']) }
    case 'HTTP-response-body-size':
      return { tag: 'response-too-large', val: code.val ?? BigInt(bodyBytes) }
    case 'connection-terminated':
    case 'HTTP-response-incomplete':
    case 'internal-error':
      return { tag: 'reset' }
    case 'HTTP-response-transfer-coding':
    case 'HTTP-response-content-coding':
    case 'HTTP-upgrade-failed':
    case 'HTTP-protocol-error':
    case 'loop-detected':
      return { tag: 'protocol' }
  }
}
