import type { EventRef, TimerStep } from '@theater/boundary'
import type { Timer, TimerFailure, Timers as ActorTimers } from '@theater/handler'
import type { Actor } from './actor.ts'
import { Heap } from './heap.ts'
import type { Placed } from './heap.ts'
import type { LogLine } from './host.ts'
import type { Letter, Told } from './mailbox.ts'
import type { Entropy } from './options.ts'
import { bytesOf, FIRED } from './standing.ts'
import type { StandingTimer } from './standing.ts'
import type { TurnReply } from './turn-reply.ts'

/**
 * The longest that it sleeps, in milliseconds. A timer of Node takes 2^31 at most, and goes by a clock that nobody sets: the host's
 * own is looked at this often, so that a step of it is noticed.
 */
const LONGEST_SLEEP = 60_000

/** A timer that is to fire when it is due. */
interface Armed extends Placed {
  readonly actor: Actor
  readonly timer: StandingTimer
}

/** What the timers of a host need of it. */
export interface TimersOffice {
  readonly entropy: Pick<Entropy, 'now' | 'alarm'>
  log(line: LogLine): void
}

/** The timers of the actors of one host: what has come due waits for its turn in the mailbox, each timer once. */
export class Timers {
  readonly #office: TimersOffice
  readonly #heap = new Heap<Armed>(isBefore)
  readonly #armed = new Map<Actor, Map<number, Armed>>()
  /** What it sleeps for, and until when. */
  #alarm: { readonly at: number; readonly alarm: Disposable } | undefined
  /** Whether any fires: not before all that a host brings back is in the mailboxes. */
  #open = false
  /** Who waits for a change. */
  readonly #waiting: (() => void)[] = []

  constructor(office: TimersOffice) {
    this.#office = office
  }

  /** Timers as the handlers of one actor reach them. */
  of(actor: Actor): ActorTimers {
    const { limits } = actor
    return {
      get now() {
        return actor.clock
      },
      set: (fn, { due, interval }, message): Timer | TimerFailure => {
        if (actor.exported(fn) === undefined) return { tag: 'not-served' }
        const { count, bytes } = totals(actor)
        if (count >= limits.timers) return { tag: 'too-many', val: limits.timers }
        const left = Math.max(0, Math.min(limits.timerBytes - bytes, limits.messageBytes))
        if (bytesOf(message) > left || actor.reception.tooLarge([message]))
          return { tag: 'too-large', val: BigInt(left) }
        return { id: BigInt(actor.events), due, interval }
      },
      cancel: (id) => stands(actor, Number(id)),
      list: () =>
        standingOf(actor).map(({ id, due, interval }) => ({
          id: BigInt(id),
          due: BigInt(due),
          interval: interval === undefined ? undefined : BigInt(interval),
        })),
    }
  }

  /** What an actor said of a timer has left. */
  leave(actor: Actor, step: TimerStep, ref: EventRef): void {
    actor.standing.left(step, { chain: actor.chain, ...ref })
    const id = step.kind === 'set' ? step.timer.id : step.id
    this.#disarm(actor, id)
    this.#arm(actor, actor.standing.get(id))
    this.#tell()
    this.#sleep()
  }

  /** All actors are back: what came due while there was no host fires. */
  open(actors: Iterable<Actor>): void {
    for (const actor of actors) for (const timer of actor.standing.all) this.#arm(actor, timer)
    this.#open = true
    this.#ring()
  }

