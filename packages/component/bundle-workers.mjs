// Makes dist/worker and dist/web-worker.js: the transpiling workers with jco inside, so that installing this package does
// not install jco, whose package brings 100 MB of other tools. jco's WASI is replaced by one that gives nothing.
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'

const here = import.meta.dirname
const jco = dirname(fileURLToPath(import.meta.resolve('@bytecodealliance/jco-transpile/component')))
const modules = ['js-component-bindgen-component.core.wasm', 'js-component-bindgen-component.core2.wasm']

/** @type {esbuild.Plugin} */
const noWasi = {
  name: 'no-wasi',
  setup(build) {
    build.onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, () => ({
      path: join(here, 'src/jco/no-wasi.ts'),
    }))
  },
}

/** Puts jco's own modules into the script, compressed: it loads nothing, so a page without any network can run it. */
const inline = {
  name: 'inline',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /js-component-bindgen-component\.js$/ }, async ({ path }) => {
      let code = await readFile(path, 'utf8')
      for (const [i, file] of modules.entries()) {
        const load = `fetchCompile(new URL('./${file}', import.meta.url))`
        if (!code.includes(load)) throw new Error(`jco no longer asks for ${file}`)
        code = `import __module${i} from './${file}'\n${code.replace(load, `__inflated(__module${i})`)}`
      }
      code = code.replace(/\nconst isNode = [\s\S]*?\n}\n/, '\n')
      if (/import\.meta|node:/.test(code)) throw new Error('jco asks for something beside its two modules')
      return { contents: `${code}\n${inflated}`, loader: 'js' }
    })
    build.onLoad({ filter: /\.core2?\.wasm$/ }, async ({ path }) => ({
      contents: gzipSync(await readFile(path), { level: 9 }),
      loader: 'binary',
    }))
  },
}

const inflated = `
async function __inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return WebAssembly.compile(await new Response(stream).arrayBuffer())
}`

/**
 * @param {esbuild.BuildOptions} options
 */
async function bundle(options) {
  const { warnings } = await esbuild.build({
    bundle: true,
    minify: true,
    legalComments: 'inline',
    conditions: ['theater-source'],
    ...options,
  })
  if (warnings.length > 0) throw new Error(`bundling ${options.outfile} gave warnings`)
}

/** The worker of `@theater/component/node`, which finds jco's modules beside itself. */
async function nodeWorker() {
  const out = join(here, 'dist', 'worker')
  const outfile = join(out, 'transpile-worker.js')
  await mkdir(out, { recursive: true })
  await bundle({
    entryPoints: [join(here, 'src/node/transpile-worker.ts')],
    outfile,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    plugins: [noWasi],
  })
  const code = await readFile(outfile, 'utf8')
  for (const file of modules) {
    if (!code.includes(file)) throw new Error(`jco no longer asks for ${file}`)
    await copyFile(join(jco, file), join(out, file))
  }
  await copyFile(join(jco, '..', 'LICENSE'), join(out, 'LICENSE-jco'))
}

/**
 * The script of a Web Worker for `@theater/component/web`.
 *
 * @param {string} outfile
 */
export async function webWorker(outfile) {
  await mkdir(dirname(outfile), { recursive: true })
  await bundle({
    entryPoints: [join(here, 'src/web/transpile-worker.ts')],
    outfile,
    platform: 'browser',
    target: 'es2023',
    format: 'iife',
    banner: {
      js: '/* With jco-transpile inside: Apache-2.0 WITH LLVM-exception, see LICENSE-jco beside it. */',
    },
    plugins: [noWasi, inline],
  })
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === basename(import.meta.filename)) {
  await nodeWorker()
  await webWorker(join(here, 'dist', 'worker', 'web-worker.js'))
}
