import type { Component, ComponentCache, LoadLimits } from '@theater/component'
import type { Durability, Store } from '@theater/event-chain'
import type { AnyHandler } from '@theater/handler'
import type { TheaterError } from './errors.ts'
import type { Grants } from './grants.ts'
import type { LogLine } from './host.ts'
import type { Limits } from './limits.ts'
import type { CheckpointOptions } from './notary.ts'
import type { DeadLetter } from './post.ts'
import type { SnapshotOptions } from './snapshots.ts'

/** A message as `theater:actor/types` has it. */
export interface Message {
  /** A media type; the body MUST be readable by it alone. */
  readonly format: string
  readonly body: Uint8Array
}

/** The receiver's own "no": `theater:actor/types.failure`. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly detail?: Message
}

/**
 * Where a host takes time and chance from. With one that gives the same every time, the same calls make the same record:
 * for tests, and for comparing machines. An actor whose seed somebody can guess has no secrets.
 */
export interface Entropy {
  /** Milliseconds since the epoch. */
  now(): number
  /** Random bytes: the seeds of actors, the salts of events. */
  bytes(length: number): Uint8Array
  /**
   * Calls back when some time has passed, once, until what it answers is disposed of. A timer of an actor fires only where
   * `now` says so too.
   *
   * @param ms at most 60000
   * @default a timer of Node, which keeps the process alive
   */
  alarm?(ms: number, ring: () => void): Disposable
}

/** Options of `Theater.open`. */
export interface TheaterOptions {
  /** Where chains, components and large contents are kept: `memoryStore()`, or `sqliteStore(path)` of `@theater/event-chain/sqlite`. The caller closes it. */
  readonly store: Store
  /**
   * What survives when the process or the machine ends, of what actors have said and done, where `spawn` says nothing else:
   * `memory`, nothing for sure; `process`, all of it when the process ends; `disk`, also when the machine does.
   * @default 'process'
   */
  readonly durability?: Durability
  /** The capabilities this host offers. None of them gives an actor anything without a grant. @default [] */
  readonly handlers?: readonly AnyHandler[]
  /**
   * What any actor may be granted at most, by handler; a handler that is absent from it may not be granted.
   * @default no ceiling: this program is trusted with every grant it writes
   */
  readonly ceiling?: Grants
  /** Where transpiled components are kept: `diskCache(folder)` of `@theater/component/node`. @default none */
  readonly cache?: ComponentCache
  /** Bounds on components. @default those of `@theater/component` */
  readonly loadLimits?: Partial<LoadLimits>
  /** Gets what actors log, and what the host has to say about them. @default nowhere */
  readonly log?: (line: LogLine) => void
  /**
   * Called when another host has taken the store over. This one closes: what it has recorded is the other's now, and it can write nothing
   * any more.
   * @default a line in the log
   */
  readonly lost?: (error: TheaterError) => void
  /** Gets messages that could not be delivered. @default a line in the log */
  readonly deadLetter?: (letter: DeadLetter) => void
  /** Actors that this host has at once; those that ended do not count, and those that come back with the store always come. @default 10000 */
  readonly maxActors?: number
  /** Milliseconds a call from outside may take, unless it says otherwise. @default 30000 */
  readonly requestMs?: number
  /** When the host signs what its chains have come to, so that strangers can check them without it. @default it signs nothing */
  readonly checkpoints?: CheckpointOptions
  /**
   * Events of an actor after which the host keeps beside its record what the record says, so that the next host reads only what came
   * after. It is no evidence: a host without it reads all.
   * @default 1000
   */
  readonly summaryEvery?: number
  /**
   * When the state of an actor is kept beside its record, so that it comes back from there and not from the start: for its next turn when it has
   * left memory, after a trap, after a crash. It is no evidence. `false`: never, and none is used.
   * @default {}
   */
  readonly snapshots?: SnapshotOptions | false
  /**
   * Actors that stay in memory while they have nothing to do; beyond that, whoever has had nothing to do for longest leaves it, and comes back
   * for its next turn. An actor stays that a handler does not let go of, as one does that listens for it.
   * @default 1000
   */
  readonly resident?: number
  /** Milliseconds without anything to do after which an actor leaves memory all the same. @default never */
  readonly idleMs?: number
  /** @default the machine's clock and its random bytes */
  readonly entropy?: Entropy
  /** Whether guests can be suspended (JSPI) where none of their imports waits. Slower, and the same record. @default 'as-needed' */
  readonly jspi?: 'as-needed' | 'always'
}