  /**
   * What a firing is told; `undefined`: the timer was cancelled meanwhile, or the clock was set back. It has fired, then, as
   * the record will say.
   */
  fire(actor: Actor, { timer: id }: Letter): Told | undefined {
    const timer = id === undefined ? undefined : actor.standing.get(id)
    if (timer === undefined) return undefined
    const { due: first, interval } = timer
    // What the turn will begin at, at least.
    const now = Math.max(Math.floor(this.#office.entropy.now()), actor.clock)
    if (first > now) {
      this.#arm(actor, timer)
      this.#sleep()
      return undefined
    }
    const missed = interval === undefined ? 0 : Math.floor((now - first) / interval)
    const due = first + missed * (interval ?? 0)
    this.#arm(actor, actor.standing.fired(timer.id, due))
    this.#sleep()
    const firing = { id: BigInt(timer.id), due: BigInt(due), missed: BigInt(missed) }
    return { args: [firing, timer.message], notBefore: due }
  }

  /** An actor takes no turns any more. */
  forget(actor: Actor): void {
    for (const armed of this.#armed.get(actor)?.values() ?? []) this.#heap.remove(armed)
    this.#armed.delete(actor)
    this.#tell()
    this.#sleep()
  }

  /** Resolves when some of them fire, or are there no more; at once where there are none. */
  async changed(): Promise<void> {
    if (this.#heap.least === undefined) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Fires none any more. */
  close(): void {
    this.#open = false
    this.#wake()
    this.#tell()
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #arm(actor: Actor, timer: StandingTimer | undefined): void {
    if (timer === undefined || !actor.accepting) return
    const armed: Armed = { actor, timer, place: -1 }
    const known = this.#armed.get(actor)
    if (known === undefined) this.#armed.set(actor, new Map([[timer.id, armed]]))
    else known.set(timer.id, armed)
    this.#heap.add(armed)
  }

  #disarm(actor: Actor, id: number): void {
    const known = this.#armed.get(actor)
    const armed = known?.get(id)
    if (armed === undefined) return
    this.#heap.remove(armed)
    known?.delete(id)
    if (known?.size === 0) this.#armed.delete(actor)
  }

  /** Wakes when the next one is due, or its clock may have been set. */
  #sleep(): void {
    const next = this.#heap.least
    if (!this.#open || next === undefined) {
      this.#wake()
      return
    }
    const { due } = next.timer
    if (this.#alarm !== undefined && this.#alarm.at <= due) return
    this.#wake()
    const { entropy } = this.#office
    const ms = Math.min(Math.max(Math.ceil(due - entropy.now()), 0), LONGEST_SLEEP)
    const ring = (): void => {
      this.#alarm = undefined
      this.#ring()
    }
    this.#alarm = { at: due, alarm: entropy.alarm?.(ms, ring) ?? alarm(ms, ring) }
  }

  #wake(): void {
    this.#alarm?.alarm[Symbol.dispose]()
    this.#alarm = undefined
  }

  /** Brings what is due to the mailboxes. */
  #ring(): void {
    const now = this.#office.entropy.now()
    for (let next = this.#heap.least; next !== undefined && next.timer.due <= now; next = this.#heap.least) {
      const { actor, timer } = next
      this.#disarm(actor, timer.id)
      const { cause, id } = timer
      actor.reception.tell({ fn: FIRED, args: [], sender: null, cause, timer: id }, (reply) =>
        this.#settled(actor, id, reply),
      )
      this.#tell()
    }
    this.#sleep()
  }

  #settled({ id: actor }: Actor, id: number, reply: TurnReply): void {
    const why = failureOf(reply)
    if (why === undefined) return
    const message = `a timer fired and came to nothing: ${why}`
    this.#office.log({ actor, level: 'warn', message, fields: [['timer', String(id)]] })
  }
}

/** Those due at one time by their actors' ids, and of one actor in the order in which they were set. */
function isBefore(a: Armed, b: Armed): boolean {
  if (a.timer.due !== b.timer.due) return a.timer.due < b.timer.due
  if (a.actor !== b.actor) return a.actor.id < b.actor.id
  return a.timer.id < b.timer.id
}

/** The timers of an actor, by id ascending, when what the turn that runs has said is counted. */
function standingOf({ standing, timerSteps }: Actor): readonly Omit<StandingTimer, 'cause'>[] {
  const all = new Map<number, Omit<StandingTimer, 'cause'>>()
  for (const timer of standing.all) all.set(timer.id, timer)
  for (const step of timerSteps) {
    if (step.kind === 'cancel') all.delete(step.id)
    else all.set(step.timer.id, { ...step.timer, message: step.timer.message as StandingTimer['message'] })
  }
  return [...all.values()]
}

/** Whether a timer is there to cancel. */
function stands({ standing, timerSteps }: Actor, id: number): boolean {
  const last = timerSteps.findLast((step) => (step.kind === 'cancel' ? step.id : step.timer.id) === id)
  return last === undefined ? standing.get(id) !== undefined : last.kind === 'set'
}

/** How many timers an actor has, and how many bytes they carry, when what the turn that runs has set is counted; what it cancels is there until then. */
function totals({ standing, timerSteps }: Actor): { readonly count: number; readonly bytes: number } {
  let { size: count, bytes } = standing
  for (const step of timerSteps) {
    if (step.kind === 'cancel') continue
    count++
    bytes += bytesOf(step.timer.message as StandingTimer['message'])
  }
  return { count, bytes }
}

function failureOf(reply: TurnReply): string | undefined {
  switch (reply.tag) {
    case 'answered':
      return (reply.value as { readonly tag?: string } | undefined)?.tag === 'err' ? 'it failed' : undefined
    case 'trapped':
      return 'its turn trapped'
    case 'aborted':
      return `its turn was aborted (${reply.code})`
    case 'bad-arguments':
      return 'its target has another type'
    case 'stopped':
    case 'closed':
    case 'left':
    case 'archived':
    case 'store-failed':
    case 'mailbox-full':
    case 'too-large':
      return undefined
  }
}

function alarm(ms: number, ring: () => void): Disposable {
  const timer = setTimeout(ring, ms)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
