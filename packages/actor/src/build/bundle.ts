import { readFileSync, realpathSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build as esbuild, type Message, type Metafile, type Plugin } from 'esbuild'
import { adviceForModule } from './advice.ts'
import type { AmbientUse } from './ambient.ts'
import type { ActorShape } from './analyse.ts'
import { BuildError } from './build-error.ts'
import { bundleError, type Refusal } from './bundle-error.ts'
import { bundleRoot, withoutPlaces } from './bundle-paths.ts'
import { withNamedDefault } from './named-entry.ts'
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
  /** Takes every file that is read, also where the bundle fails. */
  readonly inputs?: Set<string>
  /**
   * Interfaces that the sources may import beside what the kit has: `my:notes/notes@0.1.0`.
   * @default none
   */
  readonly interfaces?: ReadonlySet<string>
}

/** A bundled module. */
export interface Bundle {
  /** The module. */
  readonly source: string
  /** Its source map, JSON, with absolute sources. */
  readonly map: string
  /** Every file that went into it, absolute; those of the kit and of dependencies too. */
  readonly inputs: readonly string[]
  /** The `interfaces` that it imports, in order. */
  readonly interfaces: readonly string[]
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
  const { entry, inputs = new Set() } = options
  const { outputFiles, metafile } = await esbuild(settings(options, { inputs })).catch(
    async (cause: unknown) => {
      const { errors } = cause as { readonly errors?: readonly Message[] }
      if (errors === undefined) throw new BuildError('bundle', 'esbuild failed', { cause })
      throw await bundleError(errors, entry, () => graphOf(options), cause)
    },
  )
  const find = (end: string): string | undefined => outputFiles.find(({ path }) => path.endsWith(end))?.text
  const source = find('.js')
  const map = find('.js.map')
  if (source === undefined || map === undefined) throw new BuildError('bundle', 'esbuild made nothing')
  return {
    source: withQuickNames(withoutPlaces(source, Object.keys(metafile.inputs), entry)),
    map: absolute(map, entry),
    inputs: [...inputs],
    interfaces: interfacesOf(metafile, options.interfaces),
  }
}

const slow = 'var __name = (target, value) => __defProp(target, "name", { value, configurable: true });'
const quick =
  'var __name = (target, value) => target.name === value ? target : __defProp(target, "name", { value, configurable: true });'

/**
 * With names defined only where they are others: esbuild has each function that is made go through this, also those of a turn, and to define a
 * name takes the engine longer than ten calls.
 */
function withQuickNames(source: string): string {
  return source.replace(slow, quick)
}

/** What the sources import of these; a type that is imported is not in the bundle, and imports nothing. */
function interfacesOf(metafile: Metafile, interfaces: ReadonlySet<string> = new Set()): string[] {
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  return [...new Set(imports.map(({ path }) => path))].filter((path) => interfaces.has(path)).toSorted()
}

/** The same source map with absolute paths, and the entry as it is on disk. */
function absolute(map: string, entry: string): string {
  const parsed = JSON.parse(map) as {
    readonly sources: readonly string[]
    readonly sourcesContent: readonly string[]
  }
  const root = bundleRoot(entry)
  const real = realpathSync(entry)
  const sources = parsed.sources.map((one) => (one.startsWith('theater:') ? one : resolve(root, one)))
  const sourcesContent = parsed.sourcesContent.map((text, i) =>
    sources[i] === real ? readFileSync(real, 'utf8') : text,
  )
  return JSON.stringify({ ...parsed, sources, sourcesContent })
}

/** The imports of the sources, those of Node's built-ins included. */
async function graphOf(options: BundleOptions): Promise<Metafile | undefined> {
  const lenient = settings(options, { inputs: new Set(), lenient: true })
  return (await esbuild(lenient).catch(() => undefined))?.metafile
}

interface Plugged {
  /** Takes every file that is read. */
  readonly inputs: Set<string>
  /** Leaves what an actor cannot import unbundled, instead of refusing it. */
  readonly lenient?: boolean
}

function settings(options: BundleOptions, plugged: Plugged) {
  return {
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
    metafile: true,
    absWorkingDir: bundleRoot(options.entry),
    outdir: '.',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [...(options.alone === true ? [kitOutside] : []), theaterPlugin(options, plugged)],
  } satisfies BuildOptions
}

const kitOutside: Plugin = {
  name: 'kit-outside',
  setup(build) {
    build.onResolve({ filter: /^@theater\/actor(?:\/message)?$/ }, ({ path }) => ({ path, external: true }))
  },
}

