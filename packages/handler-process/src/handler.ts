import { defineHandler } from '@theater/handler'
import type { Call } from '@theater/handler'
import { processError } from './errors.ts'
import { authorize, processGrant, within } from './grant.ts'
import type { ProcessAsk, ProcessGrant } from './grant.ts'
import { run } from './run.ts'
import type { Output } from './run.ts'

const PROGRAMS = 'theater:process/programs@0.1'

/** Limits of {@link process}. No option grants anything. */
export interface ProcessOptions {
  /** Milliseconds that a program may take where a grant does not say. @default 10000 */
  readonly timeoutMs?: number
  /** Bytes that a program may write where a grant does not say. @default 1048576 */
  readonly maxOutputBytes?: number
  /** Bytes that a program may be given as standard input. @default 1048576 */
  readonly maxInputBytes?: number
  /** Bytes that all arguments of a program may have together. @default 65536 */
  readonly maxArgumentBytes?: number
  /** Programs that run at once, of all actors of the host. @default 16 */
  readonly maxRunning?: number
}

/** The functions of `theater:process@0.1`, as the boundary calls them. */
export interface ProcessImports {
  readonly [PROGRAMS]: {
    /** Runs a program and waits until it has ended. */
    readonly run: (program: string, args: readonly string[], stdin: Uint8Array) => Promise<Output>
  }
}

/**
 * Makes the handler of `theater:process`: programs of the host, from the list of the grant, without a shell.
 *
 * @example
 * import { process } from '@theater/handler-process'
 *
 * const handler = process({ timeoutMs: 2000 })
 * const grant = { programs: { word: { path: '/usr/bin/wc', args: [{ begin: ['-w'] }] } } }
 * handler.authorize(grant, { program: 'word', args: ['-w'] }) // true
 */
export function process(options: ProcessOptions = {}) {
  const { timeoutMs = 10_000, maxOutputBytes = 1024 * 1024, maxInputBytes = 1024 * 1024 } = options
  const { maxArgumentBytes = 64 * 1024, maxRunning = 16 } = options
  let running = 0
  return defineHandler<ProcessGrant, ProcessImports>({
    name: 'process',
    interfaces: [PROGRAMS],
    grant: processGrant,
    functions: {
      [`${PROGRAMS}#run`]: {
        mode: 'async',
        // What a program does is not known here: it is never done again, and nobody can tell how far it came.
        effect: 'once',
        ask,
        deny: () => processError({ tag: 'denied' }),
        ownDeadline: true,
      },
    },
    within: (child, parent) => within(child, parent, { timeoutMs, maxOutputBytes }),
    authorize,
    rests: () => true,
    bind: (actor, grant) => ({
      imports: {
        [PROGRAMS]: {
          async run(name, args, stdin) {
            actor.signal.throwIfAborted()
            const program = Object.hasOwn(grant.programs, name) ? grant.programs[name] : undefined
            if (program === undefined) throw processError({ tag: 'denied' })
            if (args.some((arg) => arg.includes('\0'))) throw processError({ tag: 'bad-argument' })
            const bytes = args.reduce((sum, arg) => sum + Buffer.byteLength(arg) + 1, 0)
            if (bytes > maxArgumentBytes)
              throw processError({ tag: 'too-large', val: BigInt(maxArgumentBytes) })
            if (stdin.length > maxInputBytes)
              throw processError({ tag: 'too-large', val: BigInt(maxInputBytes) })
            if (running >= maxRunning) throw processError({ tag: 'busy' })
            running++
            try {
              return await run({
                program,
                args,
                stdin,
                timeoutMs: grant.timeoutMs ?? timeoutMs,
                maxOutputBytes: grant.maxOutputBytes ?? maxOutputBytes,
                maxArgumentBytes,
                signal: actor.signal,
              })
            } finally {
              running--
            }
          },
        },
      },
    }),
  })
}

/** The laws call it with anything: what a call asks for is never an error. */
function ask({ args: [program, args] }: Call): ProcessAsk {
  return {
    program: typeof program === 'string' ? program : '',
    args: Array.isArray(args) ? args.map((arg) => (typeof arg === 'string' ? arg : '')) : [],
  }
}
