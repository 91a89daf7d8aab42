// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/tcp@0.2.12 **/
import type { InputStream } from './wasi-io-streams.ts'
export type { InputStream }
import type { OutputStream } from './wasi-io-streams.ts'
export type { OutputStream }
import type { Pollable } from './wasi-io-poll.ts'
export type { Pollable }
import type { Duration } from './wasi-clocks-monotonic-clock.ts'
export type { Duration }
import type { Network } from './wasi-sockets-network.ts'
export type { Network }
import type { ErrorCode } from './wasi-sockets-network.ts'
export type { ErrorCode }
import type { IpSocketAddress } from './wasi-sockets-network.ts'
export type { IpSocketAddress }
import type { IpAddressFamily } from './wasi-sockets-network.ts'
export type { IpAddressFamily }
/**
 * # Variants
 *
 * ## `"receive"`
 *
 * ## `"send"`
 *
 * ## `"both"`
 */
export type ShutdownType = 'receive' | 'send' | 'both'

export declare class TcpSocket {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  startBind(network: Network, localAddress: IpSocketAddress): void
  finishBind(): void
  startConnect(network: Network, remoteAddress: IpSocketAddress): void
  finishConnect(): [InputStream, OutputStream]
  startListen(): void
  finishListen(): void
  accept(): [TcpSocket, InputStream, OutputStream]
  localAddress(): IpSocketAddress
  remoteAddress(): IpSocketAddress
  isListening(): boolean
  addressFamily(): IpAddressFamily
  setListenBacklogSize(value: bigint): void
  keepAliveEnabled(): boolean
  setKeepAliveEnabled(value: boolean): void
  keepAliveIdleTime(): Duration
  setKeepAliveIdleTime(value: Duration): void
  keepAliveInterval(): Duration
  setKeepAliveInterval(value: Duration): void
  keepAliveCount(): number
  setKeepAliveCount(value: number): void
  hopLimit(): number
  setHopLimit(value: number): void
  receiveBufferSize(): bigint
  setReceiveBufferSize(value: bigint): void
  sendBufferSize(): bigint
  setSendBufferSize(value: bigint): void
  subscribe(): Pollable
  shutdown(shutdownType: ShutdownType): void
}
