import { WitError } from '@theater/handler'
import type { TheaterProcessPrograms } from '@theater/wit'

/** Why there is no output, `theater:process/programs.error` as lifted. */
export type ProcessError = TheaterProcessPrograms.Error

/** A {@link ProcessError} for throwing. */
export function processError(error: ProcessError): WitError<ProcessError> {
  return new WitError<ProcessError>(error)
}

/** What keeps a program from being started: the case of the interface, or the error itself where it is the host that cannot. */
export function startError(error: unknown, maxArgumentBytes: number): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'EACCES':
    case 'EPERM':
    case 'ENOEXEC':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return processError({ tag: 'not-startable' })
    case 'E2BIG':
      return processError({ tag: 'too-large', val: BigInt(maxArgumentBytes) })
    case 'EAGAIN':
    case 'ENOMEM':
    case 'EMFILE':
    case 'ENFILE':
      return processError({ tag: 'busy' })
    default:
      return error
  }
}
