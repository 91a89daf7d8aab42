import { otherEnd } from '@theater/boundary'
import { decodeEvent, hex } from '@theater/event-chain'
import type { Cause } from '@theater/event-chain'
import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { CHILD_ENDED, misborn } from './births.ts'
import type { Birth } from './births.ts'
import { readNode } from './chain-node.ts'
import type { Incoming, Node } from './chain-node.ts'
import { receivers, track } from './letters.ts'
import type { OutsideChannel } from './outside.ts'
import { bytesText, MAX_LINKS, Same, Share } from './share.ts'
import { FIRED } from './timers.ts'
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
  readonly unchecked: readonly Unchecked[]
  /** Channels with an end that has no chain. */
  readonly outside: readonly OutsideChannel[]
  /** Of each chain its first, and where two records of it part. */
  readonly faults: readonly GraphFault[]
}

/**
 * Checks how several chains hang together: every cause names an event that is there, a message arrives as it was sent,
 * at the actor it was sent to, once, and not from a turn that was undone before it left; a child began as its parent's
 * spawn asked, and its parent is told of its end by its end; and no two of them are records of one chain that contradict
 * each other. The chains MUST be intact.
 */
export async function checkGraph(
  sources: readonly ChainSource[],
  hash: Hash = sha256,
  maxLinks: number = MAX_LINKS,
): Promise<Graph> {
  const all = new Share(1, 0, maxLinks)
  const nodes = await readNodes(sources, hash, all)
  const faults = await forks(sources, nodes, hash)
  if (all.count <= maxLinks) return merge([await follow(nodes, hash)], nodes, faults)
  const parts = Math.ceil(all.count / maxLinks)
  for (const node of nodes.values()) node.letGo()
  const found: Followed[] = []
  for (let part = 0; part < parts; part++) {
    found.push(await follow(await readNodes(sources, hash, new Share(parts, part)), hash))
  }
  return merge(found, nodes, faults)
}

/** What one pass found. */
interface Followed {
  readonly held: number
  readonly unchecked: readonly Unchecked[]
  readonly faults: readonly GraphFault[]
}

function merge(found: readonly Followed[], nodes: ReadonlyMap<string, Node>, forked: GraphFault[]): Graph {
  const first = new Map<string, GraphFault>()
  for (const fault of found.flatMap(({ faults }) => faults)) {
    const known = first.get(hex(fault.chain))
    if (known === undefined || fault.index < known.index) first.set(hex(fault.chain), fault)
  }
  return {
    held: found.reduce((sum, { held }) => sum + held, 0),
    unchecked: found.flatMap(({ unchecked }) => unchecked),
    outside: [...nodes.values()].flatMap(({ outside }) => outside),
    faults: [...forked, ...first.values()],
  }
}

