/** From bytes to a checked component, and from a component and a plan to something that can be instantiated. */
import { type ComponentModel, type FunctionModel, type Hash, sha256 as portableSha256 } from '@theater/values'
import { decodeEntry, encodeEntry, type Entry, type KeptModule, readChecked, writeChecked } from './entry.ts'
import { ComponentError } from './errors.ts'
import type { FenceCache } from './fence.ts'
import { check, findingsOf, isKeeping, keepFindings, keptFindings, type ModuleFindings } from './findings.ts'
import type { HandoverCache } from './handover.ts'
import { InstanceMeter } from './instance-meter.ts'
import { type Blueprint, type CoreModule, instantiate } from './instance.ts'
import { withDefaults } from './limits.ts'
import { meter } from './meter/meter.ts'
import { meterNeeds } from './meter/needs.ts'
import { moduleState, stateFormat } from './meter/state.ts'
import { asyncNames, glueKey, normalPlan, planKey } from './plan.ts'
import { checkGlue, type CheckedGlue, readyGlue } from './prelude.ts'
import { InstanceResources } from './resources.ts'
import { type FunctionImport, sharedFunctions } from './signatures.ts'
import { moduleName } from './transpile.ts'
import type {
  CheckedComponent,
  Component,
  ComponentCache,
  ComponentSource,
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
  checkSize(bytes, limits)
  // What was checked must be what runs, whatever the caller does to its array.
  const own = Uint8Array.from(bytes)
  const kit = new Kit(limits, options)
  const digest = kit.sha256(own)
  return new LoadedComponent(own, digest, (await kit.kept(digest)) ?? (await kit.check(own, digest)), kit)
}

/**
 * As {@link loadComponent}, of a component that may have been checked before: then its bytes are only read where they are needed to make
 * something that is not in the cache.
 *
 * @throws ComponentError, `cache` where the bytes have another digest; what reading them throws
 */
export async function recallComponent(
  source: ComponentSource,
  options: LoadOptions = {},
): Promise<CheckedComponent> {
  const digest = source.digest.slice()
  const kit = new Kit(withDefaults(options.limits), options)
  const own = async (): Promise<Uint8Array> => {
    const bytes = Uint8Array.from(await source.read())
    if (same(kit.sha256(bytes), digest)) return bytes
    throw new ComponentError('cache', 'What is read as the bytes of this component is something else.')
  }
  const kept = await kit.kept(digest)
  if (kept !== undefined) return new KnownComponent(digest, kept, kit, own)
  const bytes = await own()
  checkSize(bytes, kit.limits)
  return new LoadedComponent(bytes, digest, await kit.check(bytes, digest), kit)
}

/** Reads the bytes of a component. */
type Read = () => Promise<Uint8Array>

function once(read: Read): Read {
  let reading: Promise<Uint8Array> | undefined
  return () => (reading ??= read())
}

/** A core module of a component, and what was found of it, where that can be kept. */
interface OwnModule {
  readonly at: number
  readonly length: number
  readonly found?: ModuleFindings
}

interface Checked {
  readonly model: ComponentModel
  readonly modules: readonly OwnModule[]
}

/** What loading takes. */
class Kit {
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

  #key(digest: Uint8Array): string {
    return this.cacheKey(['found', JSON.stringify(this.limits)], digest)
  }

  cacheKey(parts: readonly string[], digest: Uint8Array): string {
    return hex(this.sha256(new TextEncoder().encode(JSON.stringify([version, ...parts, hex(digest)]))))
  }
}

function known(found: ModuleFindings): OwnModule {
  return { at: found.at, length: found.length, found }
}

function checkSize({ length }: Uint8Array, { bytes: limit }: LoadLimits): void {
  if (length > limit)
    throw new ComponentError('too-large', `The component has ${length} bytes; the limit is ${limit}.`)
}

class KnownComponent implements CheckedComponent {
  readonly digest: Uint8Array
  readonly model: ComponentModel
  readonly jco: string
  readonly #kit: Kit
  readonly #embedded: readonly OwnModule[]
  readonly #read: Read
  readonly #prepared = new Map<string, Promise<Prepared>>()
  /** Compiled modules, shared by all plans: by place for the component's own, by digest for jco's adapters. */
  readonly #compiled = new Map<string, Promise<CoreModule>>()
  readonly #fences: FenceCache = new Map()
  readonly #handovers: HandoverCache = new Map()

