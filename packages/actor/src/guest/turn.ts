import type { FileSystem, Log, Programs, Store, Supervisor } from '../capabilities.ts'
import { makeSupervisor } from './children.ts'
import { makeFileSystem } from './fs.ts'
import type { Host } from './host.ts'
import { makeLog } from './log.ts'
import { Conversation } from './messaging.ts'
import { makePrograms } from './programs.ts'
import { storeOf } from './store.ts'

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
  converse(): Conversation {
    const { client } = this.#host
    if (client === undefined)
      throw new Error("messaging is not available: add 'messaging' to uses in defineActor")
    return new Conversation(client)
  }
}

/** One turn: a draft of the state, made when it is first asked for, and what is to be sent. */
export class Turn {
  readonly #kit: Kit
  readonly #state: unknown
  #draft: { value: unknown } | undefined
  #conversation: Conversation | undefined
  #over = false

  /** Begins a turn over this state. */
  constructor(kit: Kit, state: unknown) {
    this.#kit = kit
    this.#state = state
  }

  /** The draft. */
  get state(): unknown {
    this.#check()
    this.#draft ??= { value: structuredClone(this.#state) }
    return this.#draft.value
  }

  /** Replaces the draft. */
  set state(value: unknown) {
    this.#check()
    this.#draft = { value }
  }

  /** What it sends and asks. */
  get conversation(): Conversation {
    this.#check()
    return (this.#conversation ??= this.#kit.converse())
  }

  /** Actors of its own. */
  get supervisor(): Supervisor {
    this.#check()
    const { supervisor } = this.#kit
    if (supervisor === undefined)
      throw new Error("supervisor is not available: add 'supervisor' to uses in defineActor")
    return supervisor
  }

  /** Programs of the host. */
  get programs(): Programs {
    this.#check()
    const { programs } = this.#kit
    if (programs === undefined)
      throw new Error("process is not available: add 'process' to uses in defineActor")
    return programs
  }

  /** Sends what is queued and gives the state after the turn. */
  commit(): unknown {
    this.#conversation?.flush()
    return this.#draft === undefined ? this.#state : this.#draft.value
  }

  /** From now on the handler can neither change nor send anything. */
  end(): void {
    this.#over = true
    this.#conversation?.close()
  }

  #check(): void {
    if (this.#over) throw new Error('this turn is over: a handler must await all that it starts')
  }
}

/** `ctx`. All is on the prototype: a turn makes one small object, and only what the handler takes is made. */
export class TurnContext {
  /** The id of the sender, or null for the host. */
  readonly sender: string | null
  readonly #kit: Kit
  readonly #turn: Turn

  /** The context of a turn. */
  constructor(kit: Kit, turn: Turn, sender: string | null) {
    this.#kit = kit
    this.#turn = turn
    this.sender = sender
  }

  get state(): unknown {
    return this.#turn.state
  }

  set state(value: unknown) {
    this.#turn.state = value
  }

  get id(): string | undefined {
    return this.#kit.id
  }

  get parent(): string | null | undefined {
    return this.#kit.parent
  }

  get log(): Log | undefined {
    return this.#kit.log
  }

  get store(): Store | undefined {
    return this.#kit.store
  }

  get fs(): FileSystem | undefined {
    return this.#kit.fs
  }

  // Functions of their own, so that `({ send }) => …` works; each checks that the turn is not over.
  get send(): Conversation['send'] {
    return (...args) => this.#turn.conversation.send(...args)
  }

  get sendNow(): Conversation['sendNow'] {
    return (...args) => this.#turn.conversation.sendNow(...args)
  }

  get request(): Conversation['request'] {
    return (...args) => this.#turn.conversation.request(...args)
  }

  get run(): Programs['run'] {
    return (...args) => this.#turn.programs.run(...args)
  }

  get spawn(): Supervisor['spawn'] {
    return ((...args: Parameters<Supervisor['spawn']>) =>
      this.#turn.supervisor.spawn(...args)) as Supervisor['spawn']
  }

  get stop(): Supervisor['stop'] {
    return (id) => this.#turn.supervisor.stop(id)
  }

  get children(): Supervisor['children'] {
    return () => this.#turn.supervisor.children()
  }

  get components(): Supervisor['components'] {
    return () => this.#turn.supervisor.components()
  }
}
