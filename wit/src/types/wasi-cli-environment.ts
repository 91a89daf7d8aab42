// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/environment@0.2.12 **/
export declare function getEnvironment(): Array<[string, string]>
export declare function getArguments(): Array<string>
export declare function initialCwd(): string | undefined
