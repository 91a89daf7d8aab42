/** The sha-256 of a blob: 32 bytes. */
export type Hash = Uint8Array

/** A blob is kept in chunks of so many bytes, the last one of fewer, so that a part can be checked without the whole. */
export const CHUNK_BYTES = 65_536

/** A chunk of a blob, with the hash that it had when it was put. Bytes that have another one are damaged. */
export interface Chunk {
  readonly hash: Hash
  readonly bytes: Uint8Array
}

/** What a put may take, and when it is. */
export interface Room {
  /** The most bytes that the namespace may hold. */
  readonly quota: number
  /** Milliseconds since 1970: what was put or written to lately is not collected. */
  readonly now: number
}

/** What became of {@link StoreBackend.put}. */
export type PutOutcome = { readonly tag: 'stored' } | { readonly tag: 'full'; readonly left: number }

/** What became of {@link StoreBackend.append}. */
export type AppendOutcome = PutOutcome | { readonly tag: 'gone' }

/** An upload, as it is now. */
export interface Upload {
  /** Bytes written. */
  readonly size: number
  /** When it was begun or last written to, in milliseconds since 1970. */
  readonly touched: number
  /** The blob that came of it, where it is finished. */
  readonly hash: Hash | undefined
}

/** What became of {@link StoreBackend.set}. */
export type SetOutcome =
  | { readonly tag: 'set' }
  | { readonly tag: 'conflict'; readonly current: Hash | undefined }
  | { readonly tag: 'full' }

/** A change of a label, from what to what. */
export interface Change {
  readonly name: string
  readonly expected: Hash | undefined
  readonly value: Hash | undefined
}

/** The last change that a writer made. */
export interface LastChange extends Change {
  /** Whether another writer has changed that label since. */
  readonly overtaken: boolean
}

/** A blob that is kept, as {@link StoreBackend.blobs} lists it. */
export interface KeptBlob {
  readonly namespace: string
  readonly hash: Hash
  readonly size: number
  /** When it was last put, in milliseconds since 1970. */
  readonly touched: number
  /** Whether a label of its namespace names it. */
  readonly labelled: boolean
}

/** What a key of a bucket has. */
export interface Value {
  readonly value: Uint8Array
  /** The sha-256 that the value had when it was put. One that has another is damaged. */
  readonly hash: Hash
}

/** A key of a bucket, with what it has. */
export interface Entry extends Value {
  /** Of no other entry of the namespace, before or after: an entry that has it did not change. Above 0. */
  readonly version: number
}

/** What becomes of one key. */
export interface Edit {
  readonly key: string
  /** Says it from what is there. It MUST be pure, MAY be called more than once, and where it throws, nothing changes. */
  readonly change: (current: Entry | undefined) => Value | 'remove' | 'keep'
}

/** Who edits, and what is remembered of it. */
export interface Note {
  readonly writer: string
  /** Called with the highest version that there is now, when all changes are made. */
  readonly note: (version: number) => string
}

