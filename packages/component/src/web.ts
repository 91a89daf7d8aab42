/**
 * The `./web` entry: everything in `@theater/component`, with a transpiler that works in a Web Worker.
 *
 * ```ts
 * import { loadComponent, workerTranspiler } from '@theater/component/web'
 *
 * // The script is `@theater/component/web-worker`: one file with nothing else to load. Serve it, or make a Blob of it.
 * const transpiler = workerTranspiler(() => new Worker('/transpile-worker.js'))
 * const component = await loadComponent(bytes, { transpiler })
 * ```
 *
 * @module
 */
export * from './index.ts'
export type { WorkerTranspilerOptions } from './jco/queue.ts'
export { workerTranspiler, type WebWorker } from './web/worker-transpiler.ts'
