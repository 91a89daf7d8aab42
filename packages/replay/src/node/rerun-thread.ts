import { Worker } from 'node:worker_threads'
import type { ComponentCache } from '@theater/component'
import { ChainError, hex } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { decodeModel } from '@theater/values'
import { Describer } from '../describe.ts'
import { inconclusive, readGenesis } from '../execution.ts'
import { withDefaults } from '../limits.ts'
import type { Replayed, ReplayOptions } from '../replay.ts'
import type { ChainSource, Verdict, VerifyOptions } from '../types.ts'
import { errorOf } from './protocol.ts'
import type { FromThread, Job, ThreadData } from './protocol.ts'
import { SourceServer } from './source-server.ts'

/** Options of a {@link RerunThread}. */
export interface RerunThreadOptions {
  /**
   * Seconds that a component may take without getting on: without coming to the end of a turn, and without
   * reaching an event where those are told. Loading it and reading its record do not count. Then its thread is ended, and the verdict is `inconclusive` with `limits-above-mine`.
   *
   * @default 600
   */
  readonly maxSeconds?: number | undefined
  /** Keeps transpiled components. It is asked in the thread that made this. Where it has a `seal`, what has none is not believed. */
  readonly cache?: ComponentCache | undefined
}

/** Options of `verify` in a thread: components are loaded there. */
export type ThreadVerifyOptions = Omit<VerifyOptions, 'load' | 'hash'>

/** Options of `replay` in a thread. `reached` is called in the thread that asked, and MAY be late; `signal` ends the re-run wherever it is. */
export type ThreadReplayOptions = Omit<ReplayOptions, 'load' | 'hash'>

/** As much as the deepest that genesis allows takes at the worst. */
const STACK_MB = 16

const DEFAULT_MAX_SECONDS = 600

/** The longest delay that a timer of Node takes, in milliseconds. */
const LONGEST_TIMER = 0x7fff_ffff

/** Beside the sources, or in the built package. */
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './rerun-worker.ts' : './rerun-worker.js',
  import.meta.url,
)

/**
 * A thread that re-runs one chain after the other, and is ended, and started again for the next one, where a component does not get
 * on: a record without a meter bounds nothing. The source stays in the thread that asks; only what is read of it crosses.
 *
 * @example
 * ```ts
 * await using thread = new RerunThread({ maxSeconds: 60 })
 * for (const source of sources) console.log(await thread.verify(source))
 * ```
 */
export class RerunThread implements AsyncDisposable {
  readonly #maxMs: number
  readonly #cache: ComponentCache | undefined
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** @throws TypeError where `maxSeconds` is not above 0 */
  constructor({ maxSeconds = DEFAULT_MAX_SECONDS, cache }: RerunThreadOptions = {}) {
    if (!(maxSeconds > 0))
      throw new TypeError(`maxSeconds has to be a number above 0, not ${String(maxSeconds)}`)
    this.#maxMs = maxSeconds * 1000
    this.#cache = cache
  }

  /** Like `verify`, here. @throws what reading the source throws; Error where the thread fails */
  async verify(source: ChainSource, options: ThreadVerifyOptions = {}): Promise<Verdict> {
    const { unfinished, from } = options
    const done = await this.#next(source, { ...jobOf(source, options), how: 'verify', unfinished, from }, {})
    return 'verdict' in done ? done.verdict : done.replayed.verdict
  }

  /** Like `replay`, here. @throws what reading the source throws; the reason of the signal; Error where the thread fails */
  async replay(source: ChainSource, options: ThreadReplayOptions = {}): Promise<Replayed> {
    const { until, from, reached } = options
    const told = reached !== undefined
    const job: Job = { ...jobOf(source, options), how: 'replay', until, from, told }
    const done = await this.#next(source, job, options)
    return 'verdict' in done ? { verdict: done.verdict, next: undefined } : done.replayed
  }

