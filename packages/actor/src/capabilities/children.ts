import type { Json } from '../json.ts'
import type { ActorRef } from './messaging.ts'

/** What a child begins with. */
export interface ChildOptions {
  /** What its `init` gets: JSON, or bytes. @default nothing */
  readonly params?: unknown
  /**
   * Its authority, by handler, as a manifest has it. It must lie within this actor's own.
   * @default none
   */
  readonly grants?: { readonly [handler: string]: Json }
  /** What it may use at most; all of it comes out of what this actor may. */
  readonly limits?: {
    /** Fuel for one turn. @default as much as this actor's own turns */
    readonly fuelPerTurn?: number
    /** Bytes of memory. @default as much as this actor */
    readonly memoryBytes?: number
    /** Actors that it may make, and that these may make, at once. @default 0 */
    readonly descendants?: number
  }
}

/** How a child ended: the case of `theater:supervisor/watcher.ended`. */
export interface ChildEnd {
  /** The child's id. */
  readonly id: string
  /** How it ended. */
  readonly how: 'stopped' | 'trapped' | 'init-failed' | 'limit'
  /** Which limit it was, for people, where `how` is `limit`. */
  readonly limit: string | undefined
}

/** `ctx.spawn` and what goes with it: actors of this actor's own. All throw {@link SpawnError}. */
export interface Supervisor {
  /**
   * Makes an actor at once, and waits until its `init` has ended. It stays also where the handler throws later.
   *
   * @param component a component of the grant, by its name there, or `sha256:…`
   * @returns its id
   */
  spawn(component: string, options?: ChildOptions): string
  /** The same, with the definition of the child, so that messages to it are checked: `ctx.spawn<typeof worker>('worker')`. */
  spawn<A>(component: string, options?: ChildOptions): ActorRef<A>
  /** Ends a child for good, and all of its own before it. One that has ended already stays so. */
  stop(id: string): void
  /** The children that have not ended, in the order in which they were made. */
  children(): string[]
  /** The components that the grant gives names: `sha256:…` by name. For the `components` of a child's own grant. */
  components(): { readonly [name: string]: string }
}
