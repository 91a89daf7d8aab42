/**
 * The `./node` entry: everything in `@theater/component`, with a transpiler that works in a worker, a cache on disk
 * and the platform's sha-256.
 *
 * @module
 */
import { sha256 } from '@theater/values/node'
import { loadComponent as load } from './load.ts'
import { workerTranspiler } from './node/worker-transpiler.ts'
import type { Component, LoadOptions } from './types.ts'

export * from './index.ts'
export { diskCache } from './node/disk-cache.ts'
export { workerTranspiler, type WorkerTranspilerOptions } from './node/worker-transpiler.ts'

/**
 * Like `loadComponent` of the main entry, with a worker of its own as the transpiler unless one is given. Whoever
 * loads many components gives all of them one `workerTranspiler()`.
 */
export async function loadComponent(bytes: Uint8Array, options: LoadOptions = {}): Promise<Component> {
  return load(bytes, { sha256, transpiler: workerTranspiler(), ...options })
}
