import type { Json } from '@theater/values'
import type { ActorContext } from './context.ts'
import type { WitError } from './wit-error.ts'

/** A JSON Schema (draft 2020-12) of a grant. Objects in it MUST be closed (`additionalProperties: false`). */
export type JsonSchema = { readonly [keyword: string]: Json }

/** The authority that one call exercises, as plain data. It is part of the event. */
export type Ask = { readonly [key: string]: Json }

/** Why a grant does not cover an ask, or does not lie within another grant. One sentence for people. */
export interface Refusal {
  readonly refused: string
}

/** One call of an imported function, as {@link HandlerFunction.ask} sees it. */
export interface Call {
  /** The handler's own name of the function: `wasi:filesystem/types@0.2#[method]descriptor.open-at`. */
  readonly fn: string
  /**
   * The arguments as lifted values; a resource is replaced by what {@link Binding.current} says of it, else by its
   * description (`null` where it has none). A method's own resource is the first.
   */
  readonly args: readonly unknown[]
}

/** A call that was refused, as {@link HandlerFunction.deny} sees it. */
export interface Denial {
  readonly fn: string
  readonly ask: Ask
  readonly refusal: Refusal
}

/**
 * What a call does to the world, which decides what is durable before it happens.
 *
 * - `none`: nothing outside the actor is touched or read.
 * - `read`: something outside is read; calling again is harmless, the answer may differ.
 * - `idempotent`: something outside changes; doing it again leaves the same state. After a crash it is done again.
 * - `once`: something outside changes; doing it again would be wrong. After a crash {@link Binding.reconcile} is asked.
 */
export type Effect = 'none' | 'read' | 'idempotent' | 'once'

/** What the boundary must know of one function before it is called. */
export interface HandlerFunction {
  /**
   * `sync` answers without waiting and is the only kind callable while a component is instantiated; `async` returns
   * a promise and suspends the guest.
   */
  readonly mode: 'sync' | 'async'
  /** The last two MUST be `async`: their intent is made durable first. */
  readonly effect: Effect
  /**
   * What this one call does, where it does less than `effect` says: a file that is opened only to read. MUST NOT be
   * more than `effect`, and MUST be total and pure.
   *
   * @param grant the grant in force, of the handler's own schema; `undefined` for an inert binding
   */
  effectOf?(call: Call, grant: Json | undefined): Effect
  /** The authority this call exercises. Absent, or `undefined` returned: none beyond having been bound. MUST be total: it never throws. */
  ask?(call: Call): Ask | undefined
  /**
   * The interface's own error for a refused call. Absent: the function cannot be refused call by call, only left
   * unbound or inert.
   */
  deny?(denial: Denial): WitError
  /** The function bounds its own wait (its arguments name a deadline), so the host's limit on one call does not apply. */
  readonly ownDeadline?: true
}

/** An intent whose result was lost in a crash of the host, and which is not known to be idempotent. */
export interface Intent {
  readonly fn: string
  readonly args: readonly unknown[]
  readonly ask: Ask | undefined
}

/** What {@link Binding.reconcile} found out about an intent. */
export type Reconciled =
  | 'not-done'
  | 'unknown'
  | { readonly done: unknown }
  /** It was answered with the interface's own error. */
  | { readonly failed: WitError }

