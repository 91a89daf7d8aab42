import { defineHandler } from '@theater/handler'
import type {
  ActorContext,
  Binding,
  Handler,
  HandlerFunction,
  InputStream,
  OutputStream,
} from '@theater/handler'
import type { Json } from '@theater/values'
import { authorize, cliGrant, within } from './grant.ts'
import type { CliGrant } from './grant.ts'
import { bytesInput, closed, cutInput, inputHandle, lineOutput, LineWriter, outputHandle } from './stdio.ts'

const INPUT = 'wasi:io/streams@0.2#input-stream'
const OUTPUT = 'wasi:io/streams@0.2#output-stream'

const INTERFACES = [
  'wasi:cli/environment@0.2',
  'wasi:cli/exit@0.2',
  'wasi:cli/stdin@0.2',
  'wasi:cli/stdout@0.2',
  'wasi:cli/stderr@0.2',
  'wasi:cli/terminal-input@0.2',
  'wasi:cli/terminal-output@0.2',
  'wasi:cli/terminal-stdin@0.2',
  'wasi:cli/terminal-stdout@0.2',
  'wasi:cli/terminal-stderr@0.2',
] as const

// Answered from the grant, or by the stream that is handed out: nothing outside the actor is touched.
const QUIET: HandlerFunction = { mode: 'sync', effect: 'none' }

const FUNCTIONS: Readonly<Record<string, HandlerFunction>> = {
  'wasi:cli/environment@0.2#get-environment': QUIET,
  'wasi:cli/environment@0.2#get-arguments': QUIET,
  'wasi:cli/environment@0.2#initial-cwd': QUIET,
  'wasi:cli/exit@0.2#exit': QUIET,
  'wasi:cli/exit@0.2#exit-with-code': QUIET,
  'wasi:cli/stdin@0.2#get-stdin': QUIET,
  'wasi:cli/stdout@0.2#get-stdout': QUIET,
  'wasi:cli/stderr@0.2#get-stderr': QUIET,
  'wasi:cli/terminal-stdin@0.2#get-terminal-stdin': QUIET,
  'wasi:cli/terminal-stdout@0.2#get-terminal-stdout': QUIET,
  'wasi:cli/terminal-stderr@0.2#get-terminal-stderr': QUIET,
}

/** The standard streams that an embedder connects one actor to. The handler never closes them. */
export interface Connection {
  readonly stdin?: InputStream
  readonly stdout?: OutputStream
  readonly stderr?: OutputStream
}

/** How {@link cli} is embedded. No option grants anything. */
export interface CliOptions {
  /**
   * The streams that `inherit` in a grant means for an actor. What is not connected is as if it were not granted.
   *
   * @default () => undefined
   */
  readonly connect?: (actor: string) => Connection | undefined
  /**
   * The longest line of standard output or error in the actor's log, in UTF-16 code units; a longer one becomes several.
   *
   * @default 8192
   */
  readonly maxLine?: number
}

/** The functions of `wasi:cli`, as the boundary calls them. */
export interface CliImports {
  readonly 'wasi:cli/environment@0.2': {
    readonly getEnvironment: () => [string, string][]
    readonly getArguments: () => string[]
    readonly initialCwd: () => string | undefined
  }
  readonly 'wasi:cli/exit@0.2': {
    readonly exit: (status: { readonly tag: 'ok' | 'err' }) => void
    readonly exitWithCode: (status: number) => void
  }
  readonly 'wasi:cli/stdin@0.2': { readonly getStdin: () => InputStream }
  readonly 'wasi:cli/stdout@0.2': { readonly getStdout: () => OutputStream }
  readonly 'wasi:cli/stderr@0.2': { readonly getStderr: () => OutputStream }
  readonly 'wasi:cli/terminal-input@0.2': object
  readonly 'wasi:cli/terminal-output@0.2': object
  readonly 'wasi:cli/terminal-stdin@0.2': { readonly getTerminalStdin: () => undefined }
  readonly 'wasi:cli/terminal-stdout@0.2': { readonly getTerminalStdout: () => undefined }
  readonly 'wasi:cli/terminal-stderr@0.2': { readonly getTerminalStderr: () => undefined }
}

type Stream = 'stdin' | 'stdout' | 'stderr'

/**
 * Makes the handler of `wasi:cli`: environment, arguments, standard streams, exit. Nothing comes from the host's own
 * process: what a guest sees is its grant, and what `inherit` means is said by `connect`.
 *
 * Without a grant: no environment, no arguments, standard input at its end, output and error to the actor's log, no
 * terminals, and `exit` ends the actor.
 *
 * @example
 * import { cli, writableOutput } from '@theater/handler-cli'
 *
 * const stdout = writableOutput(process.stdout)
 * const handler = cli({ connect: (actor) => (actor === 'main' ? { stdout } : undefined) })
 * handler.within({ stdout: 'inherit' }, {}) // { refused: '…' }
 */
