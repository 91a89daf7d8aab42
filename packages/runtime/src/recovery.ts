import { isOutside, queueRule, trackName, trackOf } from '@theater/boundary'
import type { ChannelStep, EventRef, QueueRule } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import type { ChainInfo, Event, EventOf, Genesis, Outcome, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { decodeData, decodeModel } from '@theater/values'
import type { ComponentModel, Data } from '@theater/values'
import type { Spawned } from '@theater/handler'
import { birthOf } from './birth.ts'
import type { Birth } from './birth.ts'
import { Ends, HANDLE_CLOSE, isPeer } from './channels.ts'
import { Connections } from './connections.ts'
import { TheaterError } from './errors.ts'
import { INIT, LOAD } from './lifecycle.ts'
import { chainKey, Received } from './received.ts'
import type { Standing } from './standing.ts'
import { TimerRecord } from './timer-record.ts'
import { readRequestId } from './request.ts'
import type { RequestId } from './request.ts'
import { recordedSubject } from './subject.ts'
import type { Subject } from './subject.ts'

/** Their places among the cases of `closed`. */
const STOPPED = 2
const UNDELIVERED = 3

/** The function that starts a request, by its name within its track. */
export const REQUEST = 'theater:messaging/client@0.1#request'
const FINISH = 'theater:messaging/client@0.1#[static]pending.finish'

/**
 * How far an actor came.
 *
 * - `new`: its `init`, where it has one, has not ended.
 * - `started`: it is an actor.
 * - `stopped`: it was one.
 * - `never`: it could not be instantiated, or its `init` failed, or it was stopped before that had ended.
 */
type Life = 'new' | 'started' | 'stopped' | 'never'

/** What one record says before it is re-run. */
export interface Scan {
  readonly info: ChainInfo
  readonly genesis: Genesis
  readonly model: ComponentModel
  readonly seed: Uint8Array | undefined
  /** The first event whose content is not here; `undefined` where all is. */
  readonly gap: number | undefined
  readonly life: Life
  /** The causes that it holds. */
  readonly received: Received
  /** The senders' chains and sequence numbers of these causes, but for the one of a turn that it breaks off. */
  readonly concluded: readonly (readonly [chain: string, seq: number])[]
  /** Sequence numbers of messages that left it, rising. */
  readonly sends: readonly number[]
  /** When the turns began that said them. */
  readonly sendTimes: readonly number[]
  /** How many receivers each of them has, where that is not one. */
  readonly fanOut: ReadonlyMap<number, number>
  /** The topics that it is subscribed to. */
  readonly subscriptions: ReadonlySet<string>
  /** Its ends of channels. */
  readonly ends: Ends
  /** The timers that it has. */
  readonly standing: Standing
  /** The WebSocket connections that are open as far as it knows. */
  readonly connections: Connections
  /** Channels that it was asked for, in turns that came to nothing, and the last events of these turns. */
  readonly unopened: ReadonlyMap<string, EventRef>
  /** Channels that it was asked for, or has asked for. */
  readonly channels: ReadonlySet<string>
  /** Requests of a turn that it breaks off, which the guest has still to finish, by sequence number of the intent. */
  readonly asked: ReadonlyMap<number, RequestId>
  /** Where the last host but one took it over; -1 where there was none. */
  readonly lastResume: number
  /** Where the last turn begins that returned; `undefined` where none did. */
  readonly lastReturn: number | undefined
  /** Where it comes from; `undefined` where the host made it. */
  readonly birth: Birth | undefined
  /** The event that closes it; `undefined` where it goes on. */
  readonly end: EventRef | undefined
  /** Where it ends: within a turn, before the first one, or anywhere else. */
  readonly at: 'turn' | 'start' | 'between'
  /** The intent without result that its unfinished turn breaks off at; `undefined` for none. */
  readonly intent: number | undefined
  /** Intents whose turn was ended before they had a result: nobody was told what came of them. */
  readonly givenUp: ReadonlySet<number>
}

/** Reads a record once, without running anything. @throws TheaterError `cannot-resume` */
export async function scanRecord(store: Store, info: ChainInfo): Promise<Scan> {
  const reader = new ScanReader(info.chain)
  for await (const event of readEvents(store, info.chain, 0, undefined, { hash: sha256 })) reader.take(event)
  const { genesis } = reader
  if (genesis === undefined) throw lacks(info, 'no genesis')
  const wit = await store.get(genesis.wit)
  if (wit === undefined) throw lacks(info, 'the types of no component')
  const model = decodeModel(wit)
  const {
    seed,
    gap,
    received,
    concluded,
    sends,
    sendTimes,
    fanOut,
    subscriptions,
    ends,
    connections,
    unopened,
    channels,
    asked,
    lastResume,
    lastReturn,
    end,
    intent,
    at,
    givenUp,
  } = reader
  return {
    info,
    genesis,
    model,
    seed,
    gap,
    life: seed === undefined && !reader.seeded ? 'never' : reader.life(exportsInit(model)),
    received,
    concluded,
    sends,
    sendTimes,
    fanOut,
    subscriptions,
    ends,
    standing: reader.timers.standing,
    connections,
    unopened,
    channels,
    asked: new Map([...asked.values()].map((id) => [id.seq, id])),
    lastResume,
    lastReturn,
    birth: birthOf(genesis),
    end,
    at,
    intent,
    givenUp,
  }
}

function lacks({ label }: ChainInfo, what: string): TheaterError {
  return new TheaterError('cannot-resume', `the record of ${label} has ${what}`, { actor: label })
}

function exportsInit({ exports }: ComponentModel): boolean {
  return exports.some(({ functions }) => functions.some((fn) => trackName(fn) === INIT))
}

/** What a call has queued that is not one message to one actor. */
type Queued =
  | { readonly kind: 'channel'; readonly step: ChannelStep | undefined; readonly outside: boolean }
  | { readonly kind: 'message'; readonly receivers: number }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly topic: string }
  | { readonly kind: 'handed'; readonly closes: string | undefined }

