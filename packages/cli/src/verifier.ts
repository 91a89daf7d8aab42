import { existsSync } from 'node:fs'
import { ComponentError } from '@theater/component'
import type { ComponentCache } from '@theater/component'
import { diskCache } from '@theater/component/node'
import { sha256 } from '@theater/event-chain/node'
import { joinVerdicts, RerunThread } from '@theater/replay/node'
import type { ChainSource, GraphReport, Verdict, VerifyLimits } from '@theater/replay'
import { dataPaths } from './data-folder.ts'
import { GivenComponent } from './given-component.ts'
import type { LimitFlags } from './options.ts'
import { progress, watched } from './progress.ts'
import type { Subject } from './subjects.ts'

/** How chains are judged. */
export interface VerifierOptions {
  /** Whose cache of components is used. */
  readonly data: string
  /** A component that is found under its own name. */
  readonly component: Uint8Array | undefined
  readonly limits: Partial<VerifyLimits>
  /** Where the re-run begins; undefined: with genesis. */
  readonly from?: number | undefined
  /** Seconds that it may take without getting on. @default 600 */
  readonly maxSeconds?: number | undefined
  readonly progress: (text: string) => void
  /** Told what is of no consequence for a verdict. */
  readonly note: (text: string) => void
}

/** What is known of chains together. */
export interface Judgement {
  /** One for each subject, in their order. */
  readonly verdicts: readonly Verdict[]
  readonly graph: Omit<GraphReport, 'verdicts'>
  /** Whether any chain asked for the component that was given. */
  readonly componentUsed: boolean
}

/**
 * Judges chains, and how they hang together. Components run in a thread of their own: one that does not end, as those of
 * old records can that have no meter, is ended with it, and its chain is inconclusive.
 *
 * @throws ChainError other than `broken`, where reading fails
 */
export async function judge(
  subjects: readonly Subject[],
  { data, component, limits, from, maxSeconds, progress: show, note }: VerifierOptions,
): Promise<Judgement> {
  const verdicts: Verdict[] = []
  const read: { readonly source: ChainSource; readonly at: number }[] = []
  const given = new GivenComponent(component)
  await using thread = new RerunThread({ maxSeconds, cache: await cacheOf(data, note) })
  for (const [at, { name, size, source, verdict, tombstones }] of subjects.entries()) {
    if (source === undefined) {
      if (verdict !== undefined) verdicts[at] = verdict
      continue
    }
    read.push({ source, at })
    const seen = watched(source.store, (_chain, done, pass) => {
      // From the beginning it is read twice: for its links, and for the re-run.
      show(progress(pass === 0 ? 'checking' : 're-running', name, done, size))
    })
    const beside = { ...source, store: given.beside(seen) }
    verdicts[at] = await thread.verify(beside, { limits, from, unfinished: 'allow', tombstones })
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
  return { verdicts, graph, componentUsed: given.used }
}

/**
 * The cache of a data folder's components, where there is one that can tell what its host wrote: a folder may come from whoever is to be
 * believed nothing, and what it keeps is what records are re-run with. Where it cannot be read or written, what is re-run is made without it.
 *
 * @param note told once why
 */
export async function cacheOf(
  data: string,
  note: (text: string) => void,
): Promise<ComponentCache | undefined> {
  const { cache: folder } = dataPaths(data)
  if (!existsSync(folder)) return undefined
  let noted = false
  const without = async <T>(what: Promise<T>): Promise<T | undefined> => {
    try {
      return await what
    } catch (error) {
      if (!ComponentError.is(error) || error.code !== 'cache') throw error
      if (!noted) note(`${error.message} What is re-run is transpiled again.`)
      noted = true
      return undefined
    }
  }
  const cache = await without(diskCache(folder))
  return (
    cache?.seal && {
      ...cache,
      get: (key) => without(cache.get(key)),
      put: (key, bytes) => without(cache.put(key, bytes)),
    }
  )
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
