// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/tcp-create-socket@0.2.12 **/
export declare function createTcpSocket(addressFamily: IpAddressFamily): TcpSocket
import type { Network } from './wasi-sockets-network.ts'
export type { Network }
import type { ErrorCode } from './wasi-sockets-network.ts'
export type { ErrorCode }
import type { IpAddressFamily } from './wasi-sockets-network.ts'
export type { IpAddressFamily }
import type { TcpSocket } from './wasi-sockets-tcp.ts'
export type { TcpSocket }
