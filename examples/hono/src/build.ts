import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { componentize } from '@bytecodealliance/componentize-js'
import { build } from 'esbuild'

const PACKAGES = ['io', 'clocks', 'random', 'cli', 'filesystem', 'sockets', 'http']

/** Makes a component of the application, as jco's own tools do it: bundled, then componentized for a world of `wasi:http`. */
export async function buildApp(out: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('app.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    write: false,
  })
  const { component } = await componentize(outputFiles[0]?.text ?? '', await world())
  await writeFile(out, component)
  return component.length
}

/** The world in one text, with the packages that it names. */
async function world(): Promise<string> {
  const packages = await Promise.all(
    PACKAGES.map(async (name) => {
      const text = await readFile(new URL(import.meta.resolve(`@theater/wit/wit/wasi/${name}.wit`)), 'utf8')
      return text.replace(/^package ([^;]+);([^]*)$/m, 'package $1 {$2}')
    }),
  )
  const text = `package example:hono;

world app {
  export wasi:http/incoming-handler@0.2.12;
}

${packages.join('\n')}`
  // The engine answers requests for its own patch version, and no other.
  return text.replaceAll('@0.2.12', '@0.2.10').replaceAll('version = 0.2.12', 'version = 0.2.10')
}
