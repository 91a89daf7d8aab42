// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/exit@0.2.12 **/
export declare function exit(status: Result<void, void>): void
export declare function exitWithCode(statusCode: number): void
export type Result<T, E> = { tag: 'ok'; val: T } | { tag: 'err'; val: E }
