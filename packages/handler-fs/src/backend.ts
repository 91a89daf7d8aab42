import type { DescriptorType, DirectoryEntry } from './types.ts'

/** What a backend knows of an object. Times are nanoseconds since 1970. */
export interface Stat {
  readonly type: DescriptorType
  readonly device: bigint
  readonly inode: bigint
  readonly links: bigint
  readonly size: bigint
  readonly accessed: bigint
  readonly modified: bigint
  readonly changed: bigint
  /** 0 where the file system does not know. */
  readonly born: bigint
}

/** How a regular file is opened. */
export interface OpenMode {
  readonly read: boolean
  readonly write: boolean
  /** Writes go to the end, wherever that is by then. */
  readonly append: boolean
  /** Each write returns when it is on the disk: its data, or its metadata too. */
  readonly durable: 'no' | 'data' | 'all'
}

/** A time to set: nanoseconds since 1970, the time of now, or left as it is. */
export type Time = bigint | 'now' | 'keep'

/** A handle of a backend on one object, whatever name that object has. Opaque to everybody else. */
export type Handle = object

/**
 * What lies under the directories of a grant. The resolver asks it one name at a time; a backend never sees a path,
 * never follows a link, and MUST act on the very object that the handle stands for.
 *
 * `name` is never empty, `.` or `..` and holds no `/` and no NUL. A function that fails throws an error with the error
 * number as `code` (`errno('ENOENT')`); anything else aborts the turn.
 */
export interface Backend {
  /** Opens a directory of the host, given as an absolute path. Throws MountError. */
  openRoot(host: string): Handle
  /** Opens what `name` stands for in a directory: only to look at it, to step on, or for {@link openFile}. */
  step(directory: Handle, name: string): Handle
  stat(handle: Handle): Stat
  /** The target of a symbolic link. */
  readLink(directory: Handle, name: string): string
  /**
   * The entries of a directory, in any order, without `.` and `..`; at most `limit` of them, else `ENOMEM`.
   * `unnameable` counts those whose names are no text.
   */
  list(directory: Handle, limit: number): { readonly entries: DirectoryEntry[]; readonly unnameable: number }

  /** Opens the regular file that a handle stands for, also one that is open in another mode. Never truncates. */
  openFile(handle: Handle, mode: OpenMode): Handle
  /** Creates an empty regular file that MUST NOT be there yet (`EEXIST`), and opens it. */
  createFile(directory: Handle, name: string, mode: OpenMode): Handle
  /** At most `length` bytes; fewer only at the end of the file. */
  read(file: Handle, length: number, offset: bigint): Uint8Array
  /** Writes all of the bytes, at an offset. */
  write(file: Handle, bytes: Uint8Array, offset: number): Promise<void>
  /** Writes all of the bytes, at an offset, before it returns. */
  writeNow(file: Handle, bytes: Uint8Array, offset: number): void
  /** Writes all of the bytes to the end of a file opened with `append`, before it returns. */
  append(file: Handle, bytes: Uint8Array): void
  setSize(file: Handle, size: number): void
  /** Puts on the disk what was written to a file or directory. */
  sync(handle: Handle, what: 'data' | 'all'): Promise<void>
  setTimes(handle: Handle, accessed: Time, modified: Time): void

  createDirectory(directory: Handle, name: string): void
  removeDirectory(directory: Handle, name: string): void
  unlink(directory: Handle, name: string): void
  symlink(directory: Handle, name: string, target: string): void
  link(from: Handle, name: string, to: Handle, newName: string): void
  rename(from: Handle, name: string, to: Handle, newName: string): void

  close(handle: Handle): void
}
