import { hex } from '@theater/event-chain'
import type { Cause } from '@theater/event-chain'
import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { same } from './bytes.ts'
import { readNode } from './chain-node.ts'
import type { Node } from './chain-node.ts'
import { checkLink, onceBy } from './link-checks.ts'
import { Links, MAX_LINKS } from './links.ts'
import type { Outgoing, Part } from './links.ts'
import type { OutsideChannel } from './outside.ts'
import { MemoryScratch } from './scratch.ts'
import type { Scratch } from './scratch.ts'
import type { ChainSource } from './types.ts'

/** A cause that could not be followed. It accuses nobody. */
export interface Unchecked {
  /** The chain that names the cause. 32 bytes. */
  readonly chain: Uint8Array
  readonly index: number
  readonly cause: Cause
  /** `not-given`: its chain is not among those given, or is broken; `withheld`: what it carried is not shown. */
  readonly why: 'not-given' | 'withheld'
}

/** How many causes could not be followed, by why. */
export type UncheckedCounts = Readonly<Record<Unchecked['why'], number>>

/** The most of them that are listed: nothing that a record says may fill the memory. */
const MAX_UNCHECKED = 10_000

/** A cause that does not hold. */
export interface GraphFault {
  readonly chain: Uint8Array
  readonly index: number
  readonly message: string
}

/** What {@link checkGraph} found. */
export interface Graph {
  /** Causes that were followed and hold. */
  readonly held: number
  /** Those that could not be: the first {@link MAX_UNCHECKED} that were found, in the order of their chains. */
  readonly unchecked: readonly Unchecked[]
  /** How many could not be, by why. */
  readonly uncheckedCounts: UncheckedCounts
  /** Channels with an end that has no chain. */
  readonly outside: readonly OutsideChannel[]
  /** Of each chain its first, and where two records of it part. */
  readonly faults: readonly GraphFault[]
}

/** How causes are followed. */
interface FollowOptions {
  /** sha-256. */
  readonly hash?: Hash | undefined
  /** Where messages are put aside that do not fit into memory. @default memory, outside the heap of the engine */
  readonly scratch?: (() => Scratch) | undefined
  /** The most that are matched at once. */
  readonly maxLinks?: number | undefined
}

/**
 * Checks how several chains hang together: every cause names an event that is there, a message arrives as it was sent,
 * at the actor it was sent to, once, and not from a turn that was undone before it left; a child began as its parent's
 * spawn asked, and its parent is told of its end by its end; and no two of them are records of one chain that contradict
 * each other. The chains MUST be intact.
 */
export async function checkGraph(
  sources: readonly ChainSource[],
  { hash = sha256, scratch = () => new MemoryScratch(), maxLinks = MAX_LINKS }: FollowOptions = {},
): Promise<Graph> {
  await using aside = scratch()
  const links = new Links(aside)
  const nodes = new Map<string, Node>()
  for (const [number, source] of sources.entries()) {
    const node = await readNode(source, number, hash, links)
    const key = hex(source.chain)
    const known = nodes.get(key)
    if (known !== undefined && node.size <= known.size) continue
    nodes.delete(key)
    nodes.set(key, node)
  }
  const faults = await forks(sources, nodes, hash)
  const follower = new Follower(nodes, hash)
  const chains = sources.map(({ chain }) => chain)
  for await (const part of links.parts(chains, maxLinks)) await follower.follow(part)
  return {
    held: follower.held,
    unchecked: follower.unchecked(),
    uncheckedCounts: follower.counts,
    outside: [...nodes.values()].flatMap(({ outside }) => outside),
    faults: [...faults, ...follower.faults()],
  }
}

/** Where records of one chain contradict each other. */
async function forks(
  sources: readonly ChainSource[],
  nodes: ReadonlyMap<string, Node>,
  hash: Hash,
): Promise<GraphFault[]> {
  const faults: GraphFault[] = []
  for (const source of sources) {
    const longest = nodes.get(hex(source.chain))?.source
    const index = longest === undefined || longest === source ? null : await forksAt(longest, source, hash)
    if (index === null) continue
    const message = 'another record of the same chain goes on in another way here'
    faults.push({ chain: source.chain, index, message })
  }
  return faults
}

