// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:http/incoming-handler@0.2.12 **/
export declare function handle(request: IncomingRequest, responseOut: ResponseOutparam): void;
export type IncomingRequest = import('./wasi-http-types.ts').IncomingRequest;
export type ResponseOutparam = import('./wasi-http-types.ts').ResponseOutparam;
