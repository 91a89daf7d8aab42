import type { ErrorCode } from './errors.ts'
import { BrokenBody } from './outflow.ts'

/** Why an exchange was ended from here, on its way through the client and back. */
export class ResponseFault extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    super(code.tag)
    this.code = code
  }
}

/** A connection that would have ended at an address that is not of the public internet. */
export class ProhibitedAddress extends Error {
  readonly code = 'THEATER_PROHIBITED_ADDRESS'

  constructor() {
    super('the address is not of the public internet')
  }
}

/** What the platform and the client call things, and what WASI does. */
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

  UND_ERR_CONNECT_TIMEOUT: { tag: 'connection-timeout' },
  UND_ERR_HEADERS_TIMEOUT: { tag: 'HTTP-response-timeout' },
  UND_ERR_BODY_TIMEOUT: { tag: 'connection-read-timeout' },
  UND_ERR_HEADERS_OVERFLOW: { tag: 'HTTP-response-header-section-size', val: undefined },
  UND_ERR_SOCKET: { tag: 'connection-terminated' },
  UND_ERR_DESTROYED: { tag: 'connection-terminated' },
  UND_ERR_CLOSED: { tag: 'connection-terminated' },
  UND_ERR_ABORTED: { tag: 'connection-terminated' },
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: { tag: 'HTTP-request-body-size', val: undefined },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { tag: 'HTTP-response-incomplete' },
  UND_ERR_RES_EXCEEDED_MAX_SIZE: { tag: 'HTTP-response-body-size', val: undefined },
}

/** Codes of OpenSSL and of Node about certificates. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_X509)/

/**
 * The WASI error for whatever went wrong on the network. Total. Nothing of the message goes into it: it may quote what a
 * guest must not see.
 */
export function codeOfFailure(error: unknown): ErrorCode {
  if (error instanceof ResponseFault || error instanceof BrokenBody) return error.code
  if (!(error instanceof Error)) return { tag: 'internal-error', val: undefined }
  if (error instanceof AggregateError && error.errors.length > 0) return codeOfFailure(error.errors[0])
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (Object.hasOwn(CODES, code)) {
    const known = CODES[code]
    if (known !== undefined) return known
  }
  if (error.name === 'HTTPParserError' || code.startsWith('HPE_')) return { tag: 'HTTP-protocol-error' }
  if (CERTIFICATE.test(code)) return { tag: 'TLS-certificate-error' }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO')
    return { tag: 'TLS-protocol-error' }
  return { tag: 'internal-error', val: undefined }
}
