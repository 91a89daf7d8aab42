/** A transpiler that works in a worker, which ends with the first thing that goes wrong. */
import { ComponentError } from '../errors.ts'
import type { MeterRequest, Transpiled, TranspileRequest, Transpiler } from '../types.ts'
import { jcoVersion } from '../version.ts'
import type { WorkerAnswer, WorkerRequest } from './answer.ts'

/** A worker with jco inside: Node's, or a browser's. */
export interface TranspileThread {
  /** Sends one request and tells whatever comes first, an answer or the worker's end; calling what is returned stops that. */
  send(request: WorkerRequest, settle: (answer: WorkerAnswer) => void): () => void
  /** Whether there is something to wait for: an idle worker does not keep a process alive. */
  busy(busy: boolean): void
  end(): unknown
}

/** Options of `workerTranspiler`. */
export interface WorkerTranspilerOptions {
  /** How long an idle worker is kept, in milliseconds. @default 5000 */
  readonly idleMs?: number
}

/** Does one request after the other, in a worker that is started when it is needed. */
export class QueuedTranspiler implements Transpiler, AsyncDisposable {
  readonly jco = jcoVersion
  readonly #start: (memoryMb: number) => TranspileThread
  readonly #idleMs: number
  #worker: { readonly thread: TranspileThread; readonly memoryMb: number } | undefined
  #idle: ReturnType<typeof setTimeout> | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(start: (memoryMb: number) => TranspileThread, { idleMs = 5_000 }: WorkerTranspilerOptions) {
    this.#start = start
    this.#idleMs = idleMs
  }

  async transpile(request: TranspileRequest): Promise<Transpiled> {
    const answer = await this.#next(request)
    if ('transpiled' in answer) return answer.transpiled
    throw new ComponentError('transpile-failed', 'The transpiler gave another answer than it was asked for.')
  }

  async meter(request: MeterRequest): Promise<Uint8Array> {
    const answer = await this.#next(request)
    if ('metered' in answer) return answer.metered
    throw new ComponentError('meter-failed', 'The meter gave another answer than it was asked for.')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.#discard()
  }

  #next(request: WorkerRequest): Promise<Made> {
    const result = this.#last.then(() => this.#run(request))
    this.#last = result.catch(() => {})
    return result
  }

  async #run(request: WorkerRequest): Promise<Made> {
    clearTimeout(this.#idle)
    const { memoryMb } = request
    if (this.#worker?.memoryMb !== memoryMb) await this.#discard()
    const { thread } = (this.#worker ??= { thread: this.#start(memoryMb), memoryMb })
    thread.busy(true)
    const answer = await ask(thread, request)
    if (!answer.ok) {
      await this.#discard()
      const { code, message, offset } = answer
      throw new ComponentError(code, message, offset === undefined ? {} : { offset })
    }
    thread.busy(false)
    this.#idle = setTimeout(() => void this.#discard(), this.#idleMs)
    // A number in a browser, where nothing keeps a page alive.
    if (typeof this.#idle === 'object') this.#idle.unref()
    return answer
  }

  async #discard(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.thread.end()
  }
}

type Made = Extract<WorkerAnswer, { readonly ok: true }>

/** Sends one request and waits for whatever comes first: the answer, the worker's end, or the end of its time. */
function ask(thread: TranspileThread, request: WorkerRequest): Promise<WorkerAnswer> {
  return new Promise((resolve) => {
    const settle = (answer: WorkerAnswer): void => {
      clearTimeout(timer)
      forget()
      resolve(answer)
    }
    const message = `${doing(request)} takes more than ${request.timeoutMs} ms.`
    const timeout: WorkerAnswer = { ok: false, code: 'transpile-timeout', message }
    const timer = setTimeout(() => settle(timeout), request.timeoutMs)
    const forget = thread.send(request, settle)
  })
}

/** What a worker is at, as the beginning of a sentence. */
export function doing(request: WorkerRequest): string {
  return 'module' in request ? 'Metering a core module' : 'Transpiling the component'
}

/** The answer for a worker that ended, or failed, instead of giving one. */
export function failed(request: WorkerRequest, why: string): WorkerAnswer {
  return { ok: false, code: 'module' in request ? 'meter-failed' : 'transpile-failed', message: why }
}
