/** What runs in the worker: jco, without any authority, for one request after the other. */
import { registerHooks } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { answer, limitCompiled } from '../jco/answer.ts'
import type { WorkerRequest } from '../jco/answer.ts'
import type { WorkerData } from './worker-transpiler.ts'

const { memoryMb }: WorkerData = workerData

// jco brings its own WASI, which is the whole host. In a bundle this has been done when it was made.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('@bytecodealliance/preview2-shim/')
      ? { url: new URL('../jco/no-wasi.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})

limitCompiled(memoryMb)
const { $init, generate } = await import('@bytecodealliance/jco-transpile/component')
await $init

parentPort?.on('message', (request: WorkerRequest) => {
  const made = answer(generate, request)
  // It is not needed here any more, so it is handed over as it is.
  parentPort?.postMessage(made, 'metered' in made ? [made.metered.buffer as ArrayBuffer] : [])
})
