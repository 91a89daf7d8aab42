// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/udp@0.2.12 **/
import type { Pollable } from './wasi-io-poll.ts'
export type { Pollable }
import type { Network } from './wasi-sockets-network.ts'
export type { Network }
import type { ErrorCode } from './wasi-sockets-network.ts'
export type { ErrorCode }
import type { IpSocketAddress } from './wasi-sockets-network.ts'
export type { IpSocketAddress }
import type { IpAddressFamily } from './wasi-sockets-network.ts'
export type { IpAddressFamily }
export interface IncomingDatagram {
  data: Uint8Array
  remoteAddress: IpSocketAddress
}
export interface OutgoingDatagram {
  data: Uint8Array
  remoteAddress?: IpSocketAddress | undefined
}

export declare class IncomingDatagramStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  receive(maxResults: bigint): Array<IncomingDatagram>
  subscribe(): Pollable
}

export declare class OutgoingDatagramStream {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  checkSend(): bigint
  send(datagrams: Array<OutgoingDatagram>): bigint
  subscribe(): Pollable
}

export declare class UdpSocket {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  startBind(network: Network, localAddress: IpSocketAddress): void
  finishBind(): void
  stream(remoteAddress: IpSocketAddress | undefined): [IncomingDatagramStream, OutgoingDatagramStream]
  localAddress(): IpSocketAddress
  remoteAddress(): IpSocketAddress
  addressFamily(): IpAddressFamily
  unicastHopLimit(): number
  setUnicastHopLimit(value: number): void
  receiveBufferSize(): bigint
  setReceiveBufferSize(value: bigint): void
  sendBufferSize(): bigint
  setSendBufferSize(value: bigint): void
  subscribe(): Pollable
}
