import type { Component } from '@theater/component'
import type { BlobReader, BrokenReason, ChainReader, Kept, Tombstone } from '@theater/event-chain'
import type { Hash, Json } from '@theater/values'

/** A chain and where it is read from: a store, or an open CAR file. Nothing is ever written to it. */
export interface ChainSource {
  readonly store: ChainReader & BlobReader
  /** The chain's id. 32 bytes. */
  readonly chain: Uint8Array
  /** What was kept of its actor on the way. @default nothing */
  readonly snapshots?: SnapshotSource | undefined
}

/** What part of a chain a snapshot stands for: how many events, and the hash of the last of them. */
export type SnapshotInfo = Pick<Kept, 'size' | 'head'>

/** Snapshots of actors, for a re-run that does not begin with genesis. Nobody has proved them: they may be damaged, or forged. */
export interface SnapshotSource {
  /** Those there are of a chain, by how many events each stands for, ascending. */
  list(chain: Uint8Array): Promise<readonly SnapshotInfo[]>
  /**
   * The one that stands for so many events, as `encodeSnapshot` of `@theater/boundary` writes it; undefined where there is none.
   *
   * @param max the most bytes that are made of it
   * @throws ChainError `damaged`; `too-large` where it is more
   */
  read(chain: Uint8Array, size: number, max: number): Promise<Uint8Array | undefined>
}

/**
 * What a verifier is ready to spend. What a chain names above it is not run: the verdict is then `inconclusive`, with
 * `limits-above-mine`, and accuses nobody.
 */
export interface VerifyLimits {
  /** Events of one chain. @default 10_000_000 */
  readonly maxEvents: number
  /** Bytes of the events of one turn, which are in memory together. @default 256 MiB */
  readonly maxTurnBytes: number
  /** Turns that trapped or were aborted, of a component of which there is no snapshot: each makes it start again from the beginning. @default 1000 */
  readonly maxTraps: number
  /** Fuel that genesis lets the instantiation, or one turn, use. Of a chain without a meter nothing is counted. @default 100_000_000_000 */
  readonly maxFuel: number
  /** Bytes of memory that genesis lets the component have. @default 4 GiB */
  readonly maxMemory: number
  /** Elements of tables that genesis lets the component have. @default 10_000_000 */
  readonly maxElements: number
  /** Host resources that genesis lets the component hold at once. @default 1_000_000 */
  readonly maxHandles: number
}

/** How a chain is verified. */
export interface VerifyOptions {
  /** Checks a component and gets it ready. In Node: `loadComponent` of `@theater/component/node`, which is the default of `@theater/replay/node`. */
  readonly load: (bytes: Uint8Array) => Promise<Component>
  /** The component's bytes, where the source does not hold them. */
  readonly component?: Uint8Array | undefined
  /** @default those of {@link VerifyLimits} */
  readonly limits?: Partial<VerifyLimits> | undefined
  /**
   * The re-run begins with the snapshot of the source at this event, or nearest before it, and not with genesis: the verdict says so. Where each turn has
   * an instance of its own it needs none, and begins there, or with the turn before. Structure is checked from genesis on all the same.
   *
   * @default it begins with genesis
   */
  readonly from?: number | undefined
  /** The hash that the last event has to have, where the caller knows it: from a checkpoint. */
  readonly head?: Uint8Array | undefined
  /**
   * What a host signed of bodies that it erased, from the seal of a file or the log of a store. Who signed it is for `checkSeal`.
   *
   * @default none: what is not here is withheld
   */
  readonly tombstones?: readonly Tombstone[] | undefined
  /** Whether the chain may end inside a turn, as that of a running actor does. @default 'refuse' */
  readonly unfinished?: 'refuse' | 'allow' | undefined
  /** sha-256. @default the one of `@theater/values`; `@theater/replay/node` has a faster one */
  readonly hash?: Hash | undefined
}

