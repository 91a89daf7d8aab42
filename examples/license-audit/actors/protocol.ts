import type { Actor } from '@theater/actor'
import type { Kind } from './finding.ts'

/** What the reporter is told about a package. */
export type Line = {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly kind: Kind
}

/** Where the report is: hashes in the store. */
export type Report = { readonly json: string; readonly html: string }

/** What the reporter answers. */
export type Summary = {
  readonly packages: number
  readonly kinds: { readonly [kind: string]: number }
  readonly licences: { readonly [licence: string]: number }
  readonly report: Report | null
}

/** The reporter, as others talk to it. Written out: an actor's type cannot be taken from inside it. */
export type Reporter = Actor<{
  finding: { body: Line; reply: null }
  done: { body: Report; reply: null }
  summary: { body: undefined; reply: Summary }
}>
