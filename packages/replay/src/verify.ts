import { DERIVE_VERSION } from '@theater/boundary'
import { ComponentError } from '@theater/component'
import type { Component } from '@theater/component'
import { ChainError, decodeEvent, verifyStructure } from '@theater/event-chain'
import type { EventOf, Genesis, Intact } from '@theater/event-chain'
import { cidOf, encodeModel, formatCid, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { Describer } from './describe.ts'
import { Feed } from './feed.ts'
import { checkGenesisLimits, withDefaults } from './limits.ts'
import { Rerun } from './rerun.ts'
import type { RerunEnd } from './rerun.ts'
import type {
  BrokenChain,
  ChainSource,
  Diverged,
  Inconclusive,
  InconclusiveCode,
  Subject,
  Verdict,
  VerifyLimits,
  VerifyOptions,
} from './types.ts'

/** A verdict without what is known of the chain. */
type Finding<V extends Verdict> = Omit<V, keyof Subject>

/**
 * Checks that a chain is intact, then runs its component again over the recorded inputs and compares every output:
 * nothing missing, nothing left over; the first divergence is final. It runs no handler, opens no network and writes
 * nothing.
 *
 * @throws ChainError other than `broken`, where reading fails
 */
export async function verify(source: ChainSource, options: VerifyOptions): Promise<Verdict> {
  const limits = withDefaults(options.limits)
  const hash = options.hash ?? sha256
  const { store, chain } = source
  const structure = await verifyStructure(store.read(chain), {
    chain,
    blobs: store,
    hash,
    maxEvents: limits.maxEvents,
    unfinished: options.unfinished,
    head: options.head,
  })
  const genesis = await readGenesis(source, hash)
  const actor = genesis?.content.actor ?? null
  if (!structure.ok) {
    const { index, reason, message } = structure
    const subject: Subject = { chain, actor, size: index, head: null }
    if (reason === 'too-large' && index >= limits.maxEvents) {
      return { ...subject, ...inconclusive('limits-above-mine', 0, message) }
    }
    return { ...subject, verdict: 'broken', index, reason, message }
  }
  const { size, head } = structure
  const subject: Subject = { chain, actor, size, head }
  if (genesis === undefined)
    return { ...subject, ...inconclusive('redacted', 0, 'the genesis event is not here') }
  const finding = await new Execution(source, options, limits, hash, structure, genesis).run()
  return { ...subject, ...finding }
}

async function readGenesis(source: ChainSource, hash: Hash): Promise<EventOf<'genesis'> | undefined> {
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

type ExecutionFinding = Finding<Extract<Verdict, { verdict: 'verified' }>> | Refusal
type Refusal = Finding<Diverged> | Finding<BrokenChain> | Finding<Inconclusive>

/** The part of a verification that needs the component. */
class Execution {
  readonly #source: ChainSource
  readonly #options: VerifyOptions
  readonly #limits: VerifyLimits
  readonly #hash: Hash
  readonly #intact: Intact
  readonly #genesis: EventOf<'genesis'>

  constructor(
    source: ChainSource,
    options: VerifyOptions,
    limits: VerifyLimits,
    hash: Hash,
    intact: Intact,
    genesis: EventOf<'genesis'>,
  ) {
    this.#source = source
    this.#options = options
    this.#limits = limits
    this.#hash = hash
    this.#intact = intact
    this.#genesis = genesis
  }

  async run(): Promise<ExecutionFinding> {
    const { content } = this.#genesis
    const refused = checkRules(content) ?? this.#checkLimits(content)
    if (refused !== undefined) return refused
    const component = await this.#component(content)
    if ('verdict' in component) return component
    const describer = new Describer(component.model)
    const unfit = checkMeter(content, component) ?? this.#checkWit(component, describer)
    if (unfit !== undefined) return unfit
    const feed = new Feed(this.#source, this.#intact, this.#limits.maxTurnBytes, this.#hash)
    let end: RerunEnd
    try {
      const prepared = await component.prepare({ mode: 'sync' })
      const { maxTraps } = this.#limits
      const { size } = this.#intact
      end = await new Rerun({ component, prepared, feed, size, maxTraps, hash: this.#hash }).run()
    } catch (error) {
      return refusedComponent(error)
    }
    return this.#finding(end, describer)
  }

  #checkLimits(genesis: Genesis): Refusal | undefined {
    const wrong = checkGenesisLimits(genesis, this.#limits)
    if (wrong === undefined) return undefined
    return wrong.tag === 'malformed'
      ? { verdict: 'broken', index: 0, reason: 'content', message: wrong.message }
      : inconclusive('limits-above-mine', 0, wrong.message)
  }

  async #component(genesis: Genesis): Promise<Component | Refusal> {
    const { component: given, load } = this.#options
    const bytes = given ?? (await this.#source.store.get(genesis.component))
    const name = formatCid(genesis.component)
    if (bytes === undefined) return inconclusive('no-component', 0, `the component ${name} is not here`)
    const actual = cidOf('raw', this.#hash(bytes))
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
    const wit = cidOf('dag-cbor', this.#hash(encodeModel(component.model)))
    if (same(wit, this.#genesis.content.wit)) return undefined
    const expected = describer.event(this.#genesis)
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
      case 'same':
        return { verdict: 'verified', turns: end.turns, undone: end.undone, finished: !end.open }
      case 'inconclusive':
        return inconclusive(end.code, end.index, end.message)
      case 'unfinished':
        if (this.#options.unfinished === 'allow') {
          return { verdict: 'verified', turns: 0, undone: 0, finished: false }
        }
        return {
          verdict: 'broken',
          index: this.#intact.size,
          reason: 'unfinished-turn',
          message: 'the chain ends while the component is being instantiated',
        }
      case 'diverged': {
        const { seq, expected, actual } = end.divergence
        return {
          verdict: 'diverged',
          index: seq,
          expected: expected === undefined ? null : describer.event(expected, end.fn ?? undefined),
          actual: describer.actual(actual, end.fn ?? undefined),
          message: `event ${seq} is not what the component does`,
        }
      }
    }
  }
}

/** The rules that a chain was recorded under, where they do not depend on its component. */
function checkRules({ derive, nan }: Genesis): Refusal | undefined {
  if (derive !== DERIVE_VERSION) {
    const message = `clocks and randomness were derived by rule ${derive}; this verifier has rule ${DERIVE_VERSION}`
    return inconclusive('meter-version', 0, message)
  }
  if (nan !== 'canonical')
    return inconclusive('meter-version', 0, `NaN is "${nan}", which this verifier cannot do`)
  return undefined
}

function checkMeter({ meter }: Genesis, { transform }: Component): Refusal | undefined {
  const theirs = meter ?? { name: 'identity', version: transform.version }
  if (theirs.name === transform.name && theirs.version === transform.version) return undefined
  const message = `recorded with meter ${theirs.name} ${theirs.version}, this verifier has ${transform.name} ${transform.version}`
  return inconclusive('meter-version', 0, message)
}

/** A component that cannot be loaded here says nothing about the chain: another version may be able to. */
function refusedComponent(error: unknown): Refusal {
  if (ChainError.is(error) && error.code === 'broken') {
    const { index = 0, reason = 'header', message } = error
    return { verdict: 'broken', index, reason, message }
  }
  if (!ComponentError.is(error)) throw error
  const mine = error.code === 'too-large' || error.code === 'too-deep' || error.code === 'transpile-timeout'
  return inconclusive(mine ? 'limits-above-mine' : 'no-component', 0, error.message)
}

function inconclusive(code: InconclusiveCode, index: number, message: string): Finding<Inconclusive> {
  return { verdict: 'inconclusive', code, index, message }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
