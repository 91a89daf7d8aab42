/** A case of `wasi:filesystem/types.error-code`. */
export type ErrorCode =
  | 'access'
  | 'would-block'
  | 'already'
  | 'bad-descriptor'
  | 'busy'
  | 'deadlock'
  | 'quota'
  | 'exist'
  | 'file-too-large'
  | 'illegal-byte-sequence'
  | 'in-progress'
  | 'interrupted'
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'loop'
  | 'too-many-links'
  | 'message-size'
  | 'name-too-long'
  | 'no-device'
  | 'no-entry'
  | 'no-lock'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'not-directory'
  | 'not-empty'
  | 'not-recoverable'
  | 'unsupported'
  | 'no-tty'
  | 'no-such-device'
  | 'overflow'
  | 'not-permitted'
  | 'pipe'
  | 'read-only'
  | 'invalid-seek'
  | 'text-file-busy'
  | 'cross-device'

/** A case of `wasi:filesystem/types.descriptor-type`. */
export type DescriptorType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket'

/** `wasi:filesystem/types.descriptor-flags`, lifted: an absent flag is not set. */
export interface DescriptorFlags {
  readonly read?: boolean
  readonly write?: boolean
  readonly fileIntegritySync?: boolean
  readonly dataIntegritySync?: boolean
  readonly requestedWriteSync?: boolean
  readonly mutateDirectory?: boolean
}

/** `wasi:filesystem/types.path-flags`, lifted. */
export interface PathFlags {
  readonly symlinkFollow?: boolean
}

/** `wasi:filesystem/types.open-flags`, lifted. */
export interface OpenFlags {
  readonly create?: boolean
  readonly directory?: boolean
  readonly exclusive?: boolean
  readonly truncate?: boolean
}

/** `wasi:clocks/wall-clock.datetime`, lifted. */
export interface Datetime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

/** `wasi:filesystem/types.new-timestamp`, lifted. */
export type NewTimestamp =
  | { readonly tag: 'no-change' | 'now' }
  | { readonly tag: 'timestamp'; readonly val: Datetime }

/** `wasi:filesystem/types.descriptor-stat`, lifted. */
export interface DescriptorStat {
  readonly type: DescriptorType
  readonly linkCount: bigint
  readonly size: bigint
  readonly dataAccessTimestamp: Datetime | undefined
  readonly dataModificationTimestamp: Datetime | undefined
  readonly statusChangeTimestamp: Datetime | undefined
}

/** `wasi:filesystem/types.directory-entry`, lifted. */
export interface DirectoryEntry {
  readonly type: DescriptorType
  readonly name: string
}

/** `wasi:filesystem/types.metadata-hash-value`, lifted. */
export interface MetadataHashValue {
  readonly lower: bigint
  readonly upper: bigint
}
