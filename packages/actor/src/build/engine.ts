import { readFileSync } from 'node:fs'
import { quickBindings } from './bindings.ts'
import { moduleName } from './component-map.ts'
import { setClock } from './engine-module.ts'
import { load } from './load.ts'
import { enginePart, tools } from './tools.ts'
import { features, restoreNames, type World } from './world.ts'

/** The engine's own script where stacks name it. */
const engineScript = 'engine.js'

/** The steps of componentize-js, which it does not export. */
interface Splicer {
  spliceBindings(
    engine: Uint8Array,
    features: readonly string[],
    wit: string,
    witPath: undefined,
    world: string,
    debug: boolean,
  ): {
    readonly wasm: Uint8Array<ArrayBuffer>
    readonly jsBindings: string
    readonly exports: readonly (readonly [name: string, type: CoreFunction])[]
    readonly imports: readonly (readonly [module: string, name: string, parameters: number])[]
  }
  stubWasi(
    engine: Uint8Array,
    features: readonly string[],
    wit: string,
    witPath: undefined,
    world: string,
  ): Uint8Array
}

interface CoreFunction {
  readonly params: readonly string[]
  readonly ret?: string
  readonly retptr: boolean
  readonly retsize: number
  readonly paramptr: boolean
}

/**
 * Makes a component of a bundled module and the engine. The same inputs give the same bytes.
 *
 * `componentize` does the same steps, but its program for the second one, wizer, lets the engine see the folders, the clock
 * and the randomness of the builder, all of which stay in its memory; and its third step writes down the time.
 */
export async function addEngine(source: string, world: World): Promise<Uint8Array> {
  const { componentNew, metadataAdd, preview1AdapterReactorPath } = await import('@bytecodealliance/jco')
  const { splicer } = (await import(enginePart('lib/spidermonkey-embedding-splicer.js').href)) as {
    readonly splicer: Splicer
  }
  const enabled = features.filter((feature) => world.features.includes(feature))
  const clocks = enabled.includes('clocks')
  const engine = readFileSync(enginePart('lib/starlingmonkey_embedding.wasm'))
  const { wasm, jsBindings, ...names } = splicer.spliceBindings(
    engine,
    enabled,
    world.wit,
    undefined,
    worldName,
    false,
  )
  const loaded = await load(wasm, {
    stdin: `--initializer-script-path ${engineScript} --strip-path-prefix / ${moduleName}`,
    env: variables(names, clocks),
    clocks,
    files: new Map([
      [engineScript, Buffer.from(quickBindings(jsBindings))],
      [moduleName, Buffer.from(source)],
    ]),
  })
  const core = splicer.stubWasi(loaded.module, enabled, world.wit, undefined, worldName)
  if (!clocks && !setClock(core, loaded.now)) {
    throw new Error('the clock of the engine cannot be found: this is another version of componentize-js')
  }
  const adapter = readFileSync(preview1AdapterReactorPath())
  const component = await metadataAdd(await componentNew(core, [['wasi_snapshot_preview1', adapter]]), [
    ['language', [['JavaScript', '']]],
    ['processed-by', [['ComponentizeJS', tools()['@bytecodealliance/componentize-js']]]],
  ])
  restoreNames(component)
  return component
}

const worldName = 'actor'

/** What the engine is told of the world: it reads its environment. */
function variables(
  { exports, imports }: Pick<ReturnType<Splicer['spliceBindings']>, 'exports' | 'imports'>,
  clocks: boolean,
): Record<string, string> {
  const pointer = (is: boolean): string => (is ? '*' : '')
  return {
    DEBUG: '',
    SOURCE_NAME: 'source.js',
    FEATURE_CLOCKS: clocks ? '1' : '',
    EXPORT_CNT: String(exports.length),
    ...Object.fromEntries(
      exports.flatMap(([name, { params, ret = '', retptr, retsize, paramptr }], index) => [
        [`EXPORT${index}_NAME`, name],
        [`EXPORT${index}_ARGS`, pointer(paramptr) + params.join()],
        [`EXPORT${index}_RET`, pointer(retptr) + ret],
        [`EXPORT${index}_RETSIZE`, String(retsize)],
      ]),
    ),
    IMPORT_CNT: String(imports.length),
    ...Object.fromEntries(
      imports.flatMap(([, name, parameters], index) => [
        [`IMPORT${index}_NAME`, name],
        [`IMPORT${index}_ARGCNT`, String(parameters)],
      ]),
    ),
  }
}
