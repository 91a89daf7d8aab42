/** Files that the command line names: that they are there, and what is said where they cannot be written. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CliError } from './errors.ts'

/** @throws CliError `usage` for what is no file: to open a pipe waits for whoever writes to it */
export function checkFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new CliError('usage', `there is no file ${path}`)
  if (!found.isFile()) throw new CliError('usage', `${path} is not a file`)
}

/** @throws CliError `usage` where there is no folder for a file */
export function checkFolderOf(path: string): void {
  const folder = dirname(resolve(path))
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  throw new CliError('usage', `there is no folder ${dirname(path)} to write into`)
}

/**
 * What is thrown for a file that the machine does not let be written: why, and what to do. Anything else is as it was.
 *
 * @param left what is as it was all the same
 */
export function cannotWrite(path: string, error: unknown, left = ''): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error
  const why = reasons[String(error.code)] ?? `${error.message}. Name another file`
  return new CliError('cannot-write', `${path} cannot be written: ${why}.${left && ` ${left}`}`, {
    cause: error,
  })
}

const full = 'there is no room for it on its disk. Make some, or name a file on another disk'
const refused = 'nobody may write there, or not this user. Name a file in another folder'
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: 'it would be larger than a file may be there. Name a file on another disk',
  EROFS: refused,
  EACCES: refused,
  EPERM: refused,
}
