// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:cli/terminal-input@0.2.12 **/

export declare class TerminalInput {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
}
