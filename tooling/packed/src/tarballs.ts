import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './root.ts'
import { unpack } from './unpack.ts'

/** A public package, packed. */
export interface Tarball {
  /** Its package.json, as it would be published. */
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string }
  readonly bytes: Uint8Array
}

/** The folders of all public packages. */
function publicFolders(): string[] {
  return globSync(['wit/package.json', 'packages/*/package.json'], { cwd: root })
    .filter((file) => JSON.parse(readFileSync(join(root, file), 'utf8')).private !== true)
    .map((file) => join(root, dirname(file)))
    .toSorted()
}

/** The tarballs of all public packages, which `turbo run tarball` made. */
export function tarballs(): Promise<Tarball[]> {
  return Promise.all(
    publicFolders().map(async (folder) => {
      const file = join(folder, '.packed', 'package.tgz')
      if (!existsSync(file)) throw new Error(`${file} is not there: run \`pnpm build && pnpm tarballs\``)
      const bytes = readFileSync(file)
      const text = (await unpack(bytes)).get('package.json')
      return { manifest: JSON.parse(String(text)) as Tarball['manifest'], bytes }
    }),
  )
}
