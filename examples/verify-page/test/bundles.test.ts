import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { expect, test } from 'vitest'

/** Every package that runs in a browser, with the entries that do. */
const entries = [
  '@theater/values',
  '@theater/handler',
  '@theater/event-chain',
  '@theater/event-chain/car',
  '@theater/component',
  '@theater/component/web',
  '@theater/boundary',
  '@theater/replay',
]

const bundle = (entry: string) =>
  esbuild.build({
    stdin: { contents: `export * from '${entry}'`, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    conditions: ['theater-source'],
    logLevel: 'silent',
  })

// With this platform esbuild gives an error for a module of Node, and for each import that it cannot find.
test.for(entries)('%s bundles for a browser, with nothing of Node in it', async (entry) => {
  const { outputFiles, metafile, warnings } = await bundle(entry)
  expect(warnings).toEqual([])
  const [made] = outputFiles
  const external = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  expect(external).toEqual([])
  expect(made?.text).not.toMatch(/["'`]node:/)
  const [size = 0, packed] = [made?.contents.length, gzipSync(made?.contents ?? '').length]
  console.log(
    `${entry.padEnd(26)} ${(size / 1000).toFixed(0).padStart(4)} kB, ${(packed / 1000).toFixed(0)} kB gzip`,
  )
  expect(size).toBeLessThan(200_000)
})

test.for([
  '@theater/values/node',
  '@theater/event-chain/sqlite',
  '@theater/component/node',
  '@theater/replay/node',
])('%s does not: that is what the test would find', async (entry) => {
  await expect(bundle(entry)).rejects.toThrow(/Could not resolve "node:/)
})
