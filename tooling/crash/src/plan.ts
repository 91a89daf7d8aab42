import type { Outcome } from './jobs.ts'
import type { Point } from './points.ts'
import type { Durabilities } from './stage.ts'

/** How much there is to do in one life. */
export interface Load {
  /** What couriers are asked. */
  readonly jobs: number
  /** Requests that are paid for. */
  readonly payments: number
  readonly timers: number
}

/** What one host does, and where it ends. */
export interface HostPlan extends Load {
  /** The database. */
  readonly file: string
  /** Where the world is. */
  readonly world: string
  readonly durabilities: Durabilities
  /** Where it kills itself; null: it does not. */
  readonly point: Point | null
  /** Whether the system syncs when it says that it has. */
  readonly honest: boolean
}

/** What a host told its caller: the answer to a job, or that a payment or a timer is under way. */
export type Told =
  | { readonly of: 'job'; readonly n: number; readonly outcome: Outcome }
  | { readonly of: 'payment' | 'timer'; readonly n: number }