function theaterPlugin(
  { entry, shape, ambient: uses = [], world, interfaces = new Set() }: BundleOptions,
  { inputs, lenient }: Plugged,
): Plugin {
  const file = resolve(entry)
  const real = realpathSync(file)
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
        errors: [refused('@theater/actor/build makes actors; an actor cannot import it', 'host-side', '')],
      }))
      build.onResolve({ filter: interfaceName }, ({ path, namespace }) => {
        // `node:test/reporters` looks like one.
        if (isBuiltin(path)) return undefined
        if (namespace === 'theater' && imported.has(path)) return { path, external: true }
        if (/^(?:theater|wasi):/.test(path)) {
          const text = `an actor does not import ${path} itself`
          return {
            errors: [refused(text, 'wit-import', 'Name the capability in uses, and take it from ctx.')],
          }
        }
        if (interfaces.has(path)) return { path, external: true }
        return {
          errors: [refused(`${path} is in no WIT that is known here`, 'wit-import', whatIsKnown(interfaces))],
        }
      })
      build.onResolve({ filter: /^[^./]/ }, async ({ path, namespace, pluginData, ...how }) => {
        if (namespace === 'theater' || pluginData === again || !isBuiltin(path)) return undefined
        // `events` may be an npm package of that name, and a package may map `fs` away for browsers.
        if (!path.startsWith('node:')) {
          const { importer, resolveDir, kind } = how
          const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: again })
          if (found.errors.length === 0) return undefined
        }
        if (lenient === true) return { path, external: true }
        const text = `${path} is part of Node, and actors do not run in Node`
        return { errors: [refused(text, 'node-builtin', adviceForModule(path))] }
      })
      build.onLoad({ filter: /.*/, namespace: 'file' }, ({ path }) => {
        inputs.add(path)
        const contents = path === real ? withNamedDefault(path, readFileSync(path, 'utf8')) : undefined
        return contents === undefined ? undefined : { contents, loader: 'default' }
      })
      build.onLoad({ filter: /^theater:build\/start$/, ...own }, () => ({
        contents: startModule(file, shape, world),
        resolveDir: dirname(file),
        loader: 'js',
      }))
      build.onLoad({ filter: /^theater:build\/ambient$/, ...own }, () => ({
        contents: ambientModule(uses, shape, world),
        resolveDir: dirname(file),
        loader: 'js',
      }))
    },
  }
}

/** An interface, or any part of ours and of WASI. `node:fs` and `data:…` are none. */
const interfaceName = /^(?:(?:theater|wasi):|[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\/[a-z])/

function whatIsKnown(interfaces: ReadonlySet<string>): string {
  if (interfaces.size === 0) return 'Give the build the WIT that it is in: theater build --wit FILE.'
  return `What it was given has ${[...interfaces].join(', ')}.`
}

function refused(text: string, rule: string, hint: string): { text: string; detail: Refusal } {
  return { text, detail: { rule, hint } }
}

/** The module that componentize-js gets: the exports of the world, served by the kit. */
function startModule(file: string, shape: ActorShape, world: World): string {
  const names = [
    ...(shape.init || shape.subscriptions ? ['lifecycle'] : []),
    ...(shape.state ? ['migration'] : []),
    ...(shape.messages ? ['receiver', 'responder'] : []),
    ...(shape.subscriptions ? ['subscriber'] : []),
    ...(shape.channels ? ['channelPeer'] : []),
    ...(shape.websocket ? ['websocketHandler'] : []),
    ...(shape.childEnded ? ['watcher'] : []),
    ...(shape.timers ? ['target'] : []),
    ...(shape.fetch ? ['requestHandler', 'incomingHandler'] : []),
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

function ambientModule(uses: readonly AmbientUse[], shape: ActorShape, world: World): string {
  return [
    `import { restrict } from ${JSON.stringify(kit('guest/environment'))}`,
    `import { makeLog } from ${JSON.stringify(kit('guest/log'))}`,
    ...hostImports(world),
    `const host = ${hostObject(world)}`,
    'export const environment = restrict(globalThis, {',
    `  uses: ${JSON.stringify(uses)},`,
    '  wallClock: host.wallClock,',
    '  log: host.log && makeLog(host.log),',
    ...(shape.uses.includes('http')
      ? [
          '  http: { types: host.http, outgoing: host.outgoing, poll: host.poll, clock: host.monotonicClock },',
        ]
      : []),
    '})',
  ].join('\n')
}

function hostImports({ modules }: World): string[] {
  return modules.map(([property, module]) => `import * as ${property} from ${JSON.stringify(module)}`)
}

function hostObject({ modules }: World): string {
  return `{ ${modules.map(([property]) => property).join(', ')} }`
}