/**
 * Why a chain can neither be confirmed nor refuted. None of these accuses anybody.
 *
 * - `withheld`: the body of an event was not shown, or a block that its content stands in; of the seed, and the component draws from it.
 * - `redacted`: it was erased, and there is a tombstone of it.
 * - `limits-above-mine`: it takes more than this verifier is ready to spend.
 * - `host-stack`: this engine's stack is smaller than the one the chain was recorded on.
 * - `meter-version`: recorded under rules (meter, derived clocks, NaN) that this verifier does not have.
 * - `no-component`: the component is not here, or this version cannot load it.
 * - `no-snapshot`: it was to begin with a snapshot, and none is there, or it is damaged, or one of another record, component, meter or jco.
 * - `from-snapshot`: from the snapshot on the component does something else than the record says: one of the two is wrong, and only a re-run
 *   from genesis says which.
 * - `unsigned`: a key was given, and from this event on no checkpoint that it signed is over the chain.
 * - `unwitnessed`: a witness was named, and it did not cosign the checkpoint that is over the chain.
 */
export type InconclusiveCode =
  | 'withheld'
  | 'redacted'
  | 'limits-above-mine'
  | 'host-stack'
  | 'meter-version'
  | 'no-component'
  | 'no-snapshot'
  | 'from-snapshot'
  | 'unsigned'
  | 'unwitnessed'

/** What is known of a chain, whatever the verdict. */
export interface Subject {
  /** The chain's id. 32 bytes; null where not even that can be read. */
  readonly chain: Uint8Array | null
  /** The actor's id from genesis; null where that is withheld or not right. */
  readonly actor: string | null
  /** How many events the chain has; of a broken one, how many are right before the index. */
  readonly size: number
  /** The hash of the last of these events; null for none. */
  readonly head: Uint8Array | null
  /** Events whose bodies are not here, and that tombstones say were erased, ascending; not there where there are none. */
  readonly redacted?: readonly number[]
  /** The event that the re-run began with: nothing is said of what the component did before. Not there where it began with genesis. */
  readonly from?: number
  /**
   * Whether the state that it began with was taken from a snapshot that nobody proved. Not there where it began with genesis, or where each turn has an
   * instance of its own, so that there is no state.
   */
  readonly unproven?: true
}

/** What a component does where its record ends, or where it was told to stop. */
export interface Doing {
  /** The sequence number of the turn; null while the component is being instantiated. */
  readonly turn: number | null
  /** The export that runs; null while the component is being instantiated. */
  readonly fn: string | null
  /** What it does next: a call with its arguments, a return, a trap, … */
  readonly actual: Json
}

/** It is intact, and running the component over its inputs gave every output again: from genesis on, or `from` the event that the caller asked for. */
export interface Verified extends Subject {
  readonly verdict: 'verified'
  /** Turns that committed, of those that were run. */
  readonly turns: number
  /** Turns that trapped or were aborted: re-run up to their end, then left out. */
  readonly undone: number
  /** False where the chain ends inside a turn, which the options allowed; that turn is verified up to there. */
  readonly finished: boolean
}

/** The component does not do what the record says. */
export interface Diverged extends Subject {
  readonly verdict: 'diverged'
  /** The event at which record and component part. */
  readonly index: number
  /** What the record says there; null where it ends before. */
  readonly expected: Json
  /** What the component did. */
  readonly actual: Json
  readonly message: string
}

/** It is not a chain. */
export interface BrokenChain extends Subject {
  readonly verdict: 'broken'
  /** The first event that is not right; the number of events, where what is missing comes after the last. */
  readonly index: number
  /**
   * `cause`: it is a chain, but an event of another one that it names as a cause is not what it says. `checkpoint`: a host signed
   * another chain of this id, or a longer one. `signature`: what it comes with was not signed by a key that is trusted.
   */
  readonly reason: BrokenReason | 'cause' | 'checkpoint' | 'signature'
  readonly message: string
}

/** It can neither be confirmed nor refuted here. */
export interface Inconclusive extends Subject {
  readonly verdict: 'inconclusive'
  readonly code: InconclusiveCode
  /** Every event before this one is verified; where the re-run began `from` another than genesis, from that on. */
  readonly index: number
  readonly message: string
  /** Of `from-snapshot`: what the record says there, and what the component did. */
  readonly parted?: { readonly expected: Json; readonly actual: Json }
}

/** What {@link verify} says of a chain. There is no fifth verdict. */
export type Verdict = Verified | Diverged | BrokenChain | Inconclusive
