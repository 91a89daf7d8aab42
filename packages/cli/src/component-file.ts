import { readFile, stat } from 'node:fs/promises'
import { codeFacts, ComponentError, type CodeFacts, type Component } from '@theater/component'
import { loadComponent } from '@theater/component/node'
import { CliError } from './errors.ts'

/** No component that is loaded has more bytes (`LoadLimits.bytes`); one that has many more is not even read. */
const MAX_BYTES = 256 * 1024 * 1024

/**
 * Loads a component, with its file's name before what is wrong with it.
 *
 * @throws ComponentError
 */
export async function loadNamed(
  path: string,
  bytes: Uint8Array,
  options: Parameters<typeof loadComponent>[1] = {},
): Promise<Component> {
  try {
    return await loadComponent(bytes, options)
  } catch (error) {
    throw named(path, error)
  }
}

/** What the code of a component is made of. @throws ComponentError with its file's name before what is wrong with it */
export function factsOf(path: string, bytes: Uint8Array): CodeFacts {
  try {
    return codeFacts(bytes)
  } catch (error) {
    throw named(path, error)
  }
}

function named(path: string, error: unknown): unknown {
  if (!ComponentError.is(error)) return error
  const { code, message, offset } = error
  return new ComponentError(code, `${path}: ${message}`, {
    cause: error,
    ...(offset !== undefined && { offset }),
  })
}

/**
 * Reads a component's file.
 *
 * @throws CliError `usage` where there is none, `too-large`
 */
export async function readComponentFile(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new CliError('usage', `${path} is not a file`)
    if (found.size > MAX_BYTES)
      throw new CliError('too-large', `${path} has ${found.size} bytes; no component has so many`)
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    if (CliError.is(cause)) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    throw new CliError(
      'usage',
      code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read (${code})`,
      { cause },
    )
  }
}
