/**
 * What a host signs of its chains: one log over all of them, its checkpoints, and proofs that an event is under one. Trees are
 * those of RFC 6962, notes and proofs those of C2SP. Runs in a browser.
 *
 * @module
 */
export { formatAddition, MAX_ADDITION, parseAddition, type Addition } from './log/add-checkpoint.ts'
export { checkpointText, parseCheckpoint, type Checkpoint } from './log/checkpoint.ts'
export { proveConsistency, verifyConsistency, type Extension } from './log/consistency.ts'
export { cosign, verifyCosignatures, type Cosignature } from './log/cosignature.ts'
export {
  decodeEntry,
  encodeEntry,
  MAX_REASON,
  type ChainEntry,
  type KeyEntry,
  type LogEntry,
  type TombstoneEntry,
} from './log/entry.ts'
export { proveEvent, verifyEventProof, type ProveOptions, type ProvenEvent } from './log/event-proof.ts'
export {
  HostLog,
  type HostLogOptions,
  type ProvingStore,
  type RedactOptions,
  type Redaction,
} from './log/host-log.ts'
export { checkKeyName, keyTypes, SigningKey, VerifierKey, type KeyType } from './log/key.ts'
export {
  formatNote,
  formatSignature,
  MAX_NOTE,
  parseNote,
  parseSignature,
  signNote,
  verifyNote,
  type Note,
  type NoteSignature,
} from './log/note.ts'
export { consistencyPath, inclusionPath, type Subtree } from './log/prover.ts'
export { verifyCheckpoint, type Rotation } from './log/rotation.ts'
export {
  buriedIn,
  checkParts,
  decodeSeal,
  encodeSeal,
  makeSeal,
  originSeal,
  tombstonesOf,
  verifySeal,
  type Seal,
  type SealedChain,
  type SealedTombstone,
  type SealOptions,
} from './log/seal.ts'
export { removalOf, type RemovalOptions } from './log/removal.ts'
export { type Begin, type PartOptions, type SealedPart, type Seam } from './log/seal-part.ts'
export { compareChain, type SealedState } from './log/sealed-state.ts'
export { latestCheckpoint, signedCheckpoints, type SignedCheckpoint } from './log/signed-checkpoints.ts'
export {
  TILE,
  type AddedEntry,
  type GrownChain,
  type LogStore,
  type LogUpdate,
  type TreeState,
  type TreeUpdate,
  type WitnessFault,
  type WitnessFaultCode,
  type WitnessRecord,
} from './log/store.ts'
export { extendsTree, GrowingTree, includes, leafHash, nodeHash, type TreeHead } from './log/tree.ts'
export {
  WitnessClient,
  type Fetch,
  type WitnessClientOptions,
  type WitnessState,
} from './log/witness-client.ts'
