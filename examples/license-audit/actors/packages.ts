import type { DirEntry } from '@theater/actor'

/** A package as pnpm lays it out: real files in `<name>@<version>/node_modules/<name>`, links everywhere else. */
export type Installed = {
  readonly name: string
  readonly version: string
  /** The package's folder, below the mount. */
  readonly folder: string
}

/**
 * The packages in a listing of `node_modules/.pnpm`, each once: pnpm has one folder for each set of peer
 * dependencies (`name@1.0.0_peer@2.0.0`), with the same files in it.
 */
export function installed(entries: readonly DirEntry[]): Installed[] {
  const found = new Map<string, Installed>()
  for (const { name: folder, kind } of entries) {
    if (kind !== 'directory') continue
    const parts = /^(@[^@+]+\+)?([^@+]+)@([^_()]+)/.exec(folder)
    if (parts === null) continue
    const [, scope = '', plain = '', version = ''] = parts
    const name = `${scope.replace('+', '/')}${plain}`
    const key = `${name}@${version}`
    if (!found.has(key)) found.set(key, { name, version, folder: `${folder}/node_modules/${name}` })
  }
  return [...found.values()]
}
