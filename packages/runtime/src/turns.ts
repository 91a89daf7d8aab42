import type { FunctionModel } from '@theater/values'
import type { Instance, Taken } from './instance.ts'
import { TheaterError } from './errors.ts'
import { causeOf } from './mailbox.ts'
import type { Invocation, Letter, Mailbox, Told } from './mailbox.ts'
import type { Unfinished } from './rebuild.ts'
import type { Received } from './received.ts'
import { letter } from './reception.ts'
import type { Call } from './request.ts'
import { recordedSubject, subjectOf } from './subject.ts'
import type { Subject } from './subject.ts'
import type { TurnReply } from './turn-reply.ts'

/** How many turns may have ended that are not durable yet. */
const MOST_AHEAD = 64
/** Of so many turns one is waited for, so that what is kept beside the record does not stay behind. */
const WAITED = 256

/** What a turn came to. */
export interface Ended {
  readonly reply: TurnReply
  /** Where it begins in the record; `undefined`: it did not begin. */
  readonly seq: number | undefined
  /** When it began, in milliseconds since the epoch. */
  readonly time: number
  /** Where it was to make the actor. */
  readonly first: Letter | undefined
}

/** What the turns of an actor need of it. */
export interface TurnsParts {
  readonly instance: Instance
  readonly mailbox: Mailbox
  /** The causes that its record holds. */
  readonly received: Received
  /** Whether turns are taken at all. */
  readonly alive: () => boolean
  /** Whether the host closes. */
  readonly closing: () => boolean
  /** What is said of a turn that is not taken any more. */
  readonly gone: () => TurnReply
  /** Whether everything is there that a turn needs. */
  readonly awake: () => boolean
  /** Has it there. @throws TheaterError why it cannot be */
  readonly wake: () => Promise<unknown>
  /** Turns begin to be taken. */
  readonly working: () => void
  /** There is nothing to do. */
  readonly rested: () => void
  /** What a turn is told; `undefined`: nobody wants it any more. */
  readonly admits: (letter: Letter) => Told | undefined
  /** A turn begins in which the actor hears of a channel or a connection. */
  readonly heard: (fn: string, subject: Subject) => void
  /** A turn that was to open a channel or a connection came to nothing. */
  readonly unopened: (subject: Subject) => void
  /** A turn did not begin that the actor was to hear in of a channel, a connection or a timer. */
  readonly unheard: () => void
  /** A turn was undone: it trapped, or was aborted. */
  readonly undone: () => void
  /** How many events the record has. */
  readonly events: () => number
  /** A turn was aborted. */
  readonly aborted: (reply: Extract<TurnReply, { readonly tag: 'aborted' }>) => void
  /** A turn ended; whoever asked for it hears of it afterwards. */
  readonly ended: (end: Ended) => Promise<void>
  /** The record cannot be written or re-run, so that no turn can be taken any more. */
  readonly broke: (error: unknown) => Promise<void>
}

/**
 * Takes the turns of one actor, one after another: the one that the last host left, the one that makes it, what is in its mailbox. Where a
 * turn has said nothing to anybody but whoever asked for it, the next one begins while it becomes durable, and several become so together;
 * whoever asked hears of each when it is.
 */
export class Turns {
  /** Requests that the turn that runs has made, by the sequence numbers of their intents. */
  readonly calls = new Map<number, Call>()
  /** The turn that the last host left, by where it begins, and what becomes of it. */
  left: { readonly seq: number; readonly reply: Promise<TurnReply> } | undefined
  readonly #parts: TurnsParts
  /** What is to be done when the turn that runs has ended. */
  readonly #after: (() => void)[] = []
  /** Whether turns are taken: not before all that a host brings back is in the mailboxes. */
  #open = false
  #halted = false
  /** The turn that makes the actor, until it has ended. */
  #first: Letter | undefined
  /** The turn that the last host left. */
  #unfinished: (Unfinished & { readonly letter: Letter; readonly subject: Subject | undefined }) | undefined
  #pumping: Promise<void> | undefined
  /** Turns that have ended and are not concluded, how many, and why one of them cannot be. */
  #concluding = Promise.resolve()
  #ahead = 0
  #broken: { readonly error: unknown } | undefined
  #taken = 0

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  /** Whether turns are taken, or were. */
  get running(): boolean {
    return this.#pumping !== undefined
  }

  /** Whether no more are taken. */
  get halted(): boolean {
    return this.#halted
  }

