import { WitError } from '@theater/handler'
import type { TheaterProcessPrograms } from '@theater/wit'

/** Why there is no output, `theater:process/programs.error` as lifted. */
export type ProcessError = TheaterProcessPrograms.Error

/** A {@link ProcessError} for throwing. */
export function processError(error: ProcessError): WitError<ProcessError> {
  return new WitError<ProcessError>(error)
}

/** Codes of the system for a file that is no program, or that may not be run. */
const notStartable = ['ENOENT', 'EACCES', 'EPERM', 'ENOEXEC', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']
/** Codes for a host that has no room for another. */
const noRoom = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']

/** What keeps a program from being started: the case of the interface, or the error itself where it is something else. */
export function startError(error: unknown, maxArgumentBytes: number): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  if (notStartable.includes(code)) return processError({ tag: 'not-startable' })
  if (noRoom.includes(code)) return processError({ tag: 'busy' })
  return code === 'E2BIG' ? processError({ tag: 'too-large', val: BigInt(maxArgumentBytes) }) : error
}
