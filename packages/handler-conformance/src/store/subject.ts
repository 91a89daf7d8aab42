import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'

/** A handler of `theater:store` over a world of its own. */
export interface StoreWorld {
  readonly handler: AnyHandler
  /** Changes a byte of a blob, where it is kept, as a disk would. Absent: it cannot be done. */
  readonly damage?: (hash: Uint8Array, at: number) => Promise<void> | void
  /** Takes the world down; called after the handler was disposed of. */
  readonly end?: () => Promise<void> | void
}

/** One handler of `theater:store` in one configuration. */
export interface StoreSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler afresh in a fresh world. It MUST move 200,000 bytes in one call. */
  readonly make: () => StoreWorld | Promise<StoreWorld>
  /** A grant that covers everything, with room for so many bytes of blobs. */
  readonly grant: (room: number) => Json
  /** Grants that cover less, or something else: none, some, all. */
  readonly grants: readonly Json[]
}

/** Something that every handler of `theater:store` guarantees. */
export interface StoreLaw {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: StoreSubject) => Promise<void>
}
