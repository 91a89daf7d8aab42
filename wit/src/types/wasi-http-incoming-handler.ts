// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:http/incoming-handler@0.2.12 **/
export declare function handle(request: IncomingRequest, responseOut: ResponseOutparam): void
import type { IncomingRequest } from './wasi-http-types.ts'
export type { IncomingRequest }
import type { ResponseOutparam } from './wasi-http-types.ts'
export type { ResponseOutparam }
