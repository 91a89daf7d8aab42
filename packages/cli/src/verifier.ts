import { existsSync } from 'node:fs'
import type { ComponentCache } from '@theater/component'
import { diskCache } from '@theater/component/node'
import { hex } from '@theater/event-chain'
import type { BlobReader, ChainReader } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { componentLoader, verifyGraph } from '@theater/replay/node'
import type { ChainSource, GraphReport, Verdict, VerifyLimits } from '@theater/replay'
import { cidOf } from '@theater/values'
import { dataPaths } from './data-folder.ts'
import type { LimitFlags } from './program.ts'
import { progress, watched } from './progress.ts'
import type { Subject } from './subjects.ts'

/** How chains are judged. */
export interface VerifierOptions {
  /** The data folder, whose cache of components is used where there is one. */
  readonly data: string
  /** A component for chains that come without theirs. */
  readonly component: Uint8Array | undefined
  readonly limits: Partial<VerifyLimits>
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
 * Judges chains, and how they hang together.
 *
 * @throws ChainError other than `broken`, where reading fails
 */
export async function judge(subjects: readonly Subject[], options: VerifierOptions): Promise<Judgement> {
  const given = new GivenComponent(options.component)
  const sources: ChainSource[] = []
  for (const { source, ...subject } of subjects) {
    if (source === undefined) continue
    const { name, size } = subject
    // From the beginning it is read twice: for its links, and for the re-run.
    const seen = watched(source.store, (_chain, done, pass) =>
      options.progress(progress(pass === 0 ? 'checking' : 're-running', name, done, size)),
    )
    const store = given.beside(seen)
    sources.push({ store, chain: source.chain })
  }
  const cache = await cacheOf(options.data)
  const load = componentLoader(cache === undefined ? {} : { cache })
  // What may not end within a turn was refused already when its file was read.
  const report = await verifyGraph(sources, { load, limits: options.limits, unfinished: 'allow' })
  const verdicts = [...report.verdicts]
  return {
    verdicts: subjects
      .map(({ source, verdict }) => (source === undefined ? verdict : verdicts.shift()))
      .filter(isVerdict),
    graph: report,
    componentUsed: given.used,
  }
}

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

function isVerdict(verdict: Verdict | undefined): verdict is Verdict {
  return verdict !== undefined
}

/** A component from the command line: found under its own name, and nothing else under it. */
class GivenComponent {
  used = false
  readonly #bytes: Uint8Array | undefined
  readonly #name: string | undefined

  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes
    this.#name = bytes === undefined ? undefined : hex(cidOf('raw', sha256(bytes)))
  }

  beside(store: ChainReader & BlobReader): ChainReader & BlobReader {
    const bytes = this.#bytes
    if (bytes === undefined) return store
    const asked = (cid: Uint8Array): boolean => {
      const mine = hex(cid) === this.#name
      if (mine) this.used = true
      return mine
    }
    return {
      read: (chain, from, to) => store.read(chain, from, to),
      info: (chain) => store.info(chain),
      find: (label) => store.find(label),
      list: () => store.list(),
      get: async (cid) => (asked(cid) ? bytes : store.get(cid)),
      has: async (cid) => asked(cid) || (await store.has(cid)),
    }
  }
}
