/** The state of an actor between two turns. */
import type {
  CheckedComponent,
  FirstMemory as InstanceMemory,
  InstanceImage,
  NoImageCode,
  Prepared,
} from '@theater/component'
import type { ClockImage } from './clock.ts'
import type { HandlesImage } from './handles.ts'
import { meterName } from './metering.ts'

/** What memories held before the first turn. */
export interface FirstMemory extends InstanceMemory {
  /**
   * Whether nothing called out while it was instantiated: then it is the same for every actor of this component, prepared with
   * the same metering. Else it is that of one actor.
   */
  readonly shared: boolean
}

/** What a snapshot is of: it is of no use for anything else. */
export interface SnapshotKey {
  /** sha-256 of the component. */
  readonly component: Uint8Array
  readonly meter: string
  readonly nan: string
  readonly jco: string
}

/** The state of an actor between two turns. A cache of what re-running its record comes to, and never evidence. */
export interface Snapshot {
  readonly key: SnapshotKey
  readonly clock: ClockImage
  readonly handles: HandlesImage
  readonly instance: InstanceImage
}

/**
 * Why there is no snapshot, or why one is not used. What `NoImageCode` of `@theater/component` says, and:
 *
 * - `per-turn`: instances live for a turn, so there is nothing between two.
 * - `busy`: a turn is running.
 * - `finished`: the instance is finished.
 * - `guest-resource`: the host holds a resource of the guest by an object that jco made in a form that is not known here.
 * - `damaged`: the bytes are not those that were written.
 * - `other-format`, `other-component`, `other-meter`, `other-jco`: it is a snapshot for something else.
 */
export type NoSnapshotCode =
  | NoImageCode
  | 'per-turn'
  | 'busy'
  | 'finished'
  | 'guest-resource'
  | 'damaged'
  | 'other-format'
  | 'other-component'
  | 'other-meter'
  | 'other-jco'

/** There is no snapshot, or it is not used. */
export interface NoSnapshot {
  readonly none: NoSnapshotCode
  /** A sentence for people. */
  readonly message: string
}

export function noSnapshot(none: NoSnapshotCode, message: string): NoSnapshot {
  return { none, message }
}

/** What snapshots of a component, prepared in that way, are of. */
export function keyOf({
  component,
  prepared,
}: {
  readonly component: CheckedComponent
  readonly prepared: Prepared
}): SnapshotKey {
  return {
    component: component.digest,
    meter: meterName(prepared.meter),
    nan: prepared.plan.metering ?? 'canonical',
    jco: component.jco,
  }
}

/** Why a snapshot of one is none of the other; `undefined`: it is. */
export function sameKey(of: SnapshotKey, own: SnapshotKey): NoSnapshot | undefined {
  if (
    of.component.length !== own.component.length ||
    of.component.some((byte, i) => byte !== own.component[i])
  )
    return noSnapshot('other-component', 'the snapshot is one of another component')
  if (of.meter !== own.meter || of.nan !== own.nan)
    return noSnapshot(
      'other-meter',
      `the snapshot was taken under ${of.meter}, NaN ${of.nan}; here it is ${own.meter}, ${own.nan}`,
    )
  if (of.jco !== own.jco)
    return noSnapshot('other-jco', `the snapshot was taken with jco ${of.jco}; here it is ${own.jco}`)
  return undefined
}
