/** Why a component cannot be loaded, prepared or instantiated. */
export type ComponentErrorCode =
  /** The bytes are not WebAssembly, or break off, or are not well-formed. */
  | 'not-wasm'
  /** A core module where a component is needed. */
  | 'core-module'
  /** An embedded core module that this engine does not accept. */
  | 'invalid-core'
  /** A name outside the alphabet of its kind. */
  | 'bad-name'
  /** A feature that is not supported; the message names it. */
  | 'unsupported'
  /** Above a `LoadLimits` bound. */
  | 'too-large'
  /** Nested above the bound. */
  | 'too-deep'
  /** The transpiler refused it, crashed, or ran out of its memory. */
  | 'transpile-failed'
  /** The transpiler, or the meter, ran out of its time. */
  | 'transpile-timeout'
  /** The generated JavaScript is not of the one form that is run. */
  | 'glue-rejected'
  /** A plan that does not fit the component. */
  | 'bad-plan'
  /** The cache cannot be used as it is set up. */
  | 'cache'
  /** The meter failed, ran out of its memory, or made a module that the engine does not accept. */
  | 'meter-failed'

const brand = 'theater.ComponentError'

/** The one error class of this package. */
export class ComponentError extends Error {
  override readonly name = 'ComponentError'
  readonly brand = brand
  readonly code: ComponentErrorCode
  /** Offset in the component's bytes, where one is known. */
  readonly offset: number | undefined

  constructor(
    code: ComponentErrorCode,
    message: string,
    options: { readonly offset?: number; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.offset = options.offset
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(error: unknown): error is ComponentError {
    return typeof error === 'object' && error !== null && 'brand' in error && error.brand === brand
  }
}
