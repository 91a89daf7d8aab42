// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/terminal-stderr@0.2.12 **/
export declare function getTerminalStderr(): TerminalOutput | undefined
import type { TerminalOutput } from './wasi-cli-terminal-output.ts'
export type { TerminalOutput }
