// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:http/outgoing-handler@0.2.12 **/
export declare function handle(
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse
import type { OutgoingRequest } from './wasi-http-types.ts'
export type { OutgoingRequest }
import type { RequestOptions } from './wasi-http-types.ts'
export type { RequestOptions }
import type { FutureIncomingResponse } from './wasi-http-types.ts'
export type { FutureIncomingResponse }
import type { ErrorCode } from './wasi-http-types.ts'
export type { ErrorCode }
