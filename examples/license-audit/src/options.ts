import { parseArgs } from 'node:util'
import { home } from './paths.ts'
import { meant } from '@theater/example-kit/shown'
import type { Place } from './serve.ts'

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
  /** Where the report is served until somebody ends it, which is at the end; undefined: nowhere. */
  readonly serve: Place | undefined
}

export const help = `Audits the licences of this repository's installed packages with two untrusted actors, and proves it.

  npm start [-- OPTIONS]

  --fresh            forget an audit that was interrupted; without it that one goes on
  --packages DIR     audit another folder laid out as pnpm's node_modules/.pnpm
  --data DIR         keep records, report and export elsewhere (default examples/license-audit/.theater)
  --crash-after N    kill this process (SIGKILL) after N packages, to see the next start go on
  --serve            keep the report up at the end, until Ctrl-C; after a finished audit that one's, at once
  --port N           the port for that, on 127.0.0.1 (default: one that is free)
  --help             this text`

/** Reads the command line; a text says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | 'help' | { readonly wrong: string } {
  const known = {
    fresh: { type: 'boolean', default: false },
    packages: { type: 'string' },
    data: { type: 'string' },
    'crash-after': { type: 'string' },
    serve: { type: 'boolean', default: false },
    port: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...args], options: known })
    const { packages, data, fresh, serve, port } = values
    const crash = values['crash-after']
    if (values.help) return 'help'
    if (crash !== undefined && !/^\d{1,6}$/.test(crash))
      return { wrong: `--crash-after is a number, not ${crash}` }
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536))
      return { wrong: `--port is a number from 0 to 65535, not ${port}` }
    if (port !== undefined && !serve) return { wrong: '--port goes with --serve' }
    return {
      fresh,
      data: data === undefined ? home('.theater') : meant(data),
      packages: packages === undefined ? undefined : meant(packages),
      crashAfter: crash === undefined ? undefined : Number(crash),
      serve: serve ? { port: Number(port ?? 0) } : undefined,
    }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}
