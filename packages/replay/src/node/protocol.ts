/** What a thread that re-runs chains and whoever started it say to each other. */
import type { TheaterEvent } from '@theater/boundary'
import { ComponentError } from '@theater/component'
import type { ComponentErrorCode } from '@theater/component'
import { ChainError } from '@theater/event-chain'
import type { BrokenReason, ChainErrorCode, ChainInfo, StoredEvent, Tombstone } from '@theater/event-chain'
import type { Replayed } from '../replay.ts'
import type { SnapshotInfo, Verdict, VerifyLimits } from '../types.ts'

/** One chain to be re-run. */
export interface Job {
  readonly how: 'verify' | 'replay'
  readonly chain: Uint8Array
  readonly component: Uint8Array | undefined
  readonly limits: Partial<VerifyLimits> | undefined
  readonly head: Uint8Array | undefined
  readonly tombstones: readonly Tombstone[] | undefined
  /** Of `verify` alone. */
  readonly unfinished: 'refuse' | 'allow' | undefined
  /** Where it begins; undefined: with genesis. */
  readonly from: number | undefined
  /** Of `replay` alone. */
  readonly until: number | undefined
  /** Whether events are told. */
  readonly told: boolean
}

/** What the thread is started with. */
export interface ThreadData {
  /** Whether there is a cache of components to ask. */
  readonly cached: boolean
  /** Whether that cache seals what it keeps. */
  readonly sealed: boolean
}

/** The seal of an entry on its way between the two threads, where nobody else writes: whoever has the cache checks its own, and makes it. */
export const underway = (): Uint8Array => new Uint8Array(32)

/** What the thread asks for: the chain stays where it is, and so does what is open there. */
export interface Served {
  /** Begins a reading and answers its number. */
  open(chain: Uint8Array, from: number | undefined, to: number | undefined): Promise<number>
  /** The next events of a reading; none at its end. */
  more(reading: number): Promise<readonly StoredEvent[]>
  close(reading: number): Promise<void>
  info(chain: Uint8Array): Promise<ChainInfo | undefined>
  find(label: string): Promise<ChainInfo | undefined>
  list(): Promise<readonly ChainInfo[]>
  get(cid: Uint8Array): Promise<Uint8Array | undefined>
  has(cid: Uint8Array): Promise<boolean>
  snapshots(chain: Uint8Array): Promise<readonly SnapshotInfo[]>
  snapshot(chain: Uint8Array, size: number, max: number): Promise<Uint8Array | undefined>
  /** What the cache of components has; where it seals, of what has its seal, with that of {@link underway}. */
  cached(key: string): Promise<Uint8Array | undefined>
  keep(key: string, bytes: Uint8Array): Promise<void>
}

/** One question. */
export type Ask = {
  readonly [K in keyof Served]: {
    readonly ask: number
    readonly what: K
    readonly args: Parameters<Served[K]>
  }
}[keyof Served]

/** What goes to the thread. */
export type ToThread =
  | { readonly job: Job }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly failed: Fault }

/** What comes from it. */
export type FromThread =
  | Ask
  /** The types of the component that is about to run, as `encodeModel` writes them. */
  | { readonly model: Uint8Array }
  | { readonly reached: TheaterEvent }
  | { readonly alive: true }
  | { readonly verdict: Verdict }
  | { readonly replayed: Replayed }
  /** `asked` is the question whose failure it is, where it is one. */
  | { readonly failed: Fault; readonly asked: number | undefined }

/** An error, as it crosses between threads, where its class is lost. */
export type Fault =
  | {
      readonly of: 'chain'
      readonly code: ChainErrorCode
      readonly message: string
      readonly index: number | undefined
      readonly reason: BrokenReason | undefined
    }
  | { readonly of: 'component'; readonly code: ComponentErrorCode; readonly message: string }
  | { readonly of: 'other'; readonly message: string }

/** Takes an error apart. */
export function faultOf(error: unknown): Fault {
  if (ChainError.is(error)) {
    const { code, message, index, reason } = error
    return { of: 'chain', code, message, index, reason }
  }
  if (ComponentError.is(error)) return { of: 'component', code: error.code, message: error.message }
  return { of: 'other', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

/** Makes an error of it again. */
export function errorOf(fault: Fault): Error {
  switch (fault.of) {
    case 'chain':
      return new ChainError(fault.code, fault.message, fault)
    case 'component':
      return new ComponentError(fault.code, fault.message)
    case 'other':
      return new Error(fault.message)
  }
}
