/** What is wrong with a call of a {@link Boundary}. Nothing happened, and nothing was recorded. */
export type BoundaryErrorCode =
  /** A turn is running: a boundary takes one at a time, also from handlers that are called by it. */
  | 'busy'
  /** The instance ended, or was never made. Make another and re-run the record without the turn that ended it. */
  | 'finished'
  /** The component has no export of that name. */
  | 'no-export'
  /** There is no live side, so nothing new can be done. */
  | 'not-live'

const brand = 'theater.BoundaryError'

/** The one error class of this package: a boundary was used as it cannot be. */
export class BoundaryError extends Error {
  override readonly name = 'BoundaryError'
  readonly brand = brand
  readonly code: BoundaryErrorCode

  constructor(code: BoundaryErrorCode, message: string) {
    super(message)
    this.code = code
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(error: unknown): error is BoundaryError {
    return typeof error === 'object' && error !== null && 'brand' in error && error.brand === brand
  }
}
