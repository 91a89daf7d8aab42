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
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { componentize } from '@bytecodealliance/componentize-js'
import { ambientOf } from './build/ambient.ts'
import { type ActorShape, analyse } from './build/analyse.ts'
import { BuildError } from './build/build-error.ts'
import { type Bundle, bundle } from './build/bundle.ts'
import { componentNames } from './build/component-names.ts'
import { engineError } from './build/engine-error.ts'
import { features, restoreNames, type World, worldOf } from './build/world.ts'

export type { ActorShape } from './build/analyse.ts'
export { BuildError, type BuildErrorCode } from './build/build-error.ts'

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
 * adds the engine. Takes 3 to 10 seconds and about 1 GB of memory.
 *
 * A build is not reproducible: two of one source differ in some bytes of the engine's heap image, so the digest names
 * a build, not a source. The code of the actor is run by the build only inside the engine's sandbox.
 *
 * Throws a {@link BuildError}.
 */
export async function build(options: BuildOptions): Promise<Built> {
  const { bundled, world } = await assemble(options)
  const bytes = await addEngine(bundled, world)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  if (options.out !== undefined) {
    await mkdir(dirname(resolve(options.out)), { recursive: true })
    await writeFile(options.out, bytes)
  }
  return { bytes, digest, ...componentNames(bytes), world: world.wit }
}

/** Everything that a build does but the last step, in a tenth of a second: for checking an actor. Throws a {@link BuildError}. */
export async function prepare(options: BuildOptions): Promise<Prepared> {
  const { shape, bundled, world } = await assemble(options)
  return { shape, source: bundled.source, world: world.wit }
}

async function assemble(
  options: BuildOptions,
): Promise<{ shape: ActorShape; bundled: Bundle; world: World }> {
  const { entry, minify = false } = options
  const text = await readFile(entry, 'utf8').catch((cause: unknown) => {
    throw new BuildError('entry', `${entry} cannot be read`, { cause })
  })
  const shape = analyse(entry, text)
  if (!shape.init && !shape.state && !shape.messages) {
    throw new BuildError('entry', `${entry}: an actor without state, init or messages exports nothing`)
  }
  const alone = { entry, shape, world: worldOf(shape), minify: false, alone: true }
  const ambient = ambientOf((await bundle(alone)).source).uses
  const world = worldOf(shape, ambient)
  return { shape, world, bundled: await bundle({ entry, shape, ambient, world, minify }) }
}

async function addEngine(bundled: Bundle, world: World): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'theater-build-'))
  try {
    const sourcePath = join(folder, 'actor.js')
    await writeFile(sourcePath, bundled.source)
    // `witWorld` is missing from the package's types; `witPath` fails beside another version of preview2-shim.
    const options = {
      sourcePath,
      witWorld: world.wit,
      worldName: 'actor',
      disableFeatures: features.filter((feature) => !world.features.includes(feature)),
    }
    const { component } = await componentize(options)
    restoreNames(component)
    return component
  } catch (cause) {
    throw engineError(cause instanceof Error ? cause.message : String(cause), bundled.map, cause)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
