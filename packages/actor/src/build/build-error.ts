import { type Diagnostic, showDiagnostics } from './diagnostic.ts'

const brand = '@theater/actor/BuildError'

/**
 * Why a build stopped.
 *
 * - `entry`: the entry file cannot be read or parsed, or is not an actor as `theater build` reads it.
 * - `bundle`: an import cannot be resolved, a source cannot be parsed, or it uses what an actor does not have.
 * - `wit`: the WIT that it was given cannot be read, or is none.
 * - `types`: TypeScript finds errors, or cannot be run.
 * - `load`: the actor throws while its modules are evaluated.
 * - `engine`: componentize-js failed otherwise.
 */
export type BuildErrorCode = 'entry' | 'bundle' | 'wit' | 'types' | 'load' | 'engine'

/** Thrown by {@link build}. The message is complete: it names the file and line where there is one. */
export class BuildError extends Error {
  override readonly name = 'BuildError'
  /** Why. */
  readonly code: BuildErrorCode
  /** The same as data, one for each fault; empty where no source is to blame. */
  readonly diagnostics: readonly Diagnostic[]
  /** Marks the class across copies of this package. */
  readonly brand = brand

  /** Made by the build. */
  constructor(
    code: BuildErrorCode,
    what: string | readonly Diagnostic[],
    options?: ErrorOptions & { readonly diagnostics?: readonly Diagnostic[] },
  ) {
    super(typeof what === 'string' ? what : showDiagnostics(what), options)
    this.code = code
    this.diagnostics = typeof what === 'string' ? (options?.diagnostics ?? []) : what
  }

  /** Whether a caught value is a `BuildError`. */
  static is(value: unknown): value is BuildError {
    return typeof value === 'object' && value !== null && 'brand' in value && value.brand === brand
  }
}
