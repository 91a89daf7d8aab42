// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:io/error@0.2.12 **/

export declare class Error {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  toDebugString(): string
}
