/** What loading a component takes. */
import { type ComponentModel, type Hash, sha256 as portableSha256 } from '@theater/values'
import { hex } from './bytes.ts'
import { type Compile, compileAnew } from './compile.ts'
import { encodeEntry, type Entry } from './entry.ts'
import { ComponentError } from './errors.ts'
import { check, findingsOf, isKeeping, keepFindings, keptFindings, type ModuleFindings } from './findings.ts'
import type { ComponentCache, LoadLimits, LoadOptions, Transpiler } from './types.ts'
import { version } from './version.ts'

/** A core module of a component, and what was found of it, where that can be kept. */
export interface OwnModule {
  readonly at: number
  readonly length: number
  readonly found?: ModuleFindings
}

/** A component that passed every check. */
export interface Checked {
  readonly model: ComponentModel
  readonly modules: readonly OwnModule[]
}

/** What loading takes: its options, what was found of a component before, and the cache. */
export class Kit {
  readonly limits: LoadLimits
  readonly cache: ComponentCache | undefined
  readonly transpiler: Transpiler | undefined
  readonly sha256: Hash
  readonly compileKept: Compile

  constructor(
    limits: LoadLimits,
    { cache, transpiler, sha256 = portableSha256, compileKept = compileAnew }: LoadOptions,
  ) {
    this.limits = limits
    this.cache = cache
    this.transpiler = transpiler
    this.sha256 = sha256
    this.compileKept = compileKept
  }

  /** What was found of a component when it was checked under the same limits. */
  async kept(digest: Uint8Array): Promise<Checked | undefined> {
    const { cache } = this
    const found = isKeeping(cache) ? await keptFindings(cache, this.#key(digest)) : undefined
    return found && { model: found.model, modules: found.modules.map(known) }
  }

  /** Checks a component, and keeps what was found of it where the cache can. @throws ComponentError */
  async check(bytes: Uint8Array, digest: Uint8Array): Promise<Checked> {
    const { model, modules } = check(bytes, this.limits)
    const places = modules.map((module) => ({
      at: module.bytes.byteOffset - bytes.byteOffset,
      length: module.bytes.length,
    }))
    const { cache } = this
    if (!isKeeping(cache)) return { model, modules: places }
    let found: readonly ModuleFindings[]
    try {
      found = modules.map((module) => findingsOf(module, bytes, this.sha256))
    } catch {
      // What cannot be metered is refused when it is to be.
      return { model, modules: places }
    }
    await keepFindings(cache, this.#key(digest), { model, modules: found })
    return { model, modules: found.map(known) }
  }

  /** Who transpiles and meters. @throws ComponentError `transpile-failed` where nobody does */
  get worker(): Transpiler {
    const { transpiler } = this
    if (transpiler !== undefined) return transpiler
    throw new ComponentError(
      'transpile-failed',
      'There is no transpiler: give one in the options, or load with @theater/component/node.',
    )
  }

  /** Keeps an entry that anybody could have written. */
  async put(key: string, entry: Entry): Promise<void> {
    await this.cache?.put(key, encodeEntry(entry, this.sha256))
  }

  #key(digest: Uint8Array): string {
    return this.cacheKey(['found', JSON.stringify(this.limits)], digest)
  }

  /** The key of what was made of some bytes, by this version of the package. */
  cacheKey(parts: readonly string[], digest: Uint8Array): string {
    return hex(this.sha256(new TextEncoder().encode(JSON.stringify([version, ...parts, hex(digest)]))))
  }
}

function known(found: ModuleFindings): OwnModule {
  return { at: found.at, length: found.length, found }
}
