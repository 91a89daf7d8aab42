import type { Json } from '@theater/values'
import type { AbortCode, TrapCode } from './kinds.ts'

// What each kind of event carries. Arguments and results stay the bytes that the values' codecs made: the chain does
// not know their types.

/** The event of another chain that caused something. */
export interface Cause {
  /** The other chain's id. 32 bytes. */
  readonly chain: Uint8Array
  readonly seq: number
  /** The hash of that event's header. 32 bytes. */
  readonly hash: Uint8Array
}

/** Authority as plain data, by handler. */
export type Grants = Readonly<Record<string, Json>>

/** A message in its own format. */
export interface Message {
  /** A media type. */
  readonly format: string
  readonly body: Uint8Array
}

/** What an actor is. The versions of `theater` and `jco` are for information; the rest decides how a re-run goes. */
export interface Genesis {
  /** The actor's id. */
  readonly actor: string
  /** The parent's event that made this actor. */
  readonly cause: Cause | null
  /** The component's CID (raw). 36 bytes. */
  readonly component: Uint8Array
  /** The rule by which clocks and randomness are derived. */
  readonly derive: number
  /** The version of this format. */
  readonly format: number
  readonly grants: Grants
  /**
   * How long an instance of the component lives. `turn`: for one turn, whose first part is that it is made; nothing of it
   * is there in the next. Absent: as long as the actor does, undone turns left out.
   */
  readonly instance?: 'turn'
  readonly jco: string
  readonly limits: Readonly<Record<string, Json>>
  /** What rewrote the component's core modules to meter them; null where nothing did. */
  readonly meter: { readonly name: string; readonly version: string } | null
  readonly nan: 'canonical' | 'native'
  readonly params: Message | null
  /** The parent actor's id. */
  readonly parent: string | null
  readonly theater: string
  /** When the actor was made, in milliseconds since the epoch: where its derived clocks begin. */
  readonly time: number
  /** The CID (dag-cbor) of the component's encoded model. 36 bytes. */
  readonly wit: Uint8Array
}

/** What derived randomness comes from. An event of its own, so that it can be withheld. */
export interface Seed {
  /** 32 bytes. */
  readonly seed: Uint8Array
}

/** An export is called. */
export interface Turn {
  /** The export's FunctionModel id. */
  readonly fn: string
  /** A CBOR array of values. */
  readonly args: Uint8Array
  /** The actor that sent the message; null for the host. */
  readonly sender: string | null
  /** The sender's event that caused this turn. */
  readonly cause: Cause | null
  /** When the turn started, in milliseconds since the epoch, never behind what this actor saw before. */
  readonly time: number
  /** One description per fresh host resource in the arguments, in order; null where its maker gave none. */
  readonly made: readonly (Json | null)[]
}

/** What came of an import call. */
export interface Outcome {
  /** A CBOR array of no or one value. */
  readonly result: Uint8Array
  /** How long the guest waited, in milliseconds. */
  readonly elapsed: number
  /** One description per fresh host resource in the result, in order; null where the handler gave none. */
  readonly made: readonly (Json | null)[]
  /** The call was refused by its grant. */
  readonly denied: boolean
  /** The call was answered by a closed handle. */
  readonly closed: boolean
}

/** The guest called an import. */
export interface Call {
  /** The import's FunctionModel id. */
  readonly fn: string
  /** A CBOR array of values. */
  readonly args: Uint8Array
  /** What the call needs of the grant; null for nothing. */
  readonly ask: Json | null
  /** Fuel used so far in this turn; null without a meter. */
  readonly fuel: number | null
  /** Null for an intent: a `result` follows. */
  readonly outcome: Outcome | null
}

/** An intent was carried out. */
export interface Result {
  /** The call's sequence number. */
  readonly call: number
  readonly outcome: Outcome
}

/** The guest dropped a host resource. */
export interface Drop {
  readonly resource: number
  readonly fuel: number | null
}

/** A queued send left the actor. */
export interface Send {
  /** The sequence number of the call that queued it. */
  readonly call: number
}

/** The export returned. */
export interface Return {
  /** A CBOR array of no or one value. */
  readonly result: Uint8Array
  readonly fuel: number | null
}

/** The guest trapped. */
export interface Trap {
  readonly code: TrapCode
  readonly fuel: number | null
}

/** The host ended the turn. */
export interface Abort {
  readonly code: AbortCode
  /** The sequence number of the call that it came from; null where it came from none. */
  readonly call: number | null
  /** The exit status, with code `exited` only; null otherwise. */
  readonly status: number | null
}

/** The actor's grants from here on. */
export interface Grant {
  readonly grants: Grants
}

/** A writer took the chain over. */
export interface Resume {
  readonly epoch: number
}

/** The actor was stopped. */
export interface Stop {
  readonly reason: string
}

/** What each kind of event carries. */
export interface Contents {
  readonly genesis: Genesis
  readonly seed: Seed
  readonly turn: Turn
  readonly call: Call
  readonly result: Result
  readonly drop: Drop
  readonly send: Send
  readonly return: Return
  readonly trap: Trap
  readonly abort: Abort
  readonly grant: Grant
  readonly resume: Resume
  readonly stop: Stop
}
