import type {
  Channels,
  FileSystem,
  Log,
  Programs,
  Sockets,
  Store,
  Supervisor,
  Timers,
  Topics,
} from '../capabilities.ts'
import type { TheaterActorTypes } from '@theater/wit'
import { Alarms } from './alarms.ts'
import { abandon, accept, End, open, otherEnd } from './channels.ts'
import { makeSupervisor } from './children.ts'
import { makeFileSystem } from './fs.ts'
import type { Host } from './host.ts'
import { makeLog } from './log.ts'
import { Conversation, Outgoing } from './messaging.ts'
import { makePrograms } from './programs.ts'
import { End as Socket } from './sockets.ts'
import { storeOf } from './store.ts'
import { encodeBody, publish, subscribe } from './topics.ts'

/** What does not change from turn to turn. What the actor does not use is undefined. */
export class Kit {
  /** `ctx.log`. */
  readonly log: Log | undefined
  /** `ctx.store`. */
  readonly store: Store | undefined
  /** `ctx.fs`. */
  readonly fs: FileSystem | undefined
  /** `ctx.run`. */
  readonly programs: Programs | undefined
  /** `ctx.spawn` and what goes with it. */
  readonly supervisor: Supervisor | undefined
  readonly #host: Host
  #id: string | undefined
  #parent: { readonly id: string | null } | undefined

  /** Calls nothing: it is made at build time. */
  constructor(host: Host) {
    this.#host = host
    this.log = host.log && makeLog(host.log)
    this.store = storeOf(host)
    this.programs = host.programs && makePrograms(host.programs)
    this.supervisor = host.children && makeSupervisor(host.children)
    this.fs = host.preopens && makeFileSystem(host.preopens)
  }

