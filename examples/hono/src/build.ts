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
    // Interfaces are imported by their names.
    external: ['wasi:*'],
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
  return `package example:hono;

world app {
  import wasi:cli/environment@0.2.12;
  import wasi:http/types@0.2.12;
  export wasi:http/incoming-handler@0.2.12;
}

${packages.join('\n')}`
}
