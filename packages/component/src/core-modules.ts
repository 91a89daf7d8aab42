/** The core modules of one component, as the engine has them: metered, compiled, and kept in the cache. */
import { hex } from './bytes.ts'
import { compile } from './compile.ts'
import { decodeEntry, encodeEntry, type KeptModule } from './entry.ts'
import { ComponentError } from './errors.ts'
import { findingsOf, type ModuleFindings } from './findings.ts'
import type { CoreModule } from './instance.ts'
import type { Kit, OwnModule } from './kit.ts'
import { meter } from './meter/meter.ts'
import { meterNeeds } from './meter/needs.ts'
import { moduleState, stateFormat } from './meter/state.ts'
import { type FunctionImport, sharedFunctions } from './signatures.ts'
import type { Metering } from './types.ts'

/** Reads the bytes of a component. */
export type Read = () => Promise<Uint8Array>

/** A core module that is to be compiled. */
interface Code {
  /** What tells it from others of its component. */
  readonly name: string
  bytes(): Promise<Uint8Array>
  /** What there is to know of it. */
  found(): Promise<Omit<ModuleFindings, 'at' | 'length'>>
}

/** The core modules of one component, each compiled once for all its plans: its own, and those that jco adds. */
export class CoreModules {
  readonly #kit: Kit
  readonly #embedded: readonly OwnModule[]
  /** By place for the component's own, by digest for jco's adapters. */
  readonly #compiled = new Map<string, Promise<CoreModule>>()

  /** @param embedded the component's own */
  constructor(kit: Kit, embedded: readonly OwnModule[]) {
    this.#kit = kit
    this.#embedded = embedded
  }

  /** One of them, as it is run with such a metering. @param read the bytes of the component */
  compiled(module: KeptModule, metering: Metering, read: Read): Promise<CoreModule> {
    const code = 'bytes' in module ? this.#adapter(module.bytes) : this.#own(module.embedded, read)
    const key = `${metering} ${code.name}`
    const known = this.#compiled.get(key)
    if (known !== undefined) return known
    const compiling = this.#metered(code, metering)
    compiling.catch(() => this.#compiled.delete(key))
    this.#compiled.set(key, compiling)
    return compiling
  }

  #adapter(bytes: Uint8Array): Code {
    const digest = this.#kit.sha256(bytes)
    const found = (): Omit<ModuleFindings, 'at' | 'length'> => {
      const { imports, exports } = sharedFunctions(bytes)
      return { digest, needs: meterNeeds(bytes), imports: imports.map(copying), exports }
    }
    return { name: hex(digest), bytes: async () => bytes, found: async () => found() }
  }

  #own(index: number, read: Read): Code {
    const module = this.#embedded[index]
    if (module === undefined)
      throw new ComponentError('cache', 'A cached entry belongs to another component.')
    const { at, length, found } = module
    const bytes = async (): Promise<Uint8Array> => (await read()).subarray(at, at + length)
    const find = async (): Promise<ModuleFindings> => {
      const within = await read()
      return findingsOf({ offset: at, bytes: within.subarray(at, at + length) }, within, this.#kit.sha256)
    }
    return { name: `embedded ${index}`, bytes, found: async () => found ?? (await find()) }
  }

  /** Meters one module, or takes it from the cache as it was metered once, and compiles it. */
  async #metered(code: Code, nan: Metering): Promise<CoreModule> {
    const { digest, needs, imports, exports } = await code.found()
    if (nan === 'none') {
      // What such a module says of its state is not the meter's.
      const module = await compile(await code.bytes(), 'invalid-core')
      return { module, imports, exports, needs, state: undefined }
    }
    const { limits } = this.#kit
    const parts = ['module', meter.name, String(meter.version), `state ${stateFormat}`, nan]
    const key = this.#kit.cacheKey(parts, digest)
    const kept = await this.#keptModule(key)
    if (kept !== undefined) {
      const module = await compile(
        kept.bytes,
        'meter-failed',
        kept.sealed ? this.#kit.compileKept : undefined,
      )
      return { module, imports, exports, needs, state: moduleState(module) }
    }
    const made = await this.#kit.worker.meter({
      // A view of the component would cross with all of it.
      module: (await code.bytes()).slice(),
      nan,
      timeoutMs: limits.transpileMs,
      memoryMb: limits.transpileMb,
    })
    const module = await compile(made, 'meter-failed')
    await this.#keepModule(key, made)
    return { module, imports, exports, needs, state: moduleState(module) }
  }

  /** A module as it was metered; `sealed` by this cache, the engine has accepted it. */
  async #keptModule(
    key: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly sealed: boolean } | undefined> {
    const { cache, sha256 } = this.#kit
    const bytes = await cache?.get(key)
    if (bytes === undefined) return undefined
    const { seal } = cache ?? {}
    const entry = seal === undefined ? decodeEntry(bytes, sha256) : decodeEntry(bytes, seal, 'sealed')
    // What was sealed in another place is none of this one.
    if (seal !== undefined && entry?.glue !== key) return undefined
    const [module] = entry?.modules ?? []
    return module && 'bytes' in module ? { bytes: module.bytes, sealed: seal !== undefined } : undefined
  }

  async #keepModule(key: string, bytes: Uint8Array): Promise<void> {
    const { cache } = this.#kit
    const modules = [{ bytes }]
    if (cache?.seal === undefined) return this.#kit.put(key, { glue: '', modules })
    await cache.put(key, encodeEntry({ glue: key, modules }, cache.seal, 'sealed'))
  }
}

/** An import of one of jco's adapters. Its transcoders are JavaScript, of (from, how many code units, to, …). */
function copying(of: FunctionImport): FunctionImport {
  return of.module === 'transcode' && (of.signature?.params.length ?? 0) > 1 ? { ...of, copied: 1 } : of
}
