/** A transpiler that works in a worker of a browser. */
import type { WorkerAnswer, WorkerRequest } from '../jco/answer.ts'
import { failed, QueuedTranspiler, type TranspileThread, type WorkerTranspilerOptions } from '../jco/queue.ts'
import type { Transpiler } from '../types.ts'

/** What is used of a Web Worker. */
export interface WebWorker {
  onmessage: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
  postMessage(message: unknown): void
  terminate(): void
}

/**
 * Makes a transpiler that does one request after the other in a Web Worker, within the time that each allows. After any
 * failure the worker is ended, and the next request starts another. The memory of jco's own module is limited; that of the
 * worker's JavaScript is the browser's to limit.
 *
 * @param start starts a worker that runs the script `@theater/component/web-worker`, from whatever URL it is served
 */
export function workerTranspiler(
  start: () => WebWorker,
  options: WorkerTranspilerOptions = {},
): Transpiler & AsyncDisposable {
  return new QueuedTranspiler((memoryMb) => threadOf(start(), memoryMb), options)
}

function threadOf(worker: WebWorker, memoryMb: number): TranspileThread {
  let settle: ((answer: WorkerAnswer) => void) | undefined
  // What goes wrong before anybody waits, as a script that cannot be loaded, must not be lost.
  let broken: string | undefined
  let asked: WorkerRequest | undefined
  worker.onmessage = ({ data }: { readonly data: WorkerAnswer }) => settle?.(data)
  worker.onerror = (event: { readonly message?: string; preventDefault?(): void }) => {
    event.preventDefault?.()
    broken = `The transpiler failed: ${event.message ?? 'its script cannot be loaded'}`
    if (asked !== undefined) settle?.(failed(asked, broken))
  }
  worker.postMessage(memoryMb)
  return {
    send(request, told) {
      settle = told
      asked = request
      const known = broken
      if (known !== undefined) queueMicrotask(() => settle?.(failed(request, known)))
      else worker.postMessage(request)
      return () => {
        settle = undefined
      }
    },
    busy() {},
    end: () => worker.terminate(),
  }
}
