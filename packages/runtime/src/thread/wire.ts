import type { MessagePort } from 'node:worker_threads'
import { ChainError } from '@theater/event-chain'
import type { ChainErrorCode } from '@theater/event-chain'
import { VerifierKey } from '@theater/event-chain/log'
import type { FunctionModel } from '@theater/values'
import type { RecordedLetter } from '../dead.ts'
import { TheaterError } from '../errors.ts'
import type { TheaterErrorCode } from '../errors.ts'
import type { LogLine } from '../host.ts'
import type { ActorInfo, IdleOptions, SpawnOptions, TimerInfo } from '../options.ts'
import type { BySaid, Heard } from '../outside.ts'
import type { DeadLetter } from '../post.ts'
import type { SomeEvents } from '../record-events.ts'
import type { Published } from '../topics.ts'
import type { Hung } from '../watch.ts'
import type { WitnessInfo } from '../witnesses.ts'

/** What a thread of actors is started with. */
export interface ThreadWork {
  /** The address of the embedder's module. */
  readonly module: string
  /** What its function is given. */
  readonly data: unknown
  readonly port: MessagePort
  readonly memory: SharedArrayBuffer
  /** Whose doing did not end in the thread before. */
  readonly hung: readonly Hung[]
  /** Actors that are not brought back. */
  readonly barred: readonly string[]
  /** What somebody outside listens to. */
  readonly topics: readonly string[]
  /** The ends that actors can open channels to. */
  readonly served: readonly string[]
}

/** Where on record something began that was asked for: a turn, or an actor, whose first event is 0. */
export interface Begun {
  readonly chain: Uint8Array
  readonly seq: number
}

/** What can be asked of a thread of actors. */
export type Question =
  | { readonly do: 'spawn'; readonly options: SpawnOptions & { readonly component: Uint8Array } }
  | { readonly do: 'add-component'; readonly bytes: Uint8Array }
  | { readonly do: 'call'; readonly id: string; readonly fn: string; readonly args: readonly unknown[] }
  | { readonly do: 'stop'; readonly id: string; readonly reason: string | undefined }
  | { readonly do: 'release'; readonly id: string }
  | { readonly do: 'actors' }
  | { readonly do: 'exported'; readonly id: string; readonly fn: string }
  | { readonly do: 'subscribers'; readonly topic: string }
  | { readonly do: 'channel'; readonly said: BySaid }
  | { readonly do: 'dead-letters' }
  | { readonly do: 'retry' | 'drop'; readonly letter: string }
  | { readonly do: 'timers' }
  | { readonly do: 'witnesses' }
  /** Waits until the record of an actor has an event of that number. The chain is that of its first answer. */
  | {
      readonly do: 'events'
      readonly id: string
      readonly chain: Uint8Array | undefined
      readonly from: number
    }
  | { readonly do: 'block'; readonly cid: Uint8Array }
  | { readonly do: 'idle'; readonly options: IdleOptions }
  | { readonly do: 'close' }

/** What each question is answered with. */
export interface Answers {
  readonly spawn: SentInfo
  readonly 'add-component': string
  readonly call: unknown
  readonly stop: undefined
  readonly release: undefined
  readonly actors: readonly SentInfo[]
  readonly exported: FunctionModel | undefined
  readonly subscribers: readonly string[]
  readonly channel: unknown
  readonly 'dead-letters': readonly RecordedLetter[]
  readonly retry: undefined
  readonly drop: undefined
  readonly timers: readonly TimerInfo[]
  readonly witnesses: readonly SentWitness[]
  readonly events: SomeEvents
  readonly block: Uint8Array | undefined
  readonly idle: undefined
  readonly close: undefined
}

/** What a thread is told. */
export type ToThread =
  | { readonly tag: 'ping'; readonly n: number }
  /** Somebody outside listens to a topic from here on, or nobody does. */
  | { readonly tag: 'listen'; readonly topic: string; readonly on: boolean }
  /** Actors can open channels to an end from here on, or can not. */
  | { readonly tag: 'serve'; readonly end: string; readonly on: boolean }
  /** A message of a channel was taken. */
  | { readonly tag: 'took'; readonly channel: string }
  /** Nobody waits for the answer to a question any more. */
  | { readonly tag: 'give-up'; readonly n: number }
  /** Nothing more is wanted of a channel. */
  | { readonly tag: 'leave'; readonly channel: string }
  | {
      readonly tag: 'ask'
      readonly n: number
      readonly question: Question
      /** Whether the thread before was asked too. */
      readonly again: boolean
      /** Where that thread said that it begins. */
      readonly begun: Begun | undefined
    }

