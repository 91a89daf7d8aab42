import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { home } from './paths.ts'

/** What the command line asks for. */
export interface Options {
  /** Forgets an audit that was interrupted. */
  readonly fresh: boolean
  /** Where records, the report and the exported file go. */
  readonly data: string
  /** What is audited instead of what theater.toml names. */
  readonly packages: string | undefined
  /** After so many packages the process kills itself, as if the machine had lost power. */
  readonly crashAfter: number | undefined
}

export const help = `Audits the licences of this repository's installed packages with two untrusted actors, and proves it.

  npm start [-- OPTIONS]

  --fresh            forget an audit that was interrupted; without it that one goes on
  --packages DIR     audit another folder laid out as pnpm's node_modules/.pnpm
  --data DIR         keep records, report and export elsewhere (default examples/license-audit/.theater)
  --crash-after N    kill this process (SIGKILL) after N packages, to see the next start go on
  --help             this text`

/** Reads the command line; a text says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | 'help' | { readonly wrong: string } {
  const known = {
    fresh: { type: 'boolean', default: false },
    packages: { type: 'string' },
    data: { type: 'string' },
    'crash-after': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...args], options: known })
    const { packages, data, fresh } = values
    const crash = values['crash-after']
    if (values.help) return 'help'
    if (crash !== undefined && !/^\d{1,6}$/.test(crash))
      return { wrong: `--crash-after is a number, not ${crash}` }
    return {
      fresh,
      data: data === undefined ? home('.theater') : resolve(data),
      packages: packages === undefined ? undefined : resolve(packages),
      crashAfter: crash === undefined ? undefined : Number(crash),
    }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}
