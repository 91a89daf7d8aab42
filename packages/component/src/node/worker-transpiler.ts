/** A transpiler that works in a thread of Node. */
import type { WorkerAnswer, WorkerRequest } from '../jco/answer.ts'
import {
  doing,
  failed,
  QueuedTranspiler,
  type TranspileThread,
  type WorkerTranspilerOptions,
} from '../jco/queue.ts'
import type { Transpiler } from '../types.ts'

/** What a worker is started with. */
export interface WorkerData {
  readonly memoryMb: number
}

/** Beside the sources, or in the built package, where it is one file with jco inside. */
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './transpile-worker.ts' : '../worker/transpile-worker.js',
  import.meta.url,
)

/**
 * Makes a transpiler that does one request after the other in a worker, within the time and memory that each allows.
 * After any failure the worker is thrown away; while it is idle it does not keep the process alive.
 */
export function workerTranspiler(options: WorkerTranspilerOptions = {}): Transpiler & AsyncDisposable {
  return new QueuedTranspiler(start, options)
}

function start(memoryMb: number): TranspileThread {
  // Not before it is needed: a host whose components are in its cache starts none.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const workerData: WorkerData = { memoryMb }
  const thread = new Worker(workerUrl, {
    name: 'theater-transpile',
    workerData,
    env: {},
    argv: [],
    // Not the host's: what it was started with may not suit a worker, or may open an inspector.
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  })
  // An error that nobody waits for must not end the process.
  thread.on('error', () => {})
  return {
    send(request, settle) {
      const answered = (answer: WorkerAnswer): void => settle(answer)
      const broke = (error: Error): void => settle(failed(request, why(error, request)))
      const ended = (): void => settle(failed(request, 'The transpiler ended.'))
      thread.on('message', answered).on('error', broke).on('exit', ended)
      thread.postMessage(request)
      return () => thread.off('message', answered).off('error', broke).off('exit', ended)
    },
    busy: (busy) => (busy ? thread.ref() : thread.unref()),
    end: () => thread.terminate(),
  }
}

function why(error: Error, request: WorkerRequest): string {
  const memory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  return memory
    ? `${doing(request)} needs more than ${request.memoryMb} MiB.`
    : `The transpiler failed: ${error.message}`
}
