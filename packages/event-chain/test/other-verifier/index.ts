/**
 * A verifier of structure and signatures that was written from docs/chain-format.md and shares no code with the packages. What it needed and the page did not say went into the page: where the two
 * disagree, the page or the packages are wrong.
 */
export { decode, NotCanonical } from './cbor.ts'
export { checkChain } from './chain.ts'
export { isContent, readHeader } from './events.ts'
export { checkFile, NotAFile } from './file.ts'
export { cosignedAt, readEntry, readKey, readNote, Refused, trustedNote } from './notes.ts'
export { readTogether } from './parts.ts'
export { goesOn, provenEvent, readAddition } from './proofs.ts'
export { readSeal } from './seal.ts'
export { redactedEvents, signedSizes } from './signature.ts'
