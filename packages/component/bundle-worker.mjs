// Makes dist/worker: the transpiling worker with jco inside, so that installing this package does not install jco,
// whose package brings 100 MB of other tools. jco's WASI is replaced by one that gives nothing.
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

const here = import.meta.dirname
const out = join(here, 'dist', 'worker')
const jco = dirname(fileURLToPath(import.meta.resolve('@bytecodealliance/jco-transpile/component')))

await mkdir(out, { recursive: true })
const { warnings } = await esbuild.build({
  entryPoints: [join(here, 'src/node/transpile-worker.ts')],
  outdir: out,
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  minify: true,
  legalComments: 'inline',
  conditions: ['theater-source'],
  plugins: [
    {
      name: 'no-wasi',
      setup(build) {
        build.onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, () => ({
          path: join(here, 'src/node/no-wasi.ts'),
        }))
      },
    },
  ],
})
if (warnings.length > 0) throw new Error('bundling the worker gave warnings')

// The worker finds these beside itself.
const code = await readFile(join(out, 'transpile-worker.js'), 'utf8')
const modules = ['js-component-bindgen-component.core.wasm', 'js-component-bindgen-component.core2.wasm']
for (const file of modules) {
  if (!code.includes(file)) throw new Error(`jco no longer asks for ${file}`)
  await copyFile(join(jco, file), join(out, file))
}
await copyFile(join(jco, '..', 'LICENSE'), join(out, 'LICENSE-jco'))
