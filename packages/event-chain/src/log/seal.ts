import { cidOf, decodeData, encodeData, sha256 } from '@theater/values'
import type { Data, Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import { ChainError, messageOf } from '../errors.ts'
import type { BlobReader, ChainInfo } from '../store.ts'
import { parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { decodeEntry, isCounter } from './entry.ts'
import type { ChainEntry, LogEntry, TombstoneEntry } from './entry.ts'
import type { ProvingStore } from './host-log.ts'
import type { VerifierKey } from './key.ts'
import { parseNote } from './note.ts'
import { inclusionPath } from './prover.ts'
import { isUnder, makePart, partData, readPart } from './seal-part.ts'
import type { PartOptions, SealedPart } from './seal-part.ts'
import { readPath, readRotations, rotationData, rotationsOf, verifyCheckpoint } from './rotation.ts'
import type { Rotation } from './rotation.ts'
import { signedCheckpoints } from './signed-checkpoints.ts'
import { logSubtrees } from './subtrees.ts'
import { includes, leafHash } from './tree.ts'

/** The entry of a chain, and the path from it to the root of a checkpoint. */
export interface SealedChain {
  /** The place of the entry in the log. */
  readonly index: number
  readonly bytes: Uint8Array
  readonly entry: ChainEntry
  readonly path: readonly Uint8Array[]
}

/** The tombstone of an event, and the path from it to the root of a checkpoint. */
export interface SealedTombstone {
  /** The place of the entry in the log. */
  readonly index: number
  readonly bytes: Uint8Array
  readonly entry: TombstoneEntry
  readonly path: readonly Uint8Array[]
}

/**
 * What a host signed of some of its chains, in one block: it travels with them in a CAR file. Nothing in it is to be believed
 * before {@link verifySeal}.
 */
export interface Seal {
  /** The checkpoint that all of it is under. */
  readonly note: string
  readonly chains: readonly SealedChain[]
  /** Bodies of these chains that the host erased. */
  readonly erased: readonly SealedTombstone[]
  /** Those of these chains that the file has a part of. */
  readonly parts: readonly SealedPart[]
  readonly rotations: readonly Rotation[]
}

/** What a seal is made under. */
export interface SealOptions extends PartOptions {
  /**
   * Takes the checkpoint that most witnesses cosigned, also where the host has signed more since.
   *
   * @default false: the last one, or one that is over as many events and that more witnesses cosigned
   */
  readonly witnessed?: boolean | undefined
}

/**
 * Makes the seal of chains, as the host's last checkpoint has them.
 *
 * @returns undefined where there is no checkpoint, or none is over any of them
 */
export async function makeSeal(
  store: ProvingStore,
  chains: readonly Uint8Array[],
  hash: Hash = sha256,
  { witnessed = false, to }: SealOptions = {},
): Promise<Seal | undefined> {
  const log = store.hostLog
  const checkpoints = await signedCheckpoints(log)
  const size = witnessed ? checkpoints[0]?.size : Math.max(...checkpoints.map((one) => one.size))
  if (checkpoints.length === 0 || size === undefined) return undefined
  const found: Omit<SealedChain, 'path'>[] = []
  const erased: Omit<SealedTombstone, 'path'>[] = []
  for (const chain of chains) {
    // None of those that a host that runs adds meanwhile.
    const index = await log.lastEntry(chain, size)
    const bytes = index === undefined ? undefined : await log.entry(index)
    const entry = bytes === undefined ? undefined : decodeEntry(bytes)
    if (index !== undefined && bytes !== undefined && entry?.kind === 'chain')
      found.push({ index, bytes, entry })
    erased.push(...(await tombstonesOf(store, chain)))
  }
  // Neither an entry nor a tombstone is left out that the newest checkpoint is over.
  const last = Math.max(...[...found, ...erased].map(({ index }) => index).filter((index) => index < size))
  const over = checkpoints.find((one) => one.size > last)
  if (over === undefined || found.length === 0) return undefined
  const subtree = logSubtrees(log, hash)
  const pathOf = ({ index }: { readonly index: number }): Promise<Uint8Array[]> =>
    inclusionPath(subtree, index, over.size, hash)
  const sealed: SealedChain[] = []
  for (const one of found) sealed.push({ ...one, path: await pathOf(one) })
  const buried: SealedTombstone[] = []
  // Of one that came after the checkpoint the next seal tells.
  for (const one of erased) if (one.index < over.size) buried.push({ ...one, path: await pathOf(one) })
  const parts: SealedPart[] = []
  for (const { entry } of sealed) {
    const info = await store.info(entry.chain)
    const part = info && (await makePart(store, info, entry, hash, { to }))
    if (part !== undefined) parts.push(part)
  }
  return { note: over.note, chains: sealed, erased: buried, parts, rotations: await rotationsOf(log, hash) }
}

/**
 * The seal that a chain came with from elsewhere, with what it says of that chain alone.
 *
 * @returns undefined for a chain of this host, and for one that came without a seal
 * @throws ChainError `damaged` where the store has lost it
 */
export async function originSeal(
  store: ProvingStore & BlobReader,
  { chain, label, origin }: ChainInfo,
  hash: Hash = sha256,
): Promise<Seal | undefined> {
  if (origin === undefined || origin.length === 0) return undefined
  const bytes = await store.get(cidOf('dag-cbor', origin))
  if (bytes === undefined || !sameBytes(hash(bytes), origin))
    throw new ChainError('damaged', `the seal that ${label} came with is lost`)
  const seal = decodeSeal(bytes)
  const of = ({ entry }: SealedChain | SealedTombstone): boolean => sameBytes(entry.chain, chain)
  return { ...seal, chains: seal.chains.filter(of), erased: seal.erased.filter(of), parts: [] }
}

/**
 * The tombstones that a store's log has of a chain, oldest first.
 *
 * @throws ChainError `damaged`
 */
export async function tombstonesOf(
  { hostLog }: Pick<ProvingStore, 'hostLog'>,
  chain: Uint8Array,
): Promise<Omit<SealedTombstone, 'path'>[]> {
  const found: Omit<SealedTombstone, 'path'>[] = []
  for (const index of await hostLog.tombstones(chain)) {
    const bytes = await hostLog.entry(index)
    const entry = bytes === undefined ? undefined : decodeEntry(bytes)
    if (bytes === undefined || entry?.kind !== 'tombstone')
      throw new ChainError('damaged', `the log has lost the tombstone at ${index}`)
    found.push({ index, bytes, entry })
  }
  return found
}

/** The first byte of a seal: a map of four, five or six. No header and no body begins with it. */
export const sealBytes: readonly number[] = [0xa4, 0xa5, 0xa6]

/**
 * Encodes a seal: a DAG-CBOR map of `chains`, `note`, `rotations` and `seal`, which is its version; where something was
 * erased also of `erased`, and then it is of version 2; where a chain is there in part, of `erased` and `parts`, and of version 3.
 */
export function encodeSeal({ note, chains, erased, parts, rotations }: Seal): Uint8Array {
  const plain = (entries: readonly (SealedChain | SealedTombstone)[]): Data[] =>
    entries.map(({ index, bytes, path }) => [index, bytes, path])
  const all = { note, chains: plain(chains), rotations: rotationData(rotations) }
  if (parts.length > 0)
    return encodeData({ ...all, seal: 3, erased: plain(erased), parts: parts.map(partData) })
  return encodeData(erased.length === 0 ? { ...all, seal: 1 } : { ...all, seal: 2, erased: plain(erased) })
}

/** @throws ChainError `bad-proof` for bytes that are no seal */
export function decodeSeal(bytes: Uint8Array): Seal {
  let data: Data
  try {
    data = decodeData(bytes)
  } catch (cause) {
    throw new ChainError('bad-proof', `this is not a seal: ${messageOf(cause)}`, { cause })
  }
  const fields = isMap(data) ? data : {}
  const { seal, note, chains, rotations, erased = [], parts = [], ...rest } = fields
  if (seal !== 1 && seal !== 2 && seal !== 3)
    throw new ChainError('bad-proof', 'this is not a seal, or of a version that is not known here')
  if (typeof note !== 'string' || !Array.isArray(chains) || Object.keys(rest).length > 0) throw notASeal()
  // Of one seal there is one encoding.
  if (!Array.isArray(erased) || !Array.isArray(parts)) throw notASeal()
  if ('erased' in fields !== seal > 1 || 'parts' in fields !== (seal === 3)) throw notASeal()
  if ((seal === 2 && erased.length === 0) || (seal === 3 && parts.length === 0)) throw notASeal()
  const sealed = chains.map((item): SealedChain => {
    const { entry, ...one } = sealedEntry(item)
    if (entry.kind !== 'chain') throw notASeal()
    return { ...one, entry }
  })
  return {
    note,
    chains: sealed,
    parts: readParts(parts, sealed),
    erased: erased.map((item) => {
      const { entry, ...sealed } = sealedEntry(item)
      if (entry.kind !== 'tombstone') throw notASeal()
      return { ...sealed, entry }
    }),
    rotations: readRotations(rotations),
  }
}

/** Each is of one of the chains, in their order, and of each there is one at most. */
function readParts(parts: readonly Data[], chains: readonly SealedChain[]): SealedPart[] {
  let next = 0
  return parts.map((item) => {
    const part = readPart(item)
    if (part === undefined) throw notASeal()
    const at = chains.findIndex(({ entry }, i) => i >= next && sameBytes(entry.chain, part.chain))
    if (at === -1) throw notASeal()
    next = at + 1
    return part
  })
}

function sealedEntry(item: Data): Omit<SealedChain, 'entry'> & { readonly entry: LogEntry } {
  const [index, bytes, path] = Array.isArray(item) && item.length === 3 ? (item as readonly Data[]) : []
  if (!isCounter(index) || !(bytes instanceof Uint8Array)) throw notASeal()
  return { index, bytes, entry: decodeEntry(bytes), path: readPath(path) }
}

/**
 * Checks that a host signed what a seal says. That a chain is what its entry says is for whoever has the chain.
 *
 * @throws ChainError `bad-note`, `bad-signature`, `bad-proof`
 */
export async function verifySeal(
  { note, chains, erased, parts, rotations }: Seal,
  keys: readonly VerifierKey[],
  hash: Hash = sha256,
): Promise<{ readonly checkpoint: Checkpoint; readonly by: VerifierKey }> {
  const { checkpoint, by } = await verifyCheckpoint(note, rotations, keys, hash)
  for (const { index, bytes, path } of [...chains, ...erased]) {
    if (!includes(checkpoint.root, checkpoint.size, index, leafHash(bytes, hash), path, hash)) {
      throw new ChainError('bad-proof', `entry ${index} of the seal is not under its checkpoint`)
    }
  }
  checkParts({ chains, parts }, hash)
  return { checkpoint, by }
}

/**
 * Checks that the seams of parts are under the entries of their chains.
 *
 * @throws ChainError `bad-proof`
 */
export function checkParts({ chains, parts }: Pick<Seal, 'chains' | 'parts'>, hash: Hash = sha256): void {
  for (const part of parts) {
    const { entry } = chains.find((one) => sameBytes(one.entry.chain, part.chain)) ?? {}
    if (entry === undefined || !isUnder(part, entry, hash))
      throw new ChainError('bad-proof', 'where a part begins or ends is not under the entry of its chain')
  }
}

/**
 * The tombstones of a seal that are under its checkpoint. Who signed that is for {@link verifySeal}.
 */
export function buriedIn({ note, erased }: Seal, hash: Hash = sha256): TombstoneEntry[] {
  let checkpoint: Checkpoint
  try {
    checkpoint = parseCheckpoint(parseNote(note).text)
  } catch (error) {
    if (ChainError.is(error)) return []
    throw error
  }
  const { root, size } = checkpoint
  return erased.flatMap(({ index, bytes, entry, path }) =>
    includes(root, size, index, leafHash(bytes, hash), path, hash) ? [entry] : [],
  )
}

function isMap(data: Data): data is { readonly [key: string]: Data } {
  return typeof data === 'object' && data !== null && !Array.isArray(data) && !(data instanceof Uint8Array)
}

function notASeal(): ChainError {
  return new ChainError('bad-proof', 'this is not a seal')
}
