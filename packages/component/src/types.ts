/** The shapes of this package's public API. */
import type { ComponentModel, Hash, ResourceType } from '@theater/values'
import type { Imaging } from './image/imaging.ts'
import type { InstanceMeter } from './instance-meter.ts'
import type { Stacks } from './stacks.ts'

/**
 * How a component is called: without ever waiting, or with the imports named here suspending the guest.
 *
 * `asyncImports` holds `FunctionModel.id`s of imports. With `jspi` every freestanding function and method that
 * the component exports returns a promise; exported constructors and statics stay synchronous.
 */
export type Plan = (
  | { readonly mode: 'sync' }
  | { readonly mode: 'jspi'; readonly asyncImports: readonly string[] }
) & {
  /** @default 'canonical' */
  readonly metering?: Metering
}

/**
 * How core modules are rewritten before they are compiled: metered, with the bits of every NaN canonical or those of the
 * engine; or `none`, which bounds nothing. Records from before there was a meter were made by that.
 */
export type Metering = 'canonical' | 'native' | 'none'

/** The rules that fuel was counted by: whoever has others counts other figures. */
export interface MeterVersion {
  readonly name: string
  readonly version: string
}

/** Where transpiled components are kept. What comes back is checked, so a damaged entry is only rebuilt. */
export interface ComponentCache {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, bytes: Uint8Array): Promise<void>
  /**
   * Answers 32 bytes for some that nobody else can make for them. With it JavaScript is kept as it came out of the check, and is not checked
   * again, and what has no seal is made again. @default none: JavaScript is checked each time, and modules are believed
   */
  readonly seal?: (bytes: Uint8Array) => Uint8Array
  /**
   * Makes bytes of plain data, in which one object may stand in many places, and reads them. With it and a seal what was found of a component is
   * kept, and neither checked again nor its bytes read. @default none: each load checks
   */
  readonly data?: {
    encode(value: unknown): Uint8Array
    /** `undefined` for bytes that it cannot read, as those of a later version. */
    decode(bytes: Uint8Array): unknown
  }
}

/** What is asked of a transpiler: always the checked bytes, never a component that failed a check. */
export interface TranspileRequest {
  readonly bytes: Uint8Array
  readonly plan: Plan
  /** Names of all imports of the component, each of which keeps its version. */
  readonly imports: readonly string[]
  /** The functions to make asynchronous, in jco's notation (empty for a sync plan). */
  readonly asyncImports: readonly string[]
  readonly asyncExports: readonly string[]
  readonly timeoutMs: number
  readonly memoryMb: number
}

/** What jco makes of a component: JavaScript glue and core modules, in the order in which the glue asks for them. */
export interface Transpiled {
  readonly glue: string
  readonly modules: readonly Uint8Array[]
}

/** What is asked of the meter: a core module that the engine has accepted. */
export interface MeterRequest {
  readonly module: Uint8Array
  readonly nan: Exclude<Metering, 'none'>
  readonly timeoutMs: number
  readonly memoryMb: number
}

/** Turns a component into glue and core modules, and a core module into a metered one. Rejects with a `ComponentError`. */
export interface Transpiler {
  /** The version of jco-transpile, part of every cache key. */
  readonly jco: string
  transpile(request: TranspileRequest): Promise<Transpiled>
  /** What `meterModule` makes of a module. */
  meter(request: MeterRequest): Promise<Uint8Array>
}

/** Bounds on what is accepted, all checked before jco sees a byte. */
export interface LoadLimits {
  /** Bytes of the component file. @default 67108864 (64 MiB) */
  readonly bytes: number
  /** Core modules, those of nested components included. @default 64 */
  readonly modules: number
  /** Bytes of all core modules together. @default 67108864 (64 MiB) */
  readonly moduleBytes: number
  /** Nested components, instances of components included. @default 256 */
  readonly components: number
  /** How deep components, and types, nest. @default 32 */
  readonly depth: number
  /** Definitions of any sort (types, aliases, functions, instances, imports, exports). @default 65536 */
  readonly definitions: number
  /** Functions imported and exported, as counted in the model. @default 2048 */
  readonly functions: number
  /** Nodes of all types of the model with every reference written out. @default 16384 */
  readonly typeNodes: number
  /** Nodes of any one function's types written out. @default 4096 */
  readonly functionNodes: number
  /** Bytes of one name. @default 512 */
  readonly nameBytes: number
  /** Time for one transpilation, and for metering one core module. @default 60000 */
  readonly transpileMs: number
  /** Memory of the transpiling worker. @default 1024 */
  readonly transpileMb: number
  /** Characters of the glue that jco makes. @default 33554432 (32 MiB) */
  readonly glueChars: number
}

