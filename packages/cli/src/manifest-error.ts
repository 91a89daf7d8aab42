/** Why a manifest was refused, as a closed set. */
export type ManifestErrorCode =
  /** Not TOML. */
  | 'syntax'
  /** A key that no manifest has. */
  | 'unknown-key'
  /** A value of another type than its key has. */
  | 'wrong-type'
  /** A key that has to be there. */
  | 'missing-key'
  /** Not an actor's id. */
  | 'bad-id'
  /** A component that is not there, or is not one yet. */
  | 'no-component'

/** A place in a manifest's text; both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

const BRAND = 'theater.ManifestError'

/** A manifest that was refused. The message begins with file and place and says what to write instead. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
  readonly brand = BRAND
  readonly code: ManifestErrorCode
  /** The manifest's file. */
  readonly path: string
  readonly place: Place | undefined

  constructor(
    code: ManifestErrorCode,
    what: string,
    data: { readonly path: string; readonly place?: Place | undefined; readonly cause?: unknown },
  ) {
    const { path, place, cause } = data
    const where = place === undefined ? path : `${path}:${place.line}:${place.column}`
    super(`${where}: ${what}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.path = path
    this.place = place
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(value: unknown): value is ManifestError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}
