import type { Delivery } from '@theater/boundary'
import type { Cause, DeliveryFailure, Reply } from '@theater/handler'
import type { Actor } from './actor.ts'
import type { WaitGraph } from './waits.ts'

/** One line of an actor's log. */
export interface LogLine {
  readonly actor: string
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: readonly (readonly [string, string])[]
}

/** What an actor needs of the theater it plays in. */
export interface Host {
  readonly waits: WaitGraph
  log(line: LogLine): void
  /** Why a message to another actor cannot be queued; `undefined`: it can. */
  canSend(from: Actor, to: string, fn: string): DeliveryFailure | undefined
  /** Takes over messages whose `send` events are durable. */
  deliver(from: Actor, deliveries: readonly Delivery[]): void
  /** Brings a request to its receiver, once per cause. Never rejects. */
  deliverRequest(
    from: Actor,
    request: {
      readonly to: string
      readonly fn: string
      readonly args: readonly unknown[]
      readonly cause: Cause
    },
  ): Promise<Reply>
  /** The answer to a request that was started before a restart; `undefined`: the record does not know it. */
  requestAgain(from: Actor, to: string, seq: number): Promise<Reply> | undefined
}
