// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:random/insecure@0.2.12 **/
export declare function getInsecureRandomBytes(len: bigint): Uint8Array
export declare function getInsecureRandomU64(): bigint
