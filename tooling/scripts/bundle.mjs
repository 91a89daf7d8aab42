// Makes of each entry of the package in the current folder one file in `dist`, and one more of what several of them share: loading a hundred
// modules takes a host longer than bringing an actor back. What tsc wrote stays beside it; a build without this step is as good, only slower.
// Dependencies stay outside; a devDependency that is imported ends up inside, with its license beside it.
//
//     node ../../tooling/scripts/bundle.mjs [entry in src, beside those of package.json]...
import { copyFileSync, globSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import * as esbuild from 'esbuild'
import { Parts, withoutBuiltins } from './bundle-parts.mjs'

const folder = process.cwd()
const source = resolve(folder, 'src')
const dist = resolve(folder, 'dist')
const manifest = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'))
const exported = Object.values(manifest.exports).flatMap((one) => one['theater-source'] ?? [])
const entries = [...exported, ...process.argv.slice(2)].map((path) => resolve(folder, path))
const outside = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })

/** Files that know where they are, by their place in `src`. */
const placed = new Set()

/** A file finds what is beside it from where tsc puts it, whatever file it becomes a part of; and has built-ins of Node without a module for each. */
const asItWas = {
  name: 'as-it-was',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = withoutBuiltins(await readFile(path, 'utf8'))
      const own = relative(source, path).replaceAll('\\', '/')
      if (!/\bimport\.meta\.url\b/.test(text)) return { contents: text, loader: 'ts' }
      placed.add(own)
      const here = `new URL('./${own.replace(/\.ts$/, '.js')}', import.meta.url).href`
      return { contents: text.replaceAll('import.meta.url', here), loader: 'ts' }
    })
  },
}

for (const old of globSync('{bundled-*,LICENSE-*}', { cwd: dist })) rmSync(resolve(dist, old))
const { metafile, outputFiles, warnings } = await esbuild.build({
  entryPoints: entries,
  outbase: source,
  outdir: dist,
  chunkNames: 'bundled-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'esnext',
  external: ['node:*', ...outside.flatMap((name) => [name, `${name}/*`])],
  conditions: ['theater-source'],
  sourcemap: 'inline',
  sourcesContent: false,
  legalComments: 'inline',
  metafile: true,
  write: false,
  plugins: [asItWas],
})
if (warnings.length > 0) throw new Error('bundling gave warnings')
const inputs = Object.keys(metafile.inputs).map((input) => resolve(folder, input))
for (const [path, { inputs: parts }] of Object.entries(metafile.outputs)) {
  const below = relative(dist, dirname(resolve(folder, path)))
  const lost = Object.keys(parts).find((input) => placed.has(relative(source, resolve(folder, input))))
  if (below !== '' && lost !== undefined)
    throw new Error(`${path} has ${lost} in it, which would look from dist/${below}`)
}
await new Parts(dist, outputFiles, metafile).write()

for (const input of inputs) {
  const [, root, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(input) ?? []
  if (root === undefined || name === undefined) continue
  const files = globSync('LICENSE*', { cwd: root })
  if (files.length === 0) throw new Error(`${name} has no license to put beside what is made of it`)
  const beside = `LICENSE-${name.replace('@', '').replace('/', '-')}`
  for (const file of files) copyFileSync(join(root, file), join(dist, file.replace('LICENSE', beside)))
}