/** Follows causes to where they lead. */
class Follower {
  held = 0
  readonly counts = { 'not-given': 0, withheld: 0 }
  readonly #unchecked: (readonly [node: Node, one: Unchecked])[] = []
  readonly #nodes: ReadonlyMap<string, Node>
  /** By their numbers; not there where there is a longer record of the chain. */
  readonly #byNumber: ReadonlyMap<number, Node>
  readonly #first = new Map<Node, GraphFault>()
  readonly #hash: Hash

  constructor(nodes: ReadonlyMap<string, Node>, hash: Hash) {
    this.#nodes = nodes
    this.#byNumber = new Map([...nodes.values()].map((node) => [node.number, node]))
    this.#hash = hash
    for (const node of nodes.values()) {
      const { orphan: index } = node
      if (index === undefined) continue
      const message = index === 0 ? 'it has a parent and no cause' : 'the turn has a sender and no cause'
      this.#fault(node, index, message)
    }
  }

  /** Of each chain its first, in their order. */
  faults(): readonly GraphFault[] {
    return [...this.#nodes.values()].flatMap((node) => this.#first.get(node) ?? [])
  }

  unchecked(): readonly Unchecked[] {
    return this.#unchecked
      .toSorted(([a, one], [b, other]) => a.number - b.number || one.index - other.index)
      .map(([, one]) => one)
  }

  async follow(part: Part): Promise<void> {
    const sent = await this.#sent(part)
    const taken = new Map<string, { readonly node: Node; readonly index: number }>()
    for await (const [number, arrival] of part.arrived()) {
      const node = this.#byNumber.get(number)
      if (node === undefined) continue
      const { index, cause, stands } = arrival
      const { chain } = node.source
      const from = this.#nodes.get(hex(cause.chain))
      const event = from === undefined ? '' : `${from.number} ${cause.seq}`
      const link = { node, arrival, from, sent: sent.get(event), hash: this.#hash }
      const found = await checkLink(link)
      if (found === 'not-given' || found === 'withheld') {
        this.counts[found]++
        if (this.#unchecked.length < MAX_UNCHECKED)
          this.#unchecked.push([node, { chain, index, cause, why: found }])
      } else if (found !== undefined) this.#fault(node, index, found.message)
      else {
        const once = onceBy(link)
        const key = `${event} ${once}`
        const before = once === null ? undefined : taken.get(key)
        if (once !== null && stands) taken.set(key, { node, index })
        // Which came first, in two records, nobody knows.
        if (before === undefined || (!stands && before.node !== node)) this.held++
        else {
          const by = nameOf(before)
          this.#fault(
            node,
            index,
            index === 0 ? `the spawn made another actor, ${by}` : `the message arrived before, as ${by}`,
          )
        }
      }
    }
  }

  async #sent(part: Part): Promise<ReadonlyMap<string, Outgoing>> {
    const sent = new Map<string, Outgoing>()
    for await (const [number, one] of part.sent())
      if (this.#byNumber.has(number)) sent.set(`${number} ${one.seq}`, one)
    return sent
  }

  #fault(node: Node, index: number, message: string): void {
    const known = this.#first.get(node)
    if (known === undefined || index < known.index)
      this.#first.set(node, { chain: node.source.chain, index, message })
  }
}

function nameOf({ node, index }: { readonly node: Node; readonly index: number }): string {
  const name = node.actor ?? hex(node.source.chain)
  return index === 0 ? name : `event ${index} of ${name}`
}

/** The first event in which two records of one chain differ; null where one goes on from the other. */
async function forksAt(a: ChainSource, b: ChainSource, hash: Hash): Promise<number | null> {
  const others = b.store.read(b.chain)[Symbol.asyncIterator]()
  let index = 0
  for await (const { header } of a.store.read(a.chain)) {
    const other = await others.next()
    if (other.done === true) return null
    if (!same(hash(header), hash(other.value.header))) return index
    index++
  }
  return null
}
