// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:filesystem/preopens@0.2.12 **/
export declare function getDirectories(): Array<[Descriptor, string]>;
export type Descriptor = import('./wasi-filesystem-types.ts').Descriptor;
