/** The `theater` command, run by bin/theater.js. */
import { exits } from './exits.ts'
import { failureOf } from './errors.ts'
import type { Failure } from './errors.ts'
import { Output } from './output.ts'
import { isHelp, isPrinted, makeProgram, usageError } from './program.ts'

let output: Output | undefined
let code = 0

const program = makeProgram({
  output: (json) => (output = new Output(json)),
  exit: (status) => (code = status),
})
try {
  await program.parseAsync()
} catch (error) {
  if (isHelp(error)) code = help(program.helpInformation())
  else if (!isPrinted(error)) code = await report(usageError(error))
}
await finish(code)

/** Nothing was asked for: what there is goes where errors go. */
function help(text: string): number {
  process.stderr.write(text)
  return exits.usage
}

/** Prints what went wrong, for people, and with --json as a last line for programs, both to stderr. */
async function report(error: unknown): Promise<number> {
  const failure = await failureOf(error)
  // A usage error comes before the command has its output.
  output ??= new Output(process.argv.includes('--json'))
  output.endStatus()
  for (const line of await lines(failure, output)) output.note(line)
  return failure.exit
}

async function lines(
  { exit, code: name, message, report: shown = message, data, stack }: Failure,
  to: Output,
): Promise<string[]> {
  const { printable } = await import('@theater/handler-log')
  const { jsonLine } = await import('./output.ts')
  const [first = '', ...rest] = shown.split('\n').map(printable)
  const text = [`${to.styleNote(['red', 'bold'], 'theater:')} ${first}`, ...rest.map((line) => `  ${line}`)]
  if (stack !== undefined) text.push(...stack.split('\n').slice(1).map(printable))
  if (to.json) text.push(jsonLine({ error: { code: name, message, exit, ...data } }))
  return text
}

/** Ends the process once everything is written: standard input may still be open, and would keep it alive. */
async function finish(status: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise<void>((resolve) => void stream.write('', () => resolve()))
  }
  const lost = output?.failure
  if (lost !== undefined) {
    process.stderr.write(`theater: the results cannot be written: ${lost.message}\n`)
    process.exit(exits.fault)
  }
  process.exit(status)
}
