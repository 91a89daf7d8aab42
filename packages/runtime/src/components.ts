import { misfits, resolveImports } from '@theater/boundary'
import type { Resolution } from '@theater/boundary'
import type {
  CheckedComponent,
  Component,
  ComponentCache,
  ComponentSource,
  LoadOptions,
  Metering,
  Prepared,
} from '@theater/component'
import { loadComponent, recallComponent, workerTranspiler } from '@theater/component/node'
import { sha256 } from '@theater/event-chain/node'
import type { AnyHandler } from '@theater/handler'
import { TheaterError } from './errors.ts'
import { badComponent, misfit } from './failures.ts'
import { unmetError } from './grants.ts'
import type { Grants } from './grants.ts'

type Limits = NonNullable<LoadOptions['limits']>

/** A component that is ready for an actor's grants. */
export interface Ready {
  readonly component: CheckedComponent
  readonly resolution: Resolution
  readonly prepared: Prepared
}

/** The components of one host: loaded once each, and prepared for the handlers that serve them. */
export class Components implements AsyncDisposable {
  readonly #handlers: readonly AnyHandler[]
  readonly #options: LoadOptions
  readonly #suspendable: boolean
  readonly #transpiler = workerTranspiler()
  readonly #loading = new Map<string, Promise<CheckedComponent>>()
  /** As long as an actor has it: a component is megabytes. */
  readonly #loaded = new Map<string, WeakRef<CheckedComponent>>()
  #closed = false

  constructor(
    handlers: readonly AnyHandler[],
    {
      cache,
      limits,
      suspendable,
    }: {
      readonly cache: ComponentCache | undefined
      readonly limits: Limits | undefined
      /** Whether guests can be suspended where nothing waits. */
      readonly suspendable: boolean
    },
  ) {
    this.#handlers = handlers
    this.#suspendable = suspendable
    this.#options = {
      transpiler: this.#transpiler,
      ...(cache !== undefined && { cache }),
      ...(limits !== undefined && { limits }),
    }
  }

  /**
   * Loads a component and resolves its imports under grants.
   *
   * @throws TheaterError `bad-component`, `unmet-import`, `closed`
   */
  async ready(
    actor: string,
    given: Uint8Array | Component | ComponentSource,
    grants: Grants,
    metering: Metering = 'canonical',
  ): Promise<Ready> {
    try {
      const component = await this.#load(given)
      checkTypes(actor, component)
      const resolution = resolveImports(component.model, this.#handlers, grants)
      if (resolution.unmet.length > 0) throw unmetError(actor, resolution)
      const { asyncImports } = resolution
      const prepared = await component.prepare(
        this.#suspendable || asyncImports.length > 0
          ? { mode: 'jspi', asyncImports, metering }
          : { mode: 'sync', metering },
      )
      return { component, resolution, prepared }
    } catch (error) {
      if (this.#closed) throw new TheaterError('closed', 'this theater was closed', { actor, cause: error })
      if (TheaterError.is(error)) throw error
      throw badComponent(actor, error)
    }
  }

  /**
   * The bytes of a component that is loaded, which may not have them itself.
   *
   * @param given what it was loaded from
   * @throws TypeError where that has changed
   */
  bytesOf(component: CheckedComponent, given: Uint8Array | Component): Uint8Array {
    if ('bytes' in component && component.bytes instanceof Uint8Array) return component.bytes
    const bytes = given instanceof Uint8Array ? given : given.bytes
    if (Buffer.from(sha256(bytes)).equals(component.digest)) return bytes
    throw new TypeError('the bytes of the component were changed while its actor was made')
  }

  async #load(given: Uint8Array | Component | ComponentSource): Promise<CheckedComponent> {
    if ('prepare' in given) return given
    const key = Buffer.from(given instanceof Uint8Array ? sha256(given) : given.digest).toString('hex')
    const known = this.#loaded.get(key)?.deref() ?? this.#loading.get(key)
    if (known !== undefined) return known
    const loading =
      given instanceof Uint8Array
        ? loadComponent(given, this.#options)
        : recallComponent(given, this.#options)
    this.#loading.set(key, loading)
    try {
      const component = await loading
      this.#loaded.set(key, new WeakRef(component))
      return component
    } finally {
      this.#loading.delete(key)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#transpiler[Symbol.asyncDispose]()
  }
}

/** Handlers, and other actors, get what the interface says, not what the guest says that it is. */
function checkTypes(actor: string, { model }: CheckedComponent): void {
  const wrong = misfits(model, sha256)
  if (wrong.length > 0) throw misfit(actor, wrong)
}
