import { decodeData, encodeData } from '@theater/values'
import { ChainError, messageOf } from '../errors.ts'

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

/** A leaf of a host's log. */
export type LogEntry = ChainEntry | KeyEntry

/** Encodes an entry: DAG-CBOR `[0, chain, epoch, size, root]`, or `[1, publicKey]`. */
export function encodeEntry(entry: LogEntry): Uint8Array {
  return entry.kind === 'chain'
    ? encodeData([0, entry.chain, entry.epoch, entry.size, entry.root])
    : encodeData([1, entry.publicKey])
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
      kind === 0 &&
      data.length === 5 &&
      isDigest(first) &&
      isCounter(epoch) &&
      isCounter(size) &&
      isDigest(root)
    ) {
      return { kind: 'chain', chain: first, epoch, size, root }
    }
    if (kind === 1 && data.length === 2 && isDigest(first)) return { kind: 'key', publicKey: first }
  }
  throw new ChainError('bad-proof', 'this is not an entry of a log')
}

/** Whether something is 32 bytes. */
export function isDigest(data: unknown): data is Uint8Array {
  return data instanceof Uint8Array && data.length === 32
}

/** Whether something is an integer from 0 to 2^53 - 1. */
export function isCounter(data: unknown): data is number {
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0
}