class ScanReader {
  readonly timers: TimerRecord
  genesis: Genesis | undefined
  seed: Uint8Array | undefined
  /** Whether there is a seed, here or not. */
  seeded = false
  gap: number | undefined
  readonly received = new Received()
  readonly concluded: (readonly [string, number])[] = []
  readonly sends: number[] = []
  readonly sendTimes: number[] = []
  readonly fanOut = new Map<number, number>()
  readonly subscriptions = new Set<string>()
  readonly ends = new Ends()
  readonly connections = new Connections()
  readonly unopened = new Map<string, EventRef>()
  readonly channels = new Set<string>()
  /** What the turn is about, in which the actor is asked for it. */
  #opening: Subject | undefined
  /** By the number of the handle that the guest has for it. */
  readonly asked = new Map<number, RequestId>()
  lastResume = -1
  lastReturn: number | undefined
  end: EventRef | undefined
  intent: number | undefined
  readonly givenUp = new Set<number>()
  #turn: EventOf<'turn'> | undefined
  #asking: number | undefined
  /** What calls of the turn have queued that is not one message to one actor, by their sequence numbers. */
  readonly #queued = new Map<number, Queued>()
  /** How the first turn ended, or the instantiation where it failed. */
  #first: 'well' | 'badly' | 'unloaded' | undefined
  #stopped = false

  constructor(chain: Uint8Array) {
    this.timers = new TimerRecord(chain)
  }

