/** The one place that knows how jco is called. */
import { ComponentError } from './errors.ts'
import { meter, meterModule } from './meter/meter.ts'
import type { MeterRequest, TranspileRequest, Transpiled, Transpiler } from './types.ts'
import { jcoVersion } from './version.ts'

/** Those options of jco that are ever given. The types are ours, so that using this package needs none of jco's. */
interface GenerateOptions {
  name: string
  instantiation: { tag: 'sync' }
  map: [string, string][]
  noTypescript: boolean
  noNodejsCompat: boolean
  noComponentErrorWrapping: boolean
  base64Cutoff: number
  asyncMode?: { tag: 'jspi'; val: { imports: string[]; exports: string[] } }
}

/** `generate` of `@bytecodealliance/jco-transpile/component`. */
export type Generate = (
  component: Uint8Array,
  options: GenerateOptions,
) => { files: readonly (readonly [string, Uint8Array])[] }

/** The name that jco derives all file names from. */
const name = 'component'

/**
 * jco's options for a request. Every import is mapped to itself, else versions merge; errors are wrapped, so that an
 * `err` differs from a trap; and instantiation is synchronous also with JSPI, so that no export named `then` is ever
 * awaited.
 */
export function generateOptions(request: Omit<TranspileRequest, 'bytes'>): GenerateOptions {
  const { plan, imports, asyncImports, asyncExports } = request
  return {
    name,
    instantiation: { tag: 'sync' },
    map: imports.map((id) => [id, id]),
    noTypescript: true,
    noNodejsCompat: true,
    noComponentErrorWrapping: false,
    base64Cutoff: 0,
    ...(plan.mode === 'jspi'
      ? { asyncMode: { tag: 'jspi', val: { imports: [...asyncImports], exports: [...asyncExports] } } }
      : {}),
  }
}

/** Calls jco and sorts what it gives. Whatever it throws is the caller's to judge. */
export function generateWith(generate: Generate, request: TranspileRequest): Transpiled {
  const files = new Map(generate(request.bytes, generateOptions(request)).files)
  const glue = files.get(`${name}.js`)
  if (glue === undefined) throw new ComponentError('glue-rejected', 'jco made no JavaScript.')
  const modules: Uint8Array[] = []
  for (
    let module = files.get(moduleName(0));
    module !== undefined;
    module = files.get(moduleName(modules.length))
  ) {
    modules.push(module)
  }
  if (files.size !== modules.length + 1) {
    throw new ComponentError('glue-rejected', `jco made unexpected files: ${[...files.keys()].join(', ')}.`)
  }
  return { glue: new TextDecoder().decode(glue), modules }
}

/**
 * Meters one module. Whatever is wrong is a `ComponentError`. Of the memory that it may have a fourth is for what it makes: that is
 * there up to three times while it is put together.
 */
export function meterWith({ module, nan, memoryMb }: MeterRequest): Uint8Array {
  try {
    return meterModule(module, { nan, maxBytes: (memoryMb * 1024 * 1024) / 4 })
  } catch (cause) {
    if (ComponentError.is(cause)) throw cause
    const message = `The meter ${meter.name} ${meter.version} failed on a core module.`
    throw new ComponentError('meter-failed', message, { cause })
  }
}

/** The name under which the glue asks for its core module `index`. */
export function moduleName(index: number): string {
  return `${name}.core${index === 0 ? '' : index + 1}.wasm`
}

/** What jco says about a component that it refuses; `undefined` if it did not get to say anything. */
export function refusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof WebAssembly.RuntimeError) return undefined
  const payload: unknown = Object.getOwnPropertyDescriptor(error, 'payload')?.value
  return typeof payload === 'string' ? payload : undefined
}

/**
 * A transpiler that works in the calling thread, for where there are no workers. It has no time or memory limit, and
 * once jco has panicked it refuses for ever: that leaves jco's instance unusable.
 */
export function inThread(generate: Generate): Transpiler {
  let panic: unknown
  return {
    jco: jcoVersion,
    async transpile(request) {
      if (panic !== undefined) {
        const message = 'jco has failed on another component: load the page or process again.'
        throw new ComponentError('transpile-failed', message, { cause: panic })
      }
      try {
        return generateWith(generate, request)
      } catch (error) {
        if (ComponentError.is(error)) throw error
        const said = refusal(error)
        if (said === undefined) panic = error
        throw new ComponentError(
          'transpile-failed',
          `jco failed on this component: ${said ?? 'it panicked'}`,
          {
            cause: error,
          },
        )
      }
    },
    meter: async (request) => meterWith(request),
  }
}
