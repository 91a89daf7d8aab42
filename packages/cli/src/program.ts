import { Argument, Command, CommanderError, Option } from 'commander'
import { CliError } from './errors.ts'
import type { CertifyOptions } from './commands/certify.ts'
import type { ChainOptions } from './commands/chain.ts'
import type { DeadAction } from './commands/dead.ts'
import type { GcOptions } from './commands/gc.ts'
import type { LogsOptions } from './commands/logs.ts'
import type { ReplayFlags } from './commands/replay.ts'
import { helpText, helpTexts } from './help-text.ts'
import { levels } from './log-lines.ts'
import {
  actorId,
  answerOption,
  collect,
  dataOption,
  index,
  instances,
  milliseconds,
  rerunOptions,
  seconds,
} from './options.ts'
import type { RunFlags, ServeFlags } from './options.ts'
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

  const add = (name: keyof typeof helpTexts, about: string): Command => {
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

  /** Runs a command's action with its output. */
  const act =
    <A extends unknown[]>(run: (output: Output, ...args: A) => Promise<number>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command
      const output = io.output(command.opts()['json'] === true)
      io.exit(await run(output, ...(given.slice(0, -1) as A)))
    }

  add('build', 'Makes a component of an actor written in TypeScript.')
    .argument('<SRC.ts>', 'the file whose default export is the actor')
    .requiredOption('-o, --out <OUT.wasm>', 'where the component is written')
    .option('--minify', 'makes the bundled source smaller')
    .option('--no-check', 'leaves types unchecked')
    .option(
      '--wit <PATH>',
      'WIT of interfaces that it imports: a file or a folder; several times',
      collect,
      [],
    )
    .action(
      act(async (output, source: string, options: BuildFlags) => {
        const { build } = await import('./commands/build.ts')
        const { out, minify, check, wit } = options
        return build(source, { out, minify: minify === true, check, wit }, output)
      }),
    )

  add('types', 'Writes the types of interfaces that actors in TypeScript import, for editors and tsc.')
    .argument('<PATH...>', 'their WIT: files NAME.wit, or folders of them')
    .requiredOption('-o, --out <OUT.d.ts>', 'where the types are written')
    .action(
      act(async (output, wit: string[], { out }: { out: string }) => {
        const { types } = await import('./commands/types.ts')
        return types(wit, out, output)
      }),
    )

  add('dev', 'Runs an actor written in TypeScript, and replaces it whenever its sources are saved.')
    .argument('<SRC.ts>', 'the file whose default export is the actor')
    .addOption(dataOption())
    .option('--fresh', 'forgets every record of the data folder first')
    .option('--grant <HANDLER[=JSON]>', 'a grant; may be given several times', collect, [])
    .option('--manifest <FILE.toml>', 'takes grants, params and limits from an actor of a manifest')
    .option('--actor <ID>', "the actor's id; by default the file's name")
    .action(
      act(async (output, source: string, options: DevFlags) => {
        const { dev } = await import('./commands/dev.ts')
        const { actor, fresh, ...rest } = options
        return dev(
          source,
          { ...rest, fresh: fresh === true, ...(actor !== undefined && { actor: actorId(actor) }) },
          output,
        )
      }),
    )

  add(
    'inspect',
    'Says what a component imports, exports and needs, with a manifest for it; or what limits a manifest sets.',
  )
    .argument('<MANIFEST|FILE.wasm>', 'a component, or a theater.toml')
    .addOption(new Option('--toml', 'prints only the manifest').conflicts('json'))
    .action(
      act(async (output, file: string, options: { toml?: true }) => {
        const { inspect } = await import('./commands/inspect.ts')
        return inspect(file, { toml: options.toml === true }, output)
      }),
    )

  add('run', 'Runs the actors of a manifest, or one component, until nothing is left to do.')
    .argument('<MANIFEST|FILE.wasm>', 'a theater.toml, or a component')
    .argument('[ARGS...]', 'the arguments of a wasi:cli command; after -- where they begin with -')
    .addOption(dataOption())
    .option('--fresh', 'forgets every record of the data folder first')
    .option('--actor <ID>', "only this actor of a manifest; for a component the actor's id")
    .option('--listen <HOST:PORT>', 'where HTTP requests come in for actors of a manifest')
    .addOption(answerOption())
    .option('--grant <HANDLER[=JSON]>', 'a grant of a component; may be given several times', collect, [])
    .option('--manifest <FILE.toml>', "takes a component's grants and limits from an actor of a manifest")
    .option('--env <NAME[=VALUE]>', 'an environment variable; may be given several times', collect, [])
    .option('--stdin', "reads this command's standard input")
    .option('--stdout', "writes to this command's standard output; without, to the actor's log")
    .option('--stderr', "writes to this command's standard error; without, to the actor's log")
    .option('--stdio', '--stdin, --stdout and --stderr')
    .action(
      act(async (output, file: string, args: string[], options: RunFlags) => {
        const { run } = await import('./commands/run.ts')
        const { data, fresh, actor, listen, answer, grant, manifest, env, stdio } = options
        return run(
          file,
          args,
          {
            data,
            fresh: fresh === true,
            grant,
            env,
            stdin: (options.stdin ?? stdio) === true,
            stdout: (options.stdout ?? stdio) === true,
            stderr: (options.stderr ?? stdio) === true,
            ...(actor !== undefined && { actor: actorId(actor) }),
            ...(listen !== undefined && { listen }),
            answerMs: milliseconds(answer),
            ...(manifest !== undefined && { manifest }),
          },
          output,
        )
      }),
    )

  add('serve', 'Answers HTTP requests with a component, as one actor or several that share them.')
    .argument('<FILE.wasm>', 'a component that exports wasi:http/incoming-handler')
    .addOption(dataOption())
    .option('--fresh', 'forgets every record of the data folder first')
    .option('--actor <ID>', "the actor's id; by default the file's name")
    .option('--listen <HOST:PORT>', 'where requests come in; by default 127.0.0.1:8080')
    .option('--instances <N>', 'how many actors answer, each with a record of its own', instances, 1)
    .addOption(answerOption())
    .option('--grant <HANDLER[=JSON]>', 'a grant; may be given several times', collect, [])
    .option('--manifest <FILE.toml>', 'takes grants, params and limits from an actor of a manifest')
    .option('--env <NAME[=VALUE]>', 'an environment variable; may be given several times', collect, [])
    .action(
      act(async (output, file: string, options: ServeFlags) => {
        const { serve } = await import('./commands/serve.ts')
        const { actor, fresh, answer, ...rest } = options
        const given = actor === undefined ? {} : { actor: actorId(actor) }
        return serve(
          file,
          { ...rest, ...given, fresh: fresh === true, answerMs: milliseconds(answer) },
          output,
        )
      }),
    )

  add('call', 'Calls an export of an actor, or sends it a message of the kit, and prints the answer.')
    .argument('<ACTOR>', "the actor's id")
    .argument(
      '<EXPORT>',
      "an export, such as theater:messaging/responder#handle-request, or a message's name",
    )
    .argument('[JSON...]', "the arguments, or the message's body")
    .addOption(dataOption())
    .option('--timeout <SECONDS>', 'how long to wait for the answer', seconds, 30)
    .addOption(answerOption())
    .option('--no-wait', 'ends with the answer, and leaves what the call set going for the next run')
    .action(
      act(
        async (
          output,
          actor: string,
          name: string,
          args: string[],
          options: { data: string; timeout: number; answer?: number; wait: boolean },
        ) => {
          const { call } = await import('./commands/call.ts')
          const { data, timeout, answer, wait } = options
          const given = { data, timeoutMs: timeout * 1000, answerMs: milliseconds(answer), wait }
          return call(actor, name, args, given, output)
        },
      ),
    )

  add('ps', 'Lists the actors of a data folder.')
    .addOption(dataOption())
    .action(
      act(async (output, options: { data: string }) => {
        const { ps } = await import('./commands/ps.ts')
        return ps(options, output)
      }),
    )

  add(
    'dead',
    'Lists messages that reached nobody, or that their receivers failed over; has them taken again, or drops them.',
  )
    .addArgument(new Argument('<ls|retry|drop>', 'what to do').choices(['ls', 'retry', 'drop']))
    .argument('[ID...]', 'the letters, as `theater dead ls` names them')
    .addOption(dataOption())
    .action(
      act(async (output, action: DeadAction, ids: string[], options: { data: string }) => {
        const { dead } = await import('./commands/dead.ts')
        return dead(action, ids, options, output)
      }),
    )

  add('gc', 'Frees what actors have put into their store and nobody can ask for any more.')
    .option('--dry-run', 'says what would be freed, and frees nothing')
    .option('--grace <HOURS>', 'how long everything stays that was put or written to', index, 24)
    .addOption(dataOption())
    .action(
      act(async (output, options: GcOptions) => {
        const { gc } = await import('./commands/gc.ts')
        return gc(options, output)
      }),
    )

  add('chain', "Prints an actor's record, event by event.")
    .argument('<ACTOR>', "the actor's id")
    .option('--from <N>', 'the first event', index)
    .option('--to <N>', 'the last event', index)
    .option('-f, --follow', 'goes on with what is recorded meanwhile, until Ctrl-C or the end of the actor')
    .addOption(dataOption())
    .action(
      act(async (output, actor: string, options: ChainOptions) => {
        const { chain } = await import('./commands/chain.ts')
        return chain(actor, options, output)
      }),
    )

  add('logs', 'Prints what an actor logged, and what it wrote to its standard streams.')
    .argument('<ACTOR>', "the actor's id")
    .option('-f, --follow', 'goes on with what is logged meanwhile, until Ctrl-C or the end of the actor')
    .option('-n, --lines <N>', 'only the last N lines of those that are there', index)
    .option('--since <N>', 'only from event N on', index)
    .addOption(new Option('--level <LEVEL>', 'only what was logged at this level or above').choices(levels))
    .addOption(dataOption())
    .action(
      act(async (output, actor: string, options: LogsOptions) => {
        const { logs } = await import('./commands/logs.ts')
        return logs(actor, options, output)
      }),
    )

  rerunOptions(
    add('replay', 'Runs a component again over its record, shows what it does, and stops where told.')
      .argument('<ACTOR|FILE.car>', 'an actor of the data folder, or a file')
      .option('--actor <ID>', 'which record, where the file has several')
      .option('--until <N>', 'stops after event N, and says what the component was about to do', index)
      .option('--events', 'shows every event, not the turns alone')
      .addOption(dataOption()),
  ).action(
    act(async (output, name: string, options: ReplayFlags) => {
      const { replay } = await import('./commands/replay.ts')
      return replay(name, options, output)
    }),
  )

  add('certify', 'Finds out whether a component does the same, event for event, however the engine runs it.')
    .argument('<FILE.wasm>', 'the component')
    .option('--call <EXPORT JSON…>', 'a call; may be given several times', collect, [])
    .option('--calls <FILE>', 'a file with such a call on each line')
    .option('--grant <HANDLER[=JSON]>', 'a grant; may be given several times', collect, [])
    .option('--seconds <N>', 'how long all runs may take together', seconds, 30)
    .option('-o, --out <FILE.json>', 'where the certificate is written; by default into the data folder')
    .addOption(dataOption())
    .action(
      act(async (output, file: string, options: CertifyOptions) => {
        const { certify } = await import('./commands/certify.ts')
        return certify(file, options, output)
      }),
    )

  add('export', 'Writes records with all that a verifier needs into one CAR v1 file.')
    .argument('<ACTOR...>', 'the actors')
    .requiredOption('-o, --out <FILE.car>', 'where the file is written')
    .option('--without-seed', 'keeps back what derived random numbers come from')
    .addOption(dataOption())
    .action(
      act(async (output, actors: string[], options: { data: string; out: string; withoutSeed?: true }) => {
        const { exportActors } = await import('./commands/export.ts')
        const { data, out, withoutSeed } = options
        return exportActors(actors, { data, out, withoutSeed: withoutSeed === true }, output)
      }),
    )

  rerunOptions(
    add('verify', 'Proves records by running their components again, and checks how they hang together.')
      .argument('<FILE.car|ACTOR...>', 'files, or actors of the data folder')
      .addOption(dataOption()),
  ).action(
    act(async (output, subjects: string[], options: VerifyFlags) => {
      const { verify } = await import('./commands/verify.ts')
      return verify(subjects, options, output)
    }),
  )
  return program
}

interface BuildFlags {
  readonly out: string
  readonly minify?: true
  readonly check: boolean
  readonly wit: readonly string[]
}

interface DevFlags {
  readonly data: string
  readonly fresh?: true
  readonly grant: readonly string[]
  readonly manifest?: string
  readonly actor?: string
}

/** What a re-run may take, as the command line gives it. */
export interface LimitFlags {
  readonly maxFuel?: number
  readonly maxMemory?: number
  readonly maxEvents?: number
  readonly maxTraps?: number
}

/** The options of `theater verify`. */
export interface VerifyFlags extends LimitFlags {
  readonly data: string
  readonly maxSeconds?: number
  readonly component?: string
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
