/** A transpiler that works in a worker, which ends with the first thing that goes wrong. */
import { Worker } from 'node:worker_threads'
import { ComponentError, type ComponentErrorCode } from '../errors.ts'
import type { Transpiled, TranspileRequest, Transpiler } from '../types.ts'
import { jcoVersion } from '../version.ts'

/** What a worker is started with. */
export interface WorkerData {
  readonly memoryMb: number
}

/** What a worker answers to a request. */
export type WorkerAnswer =
  | { readonly ok: true; readonly transpiled: Transpiled }
  | { readonly ok: false; readonly code: ComponentErrorCode; readonly message: string }

/** Options of `workerTranspiler`. */
export interface WorkerTranspilerOptions {
  /** How long an idle worker is kept, in milliseconds. @default 5000 */
  readonly idleMs?: number
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
  return new WorkerTranspiler(options.idleMs ?? 5_000)
}

class WorkerTranspiler implements Transpiler, AsyncDisposable {
  readonly jco = jcoVersion
  readonly #idleMs: number
  #worker: { readonly thread: Worker; readonly memoryMb: number } | undefined
  #idle: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  transpile(request: TranspileRequest): Promise<Transpiled> {
    const result = this.#last.then(() => this.#run(request))
    this.#last = result.catch(() => {})
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.#discard()
  }

  async #run(request: TranspileRequest): Promise<Transpiled> {
    clearTimeout(this.#idle)
    if (this.#worker?.memoryMb !== request.memoryMb) await this.#discard()
    const { thread } = (this.#worker ??= start(request.memoryMb))
    thread.ref()
    const answer = await ask(thread, request)
    if (!answer.ok) {
      await this.#discard()
      throw new ComponentError(answer.code, answer.message)
    }
    thread.unref()
    this.#idle = setTimeout(() => void this.#discard(), this.#idleMs)
    this.#idle.unref()
    return answer.transpiled
  }

  async #discard(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.thread.terminate()
  }
}

function start(memoryMb: number): { readonly thread: Worker; readonly memoryMb: number } {
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
  return { thread, memoryMb }
}

/** Sends one request and waits for whatever comes first: the answer, the worker's end, or the end of its time. */
function ask(thread: Worker, request: TranspileRequest): Promise<WorkerAnswer> {
  return new Promise((resolve) => {
    const settle = (answer: WorkerAnswer): void => {
      clearTimeout(timer)
      thread.off('message', settle).off('error', failed).off('exit', ended)
      resolve(answer)
    }
    const failed = (error: Error): void => {
      const memory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      settle({
        ok: false,
        code: 'transpile-failed',
        message: memory
          ? `Transpiling the component needs more than ${request.memoryMb} MiB.`
          : `The transpiler failed: ${error.message}`,
      })
    }
    const ended = (): void =>
      settle({ ok: false, code: 'transpile-failed', message: 'The transpiler ended.' })
    const timer = setTimeout(
      () =>
        settle({
          ok: false,
          code: 'transpile-timeout',
          message: `Transpiling the component takes more than ${request.timeoutMs} ms.`,
        }),
      request.timeoutMs,
    )
    thread.on('message', settle).on('error', failed).on('exit', ended)
    thread.postMessage(request)
  })
}