/** Where buckets of keys and values are kept, in the same namespaces. */
export interface EntryBackend {
  /** What a key has, unchecked; `undefined` when there is no such key. */
  entry(namespace: string, bucket: string, key: string): Promise<Entry | undefined>
  /**
   * Makes changes of keys of a bucket, all or none, in one step against every other caller; and remembers, in the same
   * step, the writer's note in place of the one before. An entry counts the bytes of its key and its value, and 64.
   *
   * @param edits of distinct keys
   * @param quota the most bytes that the namespace may hold; what is left goes into `full`
   */
  edit(
    namespace: string,
    bucket: string,
    edits: readonly Edit[],
    note: Note,
    quota: number,
  ): Promise<PutOutcome>
  /** The last note of a writer in a namespace, see {@link edit}. */
  noted(namespace: string, writer: string): Promise<string | undefined>
  /**
   * Keys of a bucket after one of them (exclusive), in ascending order of their bytes.
   *
   * @param limit the most keys to answer, at least 1
   */
  keys(
    namespace: string,
    bucket: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly string[]>
}

/**
 * Where blobs and labels are kept. A backend keeps what it is given: hashing, checking, limits of size and rights are
 * the handler's.
 *
 * A namespace is an opaque text, a label's name has only characters of `a-z A-Z 0-9 . _ - /`; blobs, labels and quotas of two namespaces never meet. A byte array that a
 * backend is given or gives MUST NOT change afterwards: it copies where it must. Each method is atomic, and what it
 * changed is durable when it resolves. A method that fails rejects; it never answers as if something were absent.
 */
export interface StoreBackend extends EntryBackend {
  /**
   * Keeps the chunks of a blob under its hash. Bytes that are there already count nothing; other bytes under that
   * hash are damage, and are replaced.
   *
   * @param chunks at least one, all but the last of {@link CHUNK_BYTES}
   * @param room what is left of the quota goes into `full`
   */
  put(namespace: string, hash: Hash, chunks: readonly Chunk[], room: Room): Promise<PutOutcome>
  /** How many bytes the blob had that was put under a hash; `undefined` when there is none. */
  size(namespace: string, hash: Hash): Promise<number | undefined>
  /**
   * Chunks of the blob that was put under a hash, unchecked, from one of them on; `undefined` when there is none. What is
   * lost of a blob that is there is damage: a chunk with bytes missing, or all of them.
   *
   * @param count how many; the blob has as many
   */
  chunks(namespace: string, hash: Hash, first: number, count: number): Promise<readonly Chunk[] | undefined>
  /**
   * Begins an upload that has nothing in it: one empty chunk.
   *
   * @param upload its name, which no upload in any namespace had before: hexadecimal digits and `-`
   * @param limit the most uploads that the namespace may have
   * @returns whether it did; `false`: there are too many
   */
  begin(namespace: string, upload: string, now: number, limit: number): Promise<boolean>
  /** An upload as it is now; `undefined` when there is none. */
  upload(namespace: string, upload: string): Promise<Upload | undefined>
  /** Chunks of an upload, as {@link chunks} gives those of a blob. */
  uploaded(
    namespace: string,
    upload: string,
    first: number,
    count: number,
  ): Promise<readonly Chunk[] | undefined>
  /**
   * Puts chunks in place of those of an upload from one of them on, so that it ends with them. What is more counts as
   * bytes of blobs do. `gone`: there is no such upload, or it is finished.
   */
  append(
    namespace: string,
    upload: string,
    first: number,
    chunks: readonly Chunk[],
    room: Room,
  ): Promise<AppendOutcome>
  /**
   * Makes what was uploaded the blob under a hash, in place of one that is there, and remembers that of the upload. It counts
   * once from then on. Nothing where it is finished.
   *
   * @returns whether there is such an upload
   */
  finish(namespace: string, upload: string, hash: Hash, now: number): Promise<boolean>
  /** Forgets an upload, and what was written where it is not finished. Nothing where there is none. */
  giveUp(namespace: string, upload: string): Promise<void>
  /**
   * Forgets the uploads that were begun, and last written to, before a time.
   *
   * @returns how many there were
   */
  expire(namespace: string, before: number): Promise<number>
  /** What a label names; `undefined` when there is no such label. */
  label(namespace: string, name: string): Promise<Hash | undefined>
  /**
   * Changes a label from `expected` to `value`, `undefined` being no label, and remembers the change, in the same
   * step, as the writer's last; the last changes of other writers to this label are marked as overtaken.
   *
   * A conflict goes before `full`, and neither is remembered.
   *
   * @param writer the actor
   * @param limit the most labels that the namespace may hold
   */
  set(namespace: string, writer: string, change: Change, limit: number): Promise<SetOutcome>
  /** The last change that a writer made in a namespace, see {@link set}. */
  last(namespace: string, writer: string): Promise<LastChange | undefined>
  /**
   * Names of labels with a prefix, after one of them (exclusive), in ascending order of their bytes.
   *
   * @param limit the most names to answer, at least 1
   */
  list(
    namespace: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly string[]>
  /** All blobs of all namespaces. */
  blobs(): Promise<readonly KeptBlob[]>
  /**
   * Forgets a blob that was put before a time and that no label of its namespace names, and leaves its room.
   *
   * @returns whether it did
   */
  forget(namespace: string, hash: Hash, before: number): Promise<boolean>
  /**
   * Forgets the uploads of all namespaces that were begun, and last written to, before a time, and what interrupted writes of
   * before then have left.
   *
   * @returns how many uploads there were
   */
  sweep(before: number): Promise<number>
  /** Ends it. Called once, when the handler is disposed of. */
  [Symbol.asyncDispose]?(): Promise<void>
}
