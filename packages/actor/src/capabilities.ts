import type { Supervisor } from './capabilities/children.ts'
import type { FileSystem } from './capabilities/files.ts'
import type { Channels, Messaging, Topics } from './capabilities/messaging.ts'
import type { Programs } from './capabilities/programs.ts'
import type { Store } from './capabilities/store.ts'
import type { Timers } from './capabilities/timers.ts'
import type { Sockets } from './capabilities/websocket.ts'
import type { Json } from './json.ts'

export * from './capabilities/messaging.ts'
export type * from './capabilities/children.ts'
export type * from './capabilities/files.ts'
export type * from './capabilities/programs.ts'
export type * from './capabilities/store.ts'
export type * from './capabilities/timers.ts'
export type * from './capabilities/websocket.ts'

/**
 * What an actor can ask for in `uses`. Each stands for WIT imports, and an actor has only the imports of the
 * ones it names.
 *
 * | name | `ctx` gets | imports |
 * | --- | --- | --- |
 * | `self` | `id`, `parent` | `theater:actor/self` |
 * | `log` | `log`; `console` writes there too | `theater:actor/log` |
 * | `messaging` | `send`, `sendNow`, `request` | `theater:messaging/client` |
 * | `topics` | `publish`, `publishNow`, `subscribe`, `unsubscribe`, `subscribed` | `theater:messaging/topics` |
 * | `channels` | `open`, `channel`, `channels` | `theater:messaging/channels` |
 * | `websocket` | `socket`, `sockets` | `theater:http/websocket` |
 * | `store` | `store` | `theater:store/blobs`, `theater:store/labels`, `theater:store/transfers` |
 * | `fs` | `fs`, reading | `wasi:filesystem/preopens`, `wasi:filesystem/types` |
 * | `supervisor` | `spawn`, `stop`, `children`, `components` | `theater:supervisor/children` |
 * | `process` | `run` | `theater:process/programs` |
 * | `timer` | `timers` | `theater:timer/timers` |
 * | `http` | the global `fetch` | `wasi:http/outgoing-handler` |
 *
 * Time, chance and waiting need no name here and no grant: `Date`, `Math.random`, `crypto` and `setTimeout` work as they
 * stand.
 */
export type Capability =
  | 'self'
  | 'log'
  | 'messaging'
  | 'topics'
  | 'channels'
  | 'websocket'
  | 'store'
  | 'fs'
  | 'http'
  | 'supervisor'
  | 'process'
  | 'timer'

/** Structured fields of a log line. Values that are not strings are written as JSON. */
export type LogFields = { readonly [name: string]: Json | undefined }

/** `ctx.log`: lines for the people who run the actor. They are part of the chain: never log a secret. */
export interface Log {
  /** Each step, for whoever debugs this actor. */
  trace(message: string, fields?: LogFields): void
  /** Something a developer wants to see. */
  debug(message: string, fields?: LogFields): void
  /** Something an operator wants to see. */
  info(message: string, fields?: LogFields): void
  /** Something is wrong and the actor goes on. */
  warn(message: string, fields?: LogFields): void
  /** Something failed. */
  error(message: string, fields?: LogFields): void
}

/** What each capability adds to `ctx`. */
export interface CapabilityContext {
  /** Who this actor is. */
  self: {
    /** This actor's id. */
    readonly id: string
    /** The id of the actor that spawned this one, or null when the host did. */
    readonly parent: string | null
  }
  /** Lines for people. */
  log: { readonly log: Log }
  /** Other actors. */
  messaging: Messaging
  /** What is published. */
  topics: Topics
  /** Conversations with other actors. */
  channels: Channels
  /** WebSocket connections. */
  websocket: Sockets
  /** Content that outlives a turn. */
  store: { readonly store: Store }
  /** Files. */
  fs: { readonly fs: FileSystem }
  /** Actors of its own. */
  supervisor: Supervisor
  /** Programs of the host. */
  process: Programs
  /** Turns at a time. */
  timer: { readonly timers: Timers }
  /** The global `fetch`; `object`, because `unknown` in a union would take all else away. */
  http: object
}
