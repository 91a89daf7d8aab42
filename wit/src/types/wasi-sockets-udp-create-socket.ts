// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/udp-create-socket@0.2.12 **/
export declare function createUdpSocket(addressFamily: IpAddressFamily): UdpSocket;
export type Network = import('./wasi-sockets-network.ts').Network;
export type ErrorCode = import('./wasi-sockets-network.ts').ErrorCode;
export type IpAddressFamily = import('./wasi-sockets-network.ts').IpAddressFamily;
export type UdpSocket = import('./wasi-sockets-udp.ts').UdpSocket;
