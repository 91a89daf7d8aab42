import type { CarFile } from '@theater/event-chain/car'
import { hex } from '@theater/event-chain'
import { buriedIn } from '@theater/event-chain/log'
import { checkGraph } from './graph.ts'
import type { GraphFault, Unchecked, UncheckedCounts } from './graph.ts'
import type { OutsideChannel } from './outside.ts'
import type { Scratch } from './scratch.ts'
import type { BrokenChain, ChainSource, Verdict, VerifyOptions } from './types.ts'
import { verify } from './verify.ts'

/** How the causes of several chains are followed. */
export interface JoinOptions extends Pick<VerifyOptions, 'hash'> {
  /**
   * Where messages are put aside that do not fit into memory together: some 300 bytes of each, at both ends.
   *
   * @default memory, outside the heap of the engine; in `@theater/replay/node` a temporary file, where they are more than 16 MiB
   */
  readonly scratch?: (() => Scratch) | undefined
}

/** How several chains are verified. */
export interface GraphOptions extends VerifyOptions, JoinOptions {}

/** What is known of several chains together. */
export interface GraphReport {
  /** One for each chain, in the order in which they were given. */
  readonly verdicts: readonly Verdict[]
  /** Causes that were followed from one of these chains to another, or to itself, and hold. */
  readonly held: number
  /** Causes that could not be followed, in the order of their chains; of very many the first 10,000 that were found. */
  readonly unchecked: readonly Unchecked[]
  /** How many could not be followed, by why. */
  readonly uncheckedCounts: UncheckedCounts
  /** Channels with the program around the actors, whose ends have no chain: what an actor was told on them is not held against anything. */
  readonly outside: readonly OutsideChannel[]
}

/**
 * Verifies several chains, and how they hang together: every cause names an event that is there and carries the same
 * message, none arrives twice or from a turn that was undone, a child is what its parent's spawn asked for, and no two are
 * records of one chain that contradict each other. A chain that is verified by itself and of which that does not hold is `broken` there, with the reason `cause`.
 *
 * Of the messages that left, it is not known whether they arrived: a receiver's chain may end before.
 *
 * @throws ChainError other than `broken`, where reading fails
 */
export async function verifyGraph(
  sources: readonly ChainSource[],
  options: GraphOptions,
): Promise<GraphReport> {
  const verdicts: Verdict[] = []
  for (const source of sources) verdicts.push(await verify(source, options))
  return joinVerdicts(sources, verdicts, options)
}

/**
 * {@link verifyGraph} of every chain that an open CAR file holds or names.
 *
 * @throws ChainError other than `broken`, where reading fails
 */
export async function verifyCar(car: CarFile, options: GraphOptions): Promise<GraphReport> {
  const sources: ChainSource[] = []
  const verdicts: Verdict[] = []
  const tombstones = options.tombstones ?? (car.seal === null ? undefined : buriedIn(car.seal, options.hash))
  for (const { chain, label, root, result, size } of car.chains) {
    if (result.ok) {
      const source = { store: car, chain: result.chain }
      sources.push(source)
      verdicts.push(await verify(source, { ...options, head: root ?? options.head, tombstones }))
    } else {
      const { index, reason, message } = result
      verdicts.push({ verdict: 'broken', chain, actor: label, size, head: null, index, reason, message })
    }
  }
  return joinVerdicts(sources, verdicts, options)
}

/**
 * How chains hang together that were verified one by one: what `verifyGraph` does in the end. For whoever gives each
 * chain a time of its own, or shows each verdict when it is known.
 *
 * @param sources the chains; those that are broken may be left out
 * @param verdicts one for each chain, those that are broken included
 * @throws ChainError other than `broken`, where reading fails
 */
export async function joinVerdicts(
  sources: readonly ChainSource[],
  verdicts: readonly Verdict[],
  { hash, scratch }: JoinOptions = {},
): Promise<GraphReport> {
  const readable = new Set<string>()
  for (const verdict of verdicts)
    if (isReadable(verdict)) readable.add(hex(verdict.chain ?? new Uint8Array(0)))
  const whole: ChainSource[] = []
  for (const source of sources) {
    const { store, chain } = source
    // What was archived of a chain may be what a cause names.
    if (readable.has(hex(chain)) && (await store.info(chain))?.archived === undefined) whole.push(source)
  }
  const { faults, ...graph } = await checkGraph(whole, { hash, scratch })
  const byChain = new Map<string, GraphFault>()
  for (const fault of faults) {
    const known = byChain.get(hex(fault.chain))
    if (known === undefined || fault.index < known.index) byChain.set(hex(fault.chain), fault)
  }
  const joined = verdicts.map((verdict): Verdict => {
    const fault = verdict.chain === null ? undefined : byChain.get(hex(verdict.chain))
    if (fault === undefined || verdict.verdict === 'broken') return verdict
    // What comes first in the chain is what is said of it.
    if (verdict.verdict !== 'verified' && verdict.index <= fault.index) return verdict
    const { chain, actor, size, head, redacted } = verdict
    const { index, message } = fault
    const broken: BrokenChain = {
      verdict: 'broken',
      chain,
      actor,
      size,
      head,
      ...(redacted !== undefined && { redacted }),
      index,
      reason: 'cause',
      message,
    }
    return broken
  })
  return { verdicts: joined, ...graph }
}

/** Whether a chain is intact, and of a size that the verifier is ready to read. */
function isReadable(verdict: Verdict): boolean {
  if (verdict.verdict === 'broken') return false
  return verdict.verdict !== 'inconclusive' || verdict.head !== null
}
