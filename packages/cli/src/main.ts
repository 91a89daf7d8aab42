/** The `theater` command, run by bin/theater.js. */
import { runCommandLine } from './command-line.ts'

// The process ends once everything is written: standard input may still be open, and would keep it alive.
process.exit(await runCommandLine(process.argv.slice(2)))
