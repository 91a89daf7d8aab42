import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { hex, sameBytes } from './cbor-bytes.ts'
import { broken } from './errors.ts'
import { decodeEvent } from './event.ts'
import type { Event } from './event.ts'
import type { BlobReader, ChainReader } from './store.ts'

/**
 * Reads a chain's events in order, decoded. Each is checked by itself, for its place and for its link to the one before
 * it in this range; `checkEvents` checks a whole chain.
 *
 * @param from The first sequence number. @default 0
 * @param to The sequence number after the last. @default the chain's size
 * @throws ChainError `not-found`; `broken` with index and reason
 *
 * @example
 * ```ts
 * for await (const event of readEvents(store, chain)) {
 *   if (event.content !== null && event.kind === 'turn') console.log(event.seq, event.content.fn)
 * }
 * ```
 */
export async function* readEvents(
  store: Pick<ChainReader, 'read'> & BlobReader,
  chain: Uint8Array,
  from = 0,
  to?: number,
  options: { readonly hash?: Hash | undefined } = {},
): AsyncGenerator<Event, void, undefined> {
  const { hash = sha256 } = options
  let index = from
  let head: Uint8Array | null = null
  for await (const stored of store.read(chain, from, to)) {
    const event = await decodeEvent(stored, index, { blobs: store, hash })
    if (!sameBytes(event.chain, chain))
      throw broken('chain', `the event is one of chain ${hex(event.chain)}`, index)
    if (event.seq !== index) throw broken('seq', `the event is number ${event.seq}`, index)
    if (index > from && (event.prev === null || head === null || !sameBytes(event.prev, head))) {
      throw broken('prev', 'the event does not link to the one before', index)
    }
    head = event.hash
    index++
    yield event
  }
}
