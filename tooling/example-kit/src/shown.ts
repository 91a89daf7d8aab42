import { relative, resolve } from 'node:path'

const here = process.cwd()

/** A path as a person meant it who typed it where this was started. */
export function meant(path: string): string {
  return resolve(here, path)
}

/** A path as a person would type it who is where this was started. */
export function shown(path: string): string {
  const short = relative(here, path)
  return short === '' ? '.' : short.startsWith('../../..') ? path : short
}
