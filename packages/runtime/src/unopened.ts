import type { EventRef } from '@theater/boundary'

/** How many are known of each opener: as many channels as an actor has at once, unless it was given more. */
const PER_OPENER = 1000

/**
 * The channels that one actor was asked for in turns that came to nothing, and the last events of these turns. An opener hears of them in
 * order, so that the last ones of each tell of all that it may not have heard of.
 */
export class Unopened {
  readonly #byOpener = new Map<string, Map<string, EventRef>>()

  /** How many have asked. */
  get size(): number {
    return this.#byOpener.size
  }

  get all(): readonly (readonly [channel: string, end: EventRef])[] {
    return [...this.#byOpener.values()].flatMap((channels) => [...channels])
  }

  note(channel: string, { seq, hash }: EventRef): void {
    const [opener = ''] = channel.split('/')
    const channels = this.#byOpener.get(opener) ?? new Map<string, EventRef>()
    this.#byOpener.set(opener, channels)
    channels.set(channel, { seq, hash })
    if (channels.size <= PER_OPENER) return
    for (const oldest of channels.keys()) {
      channels.delete(oldest)
      break
    }
  }

  get(channel: string): EventRef | undefined {
    const [opener = ''] = channel.split('/')
    return this.#byOpener.get(opener)?.get(channel)
  }
}
