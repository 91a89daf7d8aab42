import { otherEnd } from '@theater/boundary'
import { decodeEvent, hex } from '@theater/event-chain'
import type { Cause } from '@theater/event-chain'
import type { Hash } from '@theater/values'
import { CHILD_ENDED, misborn } from './births.ts'
import type { Birth } from './births.ts'
import { same } from './bytes.ts'
import type { Node } from './chain-node.ts'
import { receivers, track } from './letters.ts'
import type { Incoming, Outgoing } from './links.ts'
import { FIRED } from './timers.ts'
import type { ChainSource } from './types.ts'

/** What is found of a cause: that it does not hold, that it cannot be followed, or nothing. */
export type Found = { readonly message: string } | 'not-given' | 'withheld' | undefined

/** A cause, and what there is to hold it against. */
export interface Link {
  /** The chain that names it. */
  readonly node: Node
  readonly arrival: Incoming
  /** The chain that it names; `undefined` where that was not given. */
  readonly from: Node | undefined
  /** The message that its event carries away; `undefined` for none. */
  readonly sent: Outgoing | undefined
  readonly hash: Hash
}

/** Whether a cause holds, by itself. */
export async function checkLink(link: Link): Promise<Found> {
  const { node, arrival } = link
  const { index, fn, sender, lost } = arrival
  // A timer is set in the chain in which it fires, which is checked as that goes on.
  if (index > 0 && track(fn) === FIRED)
    return node.firings.get(index) ?? (await checkEvent(link.from ?? node, sender, link))
  const { from } = link
  if (from === undefined) return 'not-given'
  const found = await checkEvent(from, sender, link)
  if (found !== undefined) return found
  if (index === 0) return checkBirth(from, node.birth, arrival.cause)
  if (track(fn) === CHILD_ENDED) return checkEnd(from, node, arrival)
  if (lost !== undefined) return checkLost(from, node, arrival)
  return sender !== null || receivers.has(track(fn)) ? checkLetter(from, link) : undefined
}

/**
 * By what a cause is known, within those of its event, so that it is not named twice; null where it may be: a timer fires as often as it
 * is due.
 */
export function onceBy({ node, arrival: { index, fn, lost, channel }, sent }: Link): string | null {
  if (index > 0 && track(fn) === FIRED) return null
  const { to } = sent?.letter ?? {}
  // A message that many get arrives once at each.
  const many = to !== undefined && to.length > 1 ? `${node.number}` : ''
  const isLost = index > 0 && lost !== undefined && track(fn) !== CHILD_ENDED
  return isLost ? `${many} lost ${String(channel)}` : many
}

/** Whether the event that a cause names is there. */
async function checkEvent(from: Node, actor: string | null, { arrival, sent, hash }: Link): Promise<Found> {
  const { chain, seq, hash: expected } = arrival.cause
  const name = from.actor ?? hex(chain)
  if (actor !== null && from.actor !== null && actor !== from.actor) {
    return { message: `the sender is ${actor}, and the cause is an event of ${from.actor}` }
  }
  const known = sent?.hash ?? (await hashOf(from.source, seq, hash))
  if (known === undefined) return { message: `the cause is event ${seq} of ${name}, which has no such event` }
  return same(known, expected)
    ? undefined
    : { message: `the cause is another event ${seq} than that of ${name}` }
}

async function hashOf(
  { store, chain }: ChainSource,
  seq: number,
  hash: Hash,
): Promise<Uint8Array | undefined> {
  for await (const stored of store.read(chain, seq, seq + 1)) {
    return (await decodeEvent({ ...stored, body: null }, seq, { hash })).hash
  }
  return undefined
}

/** Whether the event that a cause names carries this message to this actor. */
function checkLetter(from: Node, { node: to, arrival: turn, sent }: Link): Found {
  const { seq } = turn.cause
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
function checkBirth(from: Node, birth: Birth | undefined, { seq }: Cause): Found {
  const asked = from.spawns.get(seq)
  if (asked === undefined) return { message: `event ${seq} of ${from.actor ?? 'the parent'} makes no actor` }
  if (asked === null || from.birth === undefined || birth === undefined) return 'withheld'
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
  const unopened = from.unopened.get(cause.seq)
  if (unopened === null) return 'withheld'
  return unopened === channel
    ? undefined
    : { message: `event ${cause.seq} of ${name} is not the end of a turn that was asked for ${channel}` }
}
