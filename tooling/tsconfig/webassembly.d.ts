/*
 * The WebAssembly JavaScript interface as Node 26 has it, JSPI included. TypeScript declares it only in the
 * `dom` and `webworker` libraries, whose other globals (`name`, `self`, `event`) would hide mistakes here.
 * https://webassembly.github.io/spec/js-api/ and https://webassembly.github.io/js-promise-integration/js-api/
 */
declare namespace WebAssembly {
  type ImportExportKind = 'function' | 'global' | 'memory' | 'table' | 'tag'
  type TableKind = 'anyfunc' | 'externref'
  interface ValueTypeMap {
    i32: number
    i64: bigint
    f32: number
    f64: number
    anyfunc: Function | null
    externref: unknown
    v128: never
  }
  type ValueType = keyof ValueTypeMap
  type ExportValue = Function | Global | Memory | Table | Tag
  type Exports = Record<string, ExportValue>
  type ImportValue = ExportValue | Suspending | number | bigint
  type ModuleImports = Record<string, ImportValue>
  type Imports = Record<string, ModuleImports>
  interface ModuleExportDescriptor {
    name: string
    kind: ImportExportKind
  }
  interface ModuleImportDescriptor {
    module: string
    name: string
    kind: ImportExportKind
  }

  class Module {
    constructor(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer)
    static exports(module: Module): ModuleExportDescriptor[]
    static imports(module: Module): ModuleImportDescriptor[]
    static customSections(module: Module, name: string): ArrayBuffer[]
  }

  class Instance {
    constructor(module: Module, imports?: Imports)
    readonly exports: Exports
  }

  interface MemoryDescriptor {
    initial: number
    maximum?: number
    shared?: boolean
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor)
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }

  interface TableDescriptor {
    element: TableKind
    initial: number
    maximum?: number
  }
  class Table {
    constructor(descriptor: TableDescriptor, value?: unknown)
    readonly length: number
    get(index: number): any
    grow(entries: number, value?: unknown): number
    set(index: number, value?: unknown): void
  }

  interface GlobalDescriptor<T extends ValueType = ValueType> {
    value: T
    mutable?: boolean
  }
  class Global<T extends ValueType = any> {
    constructor(descriptor: GlobalDescriptor<T>, value?: ValueTypeMap[T])
    value: ValueTypeMap[T]
    valueOf(): ValueTypeMap[T]
  }

  class Tag {
    constructor(type: { parameters: ValueType[] })
  }
  class Exception {
    constructor(tag: Tag, payload: unknown[], options?: { traceStack?: boolean })
    readonly stack: string | undefined
    is(tag: Tag): boolean
    getArg(tag: Tag, index: number): unknown
  }
  const JSTag: Tag

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  /** An import that returns a promise; the guest is suspended until it settles. */
  class Suspending {
    constructor(fn: (...args: any[]) => unknown)
  }
  /** Makes an export that may suspend: it returns a promise. */
  function promising(fn: Function): (...args: any[]) => Promise<any>

  interface WebAssemblyInstantiatedSource {
    instance: Instance
    module: Module
  }
  function validate(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): boolean
  function compile(bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer): Promise<Module>
  function instantiate(module: Module, imports?: Imports): Promise<Instance>
  function instantiate(
    bytes: ArrayBufferView<ArrayBuffer> | ArrayBuffer,
    imports?: Imports,
  ): Promise<WebAssemblyInstantiatedSource>
}
