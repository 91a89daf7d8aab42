// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/stdout@0.2.12 **/
export declare function getStdout(): OutputStream;
export type OutputStream = import('./wasi-io-streams.ts').OutputStream;
