/** Where a re-run begins that does not begin with genesis. */
import { decodeSnapshot, largestSnapshot } from '@theater/boundary'
import type { Snapshot } from '@theater/boundary'
import type { Component, Prepared } from '@theater/component'
import { ChainError, readHere, verifyStructure } from '@theater/event-chain'
import type { Archived, ChainInfo, EventOf, Genesis, Part, StructureResult } from '@theater/event-chain'
import type { Hash } from '@theater/values'
import { allowance } from './limits.ts'
import type { ChainSource, InconclusiveCode, SnapshotInfo, VerifyLimits, VerifyOptions } from './types.ts'

/** Why it does not begin there. */
export interface NoStart {
  readonly code: InconclusiveCode & ('no-snapshot' | 'limits-above-mine')
  readonly message: string
}

/** A state, and the events that it stands for. */
export interface Start {
  readonly part: Part
  readonly snapshot: Snapshot
}

/** What the structure of a chain is, and where its re-run begins. */
interface UpTo {
  readonly structure: StructureResult
  /** What of it is in archives; undefined where all is here. */
  readonly archived: Archived | undefined
  /** Undefined: with genesis. */
  readonly part: Part | NoStart | undefined
}

/** Checks what is here of a chain, and finds where its re-run begins that is to begin with an event. */
export async function checkUpTo(
  source: ChainSource,
  {
    from,
    genesis,
    limits,
    hash,
    unfinished,
    head,
    tombstones,
  }: Pick<VerifyOptions, 'from' | 'unfinished' | 'head' | 'tombstones'> & {
    readonly genesis: EventOf<'genesis'> | undefined
    readonly limits: VerifyLimits
    readonly hash: Hash
  },
): Promise<UpTo> {
  const { store, chain } = source
  const perTurn = genesis?.content.instance === 'turn'
  const wanted = from === undefined || perTurn ? undefined : await nearestSnapshot(source, from)
  const info = await store.info(chain)
  const archived = info?.archived
  const events = info?.archived === undefined ? store.read(chain) : readHere(store, info)
  const structure = await verifyStructure(events, {
    archived,
    chain,
    blobs: store,
    hash,
    maxEvents: limits.maxEvents,
    unfinished,
    head,
    tombstones,
    mark: wanted !== undefined && 'size' in wanted ? wanted.size : from,
  })
  if (!structure.ok) return { structure, archived, part: undefined }
  const { mark, size } = structure
  const place = from === undefined || !perTurn ? undefined : placeOf(from, mark, { size, archived })
  const part = wanted === undefined || 'code' in wanted ? (wanted ?? place) : partOf(wanted, mark)
  return { structure, archived, part }
}

/** The snapshot at an event or nearest before it, or why there is none. */
async function nearestSnapshot(
  { store, chain, snapshots }: ChainSource,
  from: number,
): Promise<SnapshotInfo | NoStart> {
  const info = await store.info(chain)
  const all = (await snapshots?.list(chain)) ?? []
  const found = all.findLast(({ size }) => size <= from)
  if (found === undefined) {
    const there = all.map(({ size }) => size).join(', ')
    const what = there === '' ? 'there is none of this chain' : `there is one at ${there}`
    return noStart(`there is no snapshot at event ${from} or before it: ${what}`)
  }
  if (info?.archived !== undefined && found.size <= info.archived.base)
    return noStart(`the snapshot at ${found.size} is of a moment in what was archived: give that too`)
  if (info !== undefined && found.size === info.size)
    return noStart(
      `the snapshot at ${found.size} is of all there is: nothing comes after it that could be run`,
    )
  return found
}

/**
 * Where a chain can be gone on with, as its structure says.
 *
 * @param mark the last place between two turns that is not behind the snapshot
 */
function partOf({ size, head }: SnapshotInfo, mark: Part | undefined): Part | NoStart {
  if (mark?.size !== size) return noStart(`the snapshot at ${size} is of no moment between two turns`)
  if (!same(mark.head, head)) return noStart(`the snapshot at ${size} is one of another record`)
  return mark
}

/**
 * Where a chain can be gone on with whose every turn has an instance of its own: between any two that are here; undefined for its beginning. There is
 * nothing to begin with, and nothing that is taken on trust.
 */
function placeOf(
  from: number,
  mark: Part | undefined,
  { size, archived }: Pick<ChainInfo, 'size' | 'archived'>,
): Part | NoStart | undefined {
  if (mark === undefined && archived === undefined) return undefined
  if (mark === undefined || mark.size < (archived?.base ?? 0))
    return noStart(`there is nothing at event ${from} or before it that could be begun with`)
  if (mark.size === size) return noStart(`nothing comes after event ${from} that could be run`)
  return mark
}

/** Reads a snapshot for a component that is prepared. Faces hostile ones. */
export async function readSnapshot(
  { chain, snapshots }: ChainSource,
  part: Part,
  {
    component,
    prepared,
    genesis,
    hash,
  }: {
    readonly component: Component
    readonly prepared: Prepared
    readonly genesis: Genesis
    readonly hash: Hash
  },
): Promise<Start | NoStart> {
  const { memory } = allowance(genesis) ?? { memory: 0 }
  try {
    const bytes = await snapshots?.read(chain, part.size, largestSnapshot(memory))
    if (bytes === undefined) return noStart(`the snapshot at ${part.size} is gone`)
    const snapshot = decodeSnapshot(bytes, { component, prepared, hash })
    return 'none' in snapshot ? noStart(snapshot.message) : { part, snapshot }
  } catch (error) {
    if (!ChainError.is(error) || (error.code !== 'damaged' && error.code !== 'too-large')) throw error
    return error.code === 'damaged'
      ? noStart(error.message)
      : { code: 'limits-above-mine', message: error.message }
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function noStart(message: string): NoStart {
  return { code: 'no-snapshot', message }
}
