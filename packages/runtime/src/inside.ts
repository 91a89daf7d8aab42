import type { FunctionModel } from '@theater/values'
import type { Actor } from './actor.ts'
import { Bindings } from './bindings.ts'
import { actorContext } from './context.ts'
import { recordFailure } from './failures.ts'
import type { Host } from './host.ts'
import { Instance } from './instance.ts'
import type { InstanceLeft, InstanceParts } from './instance.ts'
import { Life } from './life.ts'
import type { LifeLeft } from './life.ts'
import { Reception } from './reception.ts'
import type { RecordKeeper } from './record-keeper.ts'
import { Residence } from './residence.ts'
import type { Subject } from './subject.ts'
import { Turns } from './turns.ts'

/** What is known of an actor that is not in memory, beside its record and what that says. */
export interface Left {
  readonly life: LifeLeft
  readonly instance: InstanceLeft | undefined
}

/** What the inside of an actor needs of it. */
export interface InsideParts extends InstanceParts {
  readonly keeper: RecordKeeper
  readonly host: Host
  /** Whether the host closes. */
  readonly closing: boolean
  /** Whatever of the actor waits outside is to stop. */
  readonly cut: () => void
  /** Nothing of it need be in memory. */
  readonly resting: () => void
}

/**
 * What an actor is while something is done for it or to it: where messages come in, its turns, its instance, how it comes to be and ends. Of one
 * that rests there is none of it ({@link left}).
 */
export class Inside {
  readonly bindings = new Bindings()
  readonly reception: Reception
  readonly instance: Instance
  readonly turns: Turns
  readonly residence: Residence
  readonly life: Life
  readonly #actor: Actor
  readonly #parts: InsideParts

  /** @param before what was known of it; `undefined`: it has still to come to be, or to come back */
  constructor(actor: Actor, parts: InsideParts, before: Left | undefined) {
    this.#actor = actor
    this.#parts = parts
    const { host, keeper } = parts
    const { received, connections, ends } = keeper.summary
    const alive = (): boolean => this.life.alive
    const closing = (): boolean => this.life.closing
    const gone = (): ReturnType<Life['gone']> => this.life.gone()
    const exported = (name: string): FunctionModel | undefined => actor.exported(name)
    this.reception = new Reception({
      id: parts.id,
      chain: () => actor.chain,
      store: parts.store,
      limit: parts.limits.mailbox,
      messageBytes: parts.limits.messageBytes,
      received,
      alive,
      closing,
      gone,
      exported,
      came: () => this.turns.pump(),
    })
    const around = {
      links: this.bindings.links,
      signal: () => actor.signal,
      leave: (departures: Parameters<Host['leave']>[1]) => host.leave(actor, departures),
      now: () => host.now(),
      breathe: () => host.breathe(),
      turned: () => host.turned(),
      alive,
      alone: () => this.reception.mailbox.waiting === 0,
      watch: host.watch,
      snapshots: host.snapshots,
      stacks: host.stacks,
    }
    this.instance = new Instance(parts, around, before?.instance)
    this.residence = new Residence({
      resolution: parts.resolution,
      genesis: parts.genesis,
      record: parts.record,
      bindings: this.bindings,
      instance: this.instance,
      contextOf: (link) => actorContext(actor, host, link),
      lastReturn: () => keeper.summary.lastReturn,
      takenOver: () => keeper.takenOver(),
    })
    const life = {
      parts,
      host,
      keeper,
      instance: this.instance,
      residence: this.residence,
      reception: this.reception,
      logGate: () => actor.logGate,
      turns: () => this.turns,
      exported,
      cut: parts.cut,
      over: () => host.ended(actor),
      closing: parts.closing,
      resting: parts.resting,
    }
    this.life = new Life(life, before?.life)
    this.turns = new Turns({
      instance: this.instance,
      mailbox: this.reception.mailbox,
      received,
      alive,
      closing,
      gone,
      awake: () => this.residence.awake,
      wake: () => this.life.wake(),
      working: () => host.residents.gone(this.life),
      rested: () => this.life.rested(),
      admits: (one) => host.admits(actor, one),
      heard: (fn, { of, name }) => (of === 'channel' ? ends : connections).heard(fn, name),
      unopened: (subject) => this.#unopened(subject),
      unheard: () => keeper.spoil(),
      undone: () => this.bindings.undone(),
      events: () => actor.events,
      aborted: (reply) => this.life.aborted(reply),
      ended: (end) => this.life.turnEnded(end),
      broke: (error) => this.life.fail(recordFailure(parts.id, error)),
    })
  }

  /** What is to be known of it when there is one again; `undefined`: it is at something, or there is something that has to stay. */
  get left(): Left | undefined {
    if (!this.life.rests || !this.#parts.record.rests) return undefined
    const { recovery } = this.life
    return { life: { recovery }, instance: this.instance.left }
  }

  /** Whether it is at something, or has something to do that it can do. */
  get busy(): boolean {
    if (this.turns.running) return true
    const { alive, phase } = this.life
    return alive && (phase === 'starting' || this.reception.mailbox.waiting > 0)
  }

  /** Resolves when what it is at is over. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.life.settled(), this.turns.settled()])
  }

  #unopened({ of, name }: Subject): void {
    const { record, keeper, host } = this.#parts
    const { size, head } = record
    const end = { seq: size - 1, hash: head }
    if (of === 'channel') {
      keeper.summary.unopened.note(name, end)
      host.unopened(this.#actor, name, end)
    } else keeper.summary.connections.forget(name)
  }
}