/** The host side of some interfaces for one actor. */
export interface Binding<Imports extends object = object> extends Partial<AsyncDisposable> {
  /**
   * Per track, the functions. A freestanding function has its WIT name in camelCase; a constructor and a static
   * function keep their WIT name (`[constructor]fields`, `[static]fields.from-list`). Values are as lifted by jco;
   * a WIT `err` is thrown as {@link WitError}. A method is looked up, in camelCase, on the plain object that was
   * returned as the resource; `Symbol.dispose` on it is called when the guest drops it.
   */
  readonly imports: Imports
  /**
   * A description of a resource that this binding made: plain data, part of the event that hands it out.
   * It is what {@link resume} gets after a restart, and what asks see.
   */
  describe?(type: string, object: object): Json | undefined
  /**
   * What asks see of a live resource instead of its description: for one that a guest makes first and fills in afterwards,
   * as a request is. Plain data; it goes into events only as part of an ask. MUST be pure.
   */
  current?(type: string, object: object): Json | undefined
  /**
   * The live object for a described resource, under the grant in force now. `undefined`: it cannot be had any more,
   * and the handle is closed. `type` is `${track}#${resource}`: `wasi:filesystem/types@0.2#descriptor`.
   */
  resume?(type: string, description: Json): object | undefined
  /**
   * The guest dropped a resource that this binding described: nobody has it any more. For what outlives the object, as
   * something half-written on a disk does: `Symbol.dispose` on the object is called also where the actor goes on with it, when
   * its instance is thrown away after a trap and when the host closes. MUST NOT wait; what it does is not recorded.
   */
  dropped?(type: string, description: Json): void
  /**
   * A function of it that queues was called, and what it said leaves now: the event that says so is durable. It comes once
   * for each such call that succeeded, in their order; not for those of a turn that was undone. MUST NOT wait.
   *
   * @param fn by its name within its track: `theater:http/websocket@0.1#send`
   * @param args as the record has them
   */
  leave?(fn: string, args: readonly unknown[]): void
  /** A turn of the actor was undone: it trapped, or was aborted, and what it had queued never leaves. MUST NOT wait. */
  undone?(): void
  /** The interface's own error for a method of a closed handle. Absent or `undefined`: the turn is aborted. */
  closed?(fn: string): WitError | undefined
  /** Finds out whether an intent of effect `once` happened before the host crashed. Absent: unknown. */
  reconcile?(intent: Intent): Promise<Reconciled>
}

/**
 * A capability: the host side of some WIT interfaces, with a grant type of its own.
 *
 * A handler does not log, record, retry or know about re-execution; the boundary does.
 */
export interface Handler<Grant extends Json = Json, Imports extends object = object> {
  /** The key under `grants`, and the name in denials. */
  readonly name: string
  /** The compatibility tracks it serves: `wasi:filesystem/types@0.2` is every 0.2.x. */
  readonly interfaces: readonly string[]
  /**
   * The tracks whose functions an actor exports for this handler to call: `theater:http/request-handler@0.1`. An actor that has a grant and exports one gets the
   * handler bound, also where it imports none of its interfaces.
   * @default none
   */
  readonly exports?: readonly string[]
  /** The schema of a grant; manifest validation, documentation and completion come from it. */
  readonly grant: JsonSchema
  /**
   * By `${track}#${wit name}`. A function that is not listed is not bound. Methods of `wasi:io/streams` MAY be listed,
   * for the streams that this handler makes: their mode, effect, ask and denial; the boundary implements them.
   */
  readonly functions: Readonly<Record<string, HandlerFunction>>
  /** Whether a child's grant lies within its parent's. Pure. */
  within(child: Grant, parent: Grant): true | Refusal
  /** Whether a grant covers an ask. Pure. */
  authorize(grant: Grant, ask: Ask): true | Refusal
  /** Binds the interfaces for one actor. Called afresh for every actor. */
  bind(actor: ActorContext, grant: Grant): Binding<Imports> | Promise<Binding<Imports>>
  /**
   * What an actor gets that imports these interfaces without a grant: empty, closed, no authority. Absent: an import
   * without a grant refuses the spawn.
   */
  inert?(actor: ActorContext): Binding<Partial<Imports>>
  /**
   * Whether nothing from outside reaches an actor through its binding, so that the binding may be let go of while the actor has nothing to do
   * and leaves memory; it is bound again for its next turn. What the guest holds then comes back as after a restart, by
   * {@link Binding.resume}. Pure.
   *
   * @param grant the grant in force; `undefined` for an inert binding
   * @default false: an actor that has it stays in memory
   */
  rests?(grant: Grant | undefined): boolean
  /** Ends host-wide things: a listener, a pool. */
  [Symbol.asyncDispose]?(): Promise<void>
}

/** Any handler, whatever its grant: what a host keeps a list of. */
// The grant is checked against the handler's own schema before the handler sees it, which is what makes this sound.
export type AnyHandler = Omit<Handler<never, object>, 'inert'> & { inert?(actor: ActorContext): Binding }

/** Declares a handler; infers the types of its grant and imports. */
export function defineHandler<Grant extends Json, Imports extends object>(
  handler: Handler<Grant, Imports>,
): Handler<Grant, Imports> {
  return handler
}
