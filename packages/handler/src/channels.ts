import type { DeliveryFailure } from './context.ts'

/** Why nothing is done with a channel. */
export type ChannelFailure =
  | { readonly tag: 'not-open' }
  | { readonly tag: 'too-many'; readonly val: number }
  | DeliveryFailure

/** Channels, as a handler reaches them for one actor. What it does leaves, in order, as {@link ActorContext.send} does. */
export interface Channels {
  /**
   * Names a new channel to another actor. MUST be called synchronously from a function that does not wait, which MUST answer
   * with the name.
   *
   * @param fn the export that is asked: `theater:messaging/channel-peer@0.1#handle-open`
   * @param said what it is to be told, for its size
   */
  open(to: string, fn: string, said: readonly unknown[]): { readonly channel: string } | ChannelFailure
  /**
   * Finds out whether a channel can be accepted, used or closed. MUST be called synchronously from a function that does not
   * wait, which does so when it answers.
   *
   * @param said what the other end is to be told, for its size
   * @returns `undefined` where it can
   */
  use(
    channel: string,
    step: 'accept' | 'send' | 'close',
    said: readonly unknown[],
  ): ChannelFailure | undefined
  /** The actor's channels that were not closed, ascending. */
  list(): readonly string[]
}
