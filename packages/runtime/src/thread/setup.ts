import type { TheaterOptions } from '../options.ts'

/** What the module of a thread makes: the options of the `Theater` that is opened there. */
export interface ThreadSetup extends TheaterOptions {
  /** Called before the theater closes, for what has to end before its actors do: a server that answers by them. */
  readonly closing?: () => Promise<void>
}

/**
 * What the module of a thread exports as its `default`. It is called in the thread, once in each that is started.
 *
 * @param tell says something to `ThreadOptions.told`: anything that can cross to another thread
 */
export type SetUp<Data> = (data: Data, tell: (news: unknown) => void) => ThreadSetup | Promise<ThreadSetup>