/** What a thread says. */
export type FromThread =
  /** It runs, and takes questions from here on. */
  | { readonly tag: 'here' }
  /** All actors are back. */
  | { readonly tag: 'open'; readonly requestMs: number | undefined }
  /** The theater could not be opened. */
  | { readonly tag: 'failed'; readonly error: SentError }
  | { readonly tag: 'begun'; readonly n: number; readonly begun: Begun }
  | { readonly tag: 'answer'; readonly n: number; readonly value: unknown }
  | { readonly tag: 'refusal'; readonly n: number; readonly error: SentError }
  | { readonly tag: 'log'; readonly line: LogLine }
  | { readonly tag: 'published'; readonly published: Published }
  /** An actor says something of a channel. */
  | { readonly tag: 'heard'; readonly heard: Heard }
  /** What the module says. */
  | { readonly tag: 'news'; readonly news: unknown }
  | { readonly tag: 'dead-letter'; readonly letter: DeadLetter }

/** An actor as it crosses to another thread. */
export type SentInfo = Omit<ActorInfo, 'failure'> & { readonly failure: SentError | undefined }

/** A witness as it crosses to another thread: with the text of its key. */
export type SentWitness = Omit<WitnessInfo, 'key'> & { readonly key: string }

/** An error as it crosses to another thread, where those of our classes would be none any more. */
export type SentError =
  | {
      readonly class: 'theater'
      readonly code: TheaterErrorCode
      readonly message: string
      readonly actor: string | undefined
      readonly detail: unknown
      readonly cause: SentError | undefined
    }
  | { readonly class: 'chain'; readonly code: ChainErrorCode; readonly message: string }
  | {
      readonly class: 'other'
      readonly name: string
      readonly message: string
      readonly stack: string | undefined
      /** What else it says: a code, a brand. */
      readonly more: Readonly<Record<string, unknown>>
    }

/** Makes an error ready to cross. */
export function packError(error: unknown): SentError {
  if (TheaterError.is(error)) {
    const { code, message, actor, detail, cause } = error
    return {
      class: 'theater',
      code,
      message,
      actor,
      detail: sendable(detail),
      cause: cause === undefined ? undefined : packError(cause),
    }
  }
  if (ChainError.is(error)) return { class: 'chain', code: error.code, message: error.message }
  if (!(error instanceof Error))
    return { class: 'other', name: 'Error', message: String(error), stack: undefined, more: {} }
  const { name, message, stack } = error
  const more = Object.entries(error).filter(([, value]) => sendable(value) !== undefined)
  return { class: 'other', name, message, stack, more: Object.fromEntries(more) }
}

/** The error that crossed. */
export function unpackError(sent: SentError): Error {
  switch (sent.class) {
    case 'theater': {
      const { code, message, actor, detail, cause } = sent
      return new TheaterError(code, message, {
        ...(actor !== undefined && { actor }),
        detail,
        cause: cause && unpackError(cause),
      })
    }
    case 'chain':
      return new ChainError(sent.code, sent.message)
    case 'other': {
      const error = new Error(sent.message)
      Object.defineProperty(error, 'name', { value: sent.name, configurable: true, writable: true })
      for (const [name, value] of Object.entries(sent.more))
        Object.defineProperty(error, name, { value, configurable: true, enumerable: true, writable: true })
      if (sent.stack !== undefined) error.stack = sent.stack
      return error
    }
  }
}

/** Makes what is known of an actor ready to cross. */
export function packInfo({ failure, ...info }: ActorInfo): SentInfo {
  return { ...info, failure: failure && packError(failure) }
}

/** What is known of an actor that crossed. */
export function unpackInfo({ failure, ...info }: SentInfo): ActorInfo {
  const error = failure && unpackError(failure)
  return { ...info, failure: TheaterError.is(error) ? error : undefined }
}

/** Makes what is known of a witness ready to cross. */
export function packWitness({ key, ...info }: WitnessInfo): SentWitness {
  return { ...info, key: key.toString() }
}

/** What is known of a witness that crossed. */
export async function unpackWitness({ key, ...info }: SentWitness): Promise<WitnessInfo> {
  return { ...info, key: await VerifierKey.parse(key) }
}

/** Details are plain data, or nothing that anybody elsewhere can use. */
function sendable(detail: unknown): unknown {
  try {
    return structuredClone(detail)
  } catch {
    return undefined
  }
}
