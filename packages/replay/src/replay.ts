import { ChainError, hex } from '@theater/event-chain'
import type { Part } from '@theater/event-chain'
import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { Execution, inconclusive, readGenesis } from './execution.ts'
import type { Reached } from './execution.ts'
import { Feed } from './feed.ts'
import { withDefaults } from './limits.ts'
import { checkUpTo } from './start.ts'
import type { ChainSource, Doing, Subject, Verdict, VerifyLimits, VerifyOptions } from './types.ts'

/** How a chain is re-run under somebody's eyes. */
export interface ReplayOptions extends Omit<VerifyOptions, 'unfinished'> {
  /** The last event that is taken from the record: the re-run stops after it. @default the last there is */
  readonly until?: number | undefined
  /**
   * Is told of each event, once and in order: of an input when the component is given it, of an output when the
   * component did it again. It is called in the middle of a turn, so it MUST NOT throw and MUST NOT wait. The describer
   * says the event's values by the types of the component that runs.
   */
  readonly reached?: Reached | undefined
  /** Ends the re-run between two turns. */
  readonly signal?: AbortSignal | undefined
}

/** What a re-run came to. */
export interface Replayed {
  /** Of the events up to where it stopped; `size` and `head` are those of the events that were read. */
  readonly verdict: Verdict
  /** Where it stopped within a turn: what the component was about to do. `undefined` between turns. */
  readonly next: Doing | undefined
}

/**
 * Runs the component of a chain again, tells each event when it is reached, and stops where it is told. Unlike `verify`
 * it reads the chain once and checks it on the way, so that it shows what comes before a fault; where it is to begin `from` an event, all of it is checked first.
 *
 * @throws ChainError other than `broken`, where reading fails; the reason of the signal
 *
 * @example
 * ```ts
 * const { next } = await replay({ store, chain }, { until: 7, reached: ({ seq, kind }) => console.log(seq, kind) })
 * console.log(next?.actual) // what it does after event 7
 * ```
 */
export async function replay(source: ChainSource, options: ReplayOptions): Promise<Replayed> {
  const { until, head, reached, signal, load, component, tombstones } = options
  const limits = withDefaults(options.limits)
  const hash = options.hash ?? sha256
  const { store, chain } = source
  const info = await store.info(chain)
  if (info === undefined) throw new ChainError('not-found', `chain ${hex(chain)} is not here`)
  const size = until === undefined ? info.size : Math.min(until + 1, info.size)
  const genesis = await readGenesis(source, hash)
  const subject: Subject = { chain, actor: genesis?.content.actor ?? null, size, head: null }
  if (size > limits.maxEvents) {
    const message = `more than ${limits.maxEvents} events`
    return { verdict: { ...subject, ...inconclusive('limits-above-mine', 0, message) }, next: undefined }
  }
  if (genesis === undefined) {
    const finding = await noGenesis(source, limits, hash)
    return { verdict: { ...subject, size: 0, ...finding }, next: undefined }
  }
  let part: Part | undefined
  if (options.from !== undefined) {
    const found = await checkUpTo(source, { ...options, unfinished: 'allow', limits, hash, genesis })
    const { structure } = found
    if (!structure.ok) {
      const { index, reason, message } = structure
      return {
        verdict: { ...subject, size: index, verdict: 'broken', index, reason, message },
        next: undefined,
      }
    }
    if (found.part !== undefined && 'code' in found.part) {
      const { code, message } = found.part
      return { verdict: { ...subject, ...inconclusive(code, 0, message) }, next: undefined }
    }
    part = found.part
  }
  const execution = new Execution({
    source,
    part,
    options: { load, component, unfinished: 'allow', tombstones },
    limits,
    hash,
    genesis,
    size,
    ...(size === info.size && { head }),
    reached,
    signal,
  })
  const finding = await execution.run()
  return {
    verdict: { ...subject, ...execution.read, ...execution.beginning, ...finding },
    next: execution.next,
  }
}

/** Why there is no genesis: it is withheld, or what stands in its place is none. */
async function noGenesis(
  source: ChainSource,
  { maxTurnBytes }: VerifyLimits,
  hash: Hash,
): Promise<FindingOf<'broken'> | FindingOf<'inconclusive'>> {
  const feed = new Feed(source, { size: 1, maxTurnBytes, hash })
  await Array.fromAsync(feed.events())
  if (feed.break !== undefined) return { verdict: 'broken', ...feed.break }
  return inconclusive('withheld', 0, 'the genesis event is not here')
}

type FindingOf<V extends Verdict['verdict']> = Omit<Extract<Verdict, { verdict: V }>, keyof Subject>
