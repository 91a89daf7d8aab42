// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:sockets/tcp-create-socket@0.2.12 **/
export declare function createTcpSocket(addressFamily: IpAddressFamily): TcpSocket;
export type Network = import('./wasi-sockets-network.ts').Network;
export type ErrorCode = import('./wasi-sockets-network.ts').ErrorCode;
export type IpAddressFamily = import('./wasi-sockets-network.ts').IpAddressFamily;
export type TcpSocket = import('./wasi-sockets-tcp.ts').TcpSocket;
