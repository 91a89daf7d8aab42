import type { Hash } from '@theater/values'
import { sameBytes } from './cbor-bytes.ts'
import { broken } from './errors.ts'
import type { Event } from './event.ts'
import { readEvents } from './read-events.ts'
import type { BlobReader, ChainReader } from './store.ts'

/** How a chain is followed. */
export interface FollowOptions {
  /**
   * Waits until it is worth looking again; asked each time when all that was there when it looked was given. `false` ends the following.
   */
  readonly wake: () => Promise<boolean>
  /** The first sequence number. @default 0 */
  readonly from?: number | undefined
  /** @default sha256 of `@theater/values` */
  readonly hash?: Hash | undefined
}

/**
 * Reads a chain's events in order, decoded, and goes on with those that are appended meanwhile. Between two
 * looks it holds nothing open: a reader that is slow delays no writer, and misses nothing.
 *
 * @throws ChainError `not-found`; `broken` with index and reason
 *
 * @example
 * ```ts
 * const wake = async () => (await setTimeout(100), !signal.aborted)
 * for await (const { seq, kind } of followEvents(store, chain, { wake })) console.log(seq, kind)
 * ```
 */
export async function* followEvents(
  store: ChainReader & BlobReader,
  chain: Uint8Array,
  { wake, from = 0, hash }: FollowOptions,
): AsyncGenerator<Event, void, undefined> {
  let next = from
  let head: Uint8Array | undefined
  do {
    for await (const event of readEvents(store, chain, next, undefined, { hash })) {
      const { seq, prev } = event
      if (head !== undefined && (prev === null || !sameBytes(prev, head)))
        throw broken('prev', 'the event does not link to the one before', seq)
      head = event.hash
      next = seq + 1
      yield event
    }
  } while (await wake())
}
