import type { Data, Hash } from '@theater/values'
import { sameBytes } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import type { ChainInfo } from '../store.ts'
import { isCounter, isDigest } from './entry.ts'
import type { ChainEntry } from './entry.ts'
import type { ProvingStore } from './host-log.ts'
import { inclusionPath } from './prover.ts'
import { readPath } from './rotation.ts'
import { chainSubtrees } from './subtrees.ts'
import { GrowingTree, includes, leafHash, nodeHash } from './tree.ts'

/** A place between two events of a chain: how many come before it, and the proof of which they are. */
export interface Seam {
  /** How many events come before it. */
  readonly size: number
  /** The hash of the last of them, which links to all the others. 32 bytes. */
  readonly last: Uint8Array
  /** The path from that event to the root in the chain's entry. */
  readonly path: readonly Uint8Array[]
}

/** Where a part begins that is not the chain's first. */
export interface Begin extends Seam {
  /** How many events of the chain's beginning come before the part in the file: those before the first turn. */
  readonly lead: number
  /** The path from the last of those to the root in the chain's entry. */
  readonly leadPath: readonly Uint8Array[]
}

/** Which part of a chain a file has, where it has not all of it: what was archived, or what was left. */
export interface SealedPart {
  /** The chain's id. 32 bytes. */
  readonly chain: Uint8Array
  /** Null where it begins with the chain. */
  readonly begin: Begin | null
  /** Null where it goes on to the chain's end. */
  readonly end: Seam | null
}

/** Which part of a chain is sealed: what a store has of it, up to an event. */
export interface PartOptions {
  /** The event that the part ends before; the host's log is over all that comes before it. @default the chain's end */
  readonly to?: number | undefined
}

/** The part of a chain that a store has, under the chain's entry; undefined where that is all of it. */
export async function makePart(
  store: ProvingStore,
  { chain, archived }: ChainInfo,
  { size }: ChainEntry,
  hash: Hash,
  { to }: PartOptions,
): Promise<SealedPart | undefined> {
  if (archived === undefined && to === undefined) return undefined
  const subtree = chainSubtrees(store, chain, hash)
  const pathOf = (before: number): Promise<Uint8Array[]> => inclusionPath(subtree, before - 1, size, hash)
  let begin: Begin | null = null
  if (archived !== undefined) {
    const { base, last, lead } = archived
    begin = { size: base, last, path: await pathOf(base), lead, leadPath: await pathOf(lead) }
  }
  let end: Seam | null = null
  if (to !== undefined)
    end = { size: to, last: await hashAt(store, chain, to - 1, hash), path: await pathOf(to) }
  return { chain, begin, end }
}

/** The hash of an event. @throws ChainError `not-found` where there is none */
export async function hashAt(
  store: ProvingStore,
  chain: Uint8Array,
  seq: number,
  hash: Hash,
): Promise<Uint8Array> {
  for await (const { header } of store.read(chain, seq, seq + 1)) return hash(header)
  throw new ChainError('not-found', `the chain has no event ${seq}`, { index: seq })
}

/** Whether the seams of a part are under the entry of its chain. That its lead is, only the lead itself can tell. */
export function isUnder({ begin, end, chain }: SealedPart, entry: ChainEntry, hash: Hash): boolean {
  const under = ({ size, last, path }: Seam): boolean =>
    includes(entry.root, entry.size, size - 1, leafHash(last, hash), path, hash)
  return sameBytes(chain, entry.chain) && (begin === null || under(begin)) && (end === null || under(end))
}

/** Whether the events that a file has of the chain's beginning are under the chain's entry. @param last the hash of the last of them */
export function isLead({ lead, leadPath }: Begin, last: Uint8Array, entry: ChainEntry, hash: Hash): boolean {
  return includes(entry.root, entry.size, lead - 1, leafHash(last, hash), leadPath, hash)
}

/**
 * The tree of a chain up to a seam, to be grown by the events behind it. What stands to the left of the path is what the tree is made of,
 * so a path that leads to the root gives the only tree that there is.
 */
export function treeAt({ size, last, path }: Seam, { size: of }: ChainEntry, hash: Hash): GrowingTree {
  const left: Uint8Array[] = []
  let node = leafHash(last, hash)
  let at = size - 1
  let end = of - 1
  // Up to here it is the right edge of the largest complete tree that the seam ends.
  let complete = true
  for (const sibling of path) {
    if (at % 2 === 1 || at === end) {
      if (at % 2 === 1 && complete) node = nodeHash(sibling, node, hash)
      else {
        complete = false
        left.push(sibling)
      }
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        end = Math.floor(end / 2)
      }
    } else complete = false
    at = Math.floor(at / 2)
    end = Math.floor(end / 2)
  }
  return new GrowingTree(hash, size, [...left.reverse(), node])
}

/** A part as it stands in a seal: `[chain, begin or null, end or null]`. */
export function partData({ chain, begin, end }: SealedPart): Data {
  return [
    chain,
    begin === null ? null : [begin.size, begin.last, [...begin.path], begin.lead, [...begin.leadPath]],
    end === null ? null : [end.size, end.last, [...end.path]],
  ]
}

/** @returns undefined for what is no part */
export function readPart(item: Data): SealedPart | undefined {
  if (!Array.isArray(item) || item.length !== 3) return undefined
  const [chain, first, second] = item as readonly Data[]
  const begin = first === null ? null : readBegin(first)
  const end = second === null ? null : readSeam(second, 3)
  if (!isDigest(chain) || begin === undefined || end === undefined) return undefined
  if (begin === null && end === null) return undefined
  if (begin !== null && end !== null && end.size <= begin.size) return undefined
  return { chain, begin, end }
}

function readBegin(data: Data | undefined): Begin | undefined {
  const seam = readSeam(data, 5)
  if (seam === undefined || !Array.isArray(data)) return undefined
  const [, , , lead, leadPath] = data as readonly Data[]
  // Genesis and seed come before whatever may be archived.
  if (!isCounter(lead) || lead < 2 || lead >= seam.size) return undefined
  return { ...seam, lead, leadPath: readPath(leadPath) }
}

function readSeam(data: Data | undefined, length: number): Seam | undefined {
  const [size, last, path] = Array.isArray(data) && data.length === length ? (data as readonly Data[]) : []
  if (!isCounter(size) || size < 2 || !isDigest(last)) return undefined
  return { size, last, path: readPath(path) }
}
