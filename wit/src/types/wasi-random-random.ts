// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:random/random@0.2.12 **/
export declare function getRandomBytes(len: bigint): Uint8Array
export declare function getRandomU64(): bigint
