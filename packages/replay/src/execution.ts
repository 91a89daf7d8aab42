import { DERIVE_VERSION, meteredAlike, meteringOf, meterName } from '@theater/boundary'
import type { TheaterEvent } from '@theater/boundary'
import { ComponentError } from '@theater/component'
import type { Component, Prepared } from '@theater/component'
import { ChainError, decodeEvent } from '@theater/event-chain'
import type { EventOf, Genesis, Part } from '@theater/event-chain'
import { cidOf, encodeModel, formatCid } from '@theater/values'
import type { Hash } from '@theater/values'
import { Describer } from './describe.ts'
import { Feed } from './feed.ts'
import { checkGenesisLimits } from './limits.ts'
import { Rerun } from './rerun.ts'
import type { Next, RerunEnd } from './rerun.ts'
import { readSnapshot } from './start.ts'
import type {
  BrokenChain,
  ChainSource,
  Diverged,
  Doing,
  Inconclusive,
  InconclusiveCode,
  Subject,
  Verdict,
  VerifyLimits,
  VerifyOptions,
} from './types.ts'

/** A verdict without what is known of the chain. */
type Finding<V extends Verdict> = Omit<V, keyof Subject>
type Refusal = Finding<Diverged> | Finding<BrokenChain> | Finding<Inconclusive>

/** What the re-run of a chain came to. */
export type ExecutionFinding = Finding<Extract<Verdict, { verdict: 'verified' }>> | Refusal

/** Is told of an event that a re-run reached, with what says its values. */
export type Reached = (event: TheaterEvent, describer: Describer) => void

/** What an {@link Execution} is made of. */
export interface ExecutionParts {
  readonly source: ChainSource
  readonly options: Pick<VerifyOptions, 'load' | 'component' | 'unfinished' | 'tombstones'>
  readonly limits: VerifyLimits
  readonly hash: Hash
  readonly genesis: EventOf<'genesis'>
  /** The events before this one are run. */
  readonly size: number
  /** The hash that the last of them has to have, where it is known. */
  readonly head?: Uint8Array | undefined
  /** What the chain is up to the snapshot that it begins with. @default it begins with genesis */
  readonly part?: Part | undefined
  readonly reached?: Reached | undefined
  readonly signal?: AbortSignal | undefined
}

/** The genesis event of a chain; `undefined` where it is not here, or not right. */
export async function readGenesis(source: ChainSource, hash: Hash): Promise<EventOf<'genesis'> | undefined> {
  const { store, chain } = source
  try {
    for await (const stored of store.read(chain, 0, 1)) {
      const event = await decodeEvent(stored, 0, { blobs: store, hash })
      return event.content !== null && event.kind === 'genesis' ? event : undefined
    }
  } catch (error) {
    if (!ChainError.is(error)) throw error
  }
  return undefined
}

/** The part of a verification that needs the component. */
export class Execution {
  readonly #parts: ExecutionParts
  /** What the component does where the record ends, if that is within a turn. */
  next: Doing | undefined
  /** Where it began, where that is not genesis. */
  beginning: Pick<Subject, 'from' | 'unproven'> = {}
  /** How many events were read, and the hash of the last of them. */
  read: { readonly size: number; readonly head: Uint8Array | null } = { size: 0, head: null }

  constructor(parts: ExecutionParts) {
    this.#parts = parts
  }

  async run(): Promise<ExecutionFinding> {
    const { source, options, genesis, size, head, limits, hash, part, reached, signal } = this.#parts
    const { content } = genesis
    const refused = checkRules(content) ?? this.#checkLimits(content)
    if (refused !== undefined) return refused
    const component = await this.#component(content)
    if ('verdict' in component) return component
    const describer = new Describer(component.model)
    const unfit = this.#checkWit(component, describer)
    if (unfit !== undefined) return unfit
    const { maxTurnBytes, maxTraps } = limits
    const feed = new Feed(source, { size, head, part, maxTurnBytes, hash, tombstones: options.tombstones })
    let end: RerunEnd
    try {
      const prepared = await component.prepare({ mode: 'sync', metering: meteringOf(content) })
      const other = checkMeter(content, prepared)
      if (other !== undefined) return other
      const perTurn = content.instance === 'turn'
      if (perTurn && part?.state === 'idle') this.beginning = { from: part.size }
      const start =
        part === undefined || perTurn
          ? undefined
          : await readSnapshot(source, part, { component, prepared, genesis: content, hash })
      if (start !== undefined && 'code' in start) return inconclusive(start.code, 0, start.message)
      const tell = reached && ((event: TheaterEvent): void => reached(event, describer))
      const parts = {
        component,
        prepared,
        feed,
        size,
        start,
        maxTraps,
        hash,
        reached: tell,
        signal,
      }
      const rerun = new Rerun(parts)
      end = await rerun.run()
      if (rerun.began && part !== undefined) this.beginning = { from: part.size, unproven: true }
    } catch (error) {
      return refusedComponent(error)
    } finally {
      if (feed.last !== undefined) this.read = { size: feed.last.seq + 1, head: feed.last.hash }
    }
    return this.#finding(end, describer)
  }

