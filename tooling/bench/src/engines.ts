/** The guests that the meter is measured by: two engines that run one program, and a compiled one. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { componentize } from '@bytecodealliance/componentize-js'
import { transpile } from '@bytecodealliance/jco'
import { meterModule, type MeterOptions } from '@theater/component'
import { componentize as componentizeQjs } from 'componentize-qjs'

/** How the core modules of a guest are run; `undefined` as they are. */
export type Metering = MeterOptions | undefined

/** Runs a piece of work some times. */
export type Work = (name: string, n: number) => unknown

const guests = new URL('../guests/', import.meta.url)

/** Globals that never run out. */
function endless(): WebAssembly.ModuleImports {
  const made = (value: 'i32' | 'i64', initial: unknown): WebAssembly.Global =>
    new WebAssembly.Global({ value, mutable: true }, initial as never)
  return {
    fuel: made('i64', 1n << 62n),
    depth: made('i32', 20_000),
    pages: made('i64', 1n << 20n),
    elements: made('i64', 1n << 30n),
    why: made('i32', 0),
  }
}

function compile(bytes: Uint8Array, metering: Metering): WebAssembly.Module {
  const made = metering === undefined ? bytes : meterModule(bytes, metering)
  return new WebAssembly.Module(made as Uint8Array<ArrayBuffer>)
}

/** A guest of a compiler: `compute.c`. */
export function compiled(metering: Metering): Work {
  const module = compile(new Uint8Array(readFileSync(new URL('compute.wasm', guests))), metering)
  const { exports } = new WebAssembly.Instance(module, { 'theater:meter': endless() })
  return (name, n) => (exports[name] as (n: number) => number)(n)
}

/** The bytes of `engine.js` on an engine; built once. */
export async function engineBytes(engine: 'quickjs' | 'starlingmonkey'): Promise<Uint8Array> {
  const cache = new URL('../node_modules/.cache/', import.meta.url)
  const out = new URL(`engine-${engine}.wasm`, cache)
  if (!existsSync(out)) {
    mkdirSync(cache, { recursive: true })
    process.stderr.write(`building the guest of ${engine} …\n`)
    const wit = new URL('engine.wit', guests)
    const source = readFileSync(new URL('engine.js', guests), 'utf8')
    // The types do not know `witWorld`, which needs no file of the engine's own.
    const world = {
      sourcePath: fileURLToPath(new URL('engine.js', guests)),
      witWorld: readFileSync(wit, 'utf8'),
      worldName: 'engine',
      disableFeatures: [
        'random' as const,
        'stdio' as const,
        'clocks' as const,
        'http' as const,
        'fetch-event' as const,
      ],
    }
    const { component } =
      engine === 'quickjs'
        ? await componentizeQjs({ witPath: fileURLToPath(wit), jsSource: source, sync: true, stubWasi: true })
        : await componentize(world)
    writeFileSync(out, component)
  }
  return new Uint8Array(readFileSync(out))
}

interface Glue {
  instantiate(
    getCoreModule: (path: string) => WebAssembly.Module,
    imports: object,
    instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  ): { readonly run: Work }
}

/** A component that imports nothing it uses, through jco's own glue, which `use` gets once for each way to run it. */
export async function engines(
  bytes: Uint8Array,
  ways: readonly Metering[],
): Promise<{ readonly works: readonly Work[]; readonly core: Uint8Array }> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-engine-'))
  try {
    const { files } = (await transpile(bytes, {
      name: 'engine',
      instantiation: 'sync',
      nodejsCompat: false,
    })) as { files: Record<string, Uint8Array> }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const glue = (await import(pathToFileURL(join(folder, 'engine.js')).href)) as Glue
    const core = Object.values(files).reduce((a, b) => (b.length > a.length ? b : a))
    const works = ways.map((metering) => {
      const meter = endless()
      const { run } = glue.instantiate(
        (path) => {
          const content = files[path]
          if (content === undefined) throw new Error(`no module ${path}`)
          return compile(new Uint8Array(content), metering)
        },
        unused('imports'),
        (module, imports) => new WebAssembly.Instance(module, { ...imports, 'theater:meter': meter }),
      )
      return run
    })
    return { works, core: new Uint8Array(core) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Stands for every import: none of them is called. */
function unused(path: string): object {
  return new Proxy(
    function stub() {
      throw new Error(`${path} is called`)
    },
    {
      get: (of, key) =>
        key === 'prototype' ? of.prototype : typeof key === 'symbol' ? undefined : unused(`${path}.${key}`),
    },
  )
}
