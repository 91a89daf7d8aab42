import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'

/** A handler of `wasi:keyvalue` over a world of its own. */
export interface KeyvalueWorld {
  readonly handler: AnyHandler
  /** Changes a byte of a value, where it is kept, as a disk would. Absent: it cannot be done. */
  readonly damage?: (bucket: string, key: string) => Promise<void> | void
  /** Takes the world down; called after the handler was disposed of. */
  readonly end?: () => Promise<void> | void
}

/** One handler of `wasi:keyvalue` in one configuration. */
export interface KeyvalueSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler afresh in a fresh world, with buckets `a` and `a/b`, which are empty. */
  readonly make: () => KeyvalueWorld | Promise<KeyvalueWorld>
  /** A grant that covers everything, with room for so many bytes of keys and values. */
  readonly grant: (room: number) => Json
  /** An identifier of no bucket. */
  readonly unknown: string
}

/** Something that every handler of `wasi:keyvalue` guarantees. */
export interface KeyvalueLaw {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: KeyvalueSubject) => Promise<void>
}
