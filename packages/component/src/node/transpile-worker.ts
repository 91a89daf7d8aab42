/** What runs in the worker: jco, without any authority, for one request after the other. */
import { registerHooks } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { ComponentError } from '../errors.ts'
import { generateWith, refusal } from '../transpile.ts'
import type { TranspileRequest } from '../types.ts'
import { capMemory } from './cap-memory.ts'
import type { WorkerAnswer, WorkerData } from './worker-transpiler.ts'

const { memoryMb }: WorkerData = workerData

// jco brings its own WASI, which is the whole host. In a bundle this has been done when it was made.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('@bytecodealliance/preview2-shim/')
      ? { url: new URL('./no-wasi.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})

// The heap limit of a worker does not count the memory of WebAssembly.
const compile = WebAssembly.compile
WebAssembly.compile = async (source) => {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
  return compile(capMemory(bytes, memoryMb * 1024 * 1024) as Uint8Array<ArrayBuffer>)
}

const { $init, generate } = await import('@bytecodealliance/jco-transpile/component')
await $init

function answer(request: TranspileRequest): WorkerAnswer {
  try {
    return { ok: true, transpiled: generateWith(generate, request) }
  } catch (error) {
    if (ComponentError.is(error)) return { ok: false, code: error.code, message: error.message }
    const said = refusal(error) ?? `it panicked: ${error instanceof Error ? error.message : String(error)}`
    return { ok: false, code: 'transpile-failed', message: `jco failed on this component: ${said}` }
  }
}

parentPort?.on('message', (request: TranspileRequest) => {
  parentPort?.postMessage(answer(request))
})