  /** `ctx.id`. Asked for once: it never changes. */
  get id(): string | undefined {
    return (this.#id ??= this.#host.self?.id())
  }

  /** `ctx.parent`. Asked for once: it never changes. */
  get parent(): string | null | undefined {
    const { self } = this.#host
    if (self === undefined) return undefined
    return (this.#parent ??= { id: self.parent() ?? null }).id
  }

  /** The sends and requests of one turn. */
  converse(outgoing: Outgoing): Conversation {
    const { client } = this.#host
    if (client === undefined)
      throw new Error("messaging is not available: add 'messaging' to uses in defineActor")
    return new Conversation(client, outgoing)
  }

  /** What is published. */
  get topics(): NonNullable<Host['topics']> {
    const { topics } = this.#host
    if (topics === undefined) throw new Error("topics is not available: add 'topics' to uses in defineActor")
    return topics
  }

  /** Turns at a time. */
  get alarms(): NonNullable<Host['alarms']> {
    const { alarms } = this.#host
    if (alarms === undefined) throw new Error("timer is not available: add 'timer' to uses in defineActor")
    return alarms
  }

  /** Channels with other actors. */
  get channels(): NonNullable<Host['channels']> {
    const { channels } = this.#host
    if (channels === undefined)
      throw new Error("channels is not available: add 'channels' to uses in defineActor")
    return channels
  }

  /** WebSocket connections. */
  get sockets(): NonNullable<Host['sockets']> {
    const { sockets } = this.#host
    if (sockets === undefined)
      throw new Error("websocket is not available: add 'websocket' to uses in defineActor")
    return sockets
  }
}

/** Where the state of an actor is between turns. */
export interface Held {
  state: unknown
}

/** What a turn says to others, made when it first does: most fields of an engine without a compiler cost more than what is in them. */
interface Said {
  readonly outgoing: Outgoing
  /** Channels that it has asked for. */
  readonly opened: string[]
  conversation: Conversation | undefined
  alarms: Alarms | undefined
}

/** One turn: a draft of the state, made when it is first asked for, and what is to be sent. */
export class Turn {
  // Declared, and set by the constructor: a field with a value, or with a name of its class's own, costs the engine a definition, and each
  // turn has one of these.
  /** What it is about, for people. */
  declare name: string
  /** What does not change. */
  declare readonly kit: Kit
  declare private readonly held: Held
  declare private draft: { value: unknown } | undefined
  declare private said: Said | undefined
  declare private isOver: boolean

  /** Begins a turn over this state. */
  constructor(kit: Kit, held: Held) {
    this.name = 'a message'
    this.kit = kit
    this.held = held
    this.draft = undefined
    this.said = undefined
    this.isOver = false
  }

  /** The draft. */
  get state(): unknown {
    if (this.isOver) throw over()
    return (this.draft ??= { value: structuredClone(this.held.state) }).value
  }

  /** Replaces the draft. */
  set state(value: unknown) {
    this.check()
    this.draft = { value }
  }

  /** What it sends and asks. */
  get conversation(): Conversation {
    this.check()
    const said = this.saying
    return (said.conversation ??= this.kit.converse(said.outgoing))
  }

  /** Actors of its own. */
  get supervisor(): Supervisor {
    this.check()
    const { supervisor } = this.kit
    if (supervisor === undefined)
      throw new Error("supervisor is not available: add 'supervisor' to uses in defineActor")
    return supervisor
  }

  /** Turns at a time. */
  get timers(): Timers {
    this.check()
    const said = this.saying
    return (said.alarms ??= new Alarms(this.kit.alarms, said.outgoing.add))
  }

  /** Programs of the host. */
  get programs(): Programs {
    this.check()
    const { programs } = this.kit
    if (programs === undefined)
      throw new Error("process is not available: add 'process' to uses in defineActor")
    return programs
  }

  /** What is published. */
  get topics(): Topics {
    this.check()
    const { topics } = this.kit
    const { add } = this.saying.outgoing
    return {
      publish: (topic, body) => {
        // Encoded now: what the handler changes later does not go with it.
        const { format, body: bytes } = encodeBody(body)
        const message = { format, body: bytes.slice() }
        add('publish', topic, () => void publish(topics, topic, message))
      },
      publishNow: (topic, body) => publish(topics, topic, encodeBody(body)),
      subscribe: (topic) => add('subscribe', topic, () => subscribe(topics, topic, true)),
      unsubscribe: (topic) => add('unsubscribe', topic, () => subscribe(topics, topic, false)),
      subscribed: () => [...topics.subscriptions()],
    }
  }

  /** One end of a channel. */
  end(id: string, peer: string): End {
    this.check()
    return new End(this.kit.channels, this.saying.outgoing.add, id, peer)
  }

  /** Accepts a channel that the actor is asked for, where `now` is set by then and the handler has not answered itself. */
  accept(end: End): { now: boolean } {
    const accepting = { now: false }
    const { channels } = this.kit
    this.saying.outgoing.add('accept', end.peer, () => {
      if (accepting.now && !end.answered) accept(channels, end.id)
    })
    return accepting
  }

  /** Refuses a channel now. */
  refuse(id: string, why: TheaterActorTypes.Failure): void {
    abandon(this.kit.channels, id, why)
  }

  /** Asks for a channel now. It is given up where the turn fails. */
  open(to: string, body: unknown): End {
    const id = open(this.kit.channels, to, body)
    this.saying.opened.push(id)
    return this.end(id, to)
  }

  /** The names of channels that were not closed. */
  channels(): string[] {
    this.check()
    return [...this.kit.channels.list()]
  }

  /** A WebSocket connection. */
  socket(id: string): Socket {
    this.check()
    return new Socket(this.kit.sockets, this.saying.outgoing.add, id)
  }

  /** The WebSocket connections that are open. */
  sockets(): Socket[] {
    this.check()
    return this.kit.sockets.list().map((id) => this.socket(id))
  }

  /** Nothing of it is to have happened: what it has asked for it gives up. */
  fail(): void {
    const said = this.said
    if (said === undefined) return
    for (const id of said.opened.splice(0)) abandon(this.kit.channels, id)
    said.alarms?.fail()
  }

  /** Sends what is queued, then does the last thing that can fail, then takes over the draft of the state. */
  commit(last?: () => void): void {
    this.said?.outgoing.flush()
    last?.()
    if (this.draft !== undefined) this.held.state = this.draft.value
  }

  /** From now on the handler can neither change nor send anything. */
  finish(): void {
    this.isOver = true
    this.said?.conversation?.close()
  }

  private get saying(): Said {
    return (this.said ??= {
      outgoing: new Outgoing(),
      opened: [],
      conversation: undefined,
      alarms: undefined,
    })
  }

  private check(): void {
    if (this.isOver) throw over()
  }
}

function over(): Error {
  return new Error('this turn is over: a handler must await all that it starts')
}

/** Where `ctx` keeps its turn: what is private to a class costs the engine four times as much to make. */
const its = Symbol('turn')

/** `ctx`. All is on the prototype: a turn makes one small object, and only what the handler takes is made. */
export class TurnContext {
  /** The id of the sender, or null for the host. */
  declare readonly sender: string | null
  declare private readonly [its]: Turn

  /** The context of a turn. */
  constructor(turn: Turn, sender: string | null) {
    this[its] = turn
    this.sender = sender
  }

  get state(): unknown {
    return this[its].state
  }

  set state(value: unknown) {
    this[its].state = value
  }

  get id(): string | undefined {
    return this[its].kit.id
  }

  get parent(): string | null | undefined {
    return this[its].kit.parent
  }

  get log(): Log | undefined {
    return this[its].kit.log
  }

  get store(): Store | undefined {
    return this[its].kit.store
  }

  get fs(): FileSystem | undefined {
    return this[its].kit.fs
  }

  // Functions of their own, so that `({ send }) => …` works; each checks that the turn is not over.
  get send(): Conversation['send'] {
    return (...args) => this[its].conversation.send(...args)
  }

  get sendNow(): Conversation['sendNow'] {
    return (...args) => this[its].conversation.sendNow(...args)
  }

  get request(): Conversation['request'] {
    return (...args) => this[its].conversation.request(...args)
  }

  get run(): Programs['run'] {
    return (...args) => this[its].programs.run(...args)
  }

  get timers(): Timers {
    // Each checks that the turn is not over, also where the object is kept.
    return {
      once: (...args) => this[its].timers.once(...args),
      every: (...args) => this[its].timers.every(...args),
      cancel: (timer) => this[its].timers.cancel(timer),
      list: () => this[its].timers.list(),
    }
  }

  get publish(): Topics['publish'] {
    return (topic, body) => this[its].topics.publish(topic, body)
  }

  get publishNow(): Topics['publishNow'] {
    return (topic, body) => this[its].topics.publishNow(topic, body)
  }

  get subscribe(): Topics['subscribe'] {
    return (topic) => this[its].topics.subscribe(topic)
  }

  get unsubscribe(): Topics['unsubscribe'] {
    return (topic) => this[its].topics.unsubscribe(topic)
  }

  get subscribed(): Topics['subscribed'] {
    return () => this[its].topics.subscribed()
  }

  get open(): Channels['open'] {
    return ((to: string, body?: unknown) => this[its].open(to, body)) as Channels['open']
  }

  get channel(): Channels['channel'] {
    return ((id: string) => this[its].end(id, otherEnd(id, this[its].kit.id ?? ''))) as Channels['channel']
  }

  get channels(): Channels['channels'] {
    return () => this[its].channels()
  }

  get socket(): Sockets['socket'] {
    return (id) => this[its].socket(id)
  }

  get sockets(): Sockets['sockets'] {
    return () => this[its].sockets()
  }

  get spawn(): Supervisor['spawn'] {
    return ((...args: Parameters<Supervisor['spawn']>) =>
      this[its].supervisor.spawn(...args)) as Supervisor['spawn']
  }

  get stop(): Supervisor['stop'] {
    return (id) => this[its].supervisor.stop(id)
  }

  get children(): Supervisor['children'] {
    return () => this[its].supervisor.children()
  }

  get components(): Supervisor['components'] {
    return () => this[its].supervisor.components()
  }
}
