import { isOutside, otherEnd } from '@theater/boundary'
import type { ChannelStep, EventRef } from '@theater/boundary'
import type { Cause, ChannelFailure, Channels as ActorChannels } from '@theater/handler'
import type { Actor } from './actor.ts'
import type { Letter } from './mailbox.ts'
import type { Outside } from './outside.ts'

const PEER = 'theater:messaging/channel-peer@0.1'

/** The export that is asked for a channel, by its name within its track. */
export const HANDLE_OPEN = `${PEER}#handle-open`
/** The export that hears that a channel was accepted, by its name within its track. */
export const HANDLE_ACCEPT = `${PEER}#handle-accept`
/** The export that takes what is said on a channel, by its name within its track. */
export const HANDLE_MESSAGE = `${PEER}#handle-message`
/** The export that hears that a channel is closed, by its name within its track. */
export const HANDLE_CLOSE = `${PEER}#handle-close`

/**
 * Where one end of a channel stands.
 *
 * - `opening`: it has asked, and there is no answer yet.
 * - `asked`: the other end has asked, and it has not answered.
 */
export type ChannelState = 'opening' | 'asked' | 'open'

/** The ends of channels that one actor has, by name. What it says follows from the actor's record. */
export class Ends {
  readonly #states = new Map<string, ChannelState>()

  get size(): number {
    return this.#states.size
  }

  get names(): IterableIterator<string> {
    return this.#states.keys()
  }

  state(channel: string): ChannelState | undefined {
    return this.#states.get(channel)
  }

  /** Knows again where an end stands. */
  restore(channel: string, state: ChannelState): void {
    this.#states.set(channel, state)
  }

