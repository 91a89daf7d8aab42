import type { ActorContext, AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'

/** A handler over a world of its own. */
export interface World {
  readonly handler: AnyHandler
  /**
   * What the world outside looks like now, in a form for deep comparison: files, rows, what a spy backend was told to
   * change. Reading something MUST NOT show in it.
   */
  readonly state: () => unknown
  /**
   * The context of an actor, where the world has to see what leaves it.
   *
   * @default a {@link fakeActor} that nothing looks at
   */
  readonly actor?: (id: string) => WorldActor
  /** Takes the world down; called after the handler was disposed of. */
  readonly end?: () => Promise<void> | void
}

/** An actor's context that a law can end. */
export type WorldActor = ActorContext & { readonly end: (reason?: unknown) => void }

/** The newest answer of a function that was called before; `undefined` when it has not answered. */
export type Made = (fn: string) => unknown

/** One call that a law makes as the boundary would: ask, authorize, deny or call. */
export interface SampleCall {
  /** `${track}#${wit name}`, a key of the handler's `functions`. */
  readonly fn: string
  /** The arguments, as lifted; a method's own object is the first. */
  readonly args: (made: Made) => readonly unknown[]
  /** A grant under which this call MUST be refused, or, where the function has no `deny`, MUST have no effect. */
  readonly refusedUnder?: Json
  /** The type of the resource that it answers with: `wasi:filesystem/types@0.2#descriptor`. */
  readonly makes?: string
  /** Whether what it makes MUST resume in a fresh binding of the same actor and world. */
  readonly resumes?: true
  /** The names in a listing that it answers with, which MUST come in ascending order of their bytes. */
  readonly listing?: (answer: unknown) => readonly string[]
}

/**
 * A component that puts the handler to use, for the laws that need a runtime: what is recorded is re-run with the
 * handler replaced by one that throws, and goes on live after a restart.
 */
export interface Guest {
  /** The component's bytes. */
  readonly component: () => Promise<Uint8Array>
  /** Its grants, by handler name. */
  readonly grants: Readonly<Record<string, Json>>
  /** Exports that are called, in this order. */
  readonly turns: readonly { readonly fn: string; readonly args: readonly unknown[] }[]
}

/** One handler in one configuration, with what laws need to know to put it to the test. */
export interface Subject {
  /** For titles: `store, in memory`. */
  readonly name: string
  /** Makes the handler afresh in a fresh world. Two worlds share nothing. */
  readonly make: () => World | Promise<World>
  /** Makes the handler with no options at all. */
  readonly bare: () => AnyHandler
  /** Grants that the schema takes, the widest first; the samples are made under that one. */
  readonly grants: readonly [Json, ...Json[]]
  /** The grant with the least in it that the schema takes. */
  readonly least: Json
  /** Calls that are made one after another, and end with an answer or a WIT error. Every function is in one of them. */
  readonly calls: readonly SampleCall[]
  /**
   * Functions that exercise authority and have an error case in the WIT for its refusal. Each MUST have `deny`.
   *
   * @default []
   */
  readonly refusable?: readonly string[]
  /**
   * Functions with `deny` that every grant covers.
   *
   * @default []
   */
  readonly neverRefused?: readonly string[]
  /** A world in which everything that reaches it fails, for the law that a failure is never told as an absence. */
  readonly broken?: () => World | Promise<World>
  /** For the laws that need a runtime. */
  readonly guest?: Guest
}

/** Something that every handler guarantees. */
export interface Law {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: Subject) => Promise<void>
}
