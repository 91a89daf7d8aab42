import type { Departure, EventRef } from '@theater/boundary'
import type { Cause, Channels, Children, DeliveryFailure, Timers, Topics } from '@theater/handler'
import type { Stacks } from '@theater/component'
import type { Actor } from './actor.ts'
import type { Snapshots } from './snapshots.ts'
import type { Letter, Told } from './mailbox.ts'
import type { Call } from './request.ts'
import type { Residents } from './residents.ts'
import type { Summaries } from './summaries.ts'
import type { WaitGraph } from './waits.ts'
import type { Watch } from './watch.ts'

/** One line of an actor's log. */
export interface LogLine {
  /** Its id; empty where the host speaks for itself. */
  readonly actor: string
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: readonly (readonly [string, string])[]
}

/** A request to another actor's export. */
export interface Request {
  readonly to: string
  /** Full or track name of the export. */
  readonly fn: string
  readonly args: readonly unknown[]
  readonly cause: Cause
}

/** What an actor needs of the theater it plays in. */
export interface Host {
  readonly waits: WaitGraph
  /** What is kept beside the records. */
  readonly summaries: Summaries
  /** The states of actors that are kept beside the records. */
  readonly snapshots: Snapshots
  /** Who is in memory and has nothing to do. */
  readonly residents: Residents
  /** Where guests run that can be suspended. */
  readonly stacks: Stacks
  /** Who watches the thread; `undefined`: nobody does. */
  readonly watch: Watch | undefined
  /** Milliseconds since the epoch. */
  now(): number
  log(line: LogLine): void
  /** Why a message to another actor cannot be queued; `undefined`: it can. */
  canSend(from: Actor, to: string, fn: string, args: readonly unknown[]): DeliveryFailure | undefined
  /** Takes over what left, whose `send` events are durable. */
  leave(from: Actor, departures: readonly Departure[]): void
  /** Brings a request to its receiver, which runs a cause once. */
  request(from: Actor, request: Request): Call
  /** A request that its receiver knows; `undefined`: it does not. */
  requestAgain(from: Actor, to: string, seq: number): Call | undefined
  /** Channels, for an actor. */
  channels(of: Actor): Channels
  /** Timers, for an actor. */
  timers(of: Actor): Timers
  /** What the turn of something that waits for an actor is told; `undefined`: it is not to be taken any more. */
  admits(to: Actor, letter: Letter): Told | undefined
  /** The turn in which an actor was asked for a channel came to nothing; `end` is its last event. */
  unopened(by: Actor, channel: string, end: EventRef): void
  /** Topics, for an actor. */
  topics(of: Actor): Topics
  /** The actors that an actor has made. */
  children(of: Actor): Children
  /** A turn has come to its end; it is not durable yet. */
  turned(): void
  /** Lets the event loop turn where actors have kept it for long. */
  breathe(): Promise<void> | undefined
  /** The actor came to its end, other than by `stop`. */
  ended(actor: Actor): void
}
