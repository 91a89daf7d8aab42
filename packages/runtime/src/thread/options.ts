import type { WorkerOptions } from 'node:worker_threads'
import type { LogLine } from '../host.ts'
import type { DeadLetter } from '../post.ts'

/** Options of `openThread`. */
export interface ThreadOptions<Data = unknown> {
  /** A module whose `default` export makes the options of the `Theater` that is opened in the thread, see `SetUp`. */
  readonly module: URL
  /** What that function is given: anything that can cross to another thread. */
  readonly data?: Data
  /** Milliseconds within which the thread has to answer; then it is ended. 100 to 2147483647. @default 10000 */
  readonly answerMs?: number
  /** How many threads there may be after the first within {@link restartMs}. @default 20 */
  readonly restarts?: number
  /** @default 600000 */
  readonly restartMs?: number
  /** Gets what actors log, and what the host has to say about them. @default nowhere */
  readonly log?: (line: LogLine) => void
  /** Gets messages that could not be delivered. @default nowhere, but for what the module does with them */
  readonly deadLetter?: (letter: DeadLetter) => void
  /** Gets what the module says, in its place between answers. @default nowhere */
  readonly told?: (news: unknown) => void
  /** Is told of each thread that had to be ended. @default nobody */
  readonly restarted?: (restart: Restart) => void
  /** How the thread is started. */
  readonly worker?: Pick<
    WorkerOptions,
    'env' | 'argv' | 'execArgv' | 'stdin' | 'stdout' | 'stderr' | 'resourceLimits'
  >
}

/** A thread that had to be ended. */
export interface Restart {
  /** Whether it did not answer, or ended by itself. */
  readonly how: 'hung' | 'died'
  /** Whose doing that was; `undefined`: nobody knows. */
  readonly actor: string | undefined
  /** What it ended of, where it ended by itself. */
  readonly error: Error | undefined
}