  #checkLimits(genesis: Genesis): Refusal | undefined {
    const wrong = checkGenesisLimits(genesis, this.#parts.limits)
    if (wrong === undefined) return undefined
    return wrong.tag === 'malformed'
      ? { verdict: 'broken', index: 0, reason: 'content', message: wrong.message }
      : inconclusive('limits-above-mine', 0, wrong.message)
  }

  async #component(genesis: Genesis): Promise<Component | Refusal> {
    const { source, hash } = this.#parts
    const { component: given, load } = this.#parts.options
    const bytes = given ?? (await source.store.get(genesis.component))
    const name = formatCid(genesis.component)
    if (bytes === undefined) return inconclusive('no-component', 0, `the component ${name} is not here`)
    const actual = cidOf('raw', hash(bytes))
    if (!same(actual, genesis.component)) {
      if (given !== undefined) {
        const message = `the chain is one of component ${name}, the component given is ${formatCid(actual)}`
        return inconclusive('no-component', 0, message)
      }
      const message = `the component's bytes hash to ${formatCid(actual)}, not to ${name}`
      return { verdict: 'broken', index: 0, reason: 'digest', message }
    }
    try {
      return await load(bytes)
    } catch (error) {
      return refusedComponent(error)
    }
  }

  #checkWit(component: Component, describer: Describer): Refusal | undefined {
    const { genesis, hash } = this.#parts
    const wit = cidOf('dag-cbor', hash(encodeModel(component.model)))
    if (same(wit, genesis.content.wit)) return undefined
    const expected = describer.event(genesis)
    return {
      verdict: 'diverged',
      index: 0,
      expected,
      actual: { ...expected, wit: formatCid(wit) },
      message: 'the component has other types than genesis says',
    }
  }

  #finding(end: RerunEnd, describer: Describer): ExecutionFinding {
    switch (end.tag) {
      case 'same': {
        const { turns, undone, next } = end
        this.next = next && doing(next, describer)
        return { verdict: 'verified', turns, undone, finished: next === undefined }
      }
      case 'broken': {
        const { index, reason, message } = end
        return { verdict: 'broken', index, reason, message }
      }
      case 'inconclusive':
        return inconclusive(end.code, end.index, end.message)
      case 'unfinished':
        if (this.#parts.options.unfinished === 'allow') {
          this.next = doing(end.next, describer)
          return { verdict: 'verified', turns: 0, undone: 0, finished: false }
        }
        return {
          verdict: 'broken',
          index: this.#parts.size,
          reason: 'unfinished-turn',
          message: 'the chain ends while the component is being instantiated',
        }
      case 'diverged': {
        const { seq, expected, actual } = end.divergence
        const parted = {
          expected: expected === undefined ? null : describer.event(expected, end.fn ?? undefined),
          actual: describer.actual(actual, end.fn ?? undefined),
        }
        const message = `event ${seq} is not what the component does`
        if (this.beginning.unproven === undefined)
          return { verdict: 'diverged', index: seq, ...parted, message }
        const either = `${message} from the snapshot at ${this.beginning.from}: the record or the snapshot is wrong, and a re-run from the beginning says which`
        return { ...inconclusive('from-snapshot', seq, either), parted }
      }
    }
  }
}

function doing({ turn, fn, actual }: Next, describer: Describer): Doing {
  return { turn, fn, actual: describer.actual(actual, fn ?? undefined) }
}

/** The rules that a chain was recorded under, where they do not depend on its component. */
function checkRules({ derive }: Genesis): Refusal | undefined {
  if (derive !== DERIVE_VERSION) {
    const message = `clocks and randomness were derived by rule ${derive}; this verifier has rule ${DERIVE_VERSION}`
    return inconclusive('meter-version', 0, message)
  }
  return undefined
}

/** What other rules count is other fuel, of a component that does what the record says. */
function checkMeter(genesis: Genesis, prepared: Prepared): Refusal | undefined {
  if (meteredAlike(genesis, prepared)) return undefined
  const message = `recorded with ${meterName(genesis.meter)}; this verifier has ${meterName(prepared.meter)}`
  return inconclusive('meter-version', 0, message)
}

/** A component that cannot be loaded here says nothing about the chain: another version may be able to. A cache that fails says nothing at all. */
function refusedComponent(error: unknown): Refusal {
  if (!ComponentError.is(error) || error.code === 'cache') throw error
  const mine = error.code === 'too-large' || error.code === 'too-deep' || error.code === 'transpile-timeout'
  return inconclusive(mine ? 'limits-above-mine' : 'no-component', 0, error.message)
}

/** The finding that a chain can neither be confirmed nor refuted. */
export function inconclusive(code: InconclusiveCode, index: number, message: string): Finding<Inconclusive> {
  return { verdict: 'inconclusive', code, index, message }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
