import type { Command } from 'commander'
import type { helpTexts } from '../help-text.ts'
import type { Output } from '../output.ts'

/** What commands are declared with. */
export interface Declare {
  /** Adds a command, with what all of them have. */
  readonly add: (name: keyof typeof helpTexts, about: string) => Command
  /** Runs a command's action with its output, and ends with the exit code that it gives. */
  readonly act: <A extends unknown[]>(
    run: (output: Output, ...args: A) => Promise<number>,
  ) => (...given: unknown[]) => Promise<void>
}
