// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/ip-name-lookup@0.2.12 **/
export declare function resolveAddresses(network: Network, name: string): ResolveAddressStream;
export type Pollable = import('./wasi-io-poll.ts').Pollable;
export type Network = import('./wasi-sockets-network.ts').Network;
export type ErrorCode = import('./wasi-sockets-network.ts').ErrorCode;
export type IpAddress = import('./wasi-sockets-network.ts').IpAddress;

export declare class ResolveAddressStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor();
  resolveNextAddress(): IpAddress | undefined;
  subscribe(): Pollable;
}
