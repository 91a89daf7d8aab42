import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { decodeBody } from './body.ts'
import { sameBytes } from './cbor-bytes.ts'
import type { Contents } from './contents.ts'
import { decodeContent } from './decode-content.ts'
import { broken } from './errors.ts'
import { decodeHeader, maxHeaderLength } from './header.ts'
import type { Header } from './header.ts'
import type { Kind } from './kinds.ts'
import type { BlobReader, StoredEvent } from './store.ts'

/** What every event has. */
export interface EventHead {
  readonly chain: Uint8Array
  readonly epoch: number
  readonly seq: number
  /** The hash of the header. 32 bytes. */
  readonly hash: Uint8Array
  /** The hash of the header before, null at genesis. 32 bytes. */
  readonly prev: Uint8Array | null
}

/** An event whose content is here. */
export interface EventOf<K extends Kind> extends EventHead {
  readonly kind: K
  readonly salt: Uint8Array
  /** The decoded content; `args` and `result` in it stay CBOR. */
  readonly content: Contents[K]
  /** The content's bytes. */
  readonly contentBytes: Uint8Array
}

/** An event whose body, or the block that its content stands in, is withheld or erased. */
export interface WithheldEvent extends EventHead {
  readonly kind: Kind
  /** Null where the body itself is not here. */
  readonly salt: Uint8Array | null
  readonly content: null
  readonly contentBytes: null
}

/** An event. Once `content` is known not to be null, `kind` decides its type. */
export type Event = { readonly [K in Kind]: EventOf<K> }[Kind] | WithheldEvent

/** An event on its way in: checked by itself, its content not yet decoded. */
export interface OpenEvent {
  readonly header: Header
  readonly hash: Uint8Array
  readonly salt: Uint8Array | null
  readonly content: Uint8Array | null
  /** The digest of the block that the content stands in. */
  readonly link: Uint8Array | null
}

/** Decodes the header of a stored event and hashes it. */
export function openHeader(
  header: Uint8Array,
  index: number,
  hash: Hash,
): { header: Header; hash: Uint8Array } {
  if (header.length > maxHeaderLength) throw broken('header', `a header of ${header.length} bytes`, index)
  return { header: decodeHeader(header, index), hash: hash(header) }
}

/** Checks the body of an event against its header, and takes it apart. */
export function openBody(
  { header, hash }: { readonly header: Header; readonly hash: Uint8Array },
  body: Uint8Array | null,
  index: number,
  digestOf: Hash,
): OpenEvent {
  if (body === null) return { header, hash, salt: null, content: null, link: null }
  if (!sameBytes(digestOf(body), header.body)) {
    throw broken('digest', 'the body does not hash to what the header says', index)
  }
  const { salt, content, link } = decodeBody(body, index)
  return { header, hash, salt, content, link }
}

/** Gets the block that an event's content stands in; null where it is withheld. */
export async function linkedContent(
  link: Uint8Array,
  blobs: BlobReader | undefined,
  index: number,
  hash: Hash,
): Promise<Uint8Array | null> {
  const bytes = await blobs?.get(cidOf('dag-cbor', link))
  if (bytes === undefined) return null
  if (!sameBytes(hash(bytes), link)) {
    throw broken('digest', 'the block with the content does not hash to what the body says', index)
  }
  return bytes
}

/** Decodes the content. `linked` is the block that it stands in, where it stands in one. */
export function closeEvent(open: OpenEvent, linked: Uint8Array | null, index: number): Event {
  const { header, hash, salt } = open
  const { chain, epoch, seq, kind, prev } = header
  const contentBytes = open.content ?? linked
  if (salt === null || contentBytes === null) {
    return { chain, epoch, seq, kind, hash, prev, salt, content: null, contentBytes: null }
  }
  const content = decodeContent(kind, contentBytes, index)
  // The kind decides the type of the content, and TypeScript cannot tie two fields to one type parameter.
  return { chain, epoch, seq, kind, hash, prev, salt, content, contentBytes } as Event
}

/**
 * Decodes one stored event and checks it by itself: canonical header, digests, content of its kind.
 *
 * @param index The place it stands at
 * @throws ChainError `broken`
 */
export async function decodeEvent(
  { header, body }: StoredEvent,
  index: number,
  options: { readonly blobs?: BlobReader | undefined; readonly hash?: Hash | undefined } = {},
): Promise<Event> {
  const { blobs, hash = sha256 } = options
  const open = openBody(openHeader(header, index, hash), body, index, hash)
  const linked = open.link === null ? null : await linkedContent(open.link, blobs, index, hash)
  return closeEvent(open, linked, index)
}
