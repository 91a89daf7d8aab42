// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/tcp@0.2.12 **/
export type InputStream = import('./wasi-io-streams.ts').InputStream;
export type OutputStream = import('./wasi-io-streams.ts').OutputStream;
export type Pollable = import('./wasi-io-poll.ts').Pollable;
export type Duration = import('./wasi-clocks-monotonic-clock.ts').Duration;
export type Network = import('./wasi-sockets-network.ts').Network;
export type ErrorCode = import('./wasi-sockets-network.ts').ErrorCode;
export type IpSocketAddress = import('./wasi-sockets-network.ts').IpSocketAddress;
export type IpAddressFamily = import('./wasi-sockets-network.ts').IpAddressFamily;
/**
 * # Variants
 *
 * ## `"receive"`
 *
 * ## `"send"`
 *
 * ## `"both"`
 */
export type ShutdownType = 'receive' | 'send' | 'both';

export declare class TcpSocket {
  /**
   * This type does not have a public constructor.
   */
  private constructor();
  startBind(network: Network, localAddress: IpSocketAddress): void;
  finishBind(): void;
  startConnect(network: Network, remoteAddress: IpSocketAddress): void;
  finishConnect(): [InputStream, OutputStream];
  startListen(): void;
  finishListen(): void;
  accept(): [TcpSocket, InputStream, OutputStream];
  localAddress(): IpSocketAddress;
  remoteAddress(): IpSocketAddress;
  isListening(): boolean;
  addressFamily(): IpAddressFamily;
  setListenBacklogSize(value: bigint): void;
  keepAliveEnabled(): boolean;
  setKeepAliveEnabled(value: boolean): void;
  keepAliveIdleTime(): Duration;
  setKeepAliveIdleTime(value: Duration): void;
  keepAliveInterval(): Duration;
  setKeepAliveInterval(value: Duration): void;
  keepAliveCount(): number;
  setKeepAliveCount(value: number): void;
  hopLimit(): number;
  setHopLimit(value: number): void;
  receiveBufferSize(): bigint;
  setReceiveBufferSize(value: bigint): void;
  sendBufferSize(): bigint;
  setSendBufferSize(value: bigint): void;
  subscribe(): Pollable;
  shutdown(shutdownType: ShutdownType): void;
}