  /** What the actor itself said has left. */
  left({ kind, channel }: ChannelStep): void {
    switch (kind) {
      case 'open':
        this.#states.set(channel, 'opening')
        break
      case 'accept':
        if (this.#states.has(channel)) this.#states.set(channel, 'open')
        break
      case 'close':
        this.#states.delete(channel)
        break
    }
  }

  /** A turn begins in which the actor hears of a channel. */
  heard(fn: string, channel: string): void {
    if (fn === HANDLE_OPEN) this.#states.set(channel, 'asked')
    else if (fn === HANDLE_ACCEPT && this.#states.has(channel)) this.#states.set(channel, 'open')
    else if (fn === HANDLE_CLOSE) this.#states.delete(channel)
  }

  /** The turn in which the actor was asked came to nothing: it knows of no channel. */
  forget(channel: string): void {
    this.#states.delete(channel)
  }
}

/** How a channel was closed that nobody has closed. */
export type Lost = 'stopped' | 'undelivered'

/** What the channels of a host need of it. */
export interface ChannelOffice {
  find(id: string): Actor | undefined
  actors(): Iterable<Actor>
  /** The ends that the program has. */
  readonly outside: Outside
  canSend(from: Actor, to: string, fn: string, said: readonly unknown[]): ChannelFailure | undefined
  canQueue(from: Actor): ChannelFailure | undefined
}

/** The channels of the actors of one host, between them and with the program around them. */
export class Channels {
  readonly #office: ChannelOffice

  constructor(office: ChannelOffice) {
    this.#office = office
  }

  /** Channels as the handlers of one actor reach them. */
  of(actor: Actor): ActorChannels {
    return {
      open: (to, fn, said) => {
        // Its name would not tell which end is which.
        if (to === actor.id || actor.exported(fn) === undefined) return { tag: 'not-served' }
        const failure = isOutside(to)
          ? this.#canOpenOutside(actor, to)
          : this.#office.canSend(actor, to, fn, said)
        if (failure !== undefined) return failure
        const opened = actor.steps.filter(({ kind }) => kind === 'open').length
        const peer = this.#office.find(to)
        for (const { ends, limits } of peer === undefined ? [actor] : [actor, peer])
          if (ends.size + opened >= limits.channels) return { tag: 'too-many', val: limits.channels }
        return { channel: nameOf(actor, to) }
      },
      use: (channel, step, said) => {
        const state = stateOf(actor, channel)
        const wanted = step === 'accept' ? state === 'asked' : step === 'send' ? state === 'open' : true
        const to = otherEnd(channel, actor.id)
        if (state === undefined || !wanted || !this.#isThere(channel, to)) return { tag: 'not-open' }
        return isOutside(to)
          ? this.#office.canQueue(actor)
          : this.#office.canSend(actor, to, exportOf(step), said)
      },
      list: () => {
        const names = new Set(actor.ends.names)
        for (const { kind, channel } of actor.steps)
          if (kind === 'close') names.delete(channel)
          else names.add(channel)
        return [...names].toSorted()
      },
    }
  }

  #canOpenOutside(actor: Actor, to: string): ChannelFailure | undefined {
    return this.#office.outside.serves(to) ? this.#office.canQueue(actor) : { tag: 'unknown-actor' }
  }

  /** Whether the other end of a channel is there to hear anything. */
  #isThere(channel: string, to: string): boolean {
    const { outside } = this.#office
    return isOutside(to) ? outside.has(channel) : this.#office.find(to)?.accepting === true
  }

  /** Whether what waits for a turn is still to be taken: of a channel that this end has closed nothing is. */
  admits(actor: Actor, { fn, args, lost }: Letter): boolean {
    const [, channel] = args
    if (lost === undefined && !isPeer(fn)) return true
    if (typeof channel !== 'string') return true
    if (fn !== HANDLE_OPEN) return actor.ends.state(channel) !== undefined
    // The opener has given it up, or ended, and would never hear of it.
    const opener = otherEnd(channel, actor.id)
    if (isOutside(opener)) return this.#office.outside.has(channel)
    return this.#office.find(opener)?.ends.state(channel) !== undefined
  }

  /** The turn in which an actor was asked for a channel came to nothing. */
  failed(actor: Actor, channel: string, end: EventRef): void {
    actor.ends.forget(channel)
    this.#office.outside.closed(channel, { tag: 'undelivered' })
    this.lose(channel, actor.id, { chain: actor.chain, ...end }, 'undelivered')
  }

  /** An actor has ended: whoever had channels with it hears of that. */
  ended({ id, chain, end }: Pick<Actor, 'id' | 'chain' | 'end'>): void {
    this.#office.outside.ended(id)
    if (end === undefined) return
    for (const { ends } of this.#office.actors())
      for (const channel of ends.names)
        if (hasEnd(channel, id)) this.lose(channel, id, { chain, ...end }, 'stopped')
  }

  /** Tells the other end that a channel is closed. */
  lose(channel: string, by: string, cause: Cause, lost: Lost): void {
    const actor = this.#office.find(otherEnd(channel, by))
    if (actor?.accepting !== true || actor.ends.state(channel) === undefined) return
    const args = [{ tag: 'actor', val: by }, channel, { tag: lost }]
    actor.reception.tell({ fn: HANDLE_CLOSE, args, sender: by, cause, lost })
  }

  /** Tells an actor that a channel is closed whose other end the program had, and has no more. */
  loseOutside(actor: Actor, channel: string): void {
    if (!actor.accepting || actor.ends.state(channel) === undefined) return
    const args = [{ tag: 'host' }, channel, { tag: 'stopped' }]
    actor.reception.tell({ fn: HANDLE_CLOSE, args, sender: null, cause: null, lost: 'stopped' })
  }
}

/** Whether an export is one of a channel's end. */
export function isPeer(fn: string): boolean {
  return fn.startsWith(`${PEER}#`)
}

/** Whether an actor is one of the two ends of a channel. */
function hasEnd(channel: string, id: string): boolean {
  return channel.startsWith(`${id}/`) || channel.split('/')[1] === id
}

/** Where an end stands when what the turn that runs has said is counted. */
function stateOf({ ends, steps }: Actor, channel: string): ChannelState | undefined {
  let state = ends.state(channel)
  for (const step of steps) {
    if (step.channel !== channel) continue
    if (step.kind === 'close') state = undefined
    else state = step.kind === 'open' ? 'opening' : 'open'
  }
  return state
}

function exportOf(step: 'accept' | 'send' | 'close'): string {
  switch (step) {
    case 'accept':
      return HANDLE_ACCEPT
    case 'send':
      return HANDLE_MESSAGE
    case 'close':
      return HANDLE_CLOSE
  }
}

/** The opener, the other end, and the place in the opener's chain: another name for each channel that there ever is. */
function nameOf({ id, chain, events }: Actor, to: string): string {
  return `${id}/${to}/${chain.toHex().slice(0, 32)}-${events}`
}
