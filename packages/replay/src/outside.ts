import { isOutside } from '@theater/boundary'
import type { EventOf } from '@theater/event-chain'
import { items } from '@theater/values'
import { PEER, textOf, track } from './letters.ts'
import type { Letter } from './letters.ts'

/**
 * A channel that one of the chains holds with the program around its actors. That end has no record: of what the actor was told
 * on it, as of all that a program says, nobody but the program knows whether it was said; what the actor said is in its chain.
 */
export interface OutsideChannel {
  /** The actor's chain. 32 bytes. */
  readonly chain: Uint8Array
  /** Its name. */
  readonly channel: string
  /** Turns in which the actor heard of it. */
  readonly heard: number
  /** Messages that left the actor on it, its answers and its closing included. */
  readonly said: number
}

/** Counts what one chain has of channels with the program around its actors. */
export class Outside {
  readonly #chain: Uint8Array
  readonly #channels = new Map<string, { heard: number; said: number }>()

  constructor(chain: Uint8Array) {
    this.#chain = chain
  }

  /** In the order in which the chain first has them. */
  get channels(): readonly OutsideChannel[] {
    return [...this.#channels].map(([channel, counts]) => ({ chain: this.#chain, channel, ...counts }))
  }

  /** A turn that nobody has caused but the host. */
  heard({ content }: EventOf<'turn'>): void {
    if (!track(content.fn).startsWith(PEER)) return
    const [, second] = items(content.args)
    const channel = second === undefined ? null : textOf(second)
    // An end that an actor has is no end of the program, whatever a host says of it.
    if (channel?.split('/', 2).some(isOutside) === true) this.#count(channel).heard++
  }

  /** A message that left. */
  said({ to, channel }: Letter): void {
    if (channel !== null && to.some(isOutside)) this.#count(channel).said++
  }

  #count(channel: string): { heard: number; said: number } {
    const known = this.#channels.get(channel)
    if (known !== undefined) return known
    const counts = { heard: 0, said: 0 }
    this.#channels.set(channel, counts)
    return counts
  }
}
