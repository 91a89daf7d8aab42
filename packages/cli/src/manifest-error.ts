/** Why a manifest was refused, as a closed set. */
export type ManifestErrorCode =
  /** Not TOML. */
  | 'syntax'
  /** A key that no manifest has. */
  | 'unknown-key'
  /** A value of another type than its key has. */
  | 'wrong-type'
  /** A value of the right type that its key does not take. */
  | 'bad-value'
  /** A key that has to be there. */
  | 'missing-key'
  /** Not an actor's id. */
  | 'bad-id'
  /** A component that is not there, or is not one yet. */
  | 'no-component'
  /** An import of an actor's component that no grant covers. */
  | 'unmet-import'
  /** A grant of the right shape that cannot be given: a folder that is not there. */
  | 'bad-grant'

/** A place in a manifest's text; both count from 1, columns in UTF-16 units, as editors count. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** One thing that is wrong with a manifest. */
export interface ManifestProblem {
  readonly code: ManifestErrorCode
  /** What, on which thing, what to write instead. */
  readonly message: string
  /** Undefined where nothing is written that could be pointed at. */
  readonly place: Place | undefined
  /** The line at the place with carets under what is meant, as it may be shown on a terminal; empty without a place. */
  readonly excerpt: readonly string[]
  /** Lines to write into the manifest, where that is what is missing. */
  readonly add: readonly string[]
}

const BRAND = 'theater.ManifestError'

/** More than these are counted, not shown. */
const SHOWN = 20

/** A manifest that was refused, with everything that is wrong with it. The message names file and place of each problem. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
  readonly brand = BRAND
  /** The code of the first problem. */
  readonly code: ManifestErrorCode
  /** The manifest's file. */
  readonly path: string
  /** The place of the first problem. */
  readonly place: Place | undefined
  /** All problems, in the order in which they are written. */
  readonly problems: readonly [ManifestProblem, ...ManifestProblem[]]

  constructor(
    path: string,
    problems: readonly [ManifestProblem, ...ManifestProblem[]],
    options?: { readonly cause?: unknown },
  ) {
    super(
      describe(path, problems, ({ add }) => add),
      options,
    )
    this.code = problems[0].code
    this.path = path
    this.place = problems[0].place
    this.problems = problems
  }

  /** The message for people who have a terminal: with the lines of the file that it is about. */
  get report(): string {
    return describe(this.path, this.problems, ({ excerpt, add }) => [
      // Where whole tables are missing, the line of the actor's own table says nothing.
      ...(add.length > 1 ? [] : excerpt),
      ...add.map((line) => `    ${line}`),
    ])
  }

  /** Recognises an error of this class, also from another copy of this package. */
  static is(value: unknown): value is ManifestError {
    return value instanceof Error && 'brand' in value && value.brand === BRAND
  }
}

function describe(
  path: string,
  problems: readonly ManifestProblem[],
  more: (problem: ManifestProblem) => readonly string[],
): string {
  const lines = problems.slice(0, SHOWN).flatMap((problem) => {
    const { message, place } = problem
    const where = place === undefined ? path : `${path}:${place.line}:${place.column}`
    return [`${where}: ${message}`, ...more(problem)]
  })
  if (problems.length > SHOWN) lines.push(`and ${problems.length - SHOWN} more`)
  return lines.join('\n')
}
