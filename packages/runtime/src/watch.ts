import type { Stage } from '@theater/boundary'
import type { Outside } from './outside.ts'
import type { Topics } from './topics.ts'

/**
 * What an actor is at.
 *
 * - `load`: its component is made ready.
 * - `start`: it is instantiated for the first time.
 * - `rerun`: it is brought back from its record.
 * - `turn`: it takes a turn.
 */
export type Doing = 'load' | 'start' | 'rerun' | 'turn'

/** Is told who has the thread, so that somebody outside of it can name whoever does not give it back. */
export interface Watch {
  /** One instance of an actor. @param doing asked each time it is let in */
  stage(actor: string, doing: () => Doing): Stage
  /** A component is made ready for an actor, until the answer is disposed of. */
  preparing(actor: string, doing: Doing): Disposable
}

/** Whoever had a thread that had to be ended. */
export interface Hung {
  readonly actor: string
  readonly doing: Doing
}

/** What a theater is opened with whose thread is watched. */
export interface Guard {
  readonly watch: Watch
  /** Whose doing did not end in the thread before this one, if anybody's. */
  readonly hung: readonly Hung[]
  /** Actors that are not brought back, because they would keep the thread again. */
  readonly barred: ReadonlySet<string>
  /** Listens to what is published, and to what is said outside, before anybody says anything. */
  listen(topics: Topics, outside: Outside): void
}
