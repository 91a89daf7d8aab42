/** A component that is known to be right, and what it takes to instantiate it after a plan. */
import type { ComponentModel, FunctionModel } from '@theater/values'
import { hex, same } from './bytes.ts'
import { CoreModules, type Read } from './core-modules.ts'
import { decodeEntry, encodeEntry, type Entry, type KeptModule, readChecked, writeChecked } from './entry.ts'
import { ComponentError } from './errors.ts'
import type { FenceCache } from './fence.ts'
import type { HandoverCache } from './handover.ts'
import type { CoreModule } from './instance.ts'
import type { Checked, Kit, OwnModule } from './kit.ts'
import { asyncNames, glueKey, normalPlan, planKey } from './plan.ts'
import { checkGlue, type CheckedGlue, readyGlue } from './prelude.ts'
import { meterVersion, PreparedComponent } from './prepared-component.ts'
import { moduleName } from './transpile.ts'
import type { CheckedComponent, Plan, Prepared } from './types.ts'
import { checkVersion, jcoVersion } from './version.ts'

/** A component whose types are known, and whose bytes are read when something is to be made of them. */
export class KnownComponent implements CheckedComponent {
  readonly digest: Uint8Array
  readonly model: ComponentModel
  readonly jco: string
  readonly #kit: Kit
  readonly #embedded: readonly OwnModule[]
  readonly #read: Read
  readonly #prepared = new Map<string, Promise<Prepared>>()
  readonly #modules: CoreModules
  readonly #fences: FenceCache = new Map()
  readonly #handovers: HandoverCache = new Map()

  constructor(digest: Uint8Array, { model, modules }: Checked, kit: Kit, read: Read) {
    this.digest = digest
    this.model = model
    this.#embedded = modules
    this.#kit = kit
    this.#modules = new CoreModules(kit, modules)
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
        modules.set(moduleName(i), await this.#modules.compiled(module, metering, own)),
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
    const { glue, modules } = await this.#kit.worker.transpile({
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

  /** A module of the component itself is kept by its place there; what else there is jco made. */
  #kept(bytes: Uint8Array, own: Uint8Array): KeptModule {
    const embedded = this.#embedded.findIndex(({ at, length }) => same(own.subarray(at, at + length), bytes))
    return embedded >= 0 ? { embedded } : { bytes }
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
    if (seal === undefined) return this.#kit.put(key, entry)
    const glue = writeChecked(checked, `${key} ${checkVersion}`)
    await this.#kit.cache?.put(key, encodeEntry({ ...entry, glue }, seal, 'sealed'))
  }
}

function once(read: Read): Read {
  let reading: Promise<Uint8Array> | undefined
  return () => (reading ??= read())
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
