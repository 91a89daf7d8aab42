import { decodeData, encodeData, sha256 } from '@theater/values'
import type { Data, Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import { ChainError, messageOf } from '../errors.ts'
import { decodeEvent } from '../event.ts'
import type { Event } from '../event.ts'
import { decodeHeader } from '../header.ts'
import { base64, fromBase64 } from './base64.ts'
import type { Checkpoint } from './checkpoint.ts'
import { decodeEntry } from './entry.ts'
import type { ChainEntry } from './entry.ts'
import type { VerifierKey } from './key.ts'
import { inclusionPath } from './prover.ts'
import { readPath, readRotations, rotationData, rotationsOf, verifyCheckpoint } from './rotation.ts'
import { signedCheckpoints } from './signed-checkpoints.ts'
import type { LogStore } from './store.ts'
import { chainSubtrees, eventLeaf, logSubtrees } from './subtrees.ts'
import { includes, leafHash } from './tree.ts'
import type { ProvingStore } from './host-log.ts'

const FIRST = 'c2sp.org/tlog-proof@v1'
/** The most bytes that a proof may have. */
const MAX_PROOF = 4 * 1024 * 1024

/** How an event is proven. */
export interface ProveOptions {
  /** Whether the proof shows what the event says, and not only that it is there. @default true */
  readonly body?: boolean | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/**
 * Writes the proof that an event is in its chain, and its chain under a checkpoint of the host, the one that most witnesses cosigned: a `.tlog-proof`. The path in
 * it leads from the chain's entry to the checkpoint; the path from the event to the entry, and the event, are its extra data.
 *
 * @throws ChainError `not-found` where there is no such event; `bad-proof` where no checkpoint is over it yet
 * @see https://c2sp.org/tlog-proof
 */
export async function proveEvent(
  store: ProvingStore,
  chain: Uint8Array,
  seq: number,
  { body = true, hash = sha256 }: ProveOptions = {},
): Promise<string> {
  const log = store.hostLog
  const [event] = await Array.fromAsync(store.read(chain, seq, seq + 1))
  if (event === undefined) throw new ChainError('not-found', `the chain has no event ${seq}`, { index: seq })
  const found = await covering(log, chain, seq)
  if (found === undefined)
    throw new ChainError('bad-proof', `no checkpoint is over event ${seq} yet`, { index: seq })
  const { index, bytes, entry, size, note } = found
  const path = await inclusionPath(logSubtrees(log, hash), index, size, hash)
  const chainPath = await inclusionPath(chainSubtrees(store, chain, hash), seq, entry.size, hash)
  const rotations = rotationData(await rotationsOf(log, hash))
  const extra = encodeData([1, event.header, body ? event.body : null, chainPath, bytes, rotations])
  return [FIRST, `extra ${base64(extra)}`, `index ${index}`, ...path.map(base64), '', note].join('\n')
}

/** The checkpoint that most witnesses cosigned of those that are over an event, and the entry that it is in there. */
async function covering(log: LogStore, chain: Uint8Array, seq: number): Promise<Covering | undefined> {
  for (const { size, note } of await signedCheckpoints(log)) {
    const index = await log.lastEntry(chain, size)
    const bytes = index === undefined ? undefined : await log.entry(index)
    const entry = bytes === undefined ? undefined : decodeEntry(bytes)
    if (index === undefined || bytes === undefined || entry?.kind !== 'chain' || entry.size <= seq) continue
    return { index, bytes, entry, size, note }
  }
  return undefined
}

interface Covering {
  readonly index: number
  readonly bytes: Uint8Array
  readonly entry: ChainEntry
  /** Of the log, as the checkpoint says. */
  readonly size: number
  readonly note: string
}

/** An event that is proven. */
export interface ProvenEvent {
  /** What was signed, and by whom. */
  readonly checkpoint: Checkpoint
  readonly by: VerifierKey
  /** The signed note of the checkpoint, for whoever asks which witnesses cosigned it. */
  readonly note: string
  /** How far its chain had come. */
  readonly entry: ChainEntry
  /** The event; without content where the proof does not show it, or it stands in a block of its own. */
  readonly event: Event
}

/**
 * Checks a `.tlog-proof` against keys that are trusted. Faces hostile bytes.
 *
 * @throws ChainError `bad-proof`, `bad-note`, `bad-signature`
 */
export async function verifyEventProof(
  text: string,
  keys: readonly VerifierKey[],
  hash: Hash = sha256,
): Promise<ProvenEvent> {
  const { extra, index, path, note } = parseProof(text)
  const [version, header, body, chainPath, bytes, rotations, ...rest] = extraData(extra)
  if (version !== 1 || rest.length > 0 || !(header instanceof Uint8Array) || !(bytes instanceof Uint8Array)) {
    throw badProof('its extra data is not that of an event of Theater')
  }
  if (body !== null && !(body instanceof Uint8Array)) throw badProof('its body is none')
  const { checkpoint, by } = await verifyCheckpoint(note, readRotations(rotations), keys, hash)
  if (!includes(checkpoint.root, checkpoint.size, index, leafHash(bytes, hash), path, hash)) {
    throw badProof('the entry is not under the checkpoint')
  }
  const entry = decodeEntry(bytes)
  if (entry.kind !== 'chain') throw badProof('the entry is not one of a chain')
  try {
    const event = await decodeEvent({ header, body }, decodeHeader(header).seq, { hash })
    const under = includes(
      entry.root,
      entry.size,
      event.seq,
      eventLeaf(header, hash),
      readPath(chainPath),
      hash,
    )
    if (!under || !sameBytes(event.chain, entry.chain))
      throw badProof('the event is not in the chain of the entry')
    return { checkpoint, by, note, entry, event }
  } catch (error) {
    if (ChainError.is(error) && error.code === 'broken')
      throw new ChainError('bad-proof', error.message, { cause: error })
    throw error
  }
}

/** A `.tlog-proof`, taken apart. */
interface Proof {
  readonly extra: Uint8Array
  readonly index: number
  readonly path: readonly Uint8Array[]
  readonly note: string
}

function parseProof(text: string): Proof {
  if (text.length > MAX_PROOF) throw badProof(`it has more than ${MAX_PROOF} bytes`)
  const end = text.indexOf('\n\n')
  const [first, extra, index, ...path] = text.slice(0, Math.max(end, 0)).split('\n')
  if (first !== FIRST) throw badProof(`it does not begin with ${FIRST}`)
  const data = extra?.startsWith('extra ') === true ? fromBase64(extra.slice(6)) : undefined
  if (data === undefined) throw badProof('it has no extra data')
  const number = /^index (0|[1-9][0-9]{0,15})$/.exec(index ?? '')?.[1]
  if (number === undefined) throw badProof('it has no index')
  return {
    extra: data,
    index: Number(number),
    path: readPath(path.map((line) => fromBase64(line) ?? null)),
    note: text.slice(end + 2),
  }
}

function extraData(extra: Uint8Array): readonly Data[] {
  let data
  try {
    data = decodeData(extra)
  } catch (cause) {
    throw new ChainError('bad-proof', `its extra data is not right: ${messageOf(cause)}`, { cause })
  }
  if (!Array.isArray(data)) throw badProof('its extra data is not that of an event of Theater')
  return data
}

function badProof(why: string): ChainError {
  return new ChainError('bad-proof', `this proves nothing: ${why}`)
}
