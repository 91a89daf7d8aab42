/**
 * Content under its own hash, and names for hashes: `theater:store`.
 *
 * @example
 * ```ts
 * import { store } from '@theater/handler-store'
 * import type { StoreGrant } from '@theater/handler-store'
 * import { sqlite } from '@theater/handler-store/sqlite'
 *
 * const handler = store({ backend: sqlite(':memory:'), maxCallBytes: 1024 * 1024 })
 * const grant: StoreGrant = { namespace: 'audit', rights: ['read', 'label'], labels: 'reports/' }
 *
 * console.log(handler.authorize(grant, { label: 'reports/today', right: 'label' }))
 * console.log(handler.authorize(grant, { label: 'totals', right: 'read' }))
 * console.log(handler.within({ ...grant, rights: ['write'] }, grant))
 *
 * await handler[Symbol.asyncDispose]?.()
 * ```
 *
 * @packageDocumentation
 */
export { store } from './handler.ts'
export type { StoreImports, StoreOptions } from './handler.ts'
export { storeGrant } from './grant.ts'
export type { StoreAsk, StoreGrant, StoreRight } from './grant.ts'
export type { BlobError, LabelError } from './errors.ts'
export { blocks } from './blocks.ts'
export type { Blocks } from './blocks.ts'
export { collect } from './collect.ts'
export type { Collected, CollectOptions } from './collect.ts'
export { memory } from './memory.ts'
export { CHUNK_BYTES } from './backend.ts'
export type {
  AppendOutcome,
  Change,
  Chunk,
  Edit,
  Entry,
  EntryBackend,
  Hash,
  KeptBlob,
  LastChange,
  Note,
  PutOutcome,
  Room,
  SetOutcome,
  StoreBackend,
  Upload,
  Value,
} from './backend.ts'
