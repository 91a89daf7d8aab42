/** From bytes to a checked component, and from a component and a plan to something that can be instantiated. */
import { type ComponentModel, type FunctionModel, type Hash, sha256 as portableSha256 } from '@theater/values'
import { checkModule } from './core.ts'
import { decodeEntry, encodeEntry, type Entry, type KeptModule, readChecked, writeChecked } from './entry.ts'
import { ComponentError } from './errors.ts'
import type { FenceCache } from './fence.ts'
import type { HandoverCache } from './handover.ts'
import { InstanceMeter } from './instance-meter.ts'
import { type Blueprint, type CoreModule, instantiate } from './instance.ts'
import { withDefaults } from './limits.ts'
import { meter, meterNeeds } from './meter/meter.ts'
import { moduleState, stateFormat } from './meter/state.ts'
import { modelOf } from './model.ts'
import { parseComponent } from './parse.ts'
import { asyncNames, glueKey, normalPlan, planKey } from './plan.ts'
import { checkGlue, type CheckedGlue, readyGlue } from './prelude.ts'
import { InstanceResources } from './resources.ts'
import { type FunctionImport, sharedFunctions } from './signatures.ts'
import type { EmbeddedModule } from './syntax.ts'
import { moduleName } from './transpile.ts'
import type {
  Component,
  ComponentCache,
  HostImports,
  Instance,
  InstanceHooks,
  LoadLimits,
  LoadOptions,
  Metering,
  MeterVersion,
  Plan,
  Prepared,
  Resources,
  Transpiler,
} from './types.ts'
import { checkVersion, jcoVersion, version } from './version.ts'

/**
 * Checks the bytes of a component and reads its types. Nothing of it is compiled or handed to jco before every check
 * has passed. Rejects with a `ComponentError`.
 */
export async function loadComponent(bytes: Uint8Array, options: LoadOptions = {}): Promise<Component> {
  const limits = withDefaults(options.limits)
  if (bytes.length > limits.bytes) {
    throw new ComponentError(
      'too-large',
      `The component has ${bytes.length} bytes; the limit is ${limits.bytes}.`,
    )
  }
  // What was checked must be what runs, whatever the caller does to its array.
  const own = Uint8Array.from(bytes)
  const { component, modules } = parseComponent(own, limits)
  const model = modelOf(component, limits)
  for (const module of modules) checkModule(module, limits)
  return new LoadedComponent(own, model, modules, limits, options)
}

class LoadedComponent implements Component {
  readonly digest: Uint8Array
  readonly bytes: Uint8Array
  readonly model: ComponentModel
  readonly jco: string
  readonly #limits: LoadLimits
  readonly #embedded: readonly EmbeddedModule[]
  readonly #cache: ComponentCache | undefined
  readonly #transpiler: Transpiler | undefined
  readonly #sha256: Hash
  readonly #prepared = new Map<string, Promise<Prepared>>()
  /** Compiled modules, shared by all plans: by place for the component's own, by digest for jco's adapters. */
  readonly #compiled = new Map<string, Promise<CoreModule>>()
  readonly #fences: FenceCache = new Map()
  readonly #handovers: HandoverCache = new Map()

  constructor(
    bytes: Uint8Array,
    model: ComponentModel,
    embedded: readonly EmbeddedModule[],
    limits: LoadLimits,
    options: LoadOptions,
  ) {
    this.bytes = bytes
    this.model = model
    this.#embedded = embedded
    this.#limits = limits
    this.#cache = options.cache
    this.#transpiler = options.transpiler
    this.jco = options.transpiler?.jco ?? jcoVersion
    this.#sha256 = options.sha256 ?? portableSha256
    this.digest = this.#sha256(bytes)
  }

