const brand = '@theater/actor/BuildError'

/**
 * Why a build stopped.
 *
 * - `entry`: the entry file cannot be read or parsed, or is not an actor as `theater build` reads it.
 * - `bundle`: an import cannot be resolved or is not available to an actor, or a source has an error.
 * - `load`: the actor throws while its modules are evaluated.
 * - `engine`: componentize-js failed otherwise.
 */
export type BuildErrorCode = 'entry' | 'bundle' | 'load' | 'engine'

/** Thrown by {@link build}. The message is complete: it names the file and line where there is one. */
export class BuildError extends Error {
  override readonly name = 'BuildError'
  /** Why. */
  readonly code: BuildErrorCode
  /** Marks the class across copies of this package. */
  readonly brand = brand

  /** Made by the build. */
  constructor(code: BuildErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** Whether a caught value is a `BuildError`. */
  static is(value: unknown): value is BuildError {
    return typeof value === 'object' && value !== null && 'brand' in value && value.brand === brand
  }
}
