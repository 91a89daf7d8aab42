import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { MessagePort, WorkerOptions } from 'node:worker_threads'
import type { Hung } from '../watch.ts'
import { Observed, sharedMemory } from './shared.ts'
import type { FromThread, ThreadWork, ToThread } from './wire.ts'

/** As much stack as the deepest that an actor may be allowed takes at the worst. */
const STACK_MB = 16

/** How often a thread is asked within the time in which it has to answer. */
const ROUNDS = 8

/** Beside this file: TypeScript in a checkout, JavaScript where it is published. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/** How a thread came to its end. */
export interface ThreadEnd {
  /** `hung`: it did not answer, and was ended; `died`: it ended by itself; `ended`: it was to. */
  readonly how: 'hung' | 'died' | 'ended'
  /** Who had the thread. */
  readonly running: Hung | undefined
  /** What it died of. */
  readonly error: Error | undefined
}

/** What one thread is started with. */
export interface KeeperOptions extends Pick<
  ThreadWork,
  'module' | 'data' | 'hung' | 'barred' | 'topics' | 'served'
> {
  readonly answerMs: number
  readonly worker: WorkerOptions
  take(message: FromThread): void
}

/** Keeps one thread of actors: asks it now and then whether it is there, and ends it where it is not. */
export class Keeper {
  /** Resolves when the thread has come to its end, however. */
  readonly end: Promise<ThreadEnd>
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #observed: Observed
  readonly #options: KeeperOptions
  readonly #ended = Promise.withResolvers<ThreadEnd>()
  #pings = 0
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(options: KeeperOptions) {
    this.#options = options
    this.end = this.#ended.promise
    const { module, data, hung, barred, topics, served, worker } = options
    const memory = sharedMemory()
    const { port1, port2 } = new MessageChannel()
    this.#observed = new Observed(memory)
    this.#port = port1
    const workerData: ThreadWork = { module, data, port: port2, memory, hung, barred, topics, served }
    this.#worker = new Worker(workerUrl, {
      name: 'theater-actors',
      ...worker,
      workerData,
      transferList: [port2],
      resourceLimits: { ...worker.resourceLimits, stackSizeMb: STACK_MB },
    })
    port1.on('message', (message: FromThread) => this.#take(message))
    this.#worker.on('error', (error) =>
      this.#finish('died', error instanceof Error ? error : new Error(String(error))),
    )
    this.#worker.on('exit', (code) =>
      this.#finish('died', new Error(`the thread of the actors ended with ${code}`)),
    )
  }

  /** Says something to the thread. @throws DataCloneError where it cannot cross */
  say(message: ToThread): void {
    if (!this.#over) this.#port.postMessage(message)
  }

  /** Ends the thread, whatever it is at. */
  async stop(): Promise<void> {
    await this.#terminate('ended', undefined)
  }

  #take(message: FromThread): void {
    if (message.tag === 'here') this.#ask()
    this.#options.take(message)
  }

  /** Asks, and looks for the answer. Time in which this thread did not run itself counts little. */
  #ask(): void {
    const { answerMs } = this.#options
    const round = Math.max(1, answerMs / ROUNDS)
    let waited = 0
    let before = performance.now()
    this.say({ tag: 'ping', n: ++this.#pings })
    this.#timer = setInterval(() => {
      const now = performance.now()
      waited += Math.min(now - before, 2 * round)
      before = now
      if (this.#observed.answered === this.#pings) {
        waited = 0
        this.say({ tag: 'ping', n: ++this.#pings })
      } else if (waited >= answerMs) void this.#terminate('hung', undefined)
    }, round)
  }

  async #terminate(how: ThreadEnd['how'], error: Error | undefined): Promise<void> {
    const { running } = this.#observed
    if (!this.#settle()) return
    // One that is stuck below JavaScript ends when it comes back from there; what it still writes is refused as stale.
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, this.#options.answerMs).unref()
    })
    await Promise.race([this.#worker.terminate(), late])
    this.#ended.resolve({ how, running, error })
  }

  #finish(how: ThreadEnd['how'], error: Error): void {
    const memory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    const running = memory ? this.#observed.running : undefined
    if (this.#settle()) this.#ended.resolve({ how, running, error })
  }

  /** Hears what the thread said last, and nothing more. `false`: that was done before. */
  #settle(): boolean {
    if (this.#over) return false
    this.#over = true
    clearInterval(this.#timer)
    for (;;) {
      const last = receiveMessageOnPort(this.#port)
      if (last === undefined) break
      this.#options.take(last.message as FromThread)
    }
    this.#port.close()
    return true
  }
}