  async prepare(plan: Plan): Promise<Prepared> {
    const normal = normalPlan(plan, this.model)
    const key = planKey(normal)
    const known = this.#prepared.get(key)
    if (known !== undefined) return known
    const preparing = this.#prepare(normal)
    this.#prepared.set(key, preparing)
    // A failure may be of the moment: the next call tries again.
    preparing.catch(() => this.#prepared.delete(key))
    return preparing
  }

  async #prepare(plan: Plan): Promise<Prepared> {
    const { metering = 'canonical' } = plan
    const key = this.#cacheKey(['glue', this.jco, glueKey(plan)], this.digest)
    const bytes = await this.#cache?.get(key)
    const sealed = this.#fromSealed(key, bytes)
    const plain = bytes === undefined || sealed !== undefined ? undefined : decodeEntry(bytes, this.#sha256)
    const entry = sealed ?? plain ?? (await this.#transpile(plan))
    const checked = sealed?.checked ?? (await checkGlue(entry.glue))
    const glue = readyGlue(checked, hex(this.digest).slice(0, 12))
    const modules = new Map<string, CoreModule>()
    await Promise.all(
      entry.modules.map(async (module, i) =>
        modules.set(moduleName(i), await this.#compile(module, metering)),
      ),
    )
    if (sealed === undefined) await this.#keep(key, entry, checked, plain !== undefined)
    const adapted = entry.modules.some((module) => 'bytes' in module)
    return new PreparedComponent(plan, metering === 'none' ? null : meterVersion(adapted ? this.jco : null), {
      model: this.model,
      glue,
      modules,
      fences: this.#fences,
      handovers: this.#handovers,
      async: plan.mode === 'jspi',
    })
  }

  async #transpile(plan: Plan): Promise<Entry> {
    const { glue, modules } = await this.#worker().transpile({
      bytes: this.bytes,
      plan,
      imports: importNames(this.model),
      ...asyncNames(plan, this.model),
      timeoutMs: this.#limits.transpileMs,
      memoryMb: this.#limits.transpileMb,
    })
    if (glue.length > this.#limits.glueChars) {
      throw new ComponentError(
        'too-large',
        `The JavaScript made for this component has ${glue.length} characters; the limit is ${this.#limits.glueChars}.`,
      )
    }
    return { glue, modules: modules.map((bytes) => this.#kept(bytes)) }
  }

  #worker(): Transpiler {
    if (this.#transpiler !== undefined) return this.#transpiler
    throw new ComponentError(
      'transpile-failed',
      'There is no transpiler: give one in the options, or load with @theater/component/node.',
    )
  }

  /** A module of the component itself is kept by its place there; what else there is jco made. */
  #kept(bytes: Uint8Array): KeptModule {
    const embedded = this.#embedded.findIndex((module) => same(module.bytes, bytes))
    return embedded >= 0 ? { embedded } : { bytes }
  }

  #compile(module: KeptModule, metering: Metering): Promise<CoreModule> {
    const adapter = 'bytes' in module
    const [name, bytes] = adapter
      ? [hex(this.#sha256(module.bytes)), module.bytes]
      : [`embedded ${module.embedded}`, this.#embedded[module.embedded]?.bytes]
    if (bytes === undefined) throw new ComponentError('cache', 'A cached entry belongs to another component.')
    const key = `${metering} ${name}`
    const known = this.#compiled.get(key)
    if (known !== undefined) return known
    const compiling = this.#metered(bytes, metering, adapter)
    compiling.catch(() => this.#compiled.delete(key))
    this.#compiled.set(key, compiling)
    return compiling
  }

  /** Meters one module, or takes it from the cache as it was metered once, and compiles it. */
  async #metered(bytes: Uint8Array, nan: Metering, adapter: boolean): Promise<CoreModule> {
    const needs = meterNeeds(bytes)
    const { imports: own, exports } = sharedFunctions(bytes)
    const imports = adapter ? own.map(copying) : own
    if (nan === 'none') {
      // What such a module says of its state is not the meter's.
      return { module: await compile(bytes, 'invalid-core'), imports, exports, needs, state: undefined }
    }
    const parts = ['module', meter.name, String(meter.version), `state ${stateFormat}`, nan]
    const key = this.#cacheKey(parts, this.#sha256(bytes))
    const kept = (await this.#fromCache(key))?.modules[0]
    if (kept !== undefined && 'bytes' in kept) {
      const module = await compile(kept.bytes, 'meter-failed')
      return { module, imports, exports, needs, state: moduleState(module) }
    }
    const made = await this.#worker().meter({
      // A view of the component would cross with all of it.
      module: bytes.slice(),
      nan,
      timeoutMs: this.#limits.transpileMs,
      memoryMb: this.#limits.transpileMb,
    })
    const module = await compile(made, 'meter-failed')
    await this.#toCache(key, { glue: '', modules: [{ bytes: made }] })
    return { module, imports, exports, needs, state: moduleState(module) }
  }

  #cacheKey(parts: readonly string[], digest: Uint8Array): string {
    return hex(this.#sha256(new TextEncoder().encode(JSON.stringify([version, ...parts, hex(digest)]))))
  }

  /** An entry that this cache sealed: its JavaScript passed the check, and no other than its host can have written it. */
  #fromSealed(
    key: string,
    bytes: Uint8Array | undefined,
  ): (Entry & { readonly checked: CheckedGlue }) | undefined {
    const { seal } = this.#cache ?? {}
    const entry = bytes && seal && decodeEntry(bytes, seal, 'sealed')
    const checked = entry && readChecked(entry.glue, `${key} ${checkVersion}`)
    return checked && { ...entry, checked }
  }

  /** Keeps an entry, sealed where the cache can: one that is there unsealed is only written once more for that. */
  async #keep(key: string, entry: Entry, checked: CheckedGlue, isThere: boolean): Promise<void> {
    const { seal } = this.#cache ?? {}
    if (seal === undefined) return isThere ? undefined : this.#toCache(key, entry)
    const glue = writeChecked(checked, `${key} ${checkVersion}`)
    await this.#cache?.put(key, encodeEntry({ ...entry, glue }, seal, 'sealed'))
  }