/** One node for each chain; of several records of it, of the longest. */
async function readNodes(
  sources: readonly ChainSource[],
  hash: Hash,
  share: Share,
): Promise<Map<string, Node>> {
  const nodes = new Map<string, Node>()
  const same = new Same()
  for (const source of sources) {
    const node = await readNode(source, hash, share, same)
    const known = nodes.get(hex(source.chain))
    if (known === undefined || node.size > known.size) nodes.set(hex(source.chain), node)
  }
  return nodes
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

/** Follows the causes of every node to where they lead. */
async function follow(nodes: ReadonlyMap<string, Node>, hash: Hash): Promise<Followed> {
  const faults: GraphFault[] = []
  const taken = new Map<string, { readonly node: Node; readonly index: number }>()
  const unchecked: Unchecked[] = []
  const numbers = new Map([...nodes.keys()].map((key, i) => [key, `${i}`]))
  let held = 0
  for (const node of nodes.values()) {
    const { chain } = node.source
    let first: GraphFault | undefined
    if (node.orphan !== undefined) {
      first = {
        chain,
        index: node.orphan,
        message: node.orphan === 0 ? 'it has a parent and no cause' : 'the turn has a sender and no cause',
      }
    }
    for (const { index, cause, stands, about, own, check } of links(node)) {
      const from = hex(cause.chain)
      const sender = nodes.get(from)
      let found = sender === undefined && !own ? 'not-given' : await check(sender ?? node, hash)
      if (found === undefined) {
        // A message that many get arrives once at each.
        const key = `${numbers.get(from) ?? from} ${cause.seq} ${many(sender, cause) ? hex(chain) : ''} ${about ?? ''}`
        const before = taken.get(key)
        if (stands) taken.set(key, { node, index })
        // Which came first, in two records, nobody knows.
        if (before === undefined || (!stands && !same(before.node.source.chain, chain))) held++
        else {
          const by = nameOf(before)
          found = {
            message:
              index === 0 ? `the spawn made another actor, ${by}` : `the message arrived before, as ${by}`,
          }
        }
      }
      if (found === 'not-given' || found === 'withheld') unchecked.push({ chain, index, cause, why: found })
      else if (found !== undefined && (first === undefined || index < first.index)) {
        first = { chain, index, message: found.message }
      }
    }
    if (first !== undefined) faults.push(first)
  }
  return { held, unchecked, faults }
}

function nameOf({ node, index }: { readonly node: Node; readonly index: number }): string {
  const name = node.actor ?? hex(node.source.chain)
  return index === 0 ? name : `event ${index} of ${name}`
}

function many(sender: Node | undefined, { seq }: Cause): boolean {
  const { to } = sender?.outgoing.get(seq)?.letter ?? {}
  return to !== undefined && to.length > 1
}

type Found = { readonly message: string } | 'not-given' | 'withheld' | undefined

interface CauseLink {
  readonly index: number
  readonly cause: Cause
  readonly stands: boolean
  /** Where one event may be told of more than once: what it is told of. */
  readonly about?: string
  /** Whether the cause has to be in this chain. */
  readonly own?: true
  readonly check: (sender: Node, hash: Hash) => Promise<Found>
}

function* links(node: Node): Generator<CauseLink> {
  const { birth, first } = node
  if (first && birth !== undefined && birth.cause !== null) {
    const { cause, parent } = birth
    const check: CauseLink['check'] = async (from, hash) =>
      (await checkEvent(from, cause, parent, hash)) ?? checkBirth(from, birth, cause)
    yield { index: 0, cause, stands: true, check }
  }
  for (const turn of node.incoming) {
    const { index, cause, sender, stands } = turn
    if (track(turn.fn) === CHILD_ENDED) {
      const check: CauseLink['check'] = async (from, hash) =>
        (await checkEvent(from, cause, sender, hash)) ?? checkEnd(from, node, turn)
      yield { index, cause, stands, check }
      continue
    }
    const fired = node.firings.get(index)
    if (track(turn.fn) === FIRED) {
      const check: CauseLink['check'] = async (from, hash) =>
        fired ?? (await checkEvent(from, cause, sender, hash))
      // A timer fires as often as it is due, which is checked as the chain goes on.
      yield { index, cause, stands, about: `timer ${index}`, own: true, check }
      continue
    }
    if (turn.lost !== undefined) {
      const check: CauseLink['check'] = async (from, hash) =>
        (await checkEvent(from, cause, sender, hash)) ?? checkLost(from, node, turn)
      yield { index, cause, stands, about: `lost ${String(turn.channel)}`, check }
      continue
    }
    const carried = sender !== null || receivers.has(track(turn.fn))
    yield {
      index,
      cause,
      stands,
      check: async (from, hash) =>
        (await checkEvent(from, cause, sender, hash)) ??
        (carried ? checkLetter(from, node, turn) : undefined),
    }
  }
}

/** Whether the event that a cause names is there. */
async function checkEvent(
  from: Node,
  { chain, seq, hash: expected }: Cause,
  actor: string | null,
  hash: Hash,
): Promise<Found> {
  const name = from.actor ?? hex(chain)
  if (actor !== null && from.actor !== null && actor !== from.actor) {
    return { message: `the sender is ${actor}, and the cause is an event of ${from.actor}` }
  }
  const known = from.outgoing.get(seq)?.hash ?? (await hashOf(from.source, seq, hash))
  if (known === undefined) return { message: `the cause is event ${seq} of ${name}, which has no such event` }
  return known === bytesText(expected)
    ? undefined
    : { message: `the cause is another event ${seq} than that of ${name}` }
}

async function hashOf({ store, chain }: ChainSource, seq: number, hash: Hash): Promise<string | undefined> {
  for await (const stored of store.read(chain, seq, seq + 1)) {
    return bytesText((await decodeEvent({ ...stored, body: null }, seq, { hash })).hash)
  }
  return undefined
}

/** Whether the event that a cause names carries this message to this actor. */
function checkLetter(from: Node, to: Node, turn: Incoming): Found {
  const { seq } = turn.cause
  const sent = from.outgoing.get(seq)
  const name = `event ${seq} of ${from.actor ?? 'the sender'}`
  if (sent === undefined) return { message: `${name} carries no message` }
  if (!sent.left) return { message: `${name} is a message of a turn that was undone before it left` }
  if (sent.letter === null) return 'withheld'
  const { letter } = sent
  if (to.actor !== null && !letter.to.includes(to.actor))
    return { message: `${name} is a message to ${letter.to.join(', ') || 'nobody'}` }
  if (letter.fn !== track(turn.fn)) return { message: `${name} is a message for ${String(letter.fn)}` }
  if (!turn.signed) return { message: `the arguments do not name ${String(turn.sender)} as the sender` }
  if (letter.message === null || letter.message !== turn.message) {
    return { message: `${name} carries another message` }
  }
  return undefined
}

/** Whether the event that a genesis names made this actor. */
function checkBirth(from: Node, birth: Birth, { seq }: Cause): Found {
  const asked = from.spawns.get(seq)
  if (asked === undefined) return { message: `event ${seq} of ${from.actor ?? 'the parent'} makes no actor` }
  if (asked === null || from.birth === undefined) return 'withheld'
  const message = misborn(birth, from.birth, asked, seq)
  return message === undefined ? undefined : { message: `event ${seq} of ${from.birth.actor}: ${message}` }
}

/** Whether the event that a turn names is the end of the child that it tells of. */
function checkEnd({ actor, birth, ends }: Node, parent: Node, { cause, about, sender }: Incoming): Found {
  const name = actor ?? 'the child'
  if (!ends.has(cause.seq)) return { message: `event ${cause.seq} of ${name} is not its end` }
  if (birth === undefined) return 'withheld'
  if (birth.cause === null || !same(birth.cause.chain, parent.source.chain))
    return { message: `${name} is no child of ${parent.actor ?? 'this actor'}` }
  if (about === actor && sender === actor) return undefined
  return { message: `the turn tells of ${String(about)}, and its cause is the end of ${name}` }
}

/** Whether the event that a turn names is what the channel was lost by. */
function checkLost(from: Node, to: Node, { cause, channel, lost, sender, signed }: Incoming): Found {
  const name = from.actor ?? 'the other end'
  if (!signed || channel === null)
    return { message: `the arguments do not name ${String(sender)} as the sender` }
  if (from.actor === null || to.actor === null) return 'withheld'
  const ends = channel.split('/', 2)
  if (!ends.includes(from.actor) || otherEnd(channel, from.actor) !== to.actor)
    return { message: `the channel ${channel} is not one of ${name} and ${to.actor}` }
  if (lost === 'stopped')
    return from.ends.has(cause.seq) ? undefined : { message: `event ${cause.seq} of ${name} is not its end` }
  return from.unopened.get(cause.seq) === channel
    ? undefined
    : { message: `event ${cause.seq} of ${name} is not the end of a turn that was asked for ${channel}` }
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

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
