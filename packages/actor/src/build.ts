/**
 * Turns the TypeScript of an actor into a WebAssembly component, on Node.
 *
 * ```ts
 * import { build } from '@theater/actor/build'
 *
 * const { imports, digest } = await build({ entry: 'src/counter.ts', out: 'counter.wasm' })
 * console.log(digest, imports)
 * ```
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type AmbientUse, ambientOf } from './build/ambient.ts'
import { type ActorShape, analyse } from './build/analyse.ts'
import { BuildError } from './build/build-error.ts'
import { BuildCache } from './build/build-cache.ts'
import { isDependency } from './build/bundle-error.ts'
import { type Bundle, bundle } from './build/bundle.ts'
import { kitFolder } from './build/bundle-paths.ts'
import { componentMap } from './build/component-map.ts'
import { componentNames } from './build/component-names.ts'
import type { Diagnostic } from './build/diagnostic.ts'
import { engineError } from './build/engine-error.ts'
import { absentGlobalsIn } from './build/globals.ts'
import { checkTypes, type TypeCheck } from './build/type-check.ts'
import { type Tools, tools } from './build/tools.ts'
import { type Contributed, readWit } from './build/wit.ts'
import { declarationsOf } from './build/wit-types.ts'
import { type World, worldOf } from './build/world.ts'

export type { ActorShape } from './build/analyse.ts'
export { BuildError, type BuildErrorCode } from './build/build-error.ts'
export type { ComponentMap } from './build/component-map.ts'
export type { Diagnostic } from './build/diagnostic.ts'
export type { Tools } from './build/tools.ts'
export { checkTypes, type TypeCheck } from './build/type-check.ts'

/** What to build. */
export interface BuildOptions {
  /** The file whose default export is the actor. */
  readonly entry: string
  /**
   * Where the component is written; its folder is made.
   * @default nowhere: it is only returned
   */
  readonly out?: string
  /**
   * Whether the bundled source is made smaller. The engine is 12 MB, so it changes little, and stacks get worse.
   * @default false
   */
  readonly minify?: boolean
  /**
   * Whether types are checked first, with the TypeScript of the actor's project; what it finds stops the build.
   * @default false
   */
  readonly check?: boolean
  /**
   * A folder where components are kept by what they are made of, so that a source that makes no difference is not built
   * again; the last few of them stay. Whoever can write to it decides what is run.
   * @default none
   */
  readonly cache?: string
  /**
   * WIT of interfaces that its sources import, `import { read } from 'my:notes/notes@0.1.0'`: files `NAME.wit`, or folders of
   * them. They are served by a handler that somebody contributed.
   * @default none
   */
  readonly wit?: readonly string[]
  /** Takes every file that the build reads, absolute, also where it fails: for whoever watches them. */
  readonly inputs?: Set<string>
}

/** A built component. */
export interface Built {
  /** The component. */
  readonly bytes: Uint8Array
  /** Its name: `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
  /** What it imports, read from the bytes. */
  readonly imports: readonly string[]
  /** What it exports, read from the bytes. */
  readonly exports: readonly string[]
  /** The world it was made for, as WIT. */
  readonly world: string
  /** A {@link ComponentMap} as JSON: where in the sources each part of the component's module stands. */
  readonly map: string
  /** The version of TypeScript that found no fault in it; null where types were not checked. */
  readonly typescript: string | null
  /** The versions of what made it. */
  readonly tools: Tools
  /** Whether the component was in the cache. */
  readonly cached: boolean
}

/** What a build makes before the engine is added. */
export interface Prepared {
  /** What the source says about itself. */
  readonly shape: ActorShape
  /** The world that follows from it, as WIT. */
  readonly world: string
  /** The bundled module. */
  readonly source: string
}

/**
 * Builds an actor: bundles it with its npm dependencies, derives its world from `uses` and from what it defines, and
 * adds the engine. Takes some seconds and about 1 GB of memory.
 *
 * A build is reproducible: the same sources and dependencies, laid out alike, give the same bytes with the same {@link Tools},
 * whatever the folder, the user, the clock and the machine. So the digest names a source. The code of the actor is run by the
 * build only inside the engine's sandbox, where it is 2000-01-01.
 *
 * With `out` the component's source map is written beside it, as `OUT.map`.
 *
 * Throws a {@link BuildError}.
 */
