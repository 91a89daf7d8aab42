import { createHash } from 'node:crypto'
import { globSync, readFileSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/*
 * One configuration for every package. `vitest run` at the root runs all tests; a package's own `test` script
 * runs it from the package's folder with `--config ../../vitest.config.ts`, so both kinds of path are included.
 *
 * Node itself loads tests and what they import, as it does for who runs our sources: vite would read and rewrite each module first, in
 * another process. The condition `theater-source` makes `@theater/*` resolve to TypeScript sources: no build before a test.
 */
export default defineConfig({
  plugins: [
    {
      name: 'as-published',
      // Vitest hands vite's conditions on to Node; under `development` a dependency may have sources that Node does not load.
      configResolved({ ssr: { resolve } }) {
        const conditions = resolve?.conditions ?? []
        conditions.splice(0, conditions.length, 'theater-source')
      },
    },
  ],
  test: {
    include: [
      'test/**/*.test.ts',
      '{packages,examples,tooling}/*/test/**/*.test.ts',
      'wit/test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    // The files of one package share a process and what they import: half of the time of a run is loading the same sources again.
    // So a test leaves nothing behind in its process: no spy, no variable of the environment, no other folder.
    isolate: false,
    // As many as there are cores; the default leaves one of two idle.
    maxWorkers: '100%',
    // Child processes load our sources too, over and over: they keep what they compiled.
    // And commands find a component transpiled that another one has run: by these sources, not by those of another day.
    env: {
      NODE_COMPILE_CACHE: kept('node'),
      THEATER_CACHE: transpiled(),
    },
    execArgv: ['--conditions=theater-source'],
    experimental: { viteModuleRunner: false },
    passWithNoTests: true,
    // They end what hangs and say nothing about speed: a busy machine with two cores takes ten times as long as an idle one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    benchmark: { include: ['**/test/**/*.bench.ts'] },
  },
})

/** A folder that outlives a run. */
function kept(name: string): string {
  return fileURLToPath(new URL(`node_modules/.cache/${name}`, import.meta.url))
}

/** Some hundred MB for one state of the sources: those that nobody has used for a day go. */
function transpiled(): string {
  const folder = kept(`theater-${digestOf('packages/component/src/**/*.ts')}`)
  for (const other of globSync(kept('theater-*')))
    if (
      other !== folder &&
      Date.now() - (statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 86_400_000
    )
      rmSync(other, { recursive: true, force: true })
  return folder
}

function digestOf(files: string): string {
  const hash = createHash('sha256')
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  for (const file of globSync(files, { cwd }).toSorted())
    hash.update(`${file}\n`).update(readFileSync(new URL(file, import.meta.url)))
  return hash.digest('hex').slice(0, 16)
}