  get at(): Scan['at'] {
    if (this.#turn !== undefined) return 'turn'
    return this.#first === undefined && this.seeded && !this.#stopped ? 'start' : 'between'
  }

  life(hasInit: boolean): Life {
    // Where there is an `init`, a first turn that is another took its place.
    if (this.#first === 'badly' || (hasInit && this.#first === 'unloaded')) return 'never'
    const started = !hasInit || this.#first === 'well'
    if (this.#stopped) return started ? 'stopped' : 'never'
    return started ? 'started' : 'new'
  }

  take(event: Event): void {
    if (event.kind === 'seed') this.seeded = true
    if (event.content === null) return this.#missed(event)
    const timed = this.timers.take(event)
    switch (event.kind) {
      case 'genesis':
        this.genesis = event.content
        break
      case 'seed':
        this.seed = event.content.seed
        break
      case 'turn':
        this.#turn = event
        this.#begin(event)
        break
      case 'call':
        this.#call(event)
        break
      case 'result':
        this.intent = undefined
        if (event.content.call === this.#asking) this.#ask(event.content.call, event.content.outcome)
        break
      case 'drop':
        this.asked.delete(event.content.resource)
        break
      case 'send':
        if (!timed) this.#send(event)
        break
      case 'return':
      case 'trap':
      case 'abort':
        this.#end(event)
        break
      case 'resume':
        this.lastResume = event.seq
        break
      case 'stop':
        this.#stopped = true
        this.end = { seq: event.seq, hash: event.hash }
        break
      case 'grant':
        break
    }
  }

  /** Of an event whose content is not here the kind is still known, and with it where turns end and the record does. */
  #missed({ kind, seq, hash }: Event): void {
    this.gap ??= seq
    // Of an `init` that failed no host would have gone on.
    if (kind === 'turn') this.#first ??= 'well'
    if (kind === 'return' || kind === 'trap' || kind === 'abort') {
      this.#first ??= kind === 'return' ? 'well' : 'badly'
      this.#close()
    }
    if (kind === 'resume') this.lastResume = seq
    if (kind === 'stop') {
      this.#stopped = true
      this.end = { seq, hash }
    }
  }

  #begin(turn: EventOf<'turn'>): void {
    const { fn, args, cause } = turn.content
    const name = nameInTrack(fn)
    const subject = recordedSubject(turn)
    this.#opening = subject?.opens === true ? subject : undefined
    if (subject?.of === 'connection') this.connections.heard(name, subject.name)
    if (subject?.of === 'channel') {
      this.ends.heard(name, subject.name)
      if (subject.opens) this.channels.add(subject.name)
      const [, , how] = decodeData(args) as readonly Data[]
      // What tells of a channel that is lost is known by the channel.
      if (name === HANDLE_CLOSE && isLost(how)) return
    }
    // As is a timer, which may fire again and again.
    if (this.timers.firing) return
    if (cause !== null) this.received.note(cause, turn.seq)
  }

  #call({ seq, content: { fn, args, outcome } }: EventOf<'call'>): void {
    const name = nameInTrack(fn)
    if (outcome === null) this.intent = seq
    if (name === REQUEST && outcome === null) this.#asking = seq
    if (name === FINISH && outcome !== null) this.asked.delete(handleIn(args))
    const rule = queueRule(name)
    if (rule !== undefined && outcome !== null) this.#queue(seq, rule, args, outcome)
  }

  #queue(seq: number, rule: QueueRule, args: Uint8Array, outcome: Outcome): void {
    const channel = rule.kind === 'message' && isPeer(rule.fn)
    if (rule.kind === 'message' && rule.topic === undefined && !channel) return
    const answer = valueOf(outcome.result)
    if (answer === undefined) return
    const given = decodeData(args) as readonly Data[]
    const [topic] = given
    if (rule.kind === 'handed') {
      const closes = rule.closes?.({ args: given, answer, sender: this.genesis?.actor ?? '' })
      this.#queued.set(seq, { kind: 'handed', closes })
      return
    }
    if (rule.kind === 'message' && channel) {
      const said = { args: given, answer, sender: this.genesis?.actor ?? '' }
      const outside = rule.to(said).some(isOutside)
      this.#queued.set(seq, { kind: 'channel', step: rule.step?.(said), outside })
      return
    }
    if (rule.kind === 'message')
      this.#queued.set(seq, { kind: 'message', receivers: Array.isArray(answer) ? answer.length : 0 })
    else if (rule.kind !== 'timer' && typeof topic === 'string')
      this.#queued.set(seq, { kind: rule.kind, topic })
  }

  #send({ seq, content }: EventOf<'send'>): void {
    const queued = this.#queued.get(content.call)
    switch (queued?.kind) {
      case 'subscribe':
        this.subscriptions.add(queued.topic)
        return
      case 'unsubscribe':
        this.subscriptions.delete(queued.topic)
        return
      case 'handed':
        if (queued.closes !== undefined) this.connections.forget(queued.closes)
        return
      case 'channel':
        if (queued.step !== undefined) this.ends.left(queued.step)
        if (queued.step?.kind === 'open') this.channels.add(queued.step.channel)
        // No record could say that it arrived, and nobody delivers it again: its end ended with the host.
        if (queued.outside) return
        break
      case 'message':
        this.fanOut.set(seq, queued.receivers)
        break
      case undefined:
        break
    }
    this.sends.push(seq)
    this.sendTimes.push(this.#turn?.content.time ?? 0)
  }

