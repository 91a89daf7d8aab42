/** What a licence asks of whoever uses the package, from least to most. */
export type Kind = 'permissive' | 'weak copyleft' | 'strong copyleft' | 'unclear' | 'none'

/** Every {@link Kind}, in the order in which they are shown. */
export const kinds: readonly Kind[] = ['none', 'strong copyleft', 'weak copyleft', 'unclear', 'permissive']

/** How the licence of a package was found. */
export type Source = 'declared' | 'legacy field' | 'named file' | 'licence text' | 'nowhere'

/** What the auditor says about one package. A type, not an interface, so that it counts as JSON. */
export type Finding = {
  readonly name: string
  readonly version: string
  /** An SPDX expression where there is one; else the package's own words. */
  readonly licence: string
  readonly kind: Kind
  readonly source: Source
  /** The licence files that were read. */
  readonly files: readonly string[]
  /** What a person should know beside that; empty for nothing. */
  readonly note: string
}

/** Whether somebody has to look at a package. */
export function flagged({ kind }: Finding): boolean {
  return kind !== 'permissive'
}
