import type { WasiClocksWallClock, WasiFilesystemTypes } from '@theater/wit'

/** A case of `wasi:filesystem/types.error-code`. */
export type ErrorCode = WasiFilesystemTypes.ErrorCode

/** A case of `wasi:filesystem/types.descriptor-type`. */
export type DescriptorType = WasiFilesystemTypes.DescriptorType

/** `wasi:filesystem/types.descriptor-flags`, lifted: an absent flag is not set. */
export type DescriptorFlags = Readonly<WasiFilesystemTypes.DescriptorFlags>

/** `wasi:filesystem/types.path-flags`, lifted. */
export type PathFlags = Readonly<WasiFilesystemTypes.PathFlags>

/** `wasi:filesystem/types.open-flags`, lifted. */
export type OpenFlags = Readonly<WasiFilesystemTypes.OpenFlags>

/** `wasi:clocks/wall-clock.datetime`, lifted. */
export type Datetime = Readonly<WasiClocksWallClock.Datetime>

/** `wasi:filesystem/types.new-timestamp`, lifted. */
export type NewTimestamp = Readonly<WasiFilesystemTypes.NewTimestamp>

/** `wasi:filesystem/types.descriptor-stat`, lifted. */
export type DescriptorStat = Readonly<WasiFilesystemTypes.DescriptorStat>

/** `wasi:filesystem/types.directory-entry`, lifted. */
export type DirectoryEntry = Readonly<WasiFilesystemTypes.DirectoryEntry>

/** `wasi:filesystem/types.metadata-hash-value`, lifted. */
export type MetadataHashValue = Readonly<WasiFilesystemTypes.MetadataHashValue>
