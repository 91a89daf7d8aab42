import { stat } from 'node:fs/promises'
import type { CastingFlags } from '../casting.ts'
import type { Surroundings } from '../command-grant.ts'
import { CliError } from '../errors.ts'
import type { Output } from '../output.ts'

/** Options of `theater run`. */
export interface RunOptions extends CastingFlags, Surroundings {
  readonly data: string
  readonly fresh: boolean
  /** Where requests come in, `HOST:PORT`. */
  readonly listen?: string
  /** Whether it goes on until no timer is to fire any more. */
  readonly wait: boolean
  /** Milliseconds within which the thread of the actors of a manifest has to answer. */
  readonly answerMs?: number | undefined
  /** Actors that stay in memory while they have nothing to do. */
  readonly resident?: number | undefined
  /** Milliseconds without anything to do after which an actor leaves memory all the same. */
  readonly idleMs?: number | undefined
}

/** `theater run`: actors of a manifest, or one component. */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions,
  output: Output,
): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined)
    throw new CliError(
      'usage',
      `there is no file ${file}. \`theater run\` takes a theater.toml or a component (.wasm).`,
    )
  if (!found.isFile()) {
    throw new CliError(
      'usage',
      `${file} is not a file. \`theater run\` takes a theater.toml or a component (.wasm).`,
    )
  }
  if (file.endsWith('.toml')) {
    if (args.length > 0)
      throw new CliError(
        'usage',
        'arguments are for a component; those of a manifest stand in its [actor.ID.grants.cli]',
      )
    const [flag] = forComponents(options)
    if (flag !== undefined)
      throw new CliError('usage', `${flag} is for a component; what an actor of a manifest has stands in it`)
    const { runManifest } = await import('../run-manifest.ts')
    return runManifest(file, options, output)
  }
  if (/\.[cm]?[jt]sx?$/.test(file)) {
    throw new CliError(
      'usage',
      `${file} is source, not a component. Run \`theater build ${file} -o OUT.wasm\` first.`,
    )
  }
  if (options.answerMs !== undefined)
    throw new CliError('usage', '--answer is for the actors of a manifest, and for `theater call`')
  if (options.resident !== undefined || options.idleMs !== undefined)
    throw new CliError(
      'usage',
      '--resident and --idle are for the actors of a manifest, and for `theater serve`',
    )
  const { runComponent } = await import('../run-component.ts')
  return runComponent(file, args, options, output)
}

/** The options that say something of one component. */
function forComponents({ grant, manifest, env, stdin, stdout, stderr }: RunOptions): string[] {
  const given = {
    '--grant': grant.length > 0,
    '--manifest': manifest !== undefined,
    '--env': env.length > 0,
    '--stdin': stdin,
    '--stdout': stdout,
    '--stderr': stderr,
  }
  return Object.entries(given).flatMap(([flag, is]) => (is ? [flag] : []))
}
