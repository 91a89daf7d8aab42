import type { TheaterHttpRequestHandler } from '@theater/wit'
import { type Field, isForbidden, isValue, lengthIn } from './fields.ts'
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
    headers: bytesOf(headers),
    body,
  }
}

/** An answer that came whole. Guest-controlled: what cannot be sent as it is is none. */
export function answerOf(said: unknown, limits: Pick<HttpLimits, 'header-bytes' | 'response-bytes'>): Answer {
  const { status, headers, body } = said as TheaterHttpRequestHandler.Response
  const fields = headers.length <= limits['header-bytes'] ? fieldsIn(headers) : undefined
  if (
    fields === undefined ||
    status < 200 ||
    status > 599 ||
    body.length > limits['response-bytes'] ||
    Number.isNaN(lengthIn(fields))
  )
    return { tag: 'err', val: { tag: 'HTTP-protocol-error' } }
  return { tag: 'whole', val: { status, fields, body } }
}

/** Fields as they are on the wire. */
function bytesOf(fields: readonly Field[]): Uint8Array {
  let text = ''
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`
  return Buffer.from(text, 'latin1')
}

/** The fields that bytes of a guest are, where they are nothing else and all are a guest's to set. */
function fieldsIn({ buffer, byteOffset, length }: Uint8Array): Field[] | undefined {
  const text = Buffer.from(buffer, byteOffset, length).toString('latin1')
  const fields: Field[] = []
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r\n', at)
    if (colon < 0 || end < colon) return undefined
    const name = text.slice(at, colon)
    const value = trimmed(text, colon + 1, end)
    // What is left of another end of a line, or of a line that goes on, is no token and no value.
    if (!isToken(name) || !isValue(value) || isForbidden(name, value)) return undefined
    fields.push([name, value])
    at = end + 2
  }
  return fields
}

/** Without spaces and tabs around it. Not a pattern: a guest would choose the text on which it takes long. */
function trimmed(text: string, from: number, to: number): string {
  while (from < to && isBlank(text, from)) from++
  while (from < to && isBlank(text, to - 1)) to--
  return text.slice(from, to)
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t'
}