/** Options of `Theater.spawn`. */
export interface SpawnOptions {
  /** 1 to 128 of `a-z 0-9 . _ -` and `:`. */
  readonly id: string
  /** The component's bytes, or what `loadComponent` made of them. */
  readonly component: Uint8Array | Component
  /** Authority, by handler name. @default {} (none) */
  readonly grants?: Grants
  /** What `theater:actor/lifecycle#init` gets. @default an empty message of `application/octet-stream` */
  readonly params?: Message
  /**
   * A state that `theater:actor/migration#save` of this component or of an earlier version gave. The actor takes it over
   * with `load`, in place of `init`.
   * @default none: the actor begins anew
   */
  readonly state?: Message
  /** @default defaultLimits */
  readonly limits?: Partial<Limits>
  /**
   * How long an instance of the component lives: `actor`, as long as the actor, so that what a turn leaves in its memory
   * the next one finds; `turn`, for one turn, so that each begins as the first did. Part of what the actor is, for good.
   * @default 'actor'
   */
  readonly instance?: 'actor' | 'turn'
  /**
   * How durable what it says and does is, whatever its host has for the others. The store keeps it; its record does not say it.
   * @default that of the host
   */
  readonly durability?: Durability | undefined
}

/** Options of a call from outside. */
export interface CallOptions {
  /** Milliseconds after which the caller stops waiting; the turn goes on. @default `TheaterOptions.requestMs` */
  readonly timeoutMs?: number
}

/** What came of a message from outside that was published, for one of those who got it. */
export interface PublishOutcome {
  readonly to: string
  /** Why it was not handled: the code is one that `Theater.send` throws. */
  readonly error: TheaterError | undefined
}

/** Where an actor stands. */
export type ActorState = 'starting' | 'idle' | 'running' | 'stopped' | 'failed'

/** What was done to bring an actor back from its record. */
export interface Recovery {
  /** Turns that were re-run. */
  readonly turns: number
  /** Events that the re-run went through. */
  readonly events: number
  /** Whether a turn was under way when the host ended. */
  readonly unfinished: boolean
}

/** A timer that an actor has set, from outside. */
export interface TimerInfo {
  readonly actor: string
  /** The event of the actor's record in which it was set. */
  readonly id: number
  /** When it is due next, in milliseconds since the epoch. */
  readonly due: number
  /** Milliseconds from one time that it is due to the next; `undefined` for one that fires once. */
  readonly interval: number | undefined
}

/** What has to be over for a host to be idle. */
export interface IdleOptions {
  /** Whether timers have to be: those that fire once fired, and the others cancelled. @default false */
  readonly timers?: boolean
}

/** One actor, from outside. */
export interface ActorInfo {
  readonly id: string
  /** The actor that made it; `undefined` where the host did. */
  readonly parent: string | undefined
  readonly state: ActorState
  /** Whether it is in memory. One that is not, and is `idle`, comes back for its next turn. */
  readonly resident: boolean
  /** Whether this host goes on with its record: one that it made, or that has been in memory here. */
  readonly opened: boolean
  /** The chain's id, 32 bytes. */
  readonly chain: Uint8Array
  /** The hash of the last event, 32 bytes. */
  readonly head: Uint8Array
  /** How many events the chain has. */
  readonly events: number
  /** sha-256 of the component; `undefined` where its record cannot be read. */
  readonly component: Uint8Array | undefined
  /** What was re-run to bring it back; `undefined` for an actor that was made in this process, or has had no turn in it yet. */
  readonly recovery: Recovery | undefined
  /** Why it is `failed`; `undefined` for every other state. */
  readonly failure: TheaterError | undefined
  /** What the guest ended itself with (`wasi:cli/exit`). */
  readonly exitStatus: number | undefined
}
