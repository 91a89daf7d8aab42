// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/instance-network@0.2.12 **/
export declare function instanceNetwork(): Network;
export type Network = import('./wasi-sockets-network.ts').Network;
