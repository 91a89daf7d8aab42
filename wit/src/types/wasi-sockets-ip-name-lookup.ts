// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/ip-name-lookup@0.2.12 **/
export declare function resolveAddresses(network: Network, name: string): ResolveAddressStream
import type { Pollable } from './wasi-io-poll.ts'
export type { Pollable }
import type { Network } from './wasi-sockets-network.ts'
export type { Network }
import type { ErrorCode } from './wasi-sockets-network.ts'
export type { ErrorCode }
import type { IpAddress } from './wasi-sockets-network.ts'
export type { IpAddress }

export declare class ResolveAddressStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  resolveNextAddress(): IpAddress | undefined
  subscribe(): Pollable
}
