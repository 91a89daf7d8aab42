import { Reader } from '@theater/values'
import { linkHead, linkLength, putBytes, putLink, readBlockLink } from './cbor-bytes.ts'
import { broken, messageOf } from './errors.ts'

/** Encoded content above this many bytes stands in a block of its own. Part of the format: a re-run has to come to the same bytes. */
export const INLINE_LIMIT = 32 * 1024

/** The length of a salt. */
export const saltLength = 16

/** Where the salt stands in a body block. */
export const saltAt = 2

/** The length of a body block before its content. */
const bodyHeadLength = saltAt + saltLength

/** What a body block holds. */
export interface Body {
  readonly salt: Uint8Array
  /** The content, null where it stands in a block of its own. */
  readonly content: Uint8Array | null
  /** The digest of the block that the content stands in, null where it is here. */
  readonly link: Uint8Array | null
}

/** The length of the body block for content of this length. */
export function bodyLength(contentLength: number): number {
  return bodyHeadLength + (contentLength > INLINE_LIMIT ? linkLength : contentLength)
}

/** Writes a body block around a salt that is there, at {@link saltAt}; returns the offset after it. */
export function putBody(out: Uint8Array, at: number, content: Uint8Array, link: Uint8Array | null): number {
  out[at] = 0x82
  out[at + 1] = 0x50
  if (link !== null) return putLink(out, at + bodyHeadLength, link)
  putBytes(out, at + bodyHeadLength, content)
  return at + bodyHeadLength + content.length
}

/**
 * Takes a body block apart, without looking into the content; what it gives are views into `bytes`.
 *
 * @throws ChainError `broken` with reason `body`
 */
export function decodeBody(bytes: Uint8Array, index?: number): Body {
  if (bytes.length <= bodyHeadLength || bytes[0] !== 0x82 || bytes[1] !== 0x50) {
    throw broken('body', 'these bytes are not [salt, content]', index)
  }
  const salt = bytes.subarray(2, bodyHeadLength)
  if (bytes[bodyHeadLength] === linkHead[0]) return { salt, content: null, link: decodeLink(bytes, index) }
  const content = bytes.subarray(bodyHeadLength)
  if (content.length > INLINE_LIMIT) {
    throw broken('body', `content of ${content.length} bytes belongs in a block of its own`, index)
  }
  return { salt, content, link: null }
}

/** The length of a body block whose content stands in a block of its own. */
export const linkingBodyLength: number = bodyHeadLength + linkLength

/** The digest of the block that the content of a body stands in; null where it is in the body, or there is no body. */
export function linkInBody(body: Uint8Array | null): Uint8Array | null {
  return body?.length === linkingBodyLength ? decodeBody(body).link : null
}

function decodeLink(bytes: Uint8Array, index: number | undefined): Uint8Array {
  try {
    const input = new Reader(bytes, bodyHeadLength)
    const link = readBlockLink(input)
    input.finish()
    return link
  } catch (error) {
    throw broken('body', `the body's link is not one (${messageOf(error)})`, index, error)
  }
}
