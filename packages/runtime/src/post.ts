import { isOutside } from '@theater/boundary'
import type { Departure, EventRef, TimerStep } from '@theater/boundary'
import type { DeliveryFailure, Reply } from '@theater/handler'
import type { Actor } from './actor.ts'
import type { LogLine, Request } from './host.ts'
import { listenerFailed } from './failures.ts'
import type { Message } from './options.ts'
import type { Outside } from './outside.ts'
import type { Sends } from './sends.ts'
import type { Published, Topics } from './topics.ts'
import { Call } from './request.ts'
import type { Answer } from './request.ts'
import type { TurnReply } from './turn-reply.ts'

/** A message on its way to one receiver. */
export interface Delivery {
  /** The sender's `send` event, or the intent of its request: the cause that the receiver records. */
  readonly ref: EventRef
  readonly to: string
  /** Full or track name of the export: `theater:messaging/receiver@0.1#handle-send`. */
  readonly fn: string
  readonly args: readonly unknown[]
}

/** A message that reached nobody. */
export interface DeadLetter {
  readonly from: string
  readonly to: string
  /** The sequence number of its `send` event in the sender's chain. */
  readonly seq: number
  readonly reason: 'unknown-actor' | 'not-served' | 'too-large' | 'stopped' | 'trapped' | 'aborted' | 'failed'
}

/** Where messages come from: an actor, or what is left of one. */
export interface Sender {
  readonly id: string
  readonly chain: Uint8Array
  /** How many messages of it no receiver has taken yet. */
  outbox: number
  /** Those that may not have come to their end. */
  readonly sends: Sends
}

/** Why there is no actor of an id to take a message: it ended for good, it cannot go on in this host, or there never was one. */
export type Absence = 'stopped' | 'failed' | 'unknown-actor'

/** What the post needs of its theater. */
export interface PostOffice {
  find(id: string): Actor | undefined
  absence(id: string): Absence
  readonly deadLetter: ((letter: DeadLetter) => void) | undefined
  readonly topics: Topics
  /** The ends of channels that the program has. */
  readonly outside: Outside
  /** What an actor said of a timer has left. */
  timer(from: Actor, step: TimerStep, ref: EventRef): void
  log(line: LogLine): void
}

/** Carries messages and requests between the actors of one host. */
export class Post {
  readonly #office: PostOffice

  constructor(office: PostOffice) {
    this.#office = office
  }

  /** Why a message cannot be queued; `undefined`: it can. */
  canSend(from: Actor, to: string, fn: string, args: readonly unknown[]): DeliveryFailure | undefined {
    const receiver = this.#office.find(to)
    if (receiver === undefined) {
      return { tag: this.#office.absence(to) === 'unknown-actor' ? 'unknown-actor' : 'stopped' }
    }
    if (receiver.exported(fn) === undefined) return { tag: 'not-served' }
    if (receiver.reception.tooLarge(args))
      return { tag: 'too-large', val: BigInt(receiver.limits.messageBytes) }
    return this.canQueue(from)
  }

  /** Why an actor cannot say anything more, to whomever; `undefined`: it can. */
  canQueue(from: Actor): DeliveryFailure | undefined {
    const { outbox } = from.limits
    return from.outbox + from.queued < outbox ? undefined : { tag: 'outbox-full', val: outbox }
  }

  /** Takes over what left an actor, in the order in which it did. */
  leave(from: Actor, departures: readonly Departure[]): void {
    const { topics } = this.#office
    for (const departure of departures) {
      const { kind, ref } = departure
      switch (kind) {
        case 'timer':
          this.#office.timer(from, departure.step, ref)
          break
        case 'subscribe':
          topics.add(from, departure.topic)
          break
        case 'unsubscribe':
          topics.remove(from, departure.topic)
          break
        case 'handed':
          from.handOver(departure)
          break
        case 'message': {
          const { fn, args, step, topic } = departure
          if (step !== undefined) from.ends.left(step)
          const inside = departure.to.filter((to) => !isOutside(to))
          from.sends.left(ref.seq, { time: from.turnStart, to: inside })
          for (const to of departure.to) this.deliver(from, { ref, to, fn, args })
          if (topic !== undefined) this.tell({ topic, from: from.id, message: args.at(-1) as Message })
        }
      }
    }
  }

  /** Tells whoever listens outside of the actors. */
  tell(published: Published): void {
    for (const error of this.#office.topics.tell(published))
      this.#office.log(listenerFailed(`the topic ${published.topic}`, error, published.from))
  }

  /**
   * Takes over a message whose `send` event is durable. It counts in its sender's outbox until its receiver begins its
   * turn.
   */
  deliver(from: Sender, delivery: Delivery): void {
    if (isOutside(delivery.to)) {
      this.#office.outside.deliver(from, delivery)
      return
    }
    from.outbox++
    let waits = true
    const left = (): void => {
      if (waits) from.outbox--
      waits = false
    }
    const dead = (reason: DeadLetter['reason']): void => {
      left()
      this.dead(from, delivery, reason)
    }
    const receiver = this.#office.find(delivery.to)
    if (receiver === undefined) {
      const absence = this.#office.absence(delivery.to)
      // Its record may be brought back by another host: until then the message stays in the sender's record.
      if (absence !== 'failed') dead(absence)
      return
    }
    const { fn, args, ref } = delivery
    if (receiver.exported(fn) === undefined) {
      dead('not-served')
      return
    }
    if (receiver.reception.tooLarge(args)) {
      dead('too-large')
      return
    }
    const message = { fn, args, sender: from.id, cause: { chain: from.chain, ...ref } }
    receiver.reception.accept(message, {
      taken: left,
      settle: (reply) => {
        const reason = deathOf(reply)
        if (reason !== undefined) dead(reason)
        else if (isOver(reply)) from.sends.settled(ref.seq, delivery.to)
      },
    })
  }

  /** Says that a message is dead. */
  dead(from: Sender, delivery: Delivery, reason: DeadLetter['reason']): void {
    const { deadLetter } = this.#office
    from.sends.settled(delivery.ref.seq, delivery.to)
    const letter: DeadLetter = { from: from.id, to: delivery.to, seq: delivery.ref.seq, reason }
    if (deadLetter !== undefined) {
      try {
        deadLetter(letter)
      } catch (error) {
        // Neither the sender nor the receiver has anything to do with it.
        this.#office.log(listenerFailed('dead letters', error, from.id))
      }
    } else {
      this.#office.log({
        actor: from.id,
        level: 'warn',
        message: `a message to ${letter.to} is a dead letter (${reason})`,
        fields: [['seq', String(letter.seq)]],
      })
    }
  }