export function cli(options: CliOptions = {}): Handler<CliGrant, CliImports> {
  return defineHandler<CliGrant, CliImports>({
    name: 'cli',
    interfaces: INTERFACES,
    grant: cliGrant,
    functions: FUNCTIONS,
    within,
    authorize,
    // Standard input is read on from where it is, by whoever has it.
    rests: (grant) => (grant?.stdin ?? 'none') === 'none',
    bind: (actor, grant) => bind(actor, grant, options),
    inert: (actor) => bind(actor, {}, { ...(options.maxLine !== undefined && { maxLine: options.maxLine }) }),
  })
}

function bind(actor: ActorContext, grant: CliGrant, options: CliOptions): Binding<CliImports> {
  const connection = options.connect?.(actor.id) ?? {}
  const maxLine = Math.max(1, options.maxLine ?? 8192)
  const out = new LineWriter(actor, 'stdout', maxLine)
  const err = new LineWriter(actor, 'stderr', maxLine)
  const names = new WeakMap<object, Stream>()

  const end = (): void => {
    out.end()
    err.end()
  }

  function exit(status: number): void {
    end()
    actor.exit(status)
  }

  function remember<T extends object>(name: Stream, object: T): T {
    names.set(object, name)
    return object
  }

  function stdin(resumed: boolean): InputStream {
    const source = grant.stdin ?? 'none'
    if (source === 'inherit' && connection.stdin !== undefined) {
      return remember('stdin', inputHandle(connection.stdin))
    }
    if (typeof source === 'object') {
      // Each handle reads the text from its beginning. How far the one before a restart got is in the record, not
      // here: from the beginning again would be wrong, and so would an end that looks like the text's own.
      if (resumed) return remember('stdin', cutInput('standard input was cut off by a restart'))
      return remember('stdin', bytesInput(bytesOf(source)))
    }
    return remember('stdin', bytesInput(new Uint8Array()))
  }

  function output(name: 'stdout' | 'stderr'): OutputStream {
    const connected = connection[name]
    if (grant[name] === 'inherit' && connected !== undefined) return remember(name, outputHandle(connected))
    return remember(name, lineOutput(name === 'stdout' ? out : err))
  }

  return {
    imports: {
      'wasi:cli/environment@0.2': {
        // Sorted: a grant that went through a record and back has its keys in another order.
        getEnvironment: () => Object.entries(grant.env ?? {}).toSorted(byName),
        getArguments: () => [...(grant.args ?? [])],
        initialCwd: () => undefined,
      },
      'wasi:cli/exit@0.2': {
        exit: (status) => exit(status.tag === 'ok' ? 0 : 1),
        exitWithCode: exit,
      },
      'wasi:cli/stdin@0.2': { getStdin: () => stdin(false) },
      'wasi:cli/stdout@0.2': { getStdout: () => output('stdout') },
      'wasi:cli/stderr@0.2': { getStderr: () => output('stderr') },
      'wasi:cli/terminal-input@0.2': {},
      'wasi:cli/terminal-output@0.2': {},
      'wasi:cli/terminal-stdin@0.2': { getTerminalStdin: () => undefined },
      'wasi:cli/terminal-stdout@0.2': { getTerminalStdout: () => undefined },
      'wasi:cli/terminal-stderr@0.2': { getTerminalStderr: () => undefined },
    },
    describe(_type, object) {
      const stdio = names.get(object)
      return stdio === undefined ? undefined : { stdio }
    },
    resume(type, description) {
      const name = streamOf(description)
      if (name === 'stdin') return type === INPUT ? stdin(true) : undefined
      return name !== undefined && type === OUTPUT ? output(name) : undefined
    },
    closed: (fn) => (fn.startsWith('wasi:io/streams@0.2#') ? closed() : undefined),
    async [Symbol.asyncDispose]() {
      end()
    },
  }
}

function bytesOf(source: { readonly text: string } | { readonly base64: string }): Uint8Array {
  return 'text' in source ? new TextEncoder().encode(source.text) : Uint8Array.fromBase64(source.base64)
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function streamOf(description: Json): Stream | undefined {
  if (typeof description !== 'object' || description === null || !('stdio' in description)) return undefined
  const { stdio } = description
  return stdio === 'stdin' || stdio === 'stdout' || stdio === 'stderr' ? stdio : undefined
}
