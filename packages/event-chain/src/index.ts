/**
 * Hash-linked events: their bytes, the writer, where they are stored, and the structural check.
 *
 * @example
 * ```ts
 * import {
 *   ChainWriter,
 *   encodeContent,
 *   FORMAT,
 *   memoryStore,
 *   readEvents,
 *   verifyStructure,
 * } from '@theater/event-chain'
 * import { bytesSource, exportCar, openCar } from '@theater/event-chain/car'
 * import { saltPool } from '@theater/event-chain/node'
 * import { cidOf, encodeData, sha256 } from '@theater/values'
 *
 * const genesis = encodeContent('genesis', {
 *   actor: 'counter',
 *   cause: null,
 *   component: cidOf('raw', sha256(new Uint8Array([0x00, 0x61, 0x73, 0x6d]))),
 *   derive: 1,
 *   format: FORMAT,
 *   grants: {},
 *   jco: '1.35.0',
 *   limits: {},
 *   meter: null,
 *   nan: 'canonical',
 *   params: null,
 *   parent: null,
 *   theater: '0.1.0',
 *   time: Date.now(),
 *   wit: cidOf('dag-cbor', sha256(encodeData([]))),
 * })
 *
 * const store = memoryStore()
 * const writer = ChainWriter.create({ store, salts: saltPool(), label: 'counter', genesis })
 * writer.append('seed', encodeContent('seed', { seed: crypto.getRandomValues(new Uint8Array(32)) }))
 * const turn = { fn: 'add', args: encodeData([2]), sender: null, cause: null, time: Date.now(), made: [] }
 * writer.append('turn', encodeContent('turn', turn))
 * writer.append('return', encodeContent('return', { result: encodeData([2]), fuel: null }))
 * await writer.flush()
 *
 * for await (const event of readEvents(store, writer.chain, 2)) console.log(event.seq, event.kind)
 * const checked = await verifyStructure(store.read(writer.chain), { blobs: store })
 * console.log(checked.ok ? `intact: ${checked.size} events` : `broken at ${checked.index}`)
 *
 * const car = await new Blob(await Array.fromAsync(exportCar(store, [writer.chain]))).bytes()
 * car.set([0xff], car.length - 1)
 * for (const { label, result } of (await openCar(bytesSource(car))).chains) {
 *   console.log(label, result.ok ? 'intact' : `broken at ${result.index}: ${result.reason}`)
 * }
 * ```
 *
 * @module
 */
export { goneAt, readHere } from './archived.ts'
export { bodyLength, decodeBody, INLINE_LIMIT, type Body } from './body.ts'
export type {
  Abort,
  Call,
  Cause,
  Contents,
  Drop,
  Genesis,
  Grant,
  Grants,
  Message,
  Outcome,
  Result,
  Resume,
  Return,
  Seed,
  Send,
  Stop,
  Trap,
  Turn,
} from './contents.ts'
export { hex } from './cbor-bytes.ts'
export { decodeContent } from './decode-content.ts'
export { encodeContent, writeCause, writeContent, writeOutcome } from './encode-content.ts'
export { ChainError, type BrokenReason, type ChainErrorCode, type ChainErrorData } from './errors.ts'
export { decodeEvent, type Event, type EventHead, type EventOf, type WithheldEvent } from './event.ts'
export { followEvents, type FollowOptions } from './follow-events.ts'
export { Grammar, type GrammarState, type Violation } from './grammar.ts'
export { decodeHeader, encodeHeader, FORMAT, type Header } from './header.ts'
export {
  abortCodes,
  kindNumber,
  kinds,
  trapCodes,
  type AbortCode,
  type Kind,
  type TrapCode,
} from './kinds.ts'
export { ChainLinker, type LinkerOptions, type Position, type Salts } from './linker.ts'
export { memoryStore } from './memory-store.ts'
export { movedMark } from './moved.ts'
export { readEvents } from './read-events.ts'
export type { Linked } from './slab-event.ts'
export { Tombstones, type Tombstone } from './tombstones.ts'
export type {
  Archived,
  ArchivedPart,
  ArchiveStore,
  Batch,
  BlobReader,
  BlobStore,
  Block,
  CacheStore,
  ChainInfo,
  ChainReader,
  ChainStore,
  IncomingChain,
  IncomingEvent,
  Durability,
  Keeping,
  Kept,
  Leaves,
  LoggedStore,
  Removal,
  Store,
  StoredEvent,
} from './store.ts'
export {
  checkEvents,
  StructureChecker,
  verifyStructure,
  type Broken,
  type Intact,
  type Part,
  type StructureResult,
  type VerifyOptions,
} from './verify.ts'
export {
  ChainWriter,
  type Appended,
  type CreateOptions,
  type ResumeOptions,
  type WriterOptions,
} from './writer.ts'
