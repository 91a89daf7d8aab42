// Writes src/types/*.ts, the TypeScript view of every interface here, from the .wit files with jco's own
// generator. `node scripts/generate-types.ts` writes; test/types.test.ts checks that nothing changed.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $init, generateTypes } from '@bytecodealliance/jco-transpile/component'
import { allPackages, root, witFiles } from './wit-text.ts'

/** The folder of the generated files, from the package's root. */
export const typesFolder = 'src/types'

/** The generated files: names within `src/types` and texts. */
export async function generatedTypes(): Promise<Map<string, string>> {
  await $init
  const worlds = witFiles().flatMap((file) => file.worlds.map((world) => [file.package, world] as const))
  const out = new Map<string, string>()
  for (const [name, world] of worlds) {
    const [id, version] = name.split('@')
    const wit = allPackages(`world w { include ${id}/${world}@${version}; }`)
    const files = generateTypes('w', { wit: { tag: 'source', val: wit }, world: 'w', strict: true })
    for (const [path, bytes] of files) {
      const match = /^interfaces\/(.+)\.d\.ts$/.exec(path)
      if (match) out.set(`${match[1]}.ts`, source(new TextDecoder().decode(bytes)))
    }
  }
  return formatted([...out].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** As the repository's formatter leaves them, so that a check of the format finds nothing here. */
function formatted(files: readonly (readonly [string, string])[]): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-wit-'))
  try {
    for (const [name, text] of files) writeFileSync(join(folder, name), text)
    const top = join(root, '..')
    const args = ['-c', join(top, '.oxfmtrc.json'), folder]
    execFileSync(join(top, 'node_modules/.bin/oxfmt'), args, { stdio: 'ignore' })
    return new Map(files.map(([name]) => [name, readFileSync(join(folder, name), 'utf8')]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** jco writes declaration files; these are sources, so that they are compiled like all others. */
function source(text: string): string {
  return (
    `// Generated from the .wit files by scripts/generate-types.ts. Do not edit.\n${text}`
      .replaceAll(/^export (function|class) /gm, 'export declare $1 ')
      .replaceAll(
        /^export type (\w+) = import\('(\.\/[^']+)\.js'\)\.(\w+);$/gm,
        (_all, name: string, file: string, from: string) => {
          const what = name === from ? name : `${from} as ${name}`
          return `import type { ${what} } from '${file}.ts'\nexport type { ${name} }`
        },
      )
      // A lifted record has every key; an option that is none is undefined.
      .replaceAll(/^(\s+\w+\?: .+),$/gm, '$1 | undefined,')
      .replaceAll(/[ \t]+$/gm, '')
      .replace(/\n*$/, '\n')
  )
}

if (import.meta.main) {
  const folder = join(root, typesFolder)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = await generatedTypes()
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
  console.log(`${files.size} files in ${folder}`)
}
