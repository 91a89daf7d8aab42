import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'

/** What a grant of messaging lets an actor do: lists of names, and of beginnings of names with a `*` behind them. */
export interface MessagingMay {
  readonly to?: readonly string[]
  readonly publish?: readonly string[]
  readonly subscribe?: readonly string[]
}

/** A handler of `theater:messaging` in one configuration. */
export interface MessagingSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler, with these as the most bytes of a message and the most milliseconds of a request. */
  readonly make: (maxMessageBytes: number, maxTimeoutMs: number) => AnyHandler
  /** The grant that lets an actor do this and nothing else. */
  readonly grant: (may: MessagingMay) => Json
}

/** Something that `theater:messaging` says must be so. */
export interface MessagingLaw {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: MessagingSubject) => Promise<void>
}
