import type { Json } from '@theater/values'

/** What a child is made of, see {@link Children.spawn}. */
export interface ChildRequest {
  /** The sha-256 of the component's bytes. 32 bytes. */
  readonly component: Uint8Array
  /** What its `init` gets: a media type and a content that it describes. */
  readonly params: { readonly format: string; readonly body: Uint8Array }
  /** Authority, by handler. */
  readonly grants: { readonly [handler: string]: Json }
  readonly limits: ChildLimits
}

/** What a child may use; what is absent is as `theater:supervisor/children.limits` has it. */
export interface ChildLimits {
  readonly fuelPerTurn?: bigint | undefined
  readonly memoryBytes?: bigint | undefined
  readonly descendants?: number | undefined
}

/** What came of a child that was to be made: the cases are those of `theater:supervisor/children.spawn-error`. */
export type Spawned =
  | { readonly tag: 'made'; readonly id: string }
  | { readonly tag: 'unknown-component' | 'trapped' }
  /** Why, as a sentence for people; of `limit` its name comes first. */
  | { readonly tag: 'bad-grants' | 'unmet-import' | 'limit'; readonly val: string }
  /** What its `init` answered. */
  | {
      readonly tag: 'init'
      readonly val: {
        readonly code: string
        readonly message: string
        readonly detail?: { readonly format: string; readonly body: Uint8Array } | undefined
      }
    }

/** The actors that an actor has made, as a handler reaches them. They end with it, and before it. */
export interface Children {
  /**
   * Makes an actor that is a child of this one. MUST be called synchronously from a function whose effect is `once`: the
   * intent of that call is the child's cause, and gives it its id.
   *
   * The runtime sees to it that what the child holds lies within what this actor holds.
   *
   * @returns what came of it, once the child's `init` has ended. It never rejects
   */
  spawn(request: ChildRequest): Promise<Spawned>
  /**
   * What came of the child that the intent which is being settled was to make; it waits for the child's `init`. MUST be
   * called synchronously from `Binding.reconcile`.
   *
   * @returns `undefined` where no child was made
   */
  spawned(): Promise<Spawned> | undefined
  /**
   * Ends a child for good, and all of its own before it. Resolves when its record says so.
   *
   * @returns whether there is, or was, such a child
   */
  stop(id: string): Promise<boolean>
  /** The children that have not ended, in the order in which they were made. */
  list(): readonly string[]
}
