import { WitError, type IoError, type StreamError } from '@theater/handler'
import type { Json } from '@theater/values'
import type { WasiHttpTypes } from '@theater/wit'

/** `wasi:http/types.error-code` as lifted. */
export type ErrorCode = WasiHttpTypes.ErrorCode

/** `wasi:http/types.header-error` as lifted. */
export type HeaderError = WasiHttpTypes.HeaderError

/** An {@link ErrorCode} for throwing. */
export function httpError(code: ErrorCode, message?: string): WitError<ErrorCode> {
  return new WitError<ErrorCode>(code, message)
}

/** A {@link HeaderError} for throwing. */
export function headerError(tag: HeaderError['tag'], message?: string): WitError<HeaderError> {
  return new WitError<HeaderError>({ tag }, message)
}

/** The error of a function whose WIT result has an `err` without a payload. */
export function plainError(message: string): WitError<undefined> {
  return new WitError<undefined>(undefined, message)
}

/** Why an operation on the stream of a body failed; `http-error-code` finds the code in it. */
export class HttpIoError implements IoError {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    this.code = code
  }

  toDebugString(): string {
    return `HTTP error: ${this.code.tag}`
  }
}

/** `last-operation-failed` for throwing. */
export function streamFailed(code: ErrorCode): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'last-operation-failed', val: new HttpIoError(code) }, code.tag)
}

/** `closed` for throwing. */
export function streamClosed(): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'closed' }, 'the stream is closed')
}

/**
 * What a guest gets for whatever the host's process took with it: a request under way, a body, a request that was being
 * made. It is what HTTP has always said then: the connection ended, and nobody knows how far the other side came.
 */
export const LOST: ErrorCode = { tag: 'connection-terminated' }

/** Codes that carry nothing, so that they can be written down as their name. */
const BARE: ReadonlySet<string> = new Set<ErrorCode['tag']>([
  'DNS-timeout',
  'destination-not-found',
  'destination-unavailable',
  'destination-IP-prohibited',
  'destination-IP-unroutable',
  'connection-refused',
  'connection-terminated',
  'connection-timeout',
  'connection-read-timeout',
  'connection-write-timeout',
  'connection-limit-reached',
  'TLS-protocol-error',
  'TLS-certificate-error',
  'HTTP-request-denied',
  'HTTP-request-length-required',
  'HTTP-request-method-invalid',
  'HTTP-request-URI-invalid',
  'HTTP-request-URI-too-long',
  'HTTP-response-incomplete',
  'HTTP-response-timeout',
  'HTTP-upgrade-failed',
  'HTTP-protocol-error',
  'loop-detected',
  'configuration-error',
])

/** A code from a description; what carried something comes back as `internal-error`. */
export function codeOf(description: Json): ErrorCode {
  const tag =
    typeof description === 'object' && description !== null ? Reflect.get(description, 'code') : undefined
  return typeof tag === 'string' && BARE.has(tag)
    ? ({ tag } as ErrorCode)
    : { tag: 'internal-error', val: undefined }
}
