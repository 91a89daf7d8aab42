/**
 * The kit's encoding of messages, for both ends of a mailbox. It needs neither a guest nor a host.
 *
 * A message is a type, which is a name, and a body. It is one of
 *
 * - `application/json`, the UTF-8 JSON text `{"type": NAME, "body": BODY}`, without `body` where there is none;
 * - `application/octet-stream;type=NAME`, where the body is bytes: they stand as they are.
 *
 * A reply has no type: `application/json` with the value itself, `null` where the handler gave none, or
 * `application/octet-stream`. Parameters and saved states are encoded like replies. A name is 1 to 64
 * characters of `A-Z a-z 0-9 . _ -`. Other members of the object, other parameters of the media type and other
 * media types are refused; the case of a media type does not matter.
 *
 * ```ts
 * import { decodeReply, encodeMessage } from '@theater/actor/message'
 *
 * const message = encodeMessage('add', { by: 2 })
 * console.log(message.format, new TextDecoder().decode(message.body)) // application/json {"type":"add","body":{"by":2}}
 * console.log(decodeReply({ format: 'application/json', body: new TextEncoder().encode('7') })) // 7
 * ```
 *
 * @module
 */
import type { TheaterActorTypes } from '@theater/wit'
import { isBytes, ownBytes } from './bytes.ts'
import { type Json, stringify } from './json.ts'

/** `theater:actor/types.message`. */
export type WireMessage = TheaterActorTypes.Message

/** A decoded message. */
export interface DecodedMessage {
  /** Which handler it is for. */
  readonly type: string
  /** The body: JSON, bytes, or undefined where there is none. */
  readonly body: Json | Uint8Array | undefined
}

const json = 'application/json'
const bytes = 'application/octet-stream'
/** `fatal`: a byte that is not UTF-8 is refused, not replaced. It keeps nothing from one text to the next. */
const utf8 = new TextDecoder('utf-8', { fatal: true })
const name = /^[A-Za-z0-9._-]{1,64}$/

/** Whether `type` can be the type of a message. */
export function isMessageType(type: string): boolean {
  return name.test(type)
}

/**
 * Encodes a message. Throws a `TypeError` for a body that does not survive JSON and a `RangeError` for a type
 * that is not a name.
 */
export function encodeMessage(type: string, body?: unknown): WireMessage {
  if (!isMessageType(type)) throw new RangeError(`${JSON.stringify(type)} is not a message type`)
  if (isBytes(body)) return { format: `${bytes};type=${type}`, body }
  const head = `{"type":${JSON.stringify(type)}`
  return text(body === undefined ? `${head}}` : `${head},"body":${stringify(body, `the body of ${type}`)}}`)
}

/** Decodes a message. Throws a `SyntaxError` that says what is wrong; its message names nothing from the body. */
export function decodeMessage(message: WireMessage): DecodedMessage {
  const media = parse(message.format)
  if (media.essence === bytes && media.type !== undefined)
    return { type: media.type, body: ownBytes(message.body) }
  if (media.essence !== json) {
    throw new SyntaxError(`a message is ${json}, or ${bytes};type=NAME; this one is ${quote(message.format)}`)
  }
  const value = parseJson(message.body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw envelope()
  const { type, body } = value as { readonly [key: string]: Json }
  if (typeof type !== 'string' || !isMessageType(type)) throw envelope()
  const keys = Object.keys(value)
  // By their numbers: to go through a list takes the engine of a guest longer than all else of a short message.
  for (let i = 0; i < keys.length; i++) if (keys[i] !== 'type' && keys[i] !== 'body') throw envelope()
  return { type, body }
}

/** Encodes a reply, parameters or a saved state. Throws a `TypeError` for what does not survive JSON. */
export function encodeReply(value: unknown, what = 'the reply'): WireMessage {
  if (isBytes(value)) return { format: bytes, body: value }
  return text(value === undefined ? 'null' : stringify(value, what))
}

/** Decodes a reply, parameters or a saved state. Throws a `SyntaxError` for what is neither JSON nor bytes. */
export function decodeReply(message: WireMessage): Json | Uint8Array {
  const media = parse(message.format)
  if (media.essence === bytes && media.type === undefined) return ownBytes(message.body)
  if (media.essence === json) return parseJson(message.body)
  throw new SyntaxError(`expected ${json} or ${bytes}, not ${quote(message.format)}`)
}

function text(value: string): WireMessage {
  return { format: json, body: new TextEncoder().encode(value) }
}

function parseJson(body: Uint8Array): Json {
  try {
    return JSON.parse(utf8.decode(body)) as Json
  } catch {
    throw new SyntaxError(`the body says it is ${json} and is not`)
  }
}

/** The essence of a media type, and its one parameter `type` if it has one; an essence of '' where it is neither. */
function parse(format: string): { readonly essence: string; readonly type?: string } {
  if (format === json) return { essence: json }
  const [essence = '', ...parameters] = format.split(';').map((part) => part.trim())
  const lower = essence.toLowerCase()
  if (parameters.length === 0) return { essence: lower }
  const [only = ''] = parameters
  if (parameters.length > 1) return { essence: '' }
  if (lower === json && /^charset="?utf-8"?$/i.test(only)) return { essence: lower }
  const type = /^type="?([A-Za-z0-9._-]{1,64})"?$/i.exec(only)?.[1]
  return type === undefined || lower !== bytes ? { essence: '' } : { essence: lower, type }
}

function envelope(): SyntaxError {
  return new SyntaxError(
    `a ${json} message is {"type": NAME, "body": BODY}, with a NAME of A-Z a-z 0-9 . _ -`,
  )
}

function quote(format: string): string {
  return JSON.stringify(format.length > 80 ? `${format.slice(0, 80)}…` : format)
}
