import type { Delivery } from '@theater/boundary'
import type { Cause, DeliveryFailure, Reply } from '@theater/handler'
import type { Actor } from './actor.ts'
import type { LogLine } from './host.ts'

const RESPOND = 'theater:messaging/responder@0.1#handle-request'

/** A message that reached nobody. */
export interface DeadLetter {
  readonly from: string
  readonly to: string
  /** The sequence number of its `send` event in the sender's chain. */
  readonly seq: number
  readonly reason: 'unknown-actor' | 'not-served' | 'stopped' | 'trapped' | 'aborted' | 'failed'
}

/** What the post needs of its theater. */
export interface PostOffice {
  find(id: string): Actor | undefined
  /** Whether there was an actor of that id, which has ended. */
  ended(id: string): boolean
  readonly deadLetter: ((letter: DeadLetter) => void) | undefined
  log(line: LogLine): void
}

/** Carries messages and requests between the actors of one host: each cause is handed to its receiver once. */
export class Post {
  readonly #office: PostOffice
  /** Messages to receivers whose mailbox is full, in order, by receiver. */
  readonly #held = new Map<string, { readonly from: Actor; readonly delivery: Delivery }[]>()

  constructor(office: PostOffice) {
    this.#office = office
  }

  /** Why a message cannot be queued; `undefined`: it can, and counts against the sender's outbox. */
  canSend(from: Actor, to: string, fn: string): DeliveryFailure | undefined {
    const receiver = this.#office.find(to)
    if (receiver === undefined) return { tag: 'unknown-actor' }
    if (receiver.exported(fn) === undefined) return { tag: 'not-served' }
    const waiting = from.outbox + from.queued
    if (waiting >= from.limits.outbox) return { tag: 'outbox-full', val: waiting }
    from.queued++
    return undefined
  }

  /** Takes over a message whose `send` event is durable. */
  deliver(from: Actor, delivery: Delivery): void {
    from.outbox++
    const receiver = this.#office.find(delivery.to)
    const held = this.#held.get(delivery.to)
    if (receiver === undefined) {
      from.outbox--
      this.#dead(from, delivery, this.#office.ended(delivery.to) ? 'stopped' : 'unknown-actor')
    } else if (receiver.exported(delivery.fn) === undefined) {
      from.outbox--
      this.#dead(from, delivery, 'not-served')
    } else if ((held !== undefined && held.length > 0) || receiver.full) {
      if (held === undefined) this.#held.set(delivery.to, [{ from, delivery }])
      else held.push({ from, delivery })
    } else {
      void this.#hand(from, receiver, delivery)
    }
  }

  async #hand(from: Actor, receiver: Actor, delivery: Delivery): Promise<void> {
    const cause: Cause = { chain: from.chain, ...delivery.ref }
    const reply = await receiver.invoke({ fn: delivery.fn, args: delivery.args, sender: from.id, cause })
    // A host that closes leaves the message in the sender's record; it is delivered when the store is opened again.
    if (reply.tag === 'closed') return
    from.outbox = Math.max(0, from.outbox - 1)
    switch (reply.tag) {
      case 'answered':
        if ((reply.value as { tag?: string } | undefined)?.tag === 'err') this.#dead(from, delivery, 'failed')
        break
      case 'trapped':
      case 'aborted':
      case 'stopped':
        this.#dead(from, delivery, reply.tag)
        break
      case 'mailbox-full':
      case 'bad-arguments':
      case 'store-failed':
        this.#dead(from, delivery, 'failed')
        break
    }
    this.#release(receiver)
  }

  /** Hands on what a full mailbox held up. */
  #release(receiver: Actor): void {
    const held = this.#held.get(receiver.id)
    while (held !== undefined && held.length > 0 && !receiver.full) {
      const next = held.shift()
      if (next !== undefined) void this.#hand(next.from, receiver, next.delivery)
    }
  }

  #dead(from: Actor, delivery: Delivery, reason: DeadLetter['reason']): void {
    const { deadLetter } = this.#office
    const letter: DeadLetter = { from: from.id, to: delivery.to, seq: delivery.ref.seq, reason }
    if (deadLetter !== undefined) deadLetter(letter)
    else {
      this.#office.log({
        actor: from.id,
        level: 'warn',
        message: `a message to ${letter.to} is a dead letter (${reason})`,
        fields: [['seq', String(letter.seq)]],
      })
    }
  }

  /** Brings a request to its receiver and its answer back. Never rejects. */
  async deliverRequest(
    from: Actor,
    request: {
      readonly to: string
      readonly fn: string
      readonly args: readonly unknown[]
      readonly cause: Cause
    },
  ): Promise<Reply> {
    const receiver = this.#office.find(request.to)
    if (receiver === undefined) return { tag: this.#office.ended(request.to) ? 'stopped' : 'unknown-actor' }
    if (receiver.exported(request.fn) === undefined) return { tag: 'not-served' }
    const reply = await receiver.invoke({
      fn: request.fn,
      args: request.args,
      sender: from.id,
      cause: request.cause,
    })
    switch (reply.tag) {
      case 'answered':
        return { tag: 'answered', val: reply.value }
      case 'trapped':
        return { tag: 'trapped' }
      case 'aborted':
        return { tag: 'trapped' }
      case 'stopped':
        return { tag: 'stopped' }
      case 'closed':
        // The requester's turn is left as after a crash; whatever is said here is never heard.
        return { tag: 'outcome-unknown' }
      case 'mailbox-full':
        return { tag: 'mailbox-full' }
      case 'bad-arguments':
        return { tag: 'not-served' }
      case 'store-failed':
        return { tag: 'outcome-unknown' }
    }
  }

  /** Takes up a request from before a restart; `undefined`: its receiver does not know it. */
  requestAgain(from: Actor, to: string, seq: number): Promise<Reply> | undefined {
    const receiver = this.#office.find(to)
    if (receiver === undefined) return undefined
    const cause = from.causeOf(seq)
    if (cause === undefined || !receiver.holds(cause)) return undefined
    return this.deliverRequest(from, { to, fn: RESPOND, args: [], cause })
  }
}
