// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/terminal-stdin@0.2.12 **/
export declare function getTerminalStdin(): TerminalInput | undefined
import type { TerminalInput } from './wasi-cli-terminal-input.ts'
export type { TerminalInput }
