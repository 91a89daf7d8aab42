/** What an entry of the file system is. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'other'

/** One entry of a directory. */
export interface DirEntry {
  /** The name within the directory. */
  readonly name: string
  /** What it is. */
  readonly kind: FileKind
}

/** What is known about a file without reading it. */
export interface FileStat {
  /** What it is. */
  readonly kind: FileKind
  /** Bytes. */
  readonly size: number
  /** When the content changed, in milliseconds since 1970, or null where the host does not say. */
  readonly modified: number | null
}

/**
 * `ctx.fs`: reading within the directories that were granted. A path begins with the name under which a directory
 * was granted (`/data/a.txt`). Whether links are followed is the host's decision. All throw {@link FsError}.
 */
export interface FileSystem {
  /** Reads a whole file. */
  readBytes(path: string): Uint8Array
  /** Reads a whole file as UTF-8 text. Throws a `TypeError` where it is none. */
  readText(path: string): string
  /** The entries of a directory, in the host's order, without `.` and `..`. */
  readDir(path: string): DirEntry[]
  /** What is known about a file. */
  stat(path: string): FileStat
  /** Whether there is something at the path. Throws where the host will not say. */
  exists(path: string): boolean
  /** The names under which directories were granted. */
  roots(): string[]
}
