import type { Actor } from '@theater/actor'
import type { Finding } from './finding.ts'

/** What the audit ended with. */
export type Report = {
  /** When that was, as the auditor's clock has it. */
  readonly date: string
  /** The report for programs: its hash in the store. */
  readonly json: string
}

/** What the reporter answers. */
export type Summary = {
  readonly packages: number
  readonly kinds: { readonly [kind: string]: number }
  readonly licences: { readonly [licence: string]: number }
  /** Null while the audit goes on. */
  readonly report: Report | null
}

/** The reporter, as others talk to it. Written out: an actor's type cannot be taken from inside it. */
export type Reporter = Actor<{
  finding: { body: Finding; reply: null }
  done: { body: Report; reply: null }
  summary: { body: undefined; reply: Summary }
}>
