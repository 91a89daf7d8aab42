import { failureOf } from './errors.ts'
import type { Failure } from './errors.ts'
import { exits } from './exits.ts'
import { jsonLine, Output } from './output.ts'
import { isHelp, isPrinted, makeProgram, usageError } from './program.ts'

/**
 * Runs one command line, all that stands behind `theater`, on the streams of this process, and returns its exit code once all
 * is written. It leaves the process as it was: what still waits for standard input does not keep anybody but the process alive.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let output: Output | undefined
  let code = 0
  const program = makeProgram({
    output: (json) => (output = new Output(json)),
    exit: (status) => (code = status),
  })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (isHelp(error)) code = help(program.helpInformation())
    else if (!isPrinted(error)) {
      // A usage error comes before the command has its output.
      output ??= new Output(args.includes('--json'))
      code = await report(usageError(error), output)
    }
  }
  return (await areWritten(output)) ? code : exits.fault
}

/** Nothing was asked for: what there is goes where errors go. */
function help(text: string): number {
  process.stderr.write(text)
  return exits.usage
}

/** Prints what went wrong, for people, and with --json as a last line for programs, both to stderr. */
async function report(error: unknown, output: Output): Promise<number> {
  const failure = await failureOf(error)
  output.endStatus()
  for (const line of await lines(failure, output)) output.note(line)
  return failure.exit
}

async function lines(
  { exit, code: name, message, report: shown = message, data, stack }: Failure,
  to: Output,
): Promise<string[]> {
  const { printable } = await import('@theater/handler-log')
  const [first = '', ...rest] = shown.split('\n').map(printable)
  const text = [`${to.styleNote(['red', 'bold'], 'theater:')} ${first}`, ...rest.map((line) => `  ${line}`)]
  if (stack !== undefined) text.push(...stack.split('\n').slice(1).map(printable))
  if (to.json) text.push(jsonLine({ error: { code: name, message, exit, ...data } }))
  return text
}

/** Waits until everything is written. @returns whether the results could be */
async function areWritten(output: Output | undefined): Promise<boolean> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise<void>((resolve) => void stream.write('', () => resolve()))
  }
  const lost = output?.failure
  if (lost !== undefined) process.stderr.write(`theater: the results cannot be written: ${lost.message}\n`)
  return lost === undefined
}