  async #fromCache(key: string): Promise<Entry | undefined> {
    const bytes = await this.#cache?.get(key)
    return bytes === undefined ? undefined : decodeEntry(bytes, this.#sha256)
  }

  async #toCache(key: string, entry: Entry): Promise<void> {
    await this.#cache?.put(key, encodeEntry(entry, this.#sha256))
  }
}

class PreparedComponent implements Prepared {
  readonly plan: Plan
  readonly meter: MeterVersion | null
  readonly #blueprint: Blueprint

  constructor(plan: Plan, of: MeterVersion | null, blueprint: Blueprint) {
    this.plan = plan
    this.meter = of
    this.#blueprint = blueprint
  }

  newResources(): Resources {
    return new InstanceResources(this.#blueprint.model)
  }

  async instantiate(host: HostImports, hooks?: InstanceHooks): Promise<Instance> {
    return this.instantiateSync(host, hooks)
  }

  instantiateSync(host: HostImports, hooks?: InstanceHooks): Instance {
    const budget = this.meter === null ? undefined : (host.meter ?? new InstanceMeter())
    return instantiate(this.#blueprint, host, budget, hooks)
  }
}

/**
 * The rules that fuel is counted by. Between composed components jco puts adapters of its own, which are metered like
 * what they connect: then fuel is a matter of jco's version too.
 */
function meterVersion(jco: string | null): MeterVersion {
  const { name, version: own } = meter
  return { name, version: jco === null ? String(own) : `${own}+jco-${jco}` }
}

/** An import of one of jco's adapters. Its transcoders are JavaScript, of (from, how many code units, to, …). */
function copying(of: FunctionImport): FunctionImport {
  return of.module === 'transcode' && (of.signature?.params.length ?? 0) > 1 ? { ...of, copied: 1 } : of
}

/** Compiles a module. @throws ComponentError with that code */
async function compile(
  bytes: Uint8Array,
  code: 'meter-failed' | 'invalid-core',
): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>)
  } catch (cause) {
    const how = code === 'meter-failed' ? ` as the meter ${meter.name} ${meter.version} wrote it` : ''
    throw new ComponentError(code, `A core module does not compile${how}.`, { cause })
  }
}

/** The names under which the glue looks imports up. */
function importNames(model: ComponentModel): string[] {
  return model.imports.flatMap(({ name, functions, resources }) =>
    name === '' ? [...functions.filter(isFreestanding), ...resources].map((item) => item.name) : [name],
  )
}

function isFreestanding({ kind }: FunctionModel): boolean {
  return kind === 'freestanding'
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  // A callback for each of an engine's ten million bytes takes a third of a second.
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
