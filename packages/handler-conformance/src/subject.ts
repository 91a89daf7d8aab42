import type { ActorContext, AnyHandler, Ask } from '@theater/handler'
import type { Json } from '@theater/values'
import type { Arbitrary } from 'fast-check'

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

/** One call in the laws that need a runtime: through a component, with each resource as the number it has there. */
export interface GuestCall extends SampleCall {
  /**
   * Whether it goes on from where an earlier call was, in a stream, so that after a restart it MAY fail with the
   * interface's own error where it answered before.
   */
  readonly breaks?: true
}

/** Another actor that has to be there: one that takes messages. */
export interface OtherActor {
  readonly id: string
  readonly component: Uint8Array
}

/**
 * A component that passes calls of the handler on, for the laws that need a runtime: for each function it has an export
 * with the same arguments and the same answer, in which each resource is the number that it has in the component.
 */
export interface Guest {
  /** The component's bytes. */
  readonly component: Uint8Array
  /** The export that passes on calls of a function: `wasi:filesystem/types@0.2#[method]descriptor.open-at`. */
  readonly exportOf: (fn: string) => string
  /** An export without arguments that traps. */
  readonly trap: string
  /**
   * The calls that are made, one after another. They MAY go beyond the handler's functions: to streams that it made,
   * and to drops, `wasi:filesystem/types@0.2#[drop]descriptor`.
   *
   * @default the subject's `calls`
   */
  readonly calls?: readonly GuestCall[]
  /**
   * Functions that give resources and are not marked by `makes`: in a list.
   *
   * @default []
   */
  readonly givers?: readonly string[]
  /** Actors that are there before. @default [] */
  readonly others?: readonly OtherActor[]
  /** Handlers of what the other actors import; they MUST be inert without a grant. @default [] */
  readonly handlers?: readonly AnyHandler[]
}

/**
 * Generators of [fast-check](https://fast-check.dev), for the laws of grants at large. What they make SHOULD be of few names and
 * numbers, so that one grant lies within another, and covers an ask, now and then.
 */
export interface AtLarge {
  /** Grants that the schema takes, of every form that there is. */
  readonly grant: Arbitrary<Json>
  /** Asks, as calls make them. @default those of the samples */
  readonly ask?: Arbitrary<Ask>
  /**
   * For asks in words that a grant chooses, such as the name of a mount: what an ask under one grant is under another, in
   * each of the ways in which that one has it.
   *
   * @default the same ask
   */
  readonly restate?: (ask: Ask, from: Json, to: Json) => readonly Ask[]
  /**
   * What a grant gives beside what is asked for call by call, each as a name. A grant within another gives nothing that the
   * other does not.
   *
   * @default nothing
   */
  readonly reach?: (grant: Json) => readonly string[]
  /**
   * Keys whose list or map is one thing, such as the arguments of one call, and not many that are granted each.
   *
   * @default none
   */
  readonly wholes?: readonly string[]
}

/** A call of any arguments, and what is to be seen of it where it is granted. */
export interface Deed extends SampleCall {
  /** Calls that are made before, under the same grant. @default none */
  readonly first?: readonly SampleCall[]
  /** What else is done with the answer: a line is written to a stream. @default nothing */
  readonly use?: (answer: unknown) => unknown
  /**
   * Whether a grant gives what no ask says: the level of a line, a stream that is connected.
   *
   * @default it does
   */
  readonly needs?: (grant: Json) => boolean
  /** Whether the world shows that it was done. @default true */
  readonly shows?: boolean
  /** What was done by what the world shows, in the words of asks: each MUST be granted. @default nobody can tell */
  readonly did?: (before: unknown, after: unknown) => readonly Ask[]
}

/** Generators for the law that what is done is what was granted. */
export interface Deeds {
  readonly deed: Arbitrary<Deed>
  /** Grants that can be had in a world of the subject. @default those of `atLarge` */
  readonly grant?: Arbitrary<Json>
  /** How often; each makes a world. @default 200 */
  readonly runs?: number
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
  /** What the laws of grants are held over beside the samples. @default the samples alone */
  readonly atLarge?: AtLarge
  /** What the law of deeds is held over; without it that law says nothing. */
  readonly deeds?: Deeds
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
  /** For the laws that need a runtime; without it they say nothing. */
  readonly guest?: Guest
}

/** Something that every handler guarantees. */
export interface Law {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: Subject) => Promise<void>
}
