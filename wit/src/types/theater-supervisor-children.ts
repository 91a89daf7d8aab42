// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface theater:supervisor/children@0.1.0 **/
/**
 * Makes an actor and waits until its `init` has ended.
 *
 * `component` is the sha-256 of the component's bytes. `params` is what the child's `init` gets. `grants` is
 * JSON: an object of grants by handler, as a manifest's table of grants is. It MUST lie within the parent's
 * own, handler by handler; a handler that is absent from it is not granted.
 *
 * The host MUST choose the id from the parent's and from the place of this call in its chain. The child is
 * made once, also where the host crashes meanwhile. It lives until it ends itself, is stopped, or its
 * parent ends; it is not undone where the parent's turn traps later, and `list` has it then.
 */
export declare function spawn(component: Uint8Array, params: Message, grants: string, limits: Limits): ActorId
/**
 * Ends a child for good, and all of its descendants before it.
 *
 * It MUST answer ok for a child that has ended already.
 */
export declare function stop(id: ActorId): void
/**
 * The children that have not ended, in the order in which they were made.
 */
export declare function list(): Array<ActorId>
/**
 * The components that the grant lists, by the names that it gives them; one without a name is not here.
 */
export declare function components(): Array<[string, Uint8Array]>
import type { ActorId } from './theater-actor-types.ts'
export type { ActorId }
import type { Message } from './theater-actor-types.ts'
export type { Message }
import type { Failure } from './theater-actor-types.ts'
export type { Failure }
/**
 * What a child may use at most. All of it comes out of what the parent has.
 */
export interface Limits {
  /**
   * Fuel for one turn of the child. None: as much as the parent's own turns have. It MUST NOT be more.
   */
  fuelPerTurn?: bigint | undefined
  /**
   * Bytes of memory for the child. None: as much as the parent has. It MUST NOT be more.
   */
  memoryBytes?: bigint | undefined
  /**
   * How many descendants the child may have at once. None: no descendants. The child and these count
   * against the parent's own number until the child has ended.
   */
  descendants?: number | undefined
}
/**
 * Why there is no child, or why it was not stopped.
 */
export type SpawnError =
  | SpawnErrorDenied
  | SpawnErrorUnknownComponent
  | SpawnErrorBadGrants
  | SpawnErrorUnmetImport
  | SpawnErrorLimit
  | SpawnErrorInit
  | SpawnErrorTrapped
  | SpawnErrorNotMyChild
/**
 * The grant does not cover the call. The payload says why, for people. Nothing happened. Trying again is
 * useless; ask whoever granted.
 */
export interface SpawnErrorDenied {
  tag: 'denied'
  val: string
}
/**
 * The grant lists the component, and the host does not have it or cannot run it. Nothing happened. Ask
 * whoever runs the host.
 */
export interface SpawnErrorUnknownComponent {
  tag: 'unknown-component'
}
/**
 * `grants` is not the JSON of a table of grants, or more than the parent holds. The payload says what is
 * wrong, for people. Nothing happened. Ask for less.
 */
export interface SpawnErrorBadGrants {
  tag: 'bad-grants'
  val: string
}
/**
 * The component imports what `grants` does not give it. The payload says what, for people. Nothing
 * happened. Add the grant, if the parent holds it.
 */
export interface SpawnErrorUnmetImport {
  tag: 'unmet-import'
  val: string
}
/**
 * A limit is above the parent's own, or the parent has had all that it may have. The payload names the
 * limit, for people. Nothing happened. Ask for less, or stop a child and try again.
 */
export interface SpawnErrorLimit {
  tag: 'limit'
  val: string
}
/**
 * The child's own "no": what its `init` answered. It never came to be. Correct the parameters.
 */
export interface SpawnErrorInit {
  tag: 'init'
  val: Failure
}
/**
 * The component trapped while it was instantiated or in its `init`, or the host ended it there. It never
 * came to be. The same call SHOULD be expected to trap again.
 */
export interface SpawnErrorTrapped {
  tag: 'trapped'
}
/**
 * There is no child of that id. Nothing happened. A bug of the caller.
 */
export interface SpawnErrorNotMyChild {
  tag: 'not-my-child'
}
