// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:http/outgoing-handler@0.2.12 **/
export declare function handle(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse;
export type OutgoingRequest = import('./wasi-http-types.ts').OutgoingRequest;
export type RequestOptions = import('./wasi-http-types.ts').RequestOptions;
export type FutureIncomingResponse = import('./wasi-http-types.ts').FutureIncomingResponse;
export type ErrorCode = import('./wasi-http-types.ts').ErrorCode;
