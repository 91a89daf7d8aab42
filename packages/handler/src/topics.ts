import type { DeliveryFailure } from './context.ts'

/** Why a message was not published, or a subscription was not begun. */
export type TopicFailure =
  | { readonly tag: 'bad-topic' }
  | { readonly tag: 'too-many'; readonly val: number }
  | DeliveryFailure

/** Topics, as a handler reaches them for one actor. What it does leaves, in order, as {@link ActorContext.send} does. */
export interface Topics {
  /**
   * Finds whoever gets what is published now. MUST be called synchronously from a function that does not wait. What it
   * answers MUST be what the function answers: it is what the message leaves for.
   *
   * @returns the ids of those who are subscribed, ascending; or why nothing can be queued
   */
  subscribers(topic: string): readonly string[] | TopicFailure
  /**
   * Finds out whether a subscription can begin. MUST be called synchronously from a function that does not wait.
   *
   * @param fn the export that takes what is published: `theater:messaging/subscriber@0.1#handle-publish`
   * @returns `undefined` where it is begun when the function answers, else why not
   */
  subscribe(topic: string, fn: string): TopicFailure | undefined
  /** Likewise for the end of one. */
  unsubscribe(topic: string): TopicFailure | undefined
  /** What the actor is subscribed to, ascending. */
  list(): readonly string[]
}
