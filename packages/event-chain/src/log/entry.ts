import { decodeData, encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { ChainError, messageOf } from '../errors.ts'
import type { Tombstone } from '../tombstones.ts'

/** An entry of a host's log that says how far a chain had come. */
export interface ChainEntry {
  readonly kind: 'chain'
  /** The chain's id. 32 bytes. */
  readonly chain: Uint8Array
  /** The epoch of the last lease. */
  readonly epoch: number
  /** How many events the chain had. */
  readonly size: number
  /** The root of the tree over the hashes of their headers. 32 bytes. */
  readonly root: Uint8Array
}

/** An entry that says which key signs the log after this one. */
export interface KeyEntry {
  readonly kind: 'key'
  /** 32 bytes. The name stays. */
  readonly publicKey: Uint8Array
}

/** An entry that says that the body of an event was erased. */
export interface TombstoneEntry extends Tombstone {
  readonly kind: 'tombstone'
}

/** A leaf of a host's log. */
export type LogEntry = ChainEntry | KeyEntry | TombstoneEntry

/** The most bytes that the reason in a tombstone may have. */
export const MAX_REASON = 1024

/** Encodes an entry: DAG-CBOR `[0, chain, epoch, size, root]`, `[1, publicKey]`, or `[2, chain, seq, event, time, reason]`. */
export function encodeEntry(entry: LogEntry): Uint8Array {
  switch (entry.kind) {
    case 'chain':
      return encodeData([0, entry.chain, entry.epoch, entry.size, entry.root])
    case 'key':
      return encodeData([1, entry.publicKey])
    case 'tombstone':
      return encodeData([2, entry.chain, entry.seq, entry.event, entry.time, entry.reason])
  }
}

/** The first bytes of a tombstone among the entries of a log: no other entry has them. */
export const tombstoneHead: readonly number[] = [0x86, 0x02]

/** Whether the bytes of an entry are those of a tombstone. */
export function isTombstone(bytes: Uint8Array): boolean {
  return tombstoneHead.every((byte, i) => bytes[i] === byte)
}

/** @throws ChainError `bad-proof` for bytes that are no entry */
export function decodeEntry(bytes: Uint8Array): LogEntry {
  let data
  try {
    data = decodeData(bytes)
  } catch (cause) {
    throw new ChainError('bad-proof', `this is not an entry of a log: ${messageOf(cause)}`, { cause })
  }
  if (Array.isArray(data)) {
    const [kind, first, epoch, size, root] = data
    if (
      // The float -0 is another form of it.
      Object.is(kind, 0) &&
      data.length === 5 &&
      isDigest(first) &&
      isCounter(epoch) &&
      isCounter(size) &&
      isDigest(root)
    ) {
      return { kind: 'chain', chain: first, epoch, size, root }
    }
    if (kind === 1 && data.length === 2 && isDigest(first)) return { kind: 'key', publicKey: first }
    if (kind === 2) {
      const tombstone = readTombstone(data)
      if (tombstone !== undefined) return tombstone
    }
  }
  throw new ChainError('bad-proof', 'this is not an entry of a log')
}

function readTombstone(data: readonly Data[]): TombstoneEntry | undefined {
  const [, chain, seq, event, time, reason, ...rest] = data
  if (!isDigest(chain) || !isCounter(seq) || !isDigest(event) || !isCounter(time) || rest.length > 0)
    return undefined
  if (typeof reason !== 'string' || byteLength(reason) > MAX_REASON) return undefined
  return { kind: 'tombstone', chain, seq, event, time, reason }
}

/** How many bytes a text has. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

/** Whether something is 32 bytes. */
export function isDigest(data: unknown): data is Uint8Array {
  return data instanceof Uint8Array && data.length === 32
}

/** Whether something is an integer from 0 to 2^53 - 1, in the one form that it has: -0 is a float. */
export function isCounter(data: unknown): data is number {
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0 && !Object.is(data, -0)
}
