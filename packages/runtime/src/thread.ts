/**
 * A theater in a thread of its own that can be ended: an actor that keeps it from answering is found out, and the others go on.
 *
 * @module
 */
import { TheaterThread } from './thread/theater-thread.ts'
import type { ThreadOptions } from './thread/options.ts'

export type { Restart, ThreadOptions } from './thread/options.ts'
export type { SetUp, ThreadSetup } from './thread/setup.ts'
export type { TheaterThread } from './thread/theater-thread.ts'

/**
 * Starts a thread, has its module make the options of a theater there, and opens that.
 *
 * @throws TheaterError `unresponsive` where no thread answers, `bad-limit` for numbers that cannot be; ChainError where the
 * store cannot be opened; whatever the module throws
 *
 * @example
 * ```ts
 * await using theater = await openThread({ module: new URL('./actors.ts', import.meta.url), data: 'theater.db' })
 * ```
 */
export function openThread<Data>(options: ThreadOptions<Data>): Promise<TheaterThread> {
  return TheaterThread.open(options)
}
