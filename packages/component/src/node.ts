/**
 * The `./node` entry: everything in `@theater/component`, with a transpiler that works in a worker, a cache on disk
 * and the platform's sha-256.
 *
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { ComponentError, loadComponent, poison, trapCode } from '@theater/component/node'
 *
 * const file = new URL('../../../tooling/guests/wat/spine.wasm', import.meta.url)
 * const component = await loadComponent(await readFile(file))
 * for (const { name, functions } of component.model.imports) {
 *   for (const fn of functions) console.log(`imports ${name}: ${fn.name}`)
 * }
 *
 * const add = 'test:spine/host#add'
 * const prepared = await component.prepare({ mode: 'jspi', asyncImports: [add] })
 * const counts = [0, 0]
 * const instance = await prepared.instantiate({
 *   resources: prepared.newResources(),
 *   functions: {
 *     // An asynchronous import: the guest is suspended until it answers.
 *     [add]: async (a, b) => {
 *       if (Number(b) > 1000) throw poison() // ends the guest, whatever it catches
 *       return Number(a) + Number(b)
 *     },
 *     // A constructor answers the number that stands for the object; the first argument of a method is the object.
 *     'test:spine/host#[constructor]counter': (start) => {
 *       counts[1] = Number(start)
 *       return 1
 *     },
 *     'test:spine/host#[method]counter.bump': (_self, by) => (counts[1] = Number(counts[1]) + Number(by)),
 *   },
 *   drop: (resource, n) => console.log(`dropped ${resource.name} ${n}`),
 * })
 *
 * const { run, boom } = instance.functions
 * console.log('run(3) =', await run?.(3))
 * try {
 *   await boom?.()
 * } catch (error) {
 *   console.log('boom() trapped:', trapCode(error))
 * }
 * try {
 *   await loadComponent(new TextEncoder().encode('no component'))
 * } catch (error) {
 *   if (ComponentError.is(error)) console.log(`${error.code}: ${error.message}`)
 * }
 * ```
 *
 * @module
 */
import { sha256 } from '@theater/values/node'
import { loadComponent as load, recallComponent as recall } from './load.ts'
import { compileKept } from './node/compile-kept.ts'
import { workerTranspiler } from './node/worker-transpiler.ts'
import type { CheckedComponent, Component, ComponentSource, LoadOptions } from './types.ts'

export * from './index.ts'
export { diskCache } from './node/disk-cache.ts'
export type { WorkerTranspilerOptions } from './jco/queue.ts'
export { workerTranspiler } from './node/worker-transpiler.ts'

/**
 * Like `loadComponent` of the main entry, with a worker of its own as the transpiler unless one is given. Whoever
 * loads many components gives all of them one `workerTranspiler()`.
 */
export async function loadComponent(bytes: Uint8Array, options: LoadOptions = {}): Promise<Component> {
  return load(bytes, { sha256, compileKept, transpiler: workerTranspiler(), ...options })
}

/** Like `recallComponent` of the main entry, with what {@link loadComponent} has here. */
export async function recallComponent(
  source: ComponentSource,
  options: LoadOptions = {},
): Promise<CheckedComponent> {
  return recall(source, { sha256, compileKept, transpiler: workerTranspiler(), ...options })
}
