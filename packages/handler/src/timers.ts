/** A timer of an actor. */
export interface Timer {
  /** The place in the actor's chain of the call that set it. */
  readonly id: bigint
  /** When it is due next, in milliseconds since the epoch. */
  readonly due: bigint
  /** Milliseconds from one time that it is due to the next; `undefined` for one that fires once. */
  readonly interval?: bigint | undefined
}

/** Why no timer was set. */
export type TimerFailure =
  | { readonly tag: 'not-served' }
  | { readonly tag: 'too-many'; readonly val: number }
  /** The payload is how many bytes the messages of further timers may have. */
  | { readonly tag: 'too-large'; readonly val: bigint }

/** Timers, as a handler reaches them for one actor. What it does leaves, in order, as {@link ActorContext.send} does. */
export interface Timers {
  /** Milliseconds since the epoch by the actor's clock, from which times are counted; a whole number. */
  readonly now: number
  /**
   * Finds out whether a timer can be set, and names it. MUST be called synchronously from a function that does not wait, which MUST
   * answer with the timer.
   *
   * @param fn the export that it fires at: `theater:timer/target@0.1#fired`
   * @param message what it is to fire with, for its size
   */
  set(
    fn: string,
    timer: Pick<Timer, 'due' | 'interval'>,
    message: { readonly format: string; readonly body: Uint8Array },
  ): Timer | TimerFailure
  /**
   * Finds out whether there is a timer to cancel. MUST be called synchronously from a function that does not wait, which does so
   * when it answers.
   */
  cancel(id: bigint): boolean
  /** The actor's timers, by id ascending; what the turn that runs has set and cancelled counts. */
  list(): readonly Timer[]
}
