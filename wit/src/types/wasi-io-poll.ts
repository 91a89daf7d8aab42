// Generated from the .wit files by scripts/generate-types.ts. Do not edit.
/** @module Interface wasi:io/poll@0.2.12 **/
export declare function poll(in_: Array<Pollable>): Uint32Array

export declare class Pollable {
  /**
   * This type does not have a public constructor.
   */
  private constructor()
  ready(): boolean
  block(): void
}