  /** Ends the thread. What is under way is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.#end()
  }

  #next(
    source: ChainSource,
    job: Job,
    watching: Pick<ThreadReplayOptions, 'reached' | 'signal'>,
  ): Promise<Done> {
    withDefaults(job.limits)
    const done = this.#last.then(() => this.#run(source, job, watching))
    this.#last = done.catch(() => undefined)
    return done
  }

  async #run(
    source: ChainSource,
    job: Job,
    { reached, signal }: Pick<ThreadReplayOptions, 'reached' | 'signal'>,
  ): Promise<Done> {
    signal?.throwIfAborted()
    const worker = (this.#worker ??= this.#start())
    const server = new SourceServer(source, this.#cache)
    const { promise, resolve, reject } = Promise.withResolvers<Done | Stuck>()
    const patience = new Patience(this.#maxMs, () => {
      resolve({ stuck: `its component did not get on for ${this.#maxMs / 1000} s` })
    })
    let describer: Describer | undefined
    let size = 0
    let head: Uint8Array | null = null
    const take = async (news: FromThread): Promise<void> => {
      patience.renew()
      if ('ask' in news) worker.postMessage(await server.answer(news))
      else if ('model' in news) describer = new Describer(decodeModel(news.model))
      else if ('reached' in news) {
        const { reached: event } = news
        size = event.seq + 1
        head = event.hash
        reached?.(event, (describer ??= new Describer()))
      } else if ('alive' in news) return
      else if ('failed' in news) reject(server.failure(news.asked) ?? errorOf(news.failed))
      else resolve(news)
    }
    const message = (news: FromThread): void => void take(news).catch(reject)
    const broke = (error: Error): void => (outOfMemory(error) ? resolve({ stuck: NO_MEMORY }) : reject(error))
    const ended = (): void => reject(new Error('the thread that re-runs chains ended'))
    const abort = (): void => reject(signal?.reason)
    worker.on('message', message).on('error', broke).on('exit', ended)
    signal?.addEventListener('abort', abort)
    worker.ref()
    worker.postMessage({ job })
    try {
      const done = await promise
      if (!('stuck' in done)) return done
      await this.#end()
      const verdict = { ...(await subjectOf(source)), ...inconclusive('limits-above-mine', size, done.stuck) }
      return { verdict: size === 0 ? verdict : { ...verdict, size, head } }
    } catch (error) {
      // It is in the middle of something that nobody waits for any more.
      await this.#end()
      throw error
    } finally {
      patience.end()
      signal?.removeEventListener('abort', abort)
      worker.off('message', message).off('error', broke).off('exit', ended)
      worker.unref()
    }
  }

  #start(): Worker {
    const workerData: ThreadData = {
      cached: this.#cache !== undefined,
      sealed: this.#cache?.seal !== undefined,
    }
    const worker = new Worker(workerUrl, {
      name: 'theater-rerun',
      workerData,
      resourceLimits: { stackSizeMb: STACK_MB },
    })
    // An error that nobody waits for must not end the process, and one that ended is not asked again.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    return worker
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

type Done = Extract<FromThread, { readonly verdict: unknown } | { readonly replayed: unknown }>

/** Why a component was given up. */
interface Stuck {
  readonly stuck: string
}

function jobOf(
  { chain }: ChainSource,
  { component, limits, head, tombstones }: ThreadVerifyOptions,
): Omit<Job, 'how'> {
  const none = { unfinished: undefined, from: undefined, until: undefined, told: false }
  return { chain, component, limits, head, tombstones, ...none }
}

/** What is known of a chain whose component was given up. */
async function subjectOf({
  store,
  chain,
}: ChainSource): Promise<Pick<Verdict, 'chain' | 'actor' | 'size' | 'head'>> {
  const genesis = await readGenesis({ store, chain }, sha256)
  const info = await store.info(chain)
  if (info === undefined) throw new ChainError('not-found', `chain ${hex(chain)} is not here`)
  return { chain, actor: genesis?.content.actor ?? null, size: info.size, head: null }
}

const NO_MEMORY = 'it takes more memory than the thread of this verifier has'

function outOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}

/** How long something may take without a sign of life, after the first one: a thread takes its time to start. */
class Patience {
  readonly #ms: number
  readonly #lost: () => void
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #signs = 0

  constructor(ms: number, lost: () => void) {
    this.#ms = Math.min(ms, LONGEST_TIMER)
    this.#lost = lost
  }

  /** A sign of life: the time begins anew. */
  renew(): void {
    this.#signs++
    clearTimeout(this.#timer)
    if (this.#ended) return
    this.#timer = setTimeout(() => {
      const signs = this.#signs
      // This thread may have been the one that did not get on: what came meanwhile is taken first.
      setImmediate(() => {
        if (!this.#ended && this.#signs === signs) this.#lost()
      })
    }, this.#ms)
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }
}
