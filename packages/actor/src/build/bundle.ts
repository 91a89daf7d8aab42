import { isBuiltin } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as esbuild, formatMessages, type Plugin } from 'esbuild'
import type { AmbientUse } from './ambient.ts'
import type { ActorShape } from './analyse.ts'
import { BuildError } from './build-error.ts'
import type { World } from './world.ts'

/** How the sources become one module. */
export interface BundleOptions {
  /** The entry file. */
  readonly entry: string
  /** What it says about itself. */
  readonly shape: ActorShape
  /** The world that follows. */
  readonly world: World
  /**
   * The ambient parts of JavaScript that its code names.
   * @default none
   */
  readonly ambient?: readonly AmbientUse[]
  /** Whether names and spaces are shortened. */
  readonly minify: boolean
  /**
   * Whether the kit stays outside, so that what is left is the actor and its npm dependencies.
   * @default false
   */
  readonly alone?: boolean
}

/** A bundled module. */
export interface Bundle {
  /** The module. */
  readonly source: string
  /** Its source map, JSON. */
  readonly map: string
}

// In a checkout this file is TypeScript and its neighbours are too; published, all are JavaScript.
const extension = extname(import.meta.url)
const kit = (file: string): string => fileURLToPath(new URL(`../${file}${extension}`, import.meta.url))

const start = 'theater:build/start'
const ambient = 'theater:build/ambient'
const again = Symbol('resolved once more')

/**
 * One ES module with the actor, its npm dependencies and the kit, whose only imports are those of the world.
 *
 * Throws a `BuildError` with the file and line of an import that an actor cannot have, such as a built-in of Node.
 */
export async function bundle(options: BundleOptions): Promise<Bundle> {
  const { outputFiles, errors } = await esbuild({
    entryPoints: [options.alone === true ? resolve(options.entry) : start],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    // The engine has web APIs and is not Node: as a browser's worker.
    platform: 'browser',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['theater', 'worker', 'browser', 'import', 'default'],
    minify: options.minify,
    keepNames: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    sourcemap: 'external',
    outdir: '.',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [...(options.alone === true ? [kitOutside] : []), theaterPlugin(options)],
  }).catch(failed)
  const find = (end: string): string | undefined => outputFiles.find(({ path }) => path.endsWith(end))?.text
  const source = find('.js')
  const map = find('.js.map')
  if (source === undefined || map === undefined) return failed({ errors })
  return { source, map }
}

async function failed(error: unknown): Promise<never> {
  const { errors } = error as { readonly errors?: Parameters<typeof formatMessages>[0] }
  if (errors === undefined) throw new BuildError('bundle', 'esbuild failed', { cause: error })
  const lines = await formatMessages(errors, { kind: 'error', color: false })
  throw new BuildError('bundle', lines.join('').trim(), { cause: error })
}

const kitOutside: Plugin = {
  name: 'kit-outside',
  setup(build) {
    build.onResolve({ filter: /^@theater\/actor(?:\/message)?$/ }, ({ path }) => ({ path, external: true }))
  },
}

function theaterPlugin({ entry, shape, ambient: uses = [], world }: BundleOptions): Plugin {
  const file = resolve(entry)
  const imported = new Set(world.modules.map(([, module]) => module))
  return {
    name: 'theater',
    setup(build) {
      const own = { namespace: 'theater' }
      build.onResolve({ filter: /^theater:build\// }, ({ path }) => ({ path, ...own }))
      build.onResolve({ filter: /^@theater\/actor$/ }, () => ({ path: kit('index'), sideEffects: false }))
      build.onResolve({ filter: /^@theater\/actor\/message$/ }, () => ({
        path: kit('message'),
        sideEffects: false,
      }))
      build.onResolve({ filter: /^@theater\/actor\/build$/ }, () => ({
        errors: [{ text: '@theater/actor/build makes actors; an actor cannot import it' }],
      }))
      build.onResolve({ filter: /^(?:theater|wasi):/ }, ({ path, namespace }) => {
        if (namespace === 'theater' && imported.has(path)) return { path, external: true }
        const text = `an actor does not import ${path} itself: name the capability in uses, and take it from ctx`
        return { errors: [{ text }] }
      })
      build.onResolve({ filter: /^[^./]/ }, async ({ path, namespace, pluginData, ...how }) => {
        if (namespace === 'theater' || pluginData === again || !isBuiltin(path)) return undefined
        // `events` may be an npm package of that name, and a package may map `fs` away for browsers.
        if (!path.startsWith('node:')) {
          const { importer, resolveDir, kind } = how
          const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: again })
          if (found.errors.length === 0) return undefined
        }
        const text = `${path} is part of Node, and actors do not run in Node: use what ctx gives, or another package`
        return { errors: [{ text }] }
      })
      build.onLoad({ filter: /^theater:build\/start$/, ...own }, () => ({
        contents: startModule(file, shape, world),
        resolveDir: dirname(file),
        loader: 'js',
      }))
      build.onLoad({ filter: /^theater:build\/ambient$/, ...own }, () => ({
        contents: ambientModule(uses, world),
        resolveDir: dirname(file),
        loader: 'js',
      }))
    },
  }
}

/** The module that componentize-js gets: the exports of the world, served by the kit. */
function startModule(file: string, shape: ActorShape, world: World): string {
  const names = [
    ...(shape.init ? ['lifecycle'] : []),
    ...(shape.state ? ['migration'] : []),
    ...(shape.messages ? ['receiver', 'responder'] : []),
  ]
  return [
    // First, so that the modules of the actor find the environment restricted.
    `import { environment } from ${JSON.stringify(ambient)}`,
    `import { serve } from ${JSON.stringify(kit('guest/serve'))}`,
    ...hostImports(world),
    `import actor from ${JSON.stringify(file)}`,
    `const exported = serve(actor, ${hostObject(world)}, environment)`,
    ...names.map((name) => `export const ${name} = exported.${name}`),
  ].join('\n')
}

function ambientModule(uses: readonly AmbientUse[], world: World): string {
  return [
    `import { restrict } from ${JSON.stringify(kit('guest/environment'))}`,
    `import { makeLog } from ${JSON.stringify(kit('guest/log'))}`,
    ...hostImports(world),
    `const host = ${hostObject(world)}`,
    'export const environment = restrict(globalThis, {',
    `  uses: ${JSON.stringify(uses)},`,
    '  wallClock: host.wallClock,',
    '  log: host.log && makeLog(host.log),',
    '})',
  ].join('\n')
}

function hostImports({ modules }: World): string[] {
  return modules.map(([property, module]) => `import * as ${property} from ${JSON.stringify(module)}`)
}

function hostObject({ modules }: World): string {
  return `{ ${modules.map(([property]) => property).join(', ')} }`
}