  constructor(digest: Uint8Array, { model, modules }: Checked, kit: Kit, read: Read) {
    this.digest = digest
    this.model = model
    this.#embedded = modules
    this.#kit = kit
    this.#read = read
    this.jco = kit.transpiler?.jco ?? jcoVersion
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
    const { sha256, cache, limits } = this.#kit
    const key = this.#kit.cacheKey(['glue', this.jco, glueKey(plan), `of ${limits.glueChars}`], this.digest)
    const bytes = await cache?.get(key)
    const sealed = this.#fromSealed(key, bytes)
    // Where the cache can seal, nothing else is its host's.
    const plain = bytes === undefined || cache?.seal ? undefined : decodeEntry(bytes, sha256)
    const own = once(this.#read)
    const entry = sealed ?? plain ?? (await this.#transpile(plan, own))
    const checked = sealed?.checked ?? (await checkGlue(entry.glue))
    const glue = readyGlue(checked, hex(this.digest).slice(0, 12))
    const modules = new Map<string, CoreModule>()
    await Promise.all(
      entry.modules.map(async (module, i) =>
        modules.set(moduleName(i), await this.#compile(module, metering, own)),
      ),
    )
    if (sealed === undefined && plain === undefined) await this.#keep(key, entry, checked)
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

  async #transpile(plan: Plan, read: Read): Promise<Entry> {
    const { limits } = this.#kit
    const own = await read()
    const { glue, modules } = await this.#worker().transpile({
      bytes: own,
      plan,
      imports: importNames(this.model),
      ...asyncNames(plan, this.model),
      timeoutMs: limits.transpileMs,
      memoryMb: limits.transpileMb,
    })
    if (glue.length > limits.glueChars) {
      throw new ComponentError(
        'too-large',
        `The JavaScript made for this component has ${glue.length} characters; the limit is ${limits.glueChars}.`,
      )
    }
    return { glue, modules: modules.map((bytes) => this.#kept(bytes, own)) }
  }

  #worker(): Transpiler {
    const { transpiler } = this.#kit
    if (transpiler !== undefined) return transpiler
    throw new ComponentError(
      'transpile-failed',
      'There is no transpiler: give one in the options, or load with @theater/component/node.',
    )
  }

  /** A module of the component itself is kept by its place there; what else there is jco made. */
  #kept(bytes: Uint8Array, own: Uint8Array): KeptModule {
    const embedded = this.#embedded.findIndex(({ at, length }) => same(own.subarray(at, at + length), bytes))
    return embedded >= 0 ? { embedded } : { bytes }
  }

  #compile(module: KeptModule, metering: Metering, read: Read): Promise<CoreModule> {
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
    const made = await this.#worker().meter({
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

  /** An entry that this cache sealed: its JavaScript passed the check, and no other than its host can have written it. */
  #fromSealed(
    key: string,
    bytes: Uint8Array | undefined,
  ): (Entry & { readonly checked: CheckedGlue }) | undefined {
    const { seal } = this.#kit.cache ?? {}
    const entry = bytes && seal && decodeEntry(bytes, seal, 'sealed')
    const checked = entry && readChecked(entry.glue, `${key} ${checkVersion}`)
    return checked && { ...entry, checked }
  }

  /** Keeps an entry, sealed where the cache can. */
  async #keep(key: string, entry: Entry, checked: CheckedGlue): Promise<void> {
    const { seal } = this.#kit.cache ?? {}
    if (seal === undefined) return this.#toCache(key, entry)
    const glue = writeChecked(checked, `${key} ${checkVersion}`)
    await this.#kit.cache?.put(key, encodeEntry({ ...entry, glue }, seal, 'sealed'))
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
    if (cache?.seal === undefined) return this.#toCache(key, { glue: '', modules })
    await cache.put(key, encodeEntry({ glue: key, modules }, cache.seal, 'sealed'))
  }

  async #toCache(key: string, entry: Entry): Promise<void> {
    await this.#kit.cache?.put(key, encodeEntry(entry, this.#kit.sha256))
  }
}

class LoadedComponent extends KnownComponent implements Component {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array, digest: Uint8Array, checked: Checked, kit: Kit) {
    super(digest, checked, kit, async () => bytes)
    this.bytes = bytes
  }
}

/** A core module that is to be compiled. */
interface Code {
  /** What tells it from others of its component. */
  readonly name: string
  bytes(): Promise<Uint8Array>
  /** What there is to know of it. */
  found(): Promise<Omit<ModuleFindings, 'at' | 'length'>>
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

type Compile = (bytes: Uint8Array<ArrayBuffer>) => Promise<WebAssembly.Module>

/** Up to so many bytes the engine compiles sooner than another thread is told to, wherever it runs. */
const SMALL = 4096

const compileAnew: Compile = async (bytes) =>
  bytes.length <= SMALL ? new WebAssembly.Module(bytes) : WebAssembly.compile(bytes)

/** Compiles a module. @throws ComponentError with that code */
async function compile(
  bytes: Uint8Array,
  code: 'meter-failed' | 'invalid-core',
  by = compileAnew,
): Promise<WebAssembly.Module> {
  try {
    return await by(bytes as Uint8Array<ArrayBuffer>)
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
