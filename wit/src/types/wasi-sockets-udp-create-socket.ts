// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/udp-create-socket@0.2.12 **/
export declare function createUdpSocket(addressFamily: IpAddressFamily): UdpSocket
import type { Network } from './wasi-sockets-network.ts'
export type { Network }
import type { ErrorCode } from './wasi-sockets-network.ts'
export type { ErrorCode }
import type { IpAddressFamily } from './wasi-sockets-network.ts'
export type { IpAddressFamily }
import type { UdpSocket } from './wasi-sockets-udp.ts'
export type { UdpSocket }
