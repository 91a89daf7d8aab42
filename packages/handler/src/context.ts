import type { Children } from './children.ts'
import type { Channels } from './channels.ts'
import type { Timers } from './timers.ts'
import type { Topics } from './topics.ts'

/** The event that caused a turn of another actor: chain id, sequence and header hash, 32-byte digests. */
export interface Cause {
  readonly chain: Uint8Array
  readonly seq: number
  readonly hash: Uint8Array
}

/** Why a message could not be queued or a request was not answered by its receiver. */
export type DeliveryFailure =
  | {
      readonly tag:
        | 'unknown-actor'
        | 'not-served'
        | 'mailbox-full'
        | 'stopped'
        | 'timeout'
        | 'deadlock'
        | 'trapped'
        | 'outcome-unknown'
    }
  | { readonly tag: 'outbox-full'; readonly val: number }
  | { readonly tag: 'too-large'; readonly val: bigint }

/** An outside effect as it stands in the record of its actor, see {@link ActorContext.recorded}. */
export interface RecordedCall {
  /** The handler's own name of the function: `theater:http/client@0.1#start`. */
  readonly fn: string
  /** As they were lifted. */
  readonly args: readonly unknown[]
  /** What {@link ActorContext.intent} was. */
  readonly intent: Cause
}

/** The outcome of {@link ActorContext.request}: the receiver's lifted result, or why there is none. */
export type Reply = { readonly tag: 'answered'; readonly val: unknown } | DeliveryFailure

/** A request that was started, see {@link ActorContext.request}. */
export interface PendingRequest {
  /** Identifies the request within the sender's chain for {@link ActorContext.pending}: plain data for a description. */
  readonly id: { readonly [key: string]: string | number }
  /** Settles when the receiver's turn is durable, the deadline passed, or delivery failed. Never rejects. */
  readonly reply: Promise<Reply>
  /** Gives up waiting. The receiver's turn is not undone. */
  cancel(): void
}

/** Options of {@link ActorContext.invoke}. */
export interface InvokeOptions {
  /** Milliseconds from now. A turn that has not begun by then is not taken; one that has begun is not undone. */
  readonly deadline: number
  /** The event of another actor that this comes of: a cause is run once, however often it comes. */
  readonly cause?: Cause
  /** Takes the call back while its turn has not begun; afterwards it changes nothing. A call with a cause stays. */
  readonly signal?: AbortSignal
  /**
   * Where the actor has too much to do it waits, in its place, and is not refused: for whoever bounds how many of its
   * calls are under way, as a connection does that reads no further meanwhile.
   *
   * @default false
   */
  readonly waits?: boolean
}

/** The `code` of what {@link ActorContext.invoke} rejects with. */
export type InvokeFailure =
  /** The component exports nothing of that name. */
  | 'not-served'
  /** It is about a channel or a connection that is closed; nothing happened. */
  | 'not-open'
  /** The arguments are not of the export's types, or hold a resource that is not the calling handler's. */
  | 'bad-arguments'
  /** The arguments have more bytes than the actor takes at once; nothing happened. */
  | 'too-large'
  /** The actor has too much to do; nothing happened. */
  | 'mailbox-full'
  /** The caller took it back; nothing happened. */
  | 'withdrawn'
  /** The deadline passed. */
  | 'timeout'
  /** The guest trapped; what the turn did to it is undone. */
  | 'trapped'
  /** The host ended the turn. */
  | 'aborted'
  /** The actor takes no turns any more. */
  | 'stopped'
  /** The actor's record cannot be written or read. */
  | 'store-failed'
  | 'cannot-resume'
  /** The host is closing. */
  | 'closed'

/** What the runtime offers to a handler about the one actor it is bound to. */
export interface ActorContext {
  /** The actor's id: a name, never an authority. */
  readonly id: string
  /** Aborts when the actor ends. */
  readonly signal: AbortSignal
  /** Whether the actor's component exports a function, by the names that {@link invoke} takes. */
  exports(fn: string): boolean
  /**
   * Calls an export of this actor from outside: one turn. Resolves when the turn is durable.
   *
   * Resources among the arguments are objects of the handler that calls, as the functions that it binds answer with
   * them: it describes them, serves their methods, and resumes them after a restart.
   *
   * @param fn an export: `theater:messaging/receiver@0.1#handle-send` or a track-less full id
   * @throws an Error whose `code` is an {@link InvokeFailure}
   */
  invoke(fn: string, args: readonly unknown[], o: InvokeOptions): Promise<unknown>
  /**
   * Queues a call of an export of another actor. MUST be called synchronously from a function whose effect is `none`;
   * it leaves, in order, at the turn's end or before the turn's next outside effect, and not at all if the turn traps.
   *
   * @returns `undefined` when it was queued, else why not
   */
  send(to: string, fn: string, args: readonly unknown[]): DeliveryFailure | undefined
  /**
   * Starts a request to another actor. MUST be called synchronously from a function whose effect is `idempotent`:
   * the intent of that call is the cause that the receiver sees, and the receiver runs a cause once however often it comes.
   */
  request(to: string, fn: string, args: readonly unknown[], o: { readonly timeoutMs: number }): PendingRequest
  /** Takes up, after a restart, a request that was started before it. `undefined`: it is not known. */
  pending(id: { readonly [key: string]: string | number }): PendingRequest | undefined
  /**
   * The event of the outside effect that is performed now: the same each time that it is performed, after a crash too. Its
   * hash cannot be guessed by whoever does not have the record. Read it before anything is waited for; `undefined` in
   * calls that are no outside effect.
   */
  readonly intent: Cause | undefined
  /**
   * Reads an outside effect back from the actor's record: what a resource of before a restart was made by, where its
   * description says so.
   *
   * @param seq what {@link intent} had
   * @returns `undefined`: there is none, or its arguments have resources in them
   */
  recorded(seq: number): Promise<RecordedCall | undefined>
  /** What is published, and for whom. */
  readonly topics: Topics
  /** Channels with other actors. */
  readonly channels: Channels
  /** The actor's own timers. */
  readonly timers: Timers
  /** The actors that this one has made. */
  readonly children: Children
  /** Writes a line to the actor's log: what its stdio and log interfaces say. Not a record; the chain is. */
  log(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields?: readonly (readonly [string, string])[],
  ): void
  /**
   * Ends the actor on its own wish (`wasi:cli/exit`). Call it and return; the boundary ends the guest, the call does not come back.
   *
   * @param status 0 to 255
   */
  exit(status: number): void
}
