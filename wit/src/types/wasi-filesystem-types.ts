// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:filesystem/types@0.2.12 **/
export declare function filesystemErrorCode(err: Error): ErrorCode | undefined
import type { InputStream } from './wasi-io-streams.ts'
export type { InputStream }
import type { OutputStream } from './wasi-io-streams.ts'
export type { OutputStream }
import type { Error } from './wasi-io-streams.ts'
export type { Error }
import type { Datetime } from './wasi-clocks-wall-clock.ts'
export type { Datetime }
export type Filesize = bigint
/**
 * # Variants
 *
 * ## `"unknown"`
 *
 * ## `"block-device"`
 *
 * ## `"character-device"`
 *
 * ## `"directory"`
 *
 * ## `"fifo"`
 *
 * ## `"symbolic-link"`
 *
 * ## `"regular-file"`
 *
 * ## `"socket"`
 */
export type DescriptorType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket'
export interface DescriptorFlags {
  read?: boolean | undefined
  write?: boolean | undefined
  fileIntegritySync?: boolean | undefined
  dataIntegritySync?: boolean | undefined
  requestedWriteSync?: boolean | undefined
  mutateDirectory?: boolean | undefined
}
export interface PathFlags {
  symlinkFollow?: boolean | undefined
}
export interface OpenFlags {
  create?: boolean | undefined
  directory?: boolean | undefined
  exclusive?: boolean | undefined
  truncate?: boolean | undefined
}
export type LinkCount = bigint
export interface DescriptorStat {
  type: DescriptorType
  linkCount: LinkCount
  size: Filesize
  dataAccessTimestamp?: Datetime | undefined
  dataModificationTimestamp?: Datetime | undefined
  statusChangeTimestamp?: Datetime | undefined
}
export type NewTimestamp = NewTimestampNoChange | NewTimestampNow | NewTimestampTimestamp
export interface NewTimestampNoChange {
  tag: 'no-change'
}
export interface NewTimestampNow {
  tag: 'now'
}
export interface NewTimestampTimestamp {
  tag: 'timestamp'
  val: Datetime
}
export interface DirectoryEntry {
  type: DescriptorType
  name: string
}
/**
 * # Variants
 *
 * ## `"access"`
 *
 * ## `"would-block"`
 *
 * ## `"already"`
 *
 * ## `"bad-descriptor"`
 *
 * ## `"busy"`
 *
 * ## `"deadlock"`
 *
 * ## `"quota"`
 *
 * ## `"exist"`
 *
 * ## `"file-too-large"`
 *
 * ## `"illegal-byte-sequence"`
 *
 * ## `"in-progress"`
 *
 * ## `"interrupted"`
 *
 * ## `"invalid"`
 *
 * ## `"io"`
 *
 * ## `"is-directory"`
 *
 * ## `"loop"`
 *
 * ## `"too-many-links"`
 *
 * ## `"message-size"`
 *
 * ## `"name-too-long"`
 *
 * ## `"no-device"`
 *
 * ## `"no-entry"`
 *
 * ## `"no-lock"`
 *
 * ## `"insufficient-memory"`
 *
 * ## `"insufficient-space"`
 *
 * ## `"not-directory"`
 *
 * ## `"not-empty"`
 *
 * ## `"not-recoverable"`
 *
 * ## `"unsupported"`
 *
 * ## `"no-tty"`
 *
 * ## `"no-such-device"`
 *
 * ## `"overflow"`
 *
 * ## `"not-permitted"`
 *
 * ## `"pipe"`
 *
 * ## `"read-only"`
 *
 * ## `"invalid-seek"`
 *
 * ## `"text-file-busy"`
 *
 * ## `"cross-device"`
 */
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
/**
 * # Variants
 *
 * ## `"normal"`
 *
 * ## `"sequential"`
 *
 * ## `"random"`
 *
 * ## `"will-need"`
 *
 * ## `"dont-need"`
 *
 * ## `"no-reuse"`
 */
export type Advice = 'normal' | 'sequential' | 'random' | 'will-need' | 'dont-need' | 'no-reuse'
export interface MetadataHashValue {
  lower: bigint
  upper: bigint
}

export declare class Descriptor {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  readViaStream(offset: Filesize): InputStream
  writeViaStream(offset: Filesize): OutputStream
  appendViaStream(): OutputStream
  advise(offset: Filesize, length: Filesize, advice: Advice): void
  syncData(): void
  getFlags(): DescriptorFlags
  getType(): DescriptorType
  setSize(size: Filesize): void
  setTimes(dataAccessTimestamp: NewTimestamp, dataModificationTimestamp: NewTimestamp): void
  read(length: Filesize, offset: Filesize): [Uint8Array, boolean]
  write(buffer: Uint8Array, offset: Filesize): Filesize
  readDirectory(): DirectoryEntryStream
  sync(): void
  createDirectoryAt(path: string): void
  stat(): DescriptorStat
  statAt(pathFlags: PathFlags, path: string): DescriptorStat
  setTimesAt(
    pathFlags: PathFlags,
    path: string,
    dataAccessTimestamp: NewTimestamp,
    dataModificationTimestamp: NewTimestamp,
  ): void
  linkAt(oldPathFlags: PathFlags, oldPath: string, newDescriptor: Descriptor, newPath: string): void
  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor
  readlinkAt(path: string): string
  removeDirectoryAt(path: string): void
  renameAt(oldPath: string, newDescriptor: Descriptor, newPath: string): void
  symlinkAt(oldPath: string, newPath: string): void
  unlinkFileAt(path: string): void
  isSameObject(other: Descriptor): boolean
  metadataHash(): MetadataHashValue
  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHashValue
}

export declare class DirectoryEntryStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  readDirectoryEntry(): DirectoryEntry | undefined
}
