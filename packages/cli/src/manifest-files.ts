import { readComponentFile } from './component-file.ts'
import { CliError } from './errors.ts'
import { ManifestError } from './manifest-error.ts'
import { readPlaced } from './manifest.ts'
import type { ManifestActor, ManifestOptions, PlacedManifest } from './manifest.ts'

/**
 * Reads the manifest that a command was given.
 *
 * @throws ManifestError, CliError `usage` where the file may not be read
 */
export async function readGiven(path: string, options?: ManifestOptions): Promise<PlacedManifest> {
  try {
    return await readPlaced(path, options)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Reads an actor's component. @throws ManifestError `no-component`, at the line that names it */
export async function readComponent(
  { id, component }: ManifestActor,
  { path, source }: PlacedManifest,
): Promise<Uint8Array> {
  try {
    return await readComponentFile(component)
  } catch (cause) {
    if (!CliError.is(cause)) throw cause
    const problem = source.problem({
      code: 'no-component',
      message: `the component of ${id}: ${cause.message}. \`theater build SRC.ts -o OUT.wasm\` makes one of TypeScript.`,
      path: ['actor', id, 'component'],
      part: 'value',
    })
    throw new ManifestError(path, [problem], { cause })
  }
}

/** A file that may not be read is as good as none; what is wrong with what it says is told as it is. */
function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error
  return new CliError('usage', `${path} cannot be read (${String(error.code)})`, { cause: error })
}
