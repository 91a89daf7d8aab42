import type { Json } from '@theater/values'
import type { World } from '../subject.ts'

type Answer<T> = T | Promise<T>
type Flags = Readonly<Record<string, boolean>>
type Time = { readonly tag: 'no-change' | 'now' } | { readonly tag: 'timestamp'; readonly val: Datetime }
interface Datetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

/** What a law looks at of `wasi:filesystem/types.descriptor-stat`. */
export interface FsStat {
  readonly type: string
  readonly linkCount: bigint
  readonly size: bigint
  readonly dataAccessTimestamp?: Datetime
  readonly dataModificationTimestamp?: Datetime
}

/** A stream as a handler returns it. */
export interface FsStream {
  read(len: number): Uint8Array
  write(contents: Uint8Array): void
}

/** A listing as a handler returns it. */
export interface FsListing {
  readDirectoryEntry(): Answer<{ readonly type: string; readonly name: string } | undefined>
}

/** `wasi:filesystem/types.descriptor` as a handler returns it. */
export interface FsDescriptor {
  readViaStream(offset: bigint): Answer<FsStream>
  writeViaStream(offset: bigint): Answer<FsStream>
  appendViaStream(): Answer<FsStream>
  advise(offset: bigint, length: bigint, advice: string): Answer<void>
  syncData(): Answer<void>
  getFlags(): Answer<Flags>
  getType(): Answer<string>
  setSize(size: bigint): Answer<void>
  setTimes(accessed: Time, modified: Time): Answer<void>
  read(length: bigint, offset: bigint): Answer<readonly [Uint8Array, boolean]>
  write(buffer: Uint8Array, offset: bigint): Answer<bigint>
  readDirectory(): Answer<FsListing>
  sync(): Answer<void>
  createDirectoryAt(path: string): Answer<void>
  stat(): Answer<FsStat>
  statAt(flags: Flags, path: string): Answer<FsStat>
  setTimesAt(flags: Flags, path: string, accessed: Time, modified: Time): Answer<void>
  linkAt(flags: Flags, from: string, to: FsDescriptor, path: string): Answer<void>
  openAt(flags: Flags, path: string, open: Flags, mode: Flags): Answer<FsDescriptor>
  readlinkAt(path: string): Answer<string>
  removeDirectoryAt(path: string): Answer<void>
  renameAt(from: string, to: FsDescriptor, path: string): Answer<void>
  symlinkAt(target: string, path: string): Answer<void>
  unlinkFileAt(path: string): Answer<void>
  isSameObject(other: FsDescriptor): Answer<boolean>
  metadataHash(): Answer<unknown>
  metadataHashAt(flags: Flags, path: string): Answer<unknown>
}

/**
 * A world in which one directory can be granted, with this in it, and beside it a directory `outside` that is not granted:
 *
 *     a.txt       "hello"
 *     sub/b.txt   "world"
 *     to-a        a link that says a.txt
 *     to-sub      a link that says sub
 *     loop        a link that says loop
 *     out         a link that says ../outside
 *     absolute    a link that says /etc
 */
export interface FsWorld extends World {
  /** The grant of that directory and nothing else. */
  readonly grant: (rights: 'r' | 'rw') => Json
}

/** A handler of `wasi:filesystem` in one configuration. */
export interface FsSubject {
  /** For titles: `fs, in memory`. */
  readonly name: string
  /** Makes the handler afresh in a fresh world. */
  readonly make: () => FsWorld | Promise<FsWorld>
  /** The directory can only be granted to be read: the laws of changes say nothing then. */
  readonly fixed?: true
}

/** Something that `wasi:filesystem` says must be so. */
export interface FsLaw {
  readonly name: string
  /** Whether it needs a directory that can be changed. */
  readonly changes: boolean
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: FsSubject) => Promise<void>
}