export async function build(options: BuildOptions): Promise<Built> {
  const { entry, out, check = false } = options
  // Both say what is wrong; of an actor that is none the types matter less.
  const contributed = await readWit(options.wit ?? [], options.inputs ?? new Set())
  const declared = await declarationsOf(contributed)
  const checking: Promise<TypeCheck> = check ? checkTypes(entry, declared) : Promise.resolve(unchecked)
  const [assembled, checked] = await Promise.allSettled([assemble(options, contributed), checking])
  if (assembled.status === 'rejected') throw assembled.reason
  if (checked.status === 'rejected') throw checked.reason
  const { bundled, world, absent } = assembled.value
  refuse(absent, checked.value.diagnostics)
  const kept = options.cache === undefined ? undefined : new BuildCache(options.cache, bundled.source, world)
  const found = await kept?.get()
  const bytes = found ?? (await component(bundled, world))
  if (found === undefined) await kept?.put(bytes)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const map = JSON.stringify(componentMap(bundled.map, digest, out ?? 'actor.wasm'))
  if (out !== undefined) {
    await mkdir(dirname(resolve(out)), { recursive: true })
    await writeFile(out, bytes)
    await writeFile(`${out}.map`, map)
  }
  return {
    bytes,
    digest,
    ...componentNames(bytes),
    world: world.wit,
    map,
    typescript: checked.value.typescript,
    tools: tools(),
    cached: found !== undefined,
  }
}

const unchecked: TypeCheck = { typescript: null, diagnostics: [] }

/**
 * Declares the interfaces of WIT as the modules that an actor imports: one text of TypeScript, for a file `NAME.d.ts` beside
 * the sources, so that editors know them too.
 *
 * Throws a {@link BuildError} `wit`.
 *
 * @param wit files `NAME.wit`, or folders of them
 */
export async function witTypes(wit: readonly string[]): Promise<string> {
  return declarationsOf(await readWit(wit, new Set()))
}

/** Everything that a build does but the last step, in a tenth of a second: for checking an actor. Throws a {@link BuildError}. */
export async function prepare(options: BuildOptions): Promise<Prepared> {
  const contributed = await readWit(options.wit ?? [], options.inputs ?? new Set())
  // It holds the WIT against its grammar.
  await declarationsOf(contributed)
  const { shape, bundled, world, absent } = await assemble(options, contributed)
  refuse(absent, [])
  return { shape, source: bundled.source, world: world.wit }
}

/** Throws where there is something to say. */
function refuse(absent: readonly Diagnostic[], types: readonly Diagnostic[]): void {
  const place = ({ file, line, column }: Diagnostic): string => `${file}:${line}:${column}`
  const known = new Set(absent.map(place))
  const rest = types.filter((one) => !known.has(place(one)))
  if (absent.length > 0) throw new BuildError('bundle', [...absent, ...rest])
  if (rest.length > 0) throw new BuildError('types', rest)
}

interface Assembled {
  readonly shape: ActorShape
  readonly bundled: Bundle
  readonly world: World
  /** Uses of what no actor has. */
  readonly absent: readonly Diagnostic[]
}

async function assemble(options: BuildOptions, { packages, interfaces }: Contributed): Promise<Assembled> {
  const { entry, minify = false, inputs = new Set<string>() } = options
  inputs.add(resolve(entry))
  const text = await readFile(entry, 'utf8').catch((cause: unknown) => {
    throw new BuildError('entry', `${entry} cannot be read`, { cause })
  })
  const shape = analyse(entry, text)
  if (!shape.init && !shape.state && !shape.messages && !shape.fetch) {
    throw new BuildError('entry', `${entry}: an actor without state, init, messages or fetch exports nothing`)
  }
  const alone = { entry, shape, world: worldOf(shape), minify: false, alone: true, inputs, interfaces }
  const own = await bundle(alone)
  const named = ambientOf(own.source)
  // The kit's loop, in which `fetch` waits, stands on the engine's timers.
  const ambient: AmbientUse[] = shape.uses.includes('http') ? [...named, 'timers'] : [...named]
  const world = worldOf(shape, ambient, { packages, interfaces: own.interfaces })
  const bundled = await bundle({ entry, shape, ambient, world, minify, inputs, interfaces })
  return { shape, world, bundled, absent: await absentGlobals(bundled.inputs, shape) }
}

/** Dependencies often name what they only use where it is there; of the actor's own code that is asked. */
async function absentGlobals(inputs: readonly string[], shape: ActorShape): Promise<Diagnostic[]> {
  const found: Diagnostic[] = []
  for (const file of inputs.toSorted()) {
    if (isDependency(file) || file.startsWith(kitFolder) || !/\.[cm]?[jt]sx?$/.test(file)) continue
    found.push(...absentGlobalsIn(file, await readFile(file, 'utf8'), shape.uses))
  }
  return found
}

async function component({ source, map }: Bundle, world: World): Promise<Uint8Array> {
  try {
    // It takes half a second to load, and what is wrong with an actor is mostly said before.
    const { addEngine } = await import('./build/engine.ts')
    return await addEngine(source, world)
  } catch (cause) {
    throw engineError(cause instanceof Error ? cause.message : String(cause), map, cause)
  }
}
