/**
 * Content under its own hash, and names for hashes: `theater:store`.
 *
 * @example
 * import { store } from '@theater/handler-store'
 *
 * const handler = store()
 * handler.authorize({ rights: 'rw', labels: 'reports/' }, { label: 'reports/today', right: 'w' }) // true
 * handler.authorize({ rights: 'r' }, { blobs: 'w' }) // { refused: '…' }
 *
 * @packageDocumentation
 */
export { store } from './handler.ts'
export type { StoreImports, StoreOptions } from './handler.ts'
export { storeGrant } from './grant.ts'
export type { StoreAsk, StoreGrant } from './grant.ts'
export type { BlobError, LabelError } from './errors.ts'
export { memory } from './memory.ts'
export type { Change, Hash, LastChange, PutOutcome, SetOutcome, StoreBackend } from './backend.ts'
