import { Argument, Option } from 'commander'
import type { DeadAction } from '../commands/dead.ts'
import type { Durability } from '@theater/event-chain'
import type { Lifetime } from '../manifest.ts'
import type { Declare } from './declare.ts'
import {
  actorId,
  answerOption,
  dataOption,
  durabilityOption,
  envOption,
  freshOption,
  grantOption,
  handlerOption,
  idleOption,
  instances,
  milliseconds,
  residentOption,
  seconds,
} from '../options.ts'

/** Commands that run actors. */
export function running({ add, act }: Declare): void {
  add('dev', 'Runs an actor written in TypeScript, and replaces it whenever its sources are saved.')
    .argument('<SRC.ts>', 'the file whose default export is the actor')
    .addOption(dataOption())
    .addOption(freshOption())
    .addOption(grantOption())
    .addOption(handlerOption())
    .option('--manifest <FILE.toml>', 'takes grants, params and limits from an actor of a manifest')
    .option('--actor <ID>', "the actor's id; by default the file's name")
    .action(
      act(async (output, source: string, options: DevFlags) => {
        const { dev } = await import('../commands/dev.ts')
        const { actor, fresh, ...rest } = options
        return dev(
          source,
          { ...rest, fresh: fresh === true, ...(actor !== undefined && { actor: actorId(actor) }) },
          output,
        )
      }),
    )

  add('run', 'Runs the actors of a manifest, or one component, until nothing is left to do.')
    .argument('<MANIFEST|FILE.wasm>', 'a theater.toml, or a component')
    .argument('[ARGS...]', 'the arguments of a wasi:cli command; after -- where they begin with -')
    .addOption(dataOption())
    .addOption(freshOption())
    .option('--actor <ID>', "only this actor of a manifest; for a component the actor's id")
    .option('--listen <HOST:PORT>', 'where HTTP requests come in for actors of a manifest')
    .option('--wait', 'goes on until no timer is to fire any more')
    .addOption(answerOption())
    .addOption(residentOption())
    .addOption(idleOption())
    .addOption(durabilityOption())
    .addOption(grantOption('a grant of a component'))
    .addOption(handlerOption())
    .option('--manifest <FILE.toml>', "takes a component's grants and limits from an actor of a manifest")
    .addOption(envOption())
    .option('--stdin', "reads this command's standard input")
    .option('--stdout', "writes to this command's standard output; without, to the actor's log")
    .option('--stderr', "writes to this command's standard error; without, to the actor's log")
    .option('--stdio', '--stdin, --stdout and --stderr')
    .action(
      act(async (output, file: string, args: string[], options: RunFlags) => {
        const { run } = await import('../commands/run.ts')
        const { data, fresh, actor, listen, wait, answer, resident, idle, durability } = options
        const { grant, handler, manifest, env, stdio } = options
        return run(
          file,
          args,
          {
            data,
            fresh: fresh === true,
            grant,
            handler,
            env,
            stdin: (options.stdin ?? stdio) === true,
            stdout: (options.stdout ?? stdio) === true,
            stderr: (options.stderr ?? stdio) === true,
            ...(actor !== undefined && { actor: actorId(actor) }),
            ...(listen !== undefined && { listen }),
            wait: wait === true,
            answerMs: milliseconds(answer),
            resident,
            idleMs: milliseconds(idle),
            ...(durability !== undefined && { durability }),
            ...(manifest !== undefined && { manifest }),
          },
          output,
        )
      }),
    )

  add('serve', 'Answers HTTP requests with a component, as one actor or several that share them.')
    .argument(
      '<FILE.wasm>',
      'a component that exports wasi:http/incoming-handler or theater:http/request-handler',
    )
    .addOption(dataOption())
    .addOption(freshOption())
    .option('--actor <ID>', "the actor's id; by default the file's name")
    .option('--listen <HOST:PORT>', 'where requests come in; by default 127.0.0.1:8080')
    .option('--instances <N>', 'how many actors answer, each with a record of its own', instances, 1)
    .addOption(
      new Option(
        '--instance <LIFETIME>',
        'how long an instance of the component lives: turn, for one request, which is what a plain wasi:http/proxy gets; or actor',
      ).choices(['turn', 'actor']),
    )
    .addOption(answerOption())
    .addOption(residentOption())
    .addOption(idleOption())
    .addOption(durabilityOption())
    .addOption(grantOption())
    .addOption(handlerOption())
    .option('--manifest <FILE.toml>', 'takes grants, params and limits from an actor of a manifest')
    .addOption(envOption())
    .action(
      act(async (output, file: string, options: ServeFlags) => {
        const { serve } = await import('../commands/serve.ts')
        const { actor, fresh, answer, idle, ...rest } = options
        const given = actor === undefined ? {} : { actor: actorId(actor) }
        return serve(
          file,
          {
            ...rest,
            ...given,
            fresh: fresh === true,
            answerMs: milliseconds(answer),
            idleMs: milliseconds(idle),
          },
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
    .addOption(handlerOption())
    .option('--no-wait', 'ends with the answer, and leaves what the call set going for the next run')
    .action(
      act(async (output, actor: string, name: string, args: string[], options: CallFlags) => {
        const { call } = await import('../commands/call.ts')
        const { data, timeout, answer, handler, wait } = options
        const given = { data, timeoutMs: timeout * 1000, answerMs: milliseconds(answer), handler, wait }
        return call(actor, name, args, given, output)
      }),
    )

  add(
    'dead',
    'Lists messages that reached nobody, or that their receivers failed over; has them taken again, or drops them.',
  )
    .addArgument(new Argument('<ls|retry|drop>', 'what to do').choices(['ls', 'retry', 'drop']))
    .argument('[ID...]', 'the letters, as `theater dead ls` names them; of `ls` files of archived parts')
    .addOption(dataOption())
    .addOption(handlerOption())
    .action(
      act(async (output, action: DeadAction, ids: string[], options: DeadFlags) => {
        const { dead } = await import('../commands/dead.ts')
        return dead(action, ids, options, output)
      }),
    )
}

interface DevFlags {
  readonly data: string
  readonly fresh?: true
  readonly grant: readonly string[]
  readonly handler: readonly string[]
  readonly manifest?: string
  readonly actor?: string
}

interface CallFlags {
  readonly data: string
  readonly timeout: number
  readonly answer?: number
  readonly handler: readonly string[]
  readonly wait: boolean
}

interface DeadFlags {
  readonly data: string
  readonly handler: readonly string[]
}

interface RunFlags {
  readonly data: string
  readonly fresh?: true
  readonly actor?: string
  readonly listen?: string
  readonly wait?: true
  readonly answer?: number
  readonly resident?: number
  readonly idle?: number
  readonly durability?: Durability
  readonly grant: readonly string[]
  readonly handler: readonly string[]
  readonly manifest?: string
  readonly env: readonly string[]
  readonly stdin?: true
  readonly stdout?: true
  readonly stderr?: true
  readonly stdio?: true
}

interface ServeFlags {
  readonly data: string
  readonly fresh?: true
  readonly actor?: string
  readonly listen?: string
  readonly answer?: number
  readonly resident?: number
  readonly idle?: number
  readonly durability?: Durability
  readonly instances: number
  readonly instance?: Lifetime
  readonly grant: readonly string[]
  readonly handler: readonly string[]
  readonly manifest?: string
  readonly env: readonly string[]
}
