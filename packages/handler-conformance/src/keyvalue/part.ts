import type { Binding } from '@theater/handler'

const STORE = 'wasi:keyvalue/store@0.2.0-draft2'
const ATOMICS = 'wasi:keyvalue/atomics@0.2.0-draft2'
const BATCH = 'wasi:keyvalue/batch@0.2.0-draft2'

/** A bucket, as lifted. */
export interface Bucket {
  readonly get: (key: string) => Promise<Uint8Array | undefined>
  readonly set: (key: string, value: Uint8Array) => Promise<void>
  readonly delete: (key: string) => Promise<void>
  readonly exists: (key: string) => Promise<boolean>
  readonly listKeys: (
    cursor: string | undefined,
  ) => Promise<{ readonly keys: readonly string[]; readonly cursor: string | undefined }>
}

/** A compare-and-swap, as lifted. */
export interface Cas {
  readonly current: () => Promise<Uint8Array | undefined>
}

interface Imports {
  readonly [STORE]: { readonly open: (identifier: string) => Bucket | Promise<Bucket> }
  readonly [ATOMICS]: {
    readonly '[static]cas.new': (bucket: Bucket, key: string) => Promise<Cas>
    readonly increment: (bucket: Bucket, key: string, delta: bigint) => Promise<bigint>
    readonly swap: (cas: Cas, value: Uint8Array) => Promise<void>
  }
  readonly [BATCH]: {
    readonly getMany: (
      bucket: Bucket,
      keys: readonly string[],
    ) => Promise<readonly (readonly [string, Uint8Array] | undefined)[]>
    readonly setMany: (bucket: Bucket, pairs: readonly (readonly [string, Uint8Array])[]) => Promise<void>
    readonly deleteMany: (bucket: Bucket, keys: readonly string[]) => Promise<void>
  }
}

/** An actor's part of `wasi:keyvalue`, called as the boundary calls it. */
export class Keys {
  readonly binding: Binding
  readonly open: Imports[typeof STORE]['open']
  readonly look: Imports[typeof ATOMICS]['[static]cas.new']
  readonly increment: Imports[typeof ATOMICS]['increment']
  readonly swap: Imports[typeof ATOMICS]['swap']
  readonly getMany: Imports[typeof BATCH]['getMany']
  readonly setMany: Imports[typeof BATCH]['setMany']
  readonly deleteMany: Imports[typeof BATCH]['deleteMany']

  constructor(binding: Binding) {
    // What the handler declares has been held against its types by the laws of any handler.
    const { [STORE]: store, [ATOMICS]: atomics, [BATCH]: batch } = binding.imports as Imports
    this.binding = binding
    this.open = (...args) => store.open(...args)
    this.look = (...args) => atomics['[static]cas.new'](...args)
    this.increment = (...args) => atomics.increment(...args)
    this.swap = (...args) => atomics.swap(...args)
    this.getMany = (...args) => batch.getMany(...args)
    this.setMany = (...args) => batch.setMany(...args)
    this.deleteMany = (...args) => batch.deleteMany(...args)
  }

  /** The same handle in a binding of the same actor; `undefined` where it does not resume. */
  resumed(handle: 'bucket' | 'cas', object: object, later: Keys): object | undefined {
    const type = `${handle === 'bucket' ? STORE : ATOMICS}#${handle}`
    const description = this.binding.describe?.(type, object)
    return description === undefined ? undefined : later.binding.resume?.(type, description)
  }
}
