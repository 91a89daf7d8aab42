// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:random/insecure-seed@0.2.12 **/
export declare function insecureSeed(): [bigint, bigint]
