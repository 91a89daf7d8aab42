import type { LogStore } from './log/store.ts'

/** One event as it is stored. */
export interface StoredEvent {
  readonly header: Uint8Array
  /** The body block; null where it is withheld or erased. */
  readonly body: Uint8Array | null
}

/** A content-addressed block. */
export interface Block {
  /** Binary CIDv1, sha2-256, dag-cbor or raw. 36 bytes. */
  readonly cid: Uint8Array
  readonly bytes: Uint8Array
}

/**
 * What events survive once they are acknowledged.
 *
 * - `memory`: nothing for sure. Nobody waits for the storage, which has them a moment later.
 * - `process`: the end of the process. The operating system has them.
 * - `disk`: the end of the machine. They are on the disk.
 *
 * Whatever happens, what is left of all chains of a store is what it had at one moment: no event is there without those
 * that came before it, in whichever chain.
 */
export type Durability = 'memory' | 'process' | 'disk'

/** Events of a chain that were written to a file and taken out of the store. */
export interface ArchivedPart {
  readonly from: number
  /** The sequence number after the last. */
  readonly to: number
  /** What the file was called when it was written. */
  readonly file: string
}

/** What of a chain is not here, because it is in archive files. */
export interface Archived {
  /** How many events of the beginning are here all the same: those before the first turn. */
  readonly lead: number
  /** The first event behind them that is here. It lies between two turns. */
  readonly base: number
  /** The hash of the event before that. 32 bytes. */
  readonly last: Uint8Array
  /** Where the events between are, in order and without a gap; nothing in a file, which does not know. */
  readonly parts: readonly ArchivedPart[]
}

/** What a store knows of a chain without reading it. */
export interface ChainInfo {
  /** 32 bytes. */
  readonly chain: Uint8Array
  /** Its name, unique in its store: the actor's id. */
  readonly label: string
  /** How many events it has. */
  readonly size: number
  /** The hash of the last header. 32 bytes. */
  readonly head: Uint8Array
  /** The epoch of the last lease. */
  readonly epoch: number
  /** How durable its events are to be, where somebody chose that for it alone. Nothing in the chain itself says so. */
  readonly durability?: Durability | undefined
  /**
   * Of a chain that came from elsewhere, and that this store's host does not go on with: the digest of the seal that it came with,
   * whose block is in the store; no bytes where it came without. Undefined for a chain of this host.
   */
  readonly origin?: Uint8Array | undefined
  /** Which of its events are in archive files; undefined where all are here. */
  readonly archived?: Archived | undefined
}

/** One event of a chain that comes from elsewhere. */
export interface IncomingEvent extends StoredEvent {
  /** Blocks that come with it. */
  readonly blobs?: readonly Block[] | undefined
}

/** A chain that comes from elsewhere. Whoever gives it has checked it, or does while it is read. */
export interface IncomingChain extends Omit<ChainInfo, 'origin' | 'durability' | 'archived'> {
  /** See {@link ChainInfo}; null where the store's host goes on with it. */
  readonly origin: Uint8Array | null
  readonly events: AsyncIterable<IncomingEvent>
}

/** Events that become durable together, or not at all. */
export interface Batch {
  /** The epoch that the writer holds: 0 for a new chain, then what `lease` gave. */
  readonly epoch: number
  /** In order; at least one. */
  readonly events: readonly StoredEvent[]
  /** The hash of the last of these events. */
  readonly head: Uint8Array
  /** Blocks that these events link to. */
  readonly blobs?: readonly Block[]
  /** When it counts as done. For `memory` that is as for `process`, but nobody waits. @default 'process' */
  readonly durability?: Durability
}

/** What can be read of chains. Reading sees a chain as it was when the reading began. */
export interface ChainReader {
  /**
   * Reads events in order.
   *
   * @param from The first sequence number. @default 0
   * @param to The sequence number after the last. @default the chain's size
   * @throws ChainError `not-found`; `archived` with the index at the first event that is in an archive; `broken` with reason
   * `missing` and the index where an event is absent
   */
  read(chain: Uint8Array, from?: number, to?: number): AsyncIterable<StoredEvent>
  /** What is known of a chain; undefined where there is none. */
  info(chain: Uint8Array): Promise<ChainInfo | undefined>
  /** The chain with a label; undefined where there is none. */
  find(label: string): Promise<ChainInfo | undefined>
  /** All chains, ordered by label. */
  list(): Promise<readonly ChainInfo[]>
}

/** What can be read of blocks. */
export interface BlobReader {
  /** A block's bytes; undefined where there is none. Not checked against the digest: whoever reads does that. */
  get(cid: Uint8Array): Promise<Uint8Array | undefined>
  has(cid: Uint8Array): Promise<boolean>
}

/** Where blocks are kept that stand outside of events: large contents, components, WIT. */
export interface BlobStore extends BlobReader {
  /** Keeps a block; a second time does nothing. */
  put(cid: Uint8Array, bytes: Uint8Array): Promise<void>
}

/**
 * Where chains are kept. What is written takes effect in the order in which it is asked for, over all chains, and whoever reads
 * afterwards from the same store sees it: also where nobody has waited.
 */
