/**
 * `wasi:filesystem` over directories of the host.
 *
 * @example
 * ```ts
 * import { fs } from '@theater/handler-fs'
 * import type { FsGrant } from '@theater/handler-fs'
 *
 * const handler = fs()
 * const grant: FsGrant = { mounts: { '/data': { host: '/srv/data', rights: 'r' } } }
 *
 * console.log(handler.authorize(grant, { mount: '/data', path: 'a.txt', need: 'r' }))
 * console.log(handler.authorize(grant, { mount: '/data', path: 'a.txt', need: 'w' }))
 * console.log(handler.authorize(grant, { mount: '/data', path: '../secret', need: 'r' }))
 * console.log(handler.within({ mounts: { '/mine': { host: '/srv/data/mine', rights: 'r' } } }, grant))
 * ```
 *
 * @packageDocumentation
 */
import type { Handler } from '@theater/handler'
import type { Backend } from './backend.ts'
import type { FsGrant } from './grant.ts'
import { handleBackend } from './handle-backend.ts'
import { fsHandler, type FsImports } from './handler.ts'
import { pathBackend } from './path-backend.ts'
import type { TreeReader } from './tree.ts'

export type { Backend, Handle, OpenMode, Stat, Time } from './backend.ts'
export { errno, MountError, type Errno, type MountErrorCode } from './errors.ts'
export {
  GRANT,
  type DescriptorDescription,
  type FsAsk,
  type FsGrant,
  type FsMount,
  type FsQuota,
  type HostMount,
  type Need,
  type Rights,
  type TreeMount,
} from './grant.ts'
export { handleBackend } from './handle-backend.ts'
export type { FsImports } from './handler.ts'
export { entry, memory, type MemoryEntry, type MemoryTree } from './memory.ts'
export { pathBackend } from './path-backend.ts'
export { putTree } from './tree-load.ts'
export type { TreeReader, TreeWriter } from './tree.ts'
export type { DescriptorType, DirectoryEntry, ErrorCode } from './types.ts'

/** Options of {@link fs}. None of them grants anything. */
export interface FsOptions {
  /**
   * The directory that relative `host` paths of grants start from, without symbolic links.
   *
   * @default none: such a grant is refused
   */
  readonly base?: string
  /**
   * What lies under the directories: {@link memory}, {@link handleBackend}, {@link pathBackend}, or your own.
   *
   * @default `handleBackend()` on Linux, else the weaker `pathBackend()`
   */
  readonly backend?: Backend
  /**
   * Where trees are that grants name by hash: a `BlobStore`, or any store of blocks by CID.
   *
   * @default none: such a grant is refused
   */
  readonly trees?: TreeReader
  /**
   * How many bytes a tree may have to be mounted. It is held in memory, once for all actors.
   *
   * @default 268435456
   */
  readonly maxTreeBytes?: number
  /**
   * How many entries the directories of a tree may have together.
   *
   * @default 65536
   */
  readonly maxTreeEntries?: number
  /**
   * How many descriptors, streams and listings one actor may have open; one more is `insufficient-memory`.
   *
   * @default 256
   */
  readonly maxHandles?: number
  /**
   * How many bytes one read answers at most.
   *
   * @default 1048576
   */
  readonly maxRead?: number
  /**
   * How many entries a directory may have to be listed; more are `insufficient-memory`.
   *
   * @default 65536
   */
  readonly maxEntries?: number
}

/** The handler of `wasi:filesystem/types@0.2` and `wasi:filesystem/preopens@0.2`. */
export function fs(options: FsOptions = {}): Handler<FsGrant, FsImports> {
  let backend = options.backend
  return fsHandler({
    // Not before a mount is opened: a grant can be judged on any machine.
    backend: () => (backend ??= process.platform === 'linux' ? handleBackend() : pathBackend()),
    base: options.base,
    trees: options.trees,
    treeLimits: {
      bytes: options.maxTreeBytes ?? 1 << 28,
      entries: options.maxTreeEntries ?? 1 << 16,
    },
    limits: {
      handles: options.maxHandles ?? 256,
      readBytes: options.maxRead ?? 1 << 20,
      listEntries: options.maxEntries ?? 1 << 16,
    },
  })
}
