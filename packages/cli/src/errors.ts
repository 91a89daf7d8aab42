import type { TheaterError, TheaterErrorCode } from '@theater/runtime'
import type { ComponentErrorCode } from '@theater/component'
import type { ChainErrorCode } from '@theater/event-chain'
import type { Json } from '@theater/values'
import { exits } from './exits.ts'
import type { Exit } from './exits.ts'
import type { ManifestError } from './manifest-error.ts'
import { secretAdvice } from './secrets.ts'

/** What a command itself refuses, as a closed set. */
export type CliErrorCode =
  /** The command line is not one of ours; also a file or an actor that is not there. */
  | 'usage'
  /** Arguments that are not JSON, or not of the export's types. */
  | 'bad-arguments'
  /** No data folder, or nothing in it. */
  | 'no-data'
  /** Another `theater` runs on the data folder. */
  | 'busy'
  /** The data folder cannot be written. */
  | 'read-only'
  /** A file that was named cannot be written. */
  | 'cannot-write'
  /** The manifest grants something else than what an actor was made with. */
  | 'grants-changed'
  /** The component is not a command, or has no such export. */
  | 'not-runnable'
  /** A module of --handler is not one of handlers, or of one that cannot stand beside theater's own. */
  | 'bad-handler'
  /** Part of a record is not here, and what is asked for cannot be known without it. */
  | 'incomplete'
  /** A witness that was named did not cosign it. */
  | 'unwitnessed'
  /** What was kept is not what it was. */
  | 'damaged'
  /** A file that is too large to be what it should be. */
  | 'too-large'
  /** Nobody who is trusted signed it. */
  | 'unsigned'
  /** An actor that goes on, and could not after what is asked for. */
  | 'not-ended'
  /** The guest failed while it ran. */
  | 'guest-failed'
  /** It was not done in the time that it was given, so that nothing is known of it. */
  | 'too-slow'

const BRAND = 'theater.CliError'

const cliExits: Readonly<Record<CliErrorCode, Exit>> = {
  usage: exits.usage,
  'bad-arguments': exits.usage,
  'no-data': exits.usage,
  busy: exits.refused,
  'read-only': exits.fault,
  'cannot-write': exits.fault,
  'grants-changed': exits.refused,
  'not-runnable': exits.refused,
  'bad-handler': exits.refused,
  incomplete: exits.refused,
  unwitnessed: exits.inconclusive,
  damaged: exits.refused,
  'too-large': exits.refused,
  'not-ended': exits.refused,
  unsigned: exits.inconclusive,
  'guest-failed': exits.guest,
  'too-slow': exits.inconclusive,
}

/** The one error class of this package's commands. The message says what to do. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly brand = BRAND
  readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(value: unknown): value is CliError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}

/** How a command ends that failed. */
export interface Failure {
  readonly exit: Exit
  /** From the closed set of the error's class. */
  readonly code: string
  /** What, on which thing, what to do. Guest-controlled text may be in it. */
  readonly message: string
  /** The same for people, where there is more to show: the lines of a manifest that it is about. */
  readonly report?: string
  /** What `--json` adds to code, message and exit: where in which file, or what is wrong with the sources of an actor. */
  readonly data?: { readonly [key: string]: Json }
  /** With our own faults only. */
  readonly stack?: string
}

const theaterExits: Readonly<Record<TheaterErrorCode, Exit>> = {
  'bad-component': exits.refused,
  'unmet-import': exits.refused,
  'bad-grant': exits.refused,
  'bad-id': exits.refused,
  'bad-limit': exits.refused,
  exists: exits.usage,
  'unknown-actor': exits.usage,
  'unknown-letter': exits.usage,
  'not-served': exits.usage,
  'bad-arguments': exits.usage,
  'too-large': exits.refused,
  'too-many-actors': exits.refused,
  'mailbox-full': exits.guest,
  'too-many-channels': exits.guest,
  'not-open': exits.guest,
  withdrawn: exits.guest,
  stopped: exits.guest,
  refused: exits.guest,
  timeout: exits.guest,
  deadlock: exits.guest,
  trapped: exits.guest,
  aborted: exits.guest,
  'failed-to-start': exits.guest,
  'cannot-resume': exits.diverged,
  'cannot-archive': exits.refused,
  'store-failed': exits.fault,
  unresponsive: exits.guest,
  closed: exits.fault,
}

const componentExits: Readonly<Record<ComponentErrorCode, Exit>> = {
  'not-wasm': exits.refused,
  'core-module': exits.refused,
  'invalid-core': exits.refused,
  'bad-name': exits.refused,
  unsupported: exits.refused,
  'too-large': exits.refused,
  'too-deep': exits.refused,
  'transpile-failed': exits.refused,
  'transpile-timeout': exits.refused,
  'glue-rejected': exits.refused,
  'bad-plan': exits.fault,
  cache: exits.fault,
  'meter-failed': exits.fault,
}

const chainExits: Readonly<Record<ChainErrorCode, Exit>> = {
  stale: exits.refused,
  conflict: exits.refused,
  exists: exits.usage,
  'not-found': exits.usage,
  archived: exits.usage,
  broken: exits.broken,
  'bad-car': exits.broken,
  'bad-key': exits.refused,
  'bad-note': exits.broken,
  'bad-proof': exits.broken,
  'bad-signature': exits.broken,
  'too-large': exits.refused,
  invalid: exits.fault,
  dead: exits.fault,
  closed: exits.fault,
  damaged: exits.broken,
  unsupported: exits.refused,
  busy: exits.refused,
  full: exits.fault,
  'read-only': exits.fault,
  io: exits.fault,
}

