/** The level of the subtrees whose roots are kept: each is over `2 ** TILE` leaves. */
export const TILE = 8

/** Where a tree stands. */
export interface TreeState {
  /** How many leaves it has. */
  readonly size: number
  /** Its right edge, as `GrowingTree` has it. */
  readonly edge: readonly Uint8Array[]
}

/** A chain of this host that has more events than the log's last entry of it says. */
export interface GrownChain {
  /** 32 bytes. */
  readonly chain: Uint8Array
  /** The epoch of the last lease. */
  readonly epoch: number
  /** How many events it has. */
  readonly size: number
  /** The tree that the last entry was made of. */
  readonly tree: TreeState
}

/** A tree as it came to be, with the roots of the subtrees of level {@link TILE} that are new, in order. */
export interface TreeUpdate extends TreeState {
  readonly tiles: readonly Uint8Array[]
}

/** A new entry of a log. */
export interface AddedEntry {
  readonly bytes: Uint8Array
  /** For one that is of a chain, which. */
  readonly chain: Uint8Array | null
  /** For a tombstone, the event of the chain whose body is erased together with it. */
  readonly erases?: number | undefined
}

/** What is added to a log at once. */
export interface LogUpdate {
  /** The size of the log that this goes on from. */
  readonly from: number
  /** The new entries. */
  readonly entries: readonly AddedEntry[]
  /** The log's own tree after them. */
  readonly tree: TreeUpdate
  /** The trees of the chains that they are of. */
  readonly chains: readonly { readonly chain: Uint8Array; readonly tree: TreeUpdate }[]
  /** The signed checkpoint of the tree. */
  readonly note: string
  /** Whether the checkpoint is kept for ever, because another key signs from here on. */
  readonly rotation: boolean
}

/**
 * Why a witness did not cosign a checkpoint.
 *
 * - `unreachable`: it is down or too slow, or says that it cannot now.
 * - `refused`: it does not know this log, or not this key.
 * - `other-log`: it saw a log that this one does not go on from: one of them was cut off or written anew.
 * - `bad-answer`: what it answered is no cosignature of this checkpoint, now.
 */
export type WitnessFaultCode = 'unreachable' | 'refused' | 'other-log' | 'bad-answer'

/** What came of a question to a witness, where no cosignature did. */
export interface WitnessFault {
  readonly code: WitnessFaultCode
  readonly message: string
}

/** What a log knows of one of its witnesses. */
export interface WitnessRecord {
  /** Its public key, as text. */
  readonly key: string
  /** Where it is asked; null for one that is asked no more. */
  readonly url: string | null
  /** The last checkpoint that it cosigned, with its cosignature; null before the first. */
  readonly note: string | null
  /** What came of the last question; null where it was answered, or none was asked. */
  readonly fault: WitnessFault | null
}

/** Where a host keeps its log: beside its chains, in the same transactions. */
export interface LogStore {
  /** Where the log stands, and its last checkpoint; null before the first. */
  log(): Promise<TreeState & { readonly note: string | null }>
  /** Chains that grew since their last entry, the first that many. */
  grown(limit: number): Promise<readonly GrownChain[]>
  /**
   * Adds entries, replaces the checkpoint, and erases the bodies that the entries name, atomically and as durably as an append. With
   * a body goes the block that its content stands in, unless another event links to it.
   *
   * @throws ChainError `conflict` where the log has another size; `stale` where another process took the store over
   */
  extendLog(update: LogUpdate): Promise<void>
  /** The entry at an index; undefined where there is none. */
  entry(index: number): Promise<Uint8Array | undefined>
  /** Entries from one index up to another. */
  entries(from: number, to: number): Promise<readonly Uint8Array[]>
  /**
   * Sees to it that nothing of what was erased is left in the storage: neither in the parts of it that are free, nor in what was
   * written ahead.
   *
   * @throws ChainError `busy` where another process reads meanwhile; `stale`
   */
  scrub(): Promise<void>
  /** The indices of a chain's tombstones, ascending. */
  tombstones(chain: Uint8Array): Promise<readonly number[]>
  /**
   * The index of the last entry that says how far a chain had come; undefined where there is none.
   *
   * @param before the size of the log that it is looked for in. @default all of it
   */
  lastEntry(chain: Uint8Array, before?: number): Promise<number | undefined>
  /** Roots of subtrees of level {@link TILE}, from one index up to another: of a chain, or of the log itself (null). */
  tiles(chain: Uint8Array | null, from: number, to: number): Promise<readonly Uint8Array[]>
  /**
   * Leaves of a chain's tree whose events are in an archive, from one index up to another: those of them that are kept.
   * Nothing for a chain of which all is here.
   */
  leaves(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]>
  /**
   * Headers of a chain from one event on, up to another: as many as are there without a gap. A store that has none without the
   * bodies leaves this out: then whoever asks reads the events.
   */
  headers?(chain: Uint8Array, from: number, to: number): Promise<readonly Uint8Array[]>
  /** The checkpoints in which the key changed, oldest first. */
  rotations(): Promise<readonly string[]>
  /** The witnesses, ordered by key. */
  witnesses(): Promise<readonly WitnessRecord[]>
  /** Notes what is known of a witness from now on. @throws ChainError `stale` */
  keepWitness(record: WitnessRecord): Promise<void>
}
