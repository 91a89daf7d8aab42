/** What the page and its worker say to each other. */
import type { Unchecked, Verdict } from '@theater/replay'

/** A chain in the file, before it is verified. */
export interface Listed {
  /** The actor's id; null where not even that can be read. */
  readonly actor: string | null
  /** Events that are right; of an intact chain all. */
  readonly size: number
  /** The chain's id and head, where it is intact. */
  readonly intact: { readonly chain: Uint8Array; readonly head: Uint8Array } | null
  readonly genesis: GenesisFacts | null
}

/** What genesis says that a reader wants to see. All of it is what somebody recorded. */
export interface GenesisFacts {
  /** The component's CID, as text. */
  readonly component: string
  readonly grants: unknown
  /** When the actor was started, in milliseconds. */
  readonly time: number
  readonly theater: string
}

/** What the page asks for. */
export type Ask =
  /** Opens a file and lists its chains. `transpiler` is the URL of the script that runs jco. */
  | { readonly kind: 'open'; readonly file: Blob; readonly transpiler: string }
  /** Verifies the chain at a place in that list. */
  | { readonly kind: 'verify'; readonly index: number }
  /** Holds the chains together: a verdict for each, null for one that there is none of. */
  | { readonly kind: 'join'; readonly verdicts: readonly (Verdict | null)[] }

/** What the worker does at the moment. */
export type Phase = 'reading' | 'checking' | 'loading' | 'running' | 'joining'

/** What the worker says. */
export type Tell =
  | { readonly kind: 'progress'; readonly phase: Phase; readonly done: number; readonly of: number }
  | { readonly kind: 'opened'; readonly chains: readonly Listed[] }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | {
      readonly kind: 'joined'
      /** In the place of those that were given. */
      readonly verdicts: readonly (Verdict | null)[]
      readonly held: number
      readonly unchecked: readonly Pick<Unchecked, 'why'>[]
    }
  /** The file cannot be read as one of chains; the message is for people. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The verifier itself failed. This says nothing about the record. */
  | { readonly kind: 'failed'; readonly message: string }