/** Options of `loadComponent`. */
export interface LoadOptions {
  /** @default none: every load transpiles again */
  readonly cache?: ComponentCache
  readonly limits?: Partial<LoadLimits>
  /** @default in the `./node` entry a worker; in the main entry one must be given */
  readonly transpiler?: Transpiler
  /** @default the portable one of `@theater/values`; in the `./node` entry the platform's */
  readonly sha256?: Hash
  /**
   * Compiles a module that the engine accepted when it was made and that came out of the cache unchanged. Rejects as `WebAssembly.compile`.
   *
   * @default `WebAssembly.compile`, which validates all of it once more; in the `./node` entry each function is validated when it is first called
   */
  readonly compileKept?: (bytes: Uint8Array<ArrayBuffer>) => Promise<WebAssembly.Module>
}

/** A component that passed every check, whose bytes may be elsewhere. */
export interface CheckedComponent {
  /** sha-256 of its bytes. */
  readonly digest: Uint8Array
  readonly model: ComponentModel
  /** The version of jco-transpile that makes its glue. */
  readonly jco: string
  /** Transpiles (or takes from the cache) and compiles; the same plan gives the same `Prepared`. */
  prepare(plan: Plan): Promise<Prepared>
}

/** A component that passed every check. */
export interface Component extends CheckedComponent {
  readonly bytes: Uint8Array
}

/** Where the bytes of a component are, for whoever may not need them. */
export interface ComponentSource {
  /** The sha-256 of its bytes. */
  readonly digest: Uint8Array
  read(): Promise<Uint8Array>
}

/** A component compiled for one plan. Any number of instances, and of plans, share its core modules. */
export interface Prepared {
  readonly plan: Plan
  /** What its instances are metered by; null for a plan without metering. */
  readonly meter: MeterVersion | null
  /** Makes the resource classes for one instance-to-be; they work before, while and after it is instantiated. */
  newResources(): Resources
  instantiate(host: HostImports, hooks?: InstanceHooks): Promise<Instance>
  /** Like `instantiate`, without a turn of the event loop. Only with a sync plan. */
  instantiateSync(host: HostImports, hooks?: InstanceHooks): Instance
}

/** Observers of an instantiation. */
export interface InstanceHooks {
  /** Called with every core instance, in the order of instantiation, before any of its exports is called. */
  onCoreInstance?(instance: WebAssembly.Instance, index: number): void
}

/** The objects that stand for resources in the calls of one instance. */
export interface Resources {
  /** A fresh object, of the class that the glue expects, standing for host resource `n`. */
  wrapHost(resource: ResourceType, n: number): object
  /** The number behind such an object; `undefined` if it is not one of ours, or the guest has dropped it. */
  hostNumber(value: unknown, resource: ResourceType): number | undefined
  /** Whether `value` stands for a live resource of that type made by the guest. */
  isGuest(value: unknown, resource: ResourceType): boolean
}

/** A function of the host, called by the guest: `(…args)`, for a method `(self, …args)` with self a wrapper. */
export type HostFunction = (...args: unknown[]) => unknown

/** What a component is instantiated with. Functions answer the raw ok value and throw `{ payload }` for `err`. */
export interface HostImports {
  /** From `prepared.newResources()`; a `Resources` serves one instance. */
  readonly resources: Resources
  /** By `FunctionModel.id`. A constructor's answer is the resource *number*. Missing ones trap when called. */
  readonly functions: Readonly<Record<string, HostFunction>>
  /** The guest dropped host resource `n`, which it owned. */
  drop(resource: ResourceType, n: number): void
  /** What this instance may use; it serves one. @default one that bounds nothing */
  readonly meter?: InstanceMeter | undefined
  /** Where its calls run that can be suspended; of any number of instances. @default each on a stack of its own */
  readonly stacks?: Stacks | undefined
}

/** A function of the guest. With a sync plan it answers at once, with jspi it may give a promise. */
export type GuestFunction = (...args: unknown[]) => unknown

/** A running component. Whatever a function of it throws, or rejects with, is a trap or the host's own doing. */
export interface Instance {
  /**
   * By `FunctionModel.id`. A method takes its wrapper first, a constructor gives one, and a function of type
   * `result<…>` answers `{ tag: 'ok' | 'err', val }`.
   */
  readonly functions: Readonly<Record<string, GuestFunction>>
  readonly resources: Resources
  /** Its state between two calls. */
  readonly imaging: Imaging
  /** Drops a resource of the guest, which runs its destructor. */
  dropGuest(wrapper: object): void
  /**
   * Ends a call that is suspended, and any that is to be: the guest does not go on, and is not told. For an instance that is finished: the
   * engine holds whatever is suspended, with the whole instance, until it is resumed.
   */
  end(): void
}

/** Why a guest was ended: the closed set of the event chain. */
export type TrapCode = 'guest' | 'out-of-fuel' | 'depth' | 'memory' | 'unsupported'

/** Why a call failed through no fault that can be laid on the guest alone. */
export type HostCause = 'host-stack' | 'host-memory' | 'host-suspend'
