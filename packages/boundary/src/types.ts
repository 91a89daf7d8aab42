import type { AnyHandler, Binding, Cause } from '@theater/handler'
import type { AbortCode, EventOf, Kind, TrapCode } from '@theater/event-chain'
import type { Json, ResourceType } from '@theater/values'
import type { ChannelStep, TimerStep } from './rules.ts'

/** An event whose content is there: what a re-run needs. */
export type TheaterEvent = { readonly [K in Kind]: EventOf<K> }[Kind]

/** A handler as it is bound for one actor. */
export interface Link {
  readonly handler: AnyHandler
  readonly binding: Binding
  /** The grant in force; `undefined` for an inert binding. */
  readonly grant: Json | undefined
}

/** Where the live side writes what happened. */
export interface Recorder {
  /** Adds an event to the chain, all of it or, where it throws, nothing; it is not durable yet. `content` is copied. */
  append(kind: TheaterEvent['kind'], content: Uint8Array): EventRef
  /** Resolves when everything that was appended is as durable as the host asked. */
  flush(): Promise<void>
}

/** Names one event of a chain. */
export interface EventRef {
  readonly seq: number
  readonly hash: Uint8Array
}

/** A message that left with a committed turn, or just before an outside effect: calls of other actors' exports. */
export interface Departed {
  readonly kind: 'message'
  /** The `send` event, which is the cause that the receivers record. */
  readonly ref: EventRef
  /** Each once; none where nobody is to get it. */
  readonly to: readonly string[]
  /** Full or track name of the export: `theater:messaging/receiver@0.1#handle-send`. */
  readonly fn: string
  readonly args: readonly unknown[]
  /** The topic that it was published under. */
  readonly topic: string | undefined
  /** What it says of a channel. */
  readonly step: ChannelStep | undefined
}

/** A change of what the actor is subscribed to, which came into force as a message leaves. */
export interface Subscribed {
  readonly kind: 'subscribe' | 'unsubscribe'
  /** The `send` event. */
  readonly ref: EventRef
  readonly topic: string
}

/** A change of the timers that the actor has, which came into force as a message leaves. */
export interface TimerChanged {
  readonly kind: 'timer'
  /** The `send` event, which is the cause that a firing records. */
  readonly ref: EventRef
  readonly step: TimerStep
}

/** What a handler is to let leave the host now. */
export interface Handed {
  readonly kind: 'handed'
  /** The `send` event. */
  readonly ref: EventRef
  /** The interface of the function that was called, as the component names it. */
  readonly interface: string
  /** The function, by its name within its track. */
  readonly fn: string
  readonly args: readonly unknown[]
  /** The WebSocket connection that it closes. */
  readonly closes: string | undefined
}

/** What left an actor, in the order in which it did. */
export type Departure = Departed | Subscribed | TimerChanged | Handed

/**
 * Who has the thread. Where somebody watches it, one guest at a time is let in, so that whoever does not give the
 * thread back can be named.
 */
export interface Stage {
  /** Before the guest, or a handler for it, runs. Resolves when the one before has left; `undefined`: go on. */
  enter(): Promise<void> | undefined
  /** The guest waits, or its turn is over. Where it did not have the thread this changes nothing. */
  leave(): void
}

/** What the live side of a boundary needs from its host. */
export interface Live {
  readonly recorder: Recorder
  /** By interface name of the component: who serves it. Built-in interfaces are not in it. */
  readonly links: ReadonlyMap<string, Link>
  /** Milliseconds since the epoch. */
  now(): number
  /** Hands over what left, when its `send` events are durable. */
  leave(departures: readonly Departure[]): void
  /** Milliseconds that one host call may take before the turn is aborted. */
  readonly callTimeoutMs: number
  /** Aborts when the actor is ended. */
  readonly signal: AbortSignal
  /**
   * Is told when the guest of this boundary runs. With it, a turn is on record before its guest runs.
   *
   * @default nobody watches
   */
  readonly stage?: Stage | undefined
}

/** One turn, as the live side is asked to run it. */
export interface TurnRequest {
  /** `FunctionModel.id` of the export. */
  readonly fn: string
  readonly args: readonly unknown[]
  readonly sender: string | null
  readonly cause: Cause | null
  /** Milliseconds since the epoch that it does not begin before, also where the clock was set back. */
  readonly notBefore?: number | undefined
  /** Who made the resources in `args`, and resumes them; it MUST be who serves the interface that they are of. */
  readonly link?: Link
}

/** Something that the guest did and the record does not say, or the other way round. */
export interface Divergence {
  /** Index of the event at which record and guest part. */
  readonly seq: number
  /** What the record says; `undefined` when it ends before. */
  readonly expected: TheaterEvent | undefined
  /** What the guest did, as plain data. */
  readonly actual: Actual
}

/** What a guest did, for a {@link Divergence}. Values are canonical bytes; fuel is null without a meter. */
export type Actual =
  | { readonly kind: 'call'; readonly fn: string; readonly args: Uint8Array; readonly fuel: number | null }
  | { readonly kind: 'drop'; readonly resource: number; readonly fuel: number | null }
  | { readonly kind: 'send'; readonly call: number }
  | { readonly kind: 'return'; readonly result: Uint8Array; readonly fuel: number | null }
  | { readonly kind: 'trap'; readonly code: TrapCode; readonly fuel: number | null }
  /** It did what makes its host end the turn. */
  | { readonly kind: 'abort'; readonly code: AbortCode }
  /** It instantiated, and waits for its first turn. */
  | { readonly kind: 'ready' }
  /** It drew from the seed, which is withheld, before the event of that number (null: the record ends there). */
  | { readonly kind: 'draw'; readonly fn: string; readonly before: number | null }
  /** It did nothing: what is recorded here is nothing that a boundary could have recorded. */
  | { readonly kind: 'refused-record'; readonly reason: string }

/** How a turn, or an instantiation, ended. */
export type TurnEnd =
  | {
      readonly tag: 'return'
      readonly value: unknown
      /** The `return` event. Read its fields, do not spread it: a hash is made when it is asked for. */
      readonly ref: EventRef | undefined
      readonly sends: readonly Departure[]
    }
  | { readonly tag: 'trap'; readonly code: TrapCode; readonly error: unknown }
  | {
      readonly tag: 'abort'
      readonly code: AbortCode
      readonly error: unknown
      readonly status: number | undefined
      /** Whether the record says so; otherwise it happened here and now. */
      readonly recorded: boolean
    }
  | { readonly tag: 'diverged'; readonly divergence: Divergence }
  /** The record does not say how it goes on, and nobody is there to go on live: it ends here, or the seed is withheld. */
  | { readonly tag: 'incomplete'; readonly actual: Actual }
  /** The record could not be written; the actor must not go on, and nothing of this may be shown. */
  | { readonly tag: 'lost'; readonly error: unknown }

/** A resource that the guest made, as handlers and embedders see it. */
export interface GuestHandle {
  readonly guest: number
  readonly type: ResourceType
}

/** A resource of the host that an export answered with: it is the embedder's now, and `Symbol.dispose` on its object too. */
export interface HostHandle {
  readonly n: number
  readonly type: ResourceType
  /** What its maker said of it. */
  readonly description: Json | undefined
  /** The maker's object; `undefined` on a re-run, and where it was not used since one. */
  readonly object: object | undefined
}
