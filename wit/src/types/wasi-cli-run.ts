// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/run@0.2.12 **/
export declare function run(): void