export interface ChainStore extends ChainReader, AsyncDisposable {
  /**
   * Makes a chain together with its first events, atomically. From here on this writer holds the batch's epoch.
   *
   * @param durability What is kept as its own choice, see `setDurability`. @default null
   * @throws ChainError `exists` where the id or the label is taken; `stale`
   */
  create(chain: Uint8Array, label: string, batch: Batch, durability?: Durability | null): Promise<void>
  /**
   * Appends events, all of them or none, with the blocks that they link to: what a message leaves with is never lost without it.
   *
   * @param expectedHead The hash of the last event that the writer knows of
   * @throws ChainError `stale` where another writer holds the lease; `conflict` where the head is another; `not-found`
   */
  append(chain: Uint8Array, expectedHead: Uint8Array, batch: Batch): Promise<void>
  /**
   * Takes a chain over: raises its epoch, so that whoever wrote before is refused, and returns the new epoch.
   *
   * @throws ChainError `not-found`; `stale`
   */
  lease(chain: Uint8Array): Promise<number>
  /**
   * Gives a chain another name, so that its old one is free. Nothing in the chain itself says what it is called.
   *
   * @throws ChainError `exists` where another chain has the label; `not-found`; `stale`
   */
  relabel(chain: Uint8Array, label: string): Promise<void>
  /**
   * Keeps how durable the events of a chain are to be, for whoever writes it next; null leaves that to its host.
   *
   * @throws ChainError `not-found`; `stale`
   */
  setDurability(chain: Uint8Array, durability: Durability | null): Promise<void>
  /** Lets go of the storage. Doing it twice does nothing. */
  close(): Promise<void>
}

/** What was kept beside a chain, and of which part of it. */
export interface Kept {
  /** How many events it stands for, from genesis on. */
  readonly size: number
  /** The hash of the last of these. 32 bytes. */
  readonly head: Uint8Array
  readonly bytes: Uint8Array
}

/** One thing to be kept beside a chain. */
export interface Keeping extends Kept {
  readonly chain: Uint8Array
  /** What it is; a chain has one of each kind, the last. */
  readonly kind: string
}

/**
 * What is kept beside chains so that nobody has to read them from the start. It is a cache and never evidence: it may be lost at any time,
 * nobody exports it, and whoever reads it holds it against the chain. Nothing here throws `not-found`.
 */
export interface CacheStore {
  /** The last of its kind; undefined where there is none. */
  kept(chain: Uint8Array, kind: string): Promise<Kept | undefined>
  /** Keeps things in place of the last ones of their kinds, all of them or none. What is of no chain of this store is left out, and of one of which a body was erased: nobody knows what it was made of. */
  keep(things: readonly Keeping[]): Promise<void>
  /** Throws the last one of its kind away. */
  discard(chain: Uint8Array, kind: string): Promise<void>
}

/** A store of both. */
export interface Store extends ChainStore, BlobStore {
  /** Absent: nothing is kept beside chains, and they are read from the start. */
  readonly caches?: CacheStore
  /** Absent: nothing of its chains is archived. */
  readonly archives?: Pick<ArchiveStore, 'notes'>
}

/** What is taken out of a store, because a file has it. */
export interface Removal {
  /** How many events of the beginning stay: those before the first turn. */
  readonly lead: number
  /** The first event that is taken out: what `Archived.base` says, and `lead` where nothing was archived before. */
  readonly from: number
  /** The first event that stays. */
  readonly base: number
  /** The hash of the event before that. 32 bytes. */
  readonly last: Uint8Array
  /** The leaves of the chain's tree that its tiles do not tell: those of the first tile, and those of the one that `last` is in. */
  readonly leaves: readonly Leaves[]
  /** What the file is called. */
  readonly file: string
  /** What whoever takes it out has to know of it later, and would read it for. */
  readonly notes: Uint8Array
}

/** Leaves of a tree, one after the other. */
export interface Leaves {
  /** The place of the first. */
  readonly from: number
  /** 32 bytes each. */
  readonly hashes: readonly Uint8Array[]
}

/** What takes events out of a store that are in archive files, and puts them back. It does not look into files: whoever calls it does. */
export interface ArchiveStore {
  /**
   * Takes events out, with the blocks that nothing else links to: all of it is on the disk when this resolves, or nothing was done.
   *
   * @throws ChainError `conflict` where other events were taken out than whoever calls knows of; `invalid` where the host's log is not over
   * all of them, or where not one event stays; `not-found`; `stale`
   */
  takeOut(chain: Uint8Array, removal: Removal): Promise<void>
  /**
   * Puts the part back that was taken out last: all of it, or nothing.
   *
   * @param events that part, checked
   * @throws ChainError `not-found` where nothing was taken out; `invalid` for another number of events; `stale`; what reading them throws
   */
  putBack(chain: Uint8Array, events: AsyncIterable<IncomingEvent>): Promise<void>
  /** The notes of the part that was taken out last; undefined where none was. */
  notes(chain: Uint8Array): Promise<Uint8Array | undefined>
}

/** A store of both that also keeps the host's log, as the ones of this package do. */
export interface LoggedStore extends Store {
  readonly hostLog: LogStore
  readonly caches: CacheStore
  readonly archives: ArchiveStore
  /**
   * Takes chains that come from elsewhere: all of them, or none. What they are does not have to fit into memory.
   *
   * @throws ChainError `exists` where an id or a label is taken; `stale`; what reading them throws
   */
  take(chains: readonly IncomingChain[]): Promise<void>
}
