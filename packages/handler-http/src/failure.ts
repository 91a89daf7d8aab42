import type { ErrorCode } from './errors.ts'
import { BrokenBody } from './outflow.ts'

/** A connection that would have ended at an address that is not of the public internet. */
export class ProhibitedAddress extends Error {
  readonly code = 'THEATER_PROHIBITED_ADDRESS'

  constructor() {
    super('the address is not of the public internet')
  }
}

/** Whether a header, or trailers, had more bytes than they may. */
export function isHeaderTooLong(error: Error): boolean {
  return 'code' in error && error.code === 'HPE_HEADER_OVERFLOW'
}

/** What the platform calls things, and what WASI does. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  THEATER_PROHIBITED_ADDRESS: { tag: 'destination-IP-prohibited' },

  ENOTFOUND: { tag: 'DNS-error', val: { rcode: 'NXDOMAIN', infoCode: undefined } },
  ENODATA: { tag: 'DNS-error', val: { rcode: 'NODATA', infoCode: undefined } },
  EAI_AGAIN: { tag: 'DNS-timeout' },
  ETIMEOUT: { tag: 'DNS-timeout' },
  ECONNREFUSED: { tag: 'connection-refused' },
  ECONNRESET: { tag: 'connection-terminated' },
  EPIPE: { tag: 'connection-terminated' },
  ETIMEDOUT: { tag: 'connection-timeout' },
  ENETUNREACH: { tag: 'destination-IP-unroutable' },
  EHOSTUNREACH: { tag: 'destination-IP-unroutable' },
  EADDRNOTAVAIL: { tag: 'destination-IP-unroutable' },
}

/** Codes of OpenSSL and of Node about certificates. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_X509)/

/** How OpenSSL says that the other side gave up: https://www.iana.org/assignments/tls-parameters, alerts. */
const ALERT = /:SSL alert number ([0-9]{1,3})(?:\s|$)/

/**
 * The WASI error for whatever went wrong on the network. Total. Nothing of the message goes into it: it may quote what a
 * guest must not see.
 */
export function codeOfFailure(error: unknown): ErrorCode {
  if (error instanceof BrokenBody) return error.code
  if (!(error instanceof Error)) return { tag: 'internal-error', val: undefined }
  if (error instanceof AggregateError && error.errors.length > 0) return codeOfFailure(error.errors[0])
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (Object.hasOwn(CODES, code)) {
    const known = CODES[code]
    if (known !== undefined) return known
  }
  if (code.startsWith('HPE_')) return { tag: 'HTTP-protocol-error' }
  const [, alert] = ALERT.exec(error.message) ?? []
  if (alert !== undefined)
    return { tag: 'TLS-alert-received', val: { alertId: Number(alert), alertMessage: undefined } }
  if (CERTIFICATE.test(code)) return { tag: 'TLS-certificate-error' }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO')
    return { tag: 'TLS-protocol-error' }
  return { tag: 'internal-error', val: undefined }
}
