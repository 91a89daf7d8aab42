// Makes of each entry of the package in the current folder one file in `dist`, and of what several of them share some more: loading a hundred
// modules takes a host longer than bringing an actor back. What tsc wrote stays beside it; a build without this step is as good, only slower.
//
//     node ../../tooling/scripts/bundle.mjs [entry in src, beside those of package.json]...
import { globSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import * as esbuild from 'esbuild'

const folder = process.cwd()
const source = resolve(folder, 'src')
const { exports } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'))
const exported = Object.values(exports).flatMap((one) => one['theater-source'] ?? [])
const entries = [...exported, ...process.argv.slice(2)].map((path) => resolve(folder, path))

/** Files that know where they are, by their place in `src`. */
const placed = new Set()

/** A file finds what is beside it from where tsc puts it, whatever file it becomes a part of. */
const whereItWas = {
  name: 'where-it-was',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const own = relative(source, path).replaceAll('\\', '/')
      if (!/\bimport\.meta\.url\b/.test(text)) return { contents: text, loader: 'ts' }
      placed.add(own)
      const here = `new URL('./${own.replace(/\.ts$/, '.js')}', import.meta.url).href`
      return { contents: text.replaceAll('import.meta.url', here), loader: 'ts' }
    })
  },
}

for (const old of globSync('dist/bundled-*', { cwd: folder })) rmSync(resolve(folder, old))
const { metafile, warnings } = await esbuild.build({
  entryPoints: entries,
  outbase: source,
  outdir: resolve(folder, 'dist'),
  chunkNames: 'bundled-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'esnext',
  packages: 'external',
  conditions: ['theater-source'],
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'inline',
  metafile: true,
  plugins: [whereItWas],
})
if (warnings.length > 0) throw new Error('bundling gave warnings')
for (const [path, { inputs }] of Object.entries(metafile.outputs)) {
  const below = relative(resolve(folder, 'dist'), dirname(resolve(folder, path)))
  const lost = Object.keys(inputs).find((input) => placed.has(relative(source, resolve(folder, input))))
  if (below !== '' && lost !== undefined)
    throw new Error(`${path} has ${lost} in it, which would look from dist/${below}`)
}
