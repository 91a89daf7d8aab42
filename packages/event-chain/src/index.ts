/**
 * Hash-linked events: their bytes, the writer, where they are stored, and the structural check.
 *
 * @module
 */
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
export { ChainLinker, type Linked, type LinkerOptions, type Position, type Salts } from './linker.ts'
export { memoryStore } from './memory-store.ts'
export { readEvents } from './read-events.ts'
export type {
  Batch,
  BlobReader,
  BlobStore,
  Block,
  ChainInfo,
  ChainReader,
  ChainStore,
  Store,
  StoredEvent,
} from './store.ts'
export {
  checkEvents,
  StructureChecker,
  verifyStructure,
  type Broken,
  type Intact,
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
