/** Where a re-run begins that does not begin with genesis. */
import { decodeSnapshot, largestSnapshot } from '@theater/boundary'
import type { Snapshot } from '@theater/boundary'
import type { Component, Prepared } from '@theater/component'
import { ChainError } from '@theater/event-chain'
import type { ChainInfo, Genesis, Part } from '@theater/event-chain'
import type { Hash } from '@theater/values'
import { allowance } from './limits.ts'
import type { ChainSource, InconclusiveCode, SnapshotInfo } from './types.ts'

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

/** The snapshot at an event or nearest before it, or why there is none. */
export async function nearestSnapshot(
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
export function partOf({ size, head }: SnapshotInfo, mark: Part | undefined): Part | NoStart {
  if (mark?.size !== size) return noStart(`the snapshot at ${size} is of no moment between two turns`)
  if (!same(mark.head, head)) return noStart(`the snapshot at ${size} is one of another record`)
  return mark
}

/**
 * Where a chain can be gone on with whose every turn has an instance of its own: between any two that are here; undefined for its beginning. There is
 * nothing to begin with, and nothing that is taken on trust.
 */
export function placeOf(
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