  #ask(seq: number, { result, made }: Outcome): void {
    const [description] = made
    // One that was refused was never started, and says so: it has no id.
    const id = typeof description === 'object' && description !== null && 'id' in description
    const known = id ? readRequestId(description.id) : undefined
    if (known?.seq === seq) this.asked.set(handleIn(result), known)
  }

  #end(event: EventOf<'return'> | EventOf<'trap'> | EventOf<'abort'>): void {
    const turn = this.#turn?.content
    if (event.kind === 'return') this.lastReturn = this.#turn?.seq
    if (this.#first === undefined) {
      const name = turn === undefined ? INIT : nameInTrack(turn.fn)
      if (succeeded(event) || (name !== INIT && name !== LOAD)) this.#first = 'well'
      else this.#first = name === INIT ? 'badly' : 'unloaded'
    }
    if (this.#opening !== undefined && isUndone(event)) {
      const { of, name } = this.#opening
      if (of === 'connection') this.connections.forget(name)
      else {
        this.ends.forget(name)
        this.unopened.set(name, { seq: event.seq, hash: event.hash })
      }
    }
    if (turn !== undefined && turn.cause !== null && !this.timers.firing)
      this.concluded.push([chainKey(turn.cause.chain), turn.cause.seq])
    this.#close()
  }

  /** Nothing of the turn is under way any more. */
  #close(): void {
    this.#turn = undefined
    if (this.intent !== undefined) this.givenUp.add(this.intent)
    this.intent = undefined
    this.#asking = undefined
    this.#queued.clear()
    this.asked.clear()
  }
}

/** Why an actor did not come to be, by its record. */
export async function howItNeverStarted(store: Store, { info }: Scan): Promise<Spawned> {
  for await (const event of readEvents(store, info.chain, 0, undefined, { hash: sha256 })) {
    if (event.kind !== 'return' || event.content === null) continue
    const failure = failureIn(event.content.result)
    if (failure !== undefined) return { tag: 'init', val: failure }
  }
  return { tag: 'trapped' }
}

/** The failure that an `init` answered with. */
function failureIn(result: Uint8Array): Extract<Spawned, { readonly tag: 'init' }>['val'] | undefined {
  const decoded = decodeData(result) as [[number, [string, string, [[string, Uint8Array]?]]?]]
  const [[, failure]] = decoded
  if (failure === undefined) return undefined
  const [code, message, [detail]] = failure
  return { code, message, detail: detail && { format: detail[0], body: detail[1] } }
}

/** What a successful call was answered with: null for nothing; `undefined` for an error. */
function valueOf(result: Uint8Array): Data | undefined {
  const values = decodeData(result)
  const [answer] = Array.isArray(values) ? (values as readonly Data[]) : []
  if (!Array.isArray(answer) || answer[0] !== 0) return undefined
  return (answer as readonly Data[])[1] ?? null
}

/** Whether a turn came to nothing for whoever it is about. */
function isUndone(event: EventOf<'return'> | EventOf<'trap'> | EventOf<'abort'>): boolean {
  return event.kind !== 'return' || valueOf(event.content.result) === undefined
}

/** Whether `closed` says that nobody has closed the channel. */
function isLost(how: Data | undefined): boolean {
  return Array.isArray(how) && (how[0] === STOPPED || how[0] === UNDELIVERED)
}

/** Whether `init` ended well. */
function succeeded(event: EventOf<'return'> | EventOf<'trap'> | EventOf<'abort'>): boolean {
  if (event.kind !== 'return') return false
  const values = decodeData(event.content.result)
  return Array.isArray(values) && Array.isArray(values[0]) && values[0][0] === 0
}

/** The number of the handle in arguments, or a result, that are one handle; 0 for others. */
function handleIn(values: Uint8Array): number {
  const decoded = decodeData(values)
  const first: unknown = Array.isArray(decoded) ? decoded[0] : undefined
  return typeof first === 'number' ? first : 0
}

function nameInTrack(fn: string): string {
  const hash = fn.indexOf('#')
  return hash === -1 ? fn : `${trackOf(fn.slice(0, hash))}${fn.slice(hash)}`
}
