// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/terminal-stdout@0.2.12 **/
export declare function getTerminalStdout(): TerminalOutput | undefined
import type { TerminalOutput } from './wasi-cli-terminal-output.ts'
export type { TerminalOutput }
