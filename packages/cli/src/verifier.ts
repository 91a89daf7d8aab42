import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { ComponentCache } from '@theater/component'
import { diskCache } from '@theater/component/node'
import { ChainError } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { joinVerdicts } from '@theater/replay'
import type { ChainSource, GraphReport, Verdict, VerifyLimits } from '@theater/replay'
import { dataPaths } from './data-folder.ts'
import type { LimitFlags } from './program.ts'
import { progress } from './progress.ts'
import type { Subject } from './subjects.ts'
import type { VerifyNews, VerifyWork } from './verify-worker.ts'

/** Seconds that a verification may take without getting on, where nobody says otherwise. */
const DEFAULT_MAX_SECONDS = 600

/** How chains are judged. */
export interface VerifierOptions extends VerifyWork {
  /** Seconds that it may take without getting on. @default 600 */
  readonly maxSeconds?: number | undefined
  readonly progress: (text: string) => void
}

/** What is known of chains together. */
export interface Judgement {
  /** One for each subject, in their order. */
  readonly verdicts: readonly Verdict[]
  readonly graph: Pick<GraphReport, 'held' | 'unchecked'>
  /** Whether any chain asked for the component that was given. */
  readonly componentUsed: boolean
}

/**
 * Judges chains, and how they hang together. Components run in a thread of their own: one that does not end, as those of
 * old records can that have no meter, is ended with it, and its chain is inconclusive.
 *
 * @param subjects what the names of the options stand for
 * @throws ChainError other than `broken`, where reading fails
 */
export async function judge(subjects: readonly Subject[], options: VerifierOptions): Promise<Judgement> {
  const verdicts: Verdict[] = []
  const read: { readonly source: ChainSource; readonly at: number }[] = []
  let componentUsed = false
  await using thread = new VerifyThread(options)
  for (const [at, subject] of subjects.entries()) {
    if (subject.source === undefined) {
      if (subject.verdict !== undefined) verdicts[at] = subject.verdict
      continue
    }
    read.push({ source: subject.source, at })
    const judged = await thread.judge(at, subject)
    verdicts[at] = judged.verdict
    componentUsed ||= judged.componentUsed
  }
  // What is no chain was judged while its file was read, and hangs together with nothing.
  const graph = await joinVerdicts(
    read.map(({ source }) => source),
    read.flatMap(({ at }) => verdicts[at] ?? []),
    { hash: sha256 },
  )
  for (const [i, { at }] of read.entries()) {
    const joined = graph.verdicts[i]
    if (joined !== undefined) verdicts[at] = joined
  }
  return { verdicts, graph, componentUsed }
}

type Judged = Extract<VerifyNews, { readonly verdict: Verdict }>

/** A thread that verifies, started when it is needed, and again after it had to be ended. */
class VerifyThread implements AsyncDisposable {
  readonly #options: VerifierOptions
  #worker: Worker | undefined

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  async judge(index: number, { name, size, source }: Subject): Promise<Judged> {
    const worker = (this.#worker ??= this.#start())
    const { maxSeconds = DEFAULT_MAX_SECONDS } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<Judged>()
    const late = (): void => {
      const message = `it did not get on for ${maxSeconds} seconds`
      const nothing = { chain: source?.chain ?? null, actor: name, size: 0, head: null, index: 0 }
      const verdict = { ...nothing, verdict: 'inconclusive', code: 'limits-above-mine', message } as const
      resolve({ verdict, componentUsed: false })
      this.#worker = undefined
      void worker.terminate()
    }
    const wait = (): NodeJS.Timeout => setTimeout(late, Math.min(maxSeconds * 1000, 0x7fff_ffff))
    let timer = wait()
    const take = (news: VerifyNews): void => {
      clearTimeout(timer)
      if ('done' in news) {
        // From the beginning it is read twice: for its links, and for the re-run.
        const what = news.pass === 0 ? 'checking' : 're-running'
        this.#options.progress(progress(what, name, news.done, size))
        timer = wait()
      } else if ('failed' in news) reject(failure(news.failed))
      else resolve(news)
    }
    worker.on('message', take).once('error', reject)
    worker.postMessage(index)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      worker.off('message', take).off('error', reject)
    }
  }

  #start(): Worker {
    const { names, data, component, limits } = this.#options
    const workerData: VerifyWork = { names, data, component, limits }
    return new Worker(workerUrl, { workerData, resourceLimits: { stackSizeMb: STACK_MB } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate()
  }
}

function failure({ code, message }: Extract<VerifyNews, { readonly failed: unknown }>['failed']): Error {
  return code === undefined ? new Error(message) : new ChainError(code, message)
}

/** As much as the deepest that genesis allows takes at the worst. */
const STACK_MB = 16

/** Beside this file: TypeScript in a checkout, JavaScript where it is published. */
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './verify-worker.ts' : './verify-worker.js',
  import.meta.url,
)

/** The cache of a data folder's components, where there is one. */
export async function cacheOf(data: string): Promise<ComponentCache | undefined> {
  const { cache } = dataPaths(data)
  return existsSync(cache) ? diskCache(cache) : undefined
}

/** The limits that the command line gives. */
export function limitsOf({ maxFuel, maxMemory, maxEvents, maxTraps }: LimitFlags): Partial<VerifyLimits> {
  return {
    ...(maxFuel !== undefined && { maxFuel }),
    ...(maxMemory !== undefined && { maxMemory }),
    ...(maxEvents !== undefined && { maxEvents }),
    ...(maxTraps !== undefined && { maxTraps }),
  }
}