  /**
   * Brings a request to its receiver and its answer back.
   *
   * @param held whether it is from before a restart: it had its place in the mailbox then, and has it again
   */
  request(from: { readonly id: string }, { to, fn, args, cause }: Request, held = false): Call {
    const receiver = this.#office.find(to)
    const call = new Call(() => receiver?.reception.withdraw(cause) ?? false)
    if (receiver === undefined) {
      const absence = this.#office.absence(to)
      call.settle({ tag: absence === 'unknown-actor' ? absence : 'stopped' })
    } else if (receiver.exported(fn) === undefined) {
      call.settle({ tag: 'not-served' })
    } else if (receiver.reception.tooLarge(args)) {
      call.settle({ tag: 'too-large', val: BigInt(receiver.limits.messageBytes) })
    } else if (!held && receiver.reception.full && !receiver.reception.knows(cause)) {
      call.settle({ tag: 'mailbox-full' })
    } else {
      receiver.reception.accept(
        { fn, args, sender: from.id, cause },
        { settle: (reply) => call.settle(answerOf(reply)) },
      )
    }
    return call
  }

  /** A request from before a restart; `undefined`: its receiver does not know it. */
  requestAgain(from: Actor, to: string, seq: number): Call | undefined {
    const receiver = this.#office.find(to)
    const cause = { chain: from.chain, seq }
    if (receiver?.reception.knows(cause) !== true) return undefined
    const call = new Call(() => receiver.reception.withdraw(cause))
    receiver.reception.again(cause, (reply) => call.settle(answerOf(reply)))
    return call
  }
}

/** Why a message is dead that came to such an end; `undefined`: it is not. */
function deathOf(reply: TurnReply): DeadLetter['reason'] | undefined {
  switch (reply.tag) {
    case 'answered':
      return (reply.value as { readonly tag?: string } | undefined)?.tag === 'err' ? 'failed' : undefined
    case 'trapped':
    case 'aborted':
      return reply.tag
    case 'stopped':
      return reply.final ? 'stopped' : undefined
    // Still in the sender's record, for the host that opens the store next.
    case 'closed':
    case 'store-failed':
    // The other end hears of the close, and so knows that it may not have arrived.
    case 'left':
    // Where it is dead the records say so, with that part.
    case 'archived':
      return undefined
    case 'mailbox-full':
    case 'too-large':
    case 'bad-arguments':
      return 'failed'
  }
}

/** Whether nobody need bring a message again that came to such an end, where it is not dead. */
function isOver({ tag }: TurnReply): boolean {
  return tag === 'answered' || tag === 'left' || tag === 'archived'
}

/** What the requester is told, in the words of `theater:messaging/client`. */
function answerOf(reply: TurnReply): Answer {
  switch (reply.tag) {
    case 'answered':
      return { tag: 'answered', val: reply.value }
    case 'trapped':
      return { tag: 'trapped' }
    case 'aborted':
      return abortedReply(reply.code)
    // Requests are of no channel.
    case 'left':
      return { tag: 'not-served' }
    case 'stopped':
    case 'closed':
    case 'mailbox-full':
      return { tag: reply.tag }
    case 'too-large':
      return { tag: 'too-large', val: BigInt(reply.limit) }
    case 'bad-arguments':
      return { tag: 'not-served' }
    case 'archived':
    case 'store-failed':
      return { tag: 'outcome-unknown' }
  }
}

function abortedReply(code: Extract<TurnReply, { readonly tag: 'aborted' }>['code']): Reply {
  switch (code) {
    // It had begun, so `stopped` would be wrong: that says that nothing happened.
    case 'stopped':
    case 'exited':
    case 'outcome-unknown':
      return { tag: 'outcome-unknown' }
    // The receiver is as it was before, as after a trap.
    case 'handler-fault':
    case 'host-value':
    case 'deadline':
    case 'host-memory':
    case 'host-stack':
    case 'turn-deadline':
    case 'turn-events':
    case 'turn-bytes':
    case 'unresponsive':
      return { tag: 'trapped' }
  }
}
