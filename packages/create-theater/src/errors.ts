/** What can be wrong: `name` and `template` are not among those that there may be, `folder` holds something already. */
export type CreateErrorCode = 'name' | 'template' | 'folder'

const BRAND = 'create-theater/CreateError'

/** Says why there is no project, and what to do. Nothing was written then. */
export class CreateError extends Error {
  readonly brand = BRAND
  readonly code: CreateErrorCode

  constructor(code: CreateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CreateError'
    this.code = code
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(value: unknown): value is CreateError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}