const advice: Partial<Record<TheaterErrorCode | ComponentErrorCode | ChainErrorCode, string>> = {
  stale:
    'Another theater process has taken the data folder over; this one stopped. Nothing that it recorded is lost.',
  archived:
    '`theater archive ACTOR --restore FILE` puts it back; `theater verify ACTOR FILE…` verifies all of it together.',
  full: 'What was recorded before is as it was. Make room on the disk that the data folder is on, and give the same command again.',
  io: 'The machine refused to read or write. Is there room on the disk that the data folder is on, and is that disk well?',
  cache: 'Make room, or keep it in another folder, which THEATER_CACHE names.',
  'not-wasm':
    'It should be a WebAssembly component (.wasm). TypeScript becomes one by `theater build SRC.ts -o OUT.wasm`.',
  'cannot-resume':
    'Run `theater verify` on it. `theater run --fresh` starts over and forgets all records of the data folder.',
  timeout: 'Wait longer with --timeout SECONDS.',
}

/** The names of what handlers throw that cannot serve a grant on this machine. */
const handlerErrors: ReadonlySet<string> = new Set(['MountError', 'HttpHostError'])

/**
 * Turns whatever a command threw into exit code and message: the one map there is. The classes are recognised without
 * loading the packages that this command did not need: an error's class is loaded already when it is thrown.
 */
export async function failureOf(error: unknown): Promise<Failure> {
  if (CliError.is(error)) return failure(cliExits[error.code], error.code, error.message)
  const name = error instanceof Error ? error.name : ''
  if (name === 'ManifestError') {
    const { ManifestError } = await import('./manifest-error.ts')
    if (ManifestError.is(error)) return manifestFailure(error)
  }
  if (name === 'TheaterError') {
    const { TheaterError } = await import('@theater/runtime')
    if (TheaterError.is(error)) return theaterFailure(error)
  }
  if (name === 'ComponentError') {
    const { ComponentError } = await import('@theater/component')
    if (ComponentError.is(error)) return advised(componentExits[error.code], error.code, error.message)
  }
  if (name === 'ChainError') {
    const { ChainError } = await import('@theater/event-chain')
    if (ChainError.is(error)) return advised(chainExits[error.code], error.code, error.message)
  }
  if (name === 'MountError') {
    const { MountError } = await import('@theater/handler-fs')
    if (MountError.is(error)) return failure(exits.refused, 'bad-grant', error.message)
  }
  if (name === 'HttpHostError') {
    const { HttpHostError } = await import('@theater/handler-http')
    if (HttpHostError.is(error)) {
      if (error.code === 'no-secret') {
        return failure(exits.refused, 'bad-grant', `${error.message} ${secretAdvice}`)
      }
      return error.code === 'cannot-listen'
        ? failure(exits.refused, error.code, `${error.message}. \`--listen HOST:PORT\` takes another.`)
        : failure(exits.refused, 'bad-grant', error.message)
    }
  }
  if (name === 'BuildError') {
    const { BuildError } = await import('@theater/actor/build')
    if (BuildError.is(error)) {
      const diagnostics = error.diagnostics.map((one): Json => ({ ...one, chain: [...one.chain] }))
      const found = failure(exits.refused, error.code, error.message)
      return diagnostics.length === 0 ? found : { ...found, data: { diagnostics } }
    }
  }
  return systemFailure(error) ?? faultOf(error)
}

function manifestFailure(error: ManifestError): Failure {
  const { code, message, report, path, place, problems } = error
  const data = {
    file: path,
    line: place?.line ?? null,
    column: place?.column ?? null,
    problems: problems.map((one) => ({
      code: one.code,
      message: one.message,
      line: one.place?.line ?? null,
      column: one.place?.column ?? null,
      add: [...one.add],
    })),
  }
  return { exit: exits.refused, code, message, report, data }
}

/** Of a failed store the cause says more; a component's own refusal is in the message already. */
async function theaterFailure({ code, message, cause, detail }: TheaterError): Promise<Failure> {
  if (code === 'cannot-resume' && cause instanceof Error && handlerErrors.has(cause.name)) {
    // It is this host that lacks something, and nothing is wrong with the record.
    const lacking = await failureOf(cause)
    const before = message.endsWith(cause.message) ? message.slice(0, -cause.message.length) : ''
    return failure(lacking.exit, lacking.code, before + lacking.message)
  }
  if (code === 'store-failed' && cause instanceof Error && cause.name === 'ChainError') {
    const { ChainError } = await import('@theater/event-chain')
    if (ChainError.is(cause)) {
      return advised(chainExits[cause.code], cause.code, `${message} (${cause.message})`)
    }
  }
  if (code === 'bad-component' && cause instanceof Error && cause.name === 'ComponentError') {
    const { ComponentError } = await import('@theater/component')
    if (ComponentError.is(cause)) return advised(componentExits[cause.code], cause.code, message)
  }
  if (code === 'bad-grant' && typeof detail === 'object' && detail !== null && 'handler' in detail)
    return failure(exits.refused, code, `${message}\nThose of somebody else are given with --handler MODULE.`)
  return advised(theaterExits[code], code, message)
}

function failure(exit: Exit, code: string, message: string): Failure {
  return { exit, code, message }
}

function advised(exit: Exit, code: keyof typeof advice, message: string): Failure {
  const hint = advice[code]
  return failure(exit, code, hint === undefined ? message : `${message}\n${hint}`)
}

/** What the machine refused: its own words are enough, and a stack would say nothing. */
function systemFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if (!('syscall' in error) && error.code !== 'ERR_SQLITE_ERROR') return undefined
  return failure(exits.fault, String(error.code), error.message)
}

function faultOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? error.stack : undefined
  return {
    exit: exits.fault,
    code: 'internal',
    message: `a fault of theater itself: ${message}`,
    ...(stack !== undefined && { stack }),
  }
}