  /** Whether there is nothing that is to be known when the actor is in memory again. */
  get quiet(): boolean {
    if (!this.#open || this.#halted || this.running || this.left !== undefined) return false
    return this.#first === undefined && this.#unfinished === undefined && this.#after.length === 0
  }

  /** Resolves when those that are taken now are over. */
  async settled(): Promise<void> {
    await this.#pumping
  }

  /** Has something done when the turn that runs has ended, whatever becomes of what it waits for. */
  afterwards(run: () => void): void {
    this.#after.push(run)
  }

  /** The turn that makes the actor comes before any other. */
  expect(fn: FunctionModel, first: Invocation): Letter {
    this.#first = this.#unfinished?.letter ?? letter(fn, first)
    return this.#first
  }

  /** The turn that the last host left comes before any other. */
  goOnWith(unfinished: Unfinished): void {
    const { cause, fn, sender } = unfinished.turn.content
    const { promise, resolve } = Promise.withResolvers<TurnReply>()
    const left: Letter = { id: fn, fn, args: [], sender, cause, taken: undefined, listeners: [resolve] }
    this.#unfinished = { ...unfinished, subject: recordedSubject(unfinished.turn), letter: left }
    this.left = { seq: unfinished.turn.seq, reply: promise }
    this.#parts.mailbox.follow(left)
  }

  /** Takes turns from here on. */
  open(): void {
    this.#open = true
    this.pump()
    if (!this.running) this.#parts.rested()
  }

  /** Takes no more. */
  halt(): void {
    this.#halted = true
  }

  /** Takes what there is to take. */
  pump(): void {
    const { alive, mailbox } = this.#parts
    if (!this.#open || this.#halted || !alive() || this.#pumping !== undefined) return
    if (mailbox.waiting === 0 && this.#first === undefined && this.#unfinished === undefined) return
    this.#pumping = this.#work().finally(() => {
      this.#pumping = undefined
      // Something may have come while the last turn ended.
      this.pump()
      if (!this.running) this.#parts.rested()
    })
  }

  async #work(): Promise<void> {
    const { alive, closing, mailbox, gone, admits, broke, awake, working } = this.#parts
    working()
    // Whoever brought the message goes on first: no actor runs on another's stack.
    await Promise.resolve()
    try {
      while (alive() && !this.#halted) {
        if (this.#ahead >= MOST_AHEAD) await this.#concluding
        if (this.#broken !== undefined) throw this.#broken.error
        const next = this.#unfinished?.letter ?? this.#first ?? mailbox.take()
        if (next === undefined) break
        if (!awake()) await this.#wake(next)
        if (!alive()) {
          mailbox.settle(next, gone())
          break
        }
        const told = next === this.#unfinished?.letter ? next : admits(next)
        if (told === undefined) this.#leave(next)
        else await this.#take(next, told)
      }
    } catch (error) {
      // A turn that the closing host left behind; its record goes on when the store is opened again.
      if (!closing()) await broke(error)
    }
    await this.#concluding
    if (alive()) return
    for (const rest of [this.#unfinished?.letter, this.#first])
      if (rest !== undefined) mailbox.settle(rest, gone())
  }

  /** Has everything there that the turn needs. Where that cannot be, nothing has happened. */
  async #wake(next: Letter): Promise<void> {
    const { mailbox, closing, wake } = this.#parts
    try {
      await wake()
    } catch (error) {
      const failure = TheaterError.is(error) ? error : undefined
      mailbox.settle(next, closing() ? { tag: 'closed' } : { tag: 'stopped', final: false, failure })
      throw error
    }
  }

  /** Nobody wants it any more. */
  #leave(next: Letter): void {
    const { mailbox, events } = this.#parts
    next.taken?.(events())
    mailbox.settle(next, { tag: 'left' })
  }

  async #take(next: Letter, { args, notBefore }: Told): Promise<void> {
    const { instance, received, mailbox, gone, heard, unopened, unheard, undone, aborted, ended } =
      this.#parts
    const unfinished = this.#unfinished
    this.#unfinished = undefined
    const subject = unfinished === undefined ? subjectOf(next.fn, next.args) : unfinished.subject
    // Of one that the last host left the record has told.
    if (subject !== undefined && unfinished === undefined) heard(next.fn, subject)
    let taken: Taken | undefined
    let ahead = false
    try {
      taken = await instance.take({ ...next, args, notBefore }, unfinished)
      // Whoever brings the same again waits with it until it is concluded.
      const cause = causeOf(next)
      if (cause !== undefined && taken?.seq !== undefined) received.note(cause, taken.seq)
      ahead = taken?.ahead === true && this.#mayGoAhead(next, subject ?? unfinished)
      if (!ahead) await taken?.concluded
    } catch (error) {
      mailbox.settle(next, this.#lost(error))
      throw error
    } finally {
      // A request does not outlive the turn that made it.
      this.calls.clear()
      for (const run of this.#after.splice(0)) run()
    }
    const reply = taken?.reply ?? gone()
    try {
      if (taken?.seq === undefined && (subject !== undefined || next.timer !== undefined)) unheard()
      if (reply.tag === 'aborted') aborted(reply)
      if (subject?.opens === true && isUndone(reply)) unopened(subject)
      if (reply.tag === 'trapped' || reply.tag === 'aborted') undone()
      const first = next === this.#first ? next : undefined
      if (first !== undefined) this.#first = undefined
      await ended({ reply, seq: taken?.seq, time: taken?.time ?? 0, first })
    } finally {
      // It is on record whatever becomes of the actor now, and nobody else tells of it.
      if (ahead && taken !== undefined) this.#concluding = this.#settle(next, taken)
      else mailbox.settle(next, reply)
    }
  }

  /** Whether the turn after this one may begin before this one is concluded: there is one, and this one is like any other. */
  #mayGoAhead(next: Letter, special: object | undefined): boolean {
    if (special !== undefined || next.timer !== undefined || next === this.#first) return false
    return this.#parts.mailbox.waiting > 0 && ++this.#taken % WAITED !== 0
  }

  /** Says what came of a turn when it is concluded. Never rejects. */
  async #settle(next: Letter, { reply, concluded }: Taken): Promise<void> {
    const { mailbox } = this.#parts
    this.#ahead++
    try {
      await concluded
      mailbox.settle(next, reply)
    } catch (error) {
      mailbox.settle(next, this.#lost(error))
      this.#broken ??= { error }
    }
    this.#ahead--
  }

  #lost(error: unknown): TurnReply {
    return this.#parts.closing() ? { tag: 'closed' } : { tag: 'store-failed', error }
  }
}

/** Whether a turn came to nothing for whoever it is about. */
function isUndone(reply: TurnReply): boolean {
  if (reply.tag === 'answered') return (reply.value as { readonly tag?: string } | undefined)?.tag === 'err'
  return reply.tag === 'trapped' || reply.tag === 'aborted'
}
