import { Command, CommanderError } from 'commander'
import type { Argument } from 'commander'
import type { Declare } from './declare/declare.ts'
import { folder } from './declare/folder.ts'
import { making } from './declare/making.ts'
import { proving } from './declare/proving.ts'
import { running } from './declare/running.ts'
import { CliError } from './errors.ts'
import { helpText, helpTexts } from './help-text.ts'
import type { Output } from './output.ts'

/** What the program needs of its process. */
export interface ProgramIo {
  /** Makes the output, once it is known whether it is JSON. */
  readonly output: (json: boolean) => Output
  /** Takes the exit code of the command that ran. */
  readonly exit: (code: number) => void
}

const EXIT_CODES = `
Exit codes:
  0  done, or verified
  1  our own fault, or the machine's
  2  usage: the command line, or a file or actor that is not there
  3  refused: a grant, an unmet import, the manifest, the component
  4  the guest failed: err, trap, abort
  5  diverged: the component does not do what the record says
  6  broken: not an intact chain
  7  inconclusive: neither confirmed nor refuted here
`

/** Declares every command. What a command does is loaded when it runs, so that \`--help\` costs nothing. */
export function makeProgram(io: ProgramIo): Command {
  const program = new Command('theater')
  program
    .description(
      'Runs WebAssembly components as actors, records all that they do, and proves it by running them again.',
    )
    .usage('COMMAND …')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError(true)
    .configureHelp({
      subcommandTerm: (command) =>
        `${command.name()} ${command.registeredArguments.map(term).join(' ')}`.trim(),
    })
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })

  const add: Declare['add'] = (name, about) => {
    const command = program.command(name)
    return command
      .description(about)
      .helpOption('-h, --help', 'print this help')
      .option('--json', 'results as JSON, one object a line; everything else goes to stderr')
      .exitOverride((error) => {
        throw isPrinted(error) ? error : refusal(error, command)
      })
      .configureOutput({ writeErr: () => undefined })
      .addHelpText('after', () => helpText(command, helpTexts[name]))
  }

  const act: Declare['act'] =
    <A extends unknown[]>(run: (output: Output, ...args: A) => Promise<number>) =>
    async (...given) => {
      const command = given.at(-1) as Command
      const output = io.output(command.opts()['json'] === true)
      io.exit(await run(output, ...(given.slice(0, -1) as A)))
    }

  making({ add, act })
  running({ add, act })
  folder({ add, act })
  proving({ add, act })
  return program
}

/** Whether an error is commander's way to end after it printed help or the version. */
export function isPrinted(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0
}

/** Whether an error is commander's way to say that no command was named. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help'
}

/** A usage error as ours; anything else as it is. */
export function usageError(error: unknown): unknown {
  return error instanceof CommanderError ? refusal(error) : error
}

/** What is wrong with a command line, how the command is used, and where there is more. */
function refusal(error: CommanderError, command?: Command): CliError {
  const message = error.message.replace(/^error: /, '')
  const theirs =
    command?.name() === 'run' && error.code === 'commander.unknownOption'
      ? '\nWhat is for the component and begins with - stands after --.'
      : ''
  const more =
    command === undefined
      ? '`theater --help` says which commands there are.'
      : `Usage: theater ${command.name()} ${command.usage()}\n\`theater ${command.name()} --help\` says more.`
  return new CliError('usage', `${message}${theirs}\n${more}`, { cause: error })
}

function term(argument: Argument): string {
  const text = argument.variadic ? `${argument.name()}…` : argument.name()
  return argument.required ? text : `[${text}]`
}

const VERSION = '0.0.0'
