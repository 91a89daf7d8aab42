import type { Binding } from '@theater/handler'

/** The tracks of `theater:store`. */
export const BLOBS = 'theater:store/blobs@0.1'
export const LABELS = 'theater:store/labels@0.1'
export const TRANSFERS = 'theater:store/transfers@0.1'

/** A blob in the making, as lifted. */
export interface Upload {
  readonly write: (offset: bigint, data: Uint8Array) => Promise<void>
  readonly size: () => Promise<bigint>
  readonly finish: () => Promise<Uint8Array>
}

/** A blob that is read in pieces, as lifted. */
export interface Reader {
  readonly size: () => bigint | Promise<bigint>
  readonly read: (offset: bigint, length: bigint) => Promise<Uint8Array>
}

interface Imports {
  readonly [BLOBS]: {
    readonly put: (data: Uint8Array) => Promise<Uint8Array>
    readonly get: (hash: Uint8Array, offset: bigint, length: bigint) => Promise<Uint8Array>
    readonly size: (hash: Uint8Array) => Promise<bigint>
  }
  readonly [LABELS]: {
    readonly get: (name: string) => Promise<Uint8Array | undefined>
    readonly set: (
      name: string,
      expected: Uint8Array | undefined,
      value: Uint8Array | undefined,
    ) => Promise<void>
    readonly list: (prefix: string, after: string | undefined, limit: number) => Promise<readonly string[]>
  }
  readonly [TRANSFERS]: {
    readonly start: () => Promise<Upload>
    readonly open: (hash: Uint8Array) => Promise<Reader>
  }
}

/** An actor's part of the store, called as the boundary calls it. */
export class Part {
  readonly binding: Binding
  readonly blobs: Imports[typeof BLOBS]
  readonly labels: Imports[typeof LABELS]
  readonly transfers: Imports[typeof TRANSFERS]

  constructor(binding: Binding) {
    // What the handler declares has been held against its types by the laws of any handler.
    const imports = binding.imports as Imports
    this.binding = binding
    this.blobs = imports[BLOBS]
    this.labels = imports[LABELS]
    this.transfers = imports[TRANSFERS]
  }

  /** The same handle after a restart. */
  resumed(type: 'upload' | 'reader', object: object): object | undefined {
    const name = `${TRANSFERS}#${type}`
    const description = this.binding.describe?.(name, object)
    return description === undefined ? undefined : this.binding.resume?.(name, description)
  }

  /** The guest drops a handle. */
  drop(type: 'upload' | 'reader', object: object): void {
    const name = `${TRANSFERS}#${type}`
    const description = this.binding.describe?.(name, object)
    ;(object as Partial<Disposable>)[Symbol.dispose]?.()
    if (description !== undefined) this.binding.dropped?.(name, description)
  }
}
