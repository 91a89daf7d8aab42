import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'

/** What a grant of requests to one origin lets an actor do; what is not said is everything, and as much as there can be. */
export interface HttpMay {
  readonly methods?: readonly string[]
  /** Prefixes of paths, by whole segments. */
  readonly paths?: readonly string[]
  /** A header that the host sets on these requests, from its secret. */
  readonly secret?: string
  /** The most bytes of a body that is sent, and of one that is received. */
  readonly bytes?: number
  /** The most bytes of a header, of trailers, and of a path. */
  readonly headerBytes?: number
  /** Exchanges under way. */
  readonly concurrent?: number
  /** The longest time to the first byte of a response, in milliseconds. */
  readonly firstByteMs?: number
}

/** A handler of `wasi:http` in one configuration. No law needs more of a network than loopback. */
export interface HttpSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler, with one secret whose value is this. */
  readonly make: (secret: string) => AnyHandler
  /**
   * The grant of requests to one origin, which is on loopback. Where a time is not said, no exchange of the laws MUST reach it: what
   * waits for `100 Continue`, too.
   */
  readonly grant: (origin: string, may: HttpMay) => Json
  /** How many pairs of requests the law of `authorize` makes up. @default 150 */
  readonly runs?: number
  /** Where it also takes requests from a network. @default the laws of those say nothing */
  readonly serves?: {
    /** The grant of every request that comes in. */
    readonly grant: Json
    /** Where the handler listens, once an actor has that grant. */
    readonly port: (handler: AnyHandler) => number
  }
}

/** Something that `wasi:http` says must be so, or that whoever serves it promises. */
export interface HttpLaw {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: HttpSubject) => Promise<void>
}
