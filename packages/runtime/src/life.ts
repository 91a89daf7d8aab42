import { encodeContent } from '@theater/event-chain'
import type { Keeping } from '@theater/event-chain'
import type { FunctionModel } from '@theater/values'
import { TheaterError } from './errors.ts'
import {
  cannotComeBack,
  initFailure,
  instantiationFailure,
  inWords,
  reasonOf,
  recordFailure,
} from './failures.ts'
import { Early } from './early.ts'
import type { Host } from './host.ts'
import type { Instance, InstanceParts } from './instance.ts'
import { initTurn } from './lifecycle.ts'
import type { LogGate } from './log-gate.ts'
import type { Invocation, Letter } from './mailbox.ts'
import type { Recovery } from './options.ts'
import type { RecordKeeper } from './record-keeper.ts'
import { releaseName } from './record.ts'
import type { Rebuilt } from './rebuild.ts'
import type { Reception } from './reception.ts'
import type { Residence } from './residence.ts'
import type { TurnReply } from './turn-reply.ts'
import type { Ended, Turns } from './turns.ts'

/** What a life needs of its actor. */
export interface LifeParts {
  readonly parts: Pick<InstanceParts, 'id' | 'genesis' | 'store' | 'record'>
  readonly host: Pick<Host, 'log' | 'watch' | 'summaries' | 'snapshots' | 'residents'>
  readonly keeper: RecordKeeper
  readonly instance: Instance
  readonly residence: Residence
  readonly reception: Reception
  readonly logGate: () => LogGate
  readonly turns: () => Turns
  /** The export that a full or track name means; `undefined` where the component has none. */
  readonly exported: (name: string) => FunctionModel | undefined
  /** The actor ends: whatever of it waits outside is to stop. */
  readonly cut: () => void
  /** It came to its end, other than by `stop`. */
  readonly over: () => void
  /** Whether the host closes. */
  readonly closing: boolean
  /** It rests: nothing of it need be in memory. */
  readonly resting: () => void
}

/** What is known of the life of an actor that is not in memory: it has come to be, and has not ended. */
export interface LifeLeft {
  readonly recovery: Recovery | undefined
}

/** How one actor comes to be, comes back, rests, and ends. */
export class Life {
  phase: 'starting' | 'ready' | 'stopped' | 'failed' = 'starting'
  closing: boolean
  /** Why it takes no turns any more, where that is a failure. */
  failure: TheaterError | undefined
  exitStatus: number | undefined
  /** What was re-run to bring it back from the host before. */
  recovery: Recovery | undefined
  /** Whether it has come to be. */
  started = false
  /** Whether it never came to be, so that its name is free. */
  released = false
  readonly #parts: LifeParts
  /** Whoever waits for it to come to be, until it has. */
  #born: PromiseWithResolvers<TheaterError | undefined> | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #disposing: Promise<void> | undefined
  /** Whether its record is from an earlier host, and no instance has seen it here. */
  #left: boolean
  /** No host brings it back. */
  #final = false
  /** Whether it is about to leave memory. */
  #leaving = false
  readonly #early: Early

  /** @param before what was known of it when the actor left memory, or before it was there */
  constructor(parts: LifeParts, before?: LifeLeft) {
    this.#parts = parts
    this.#left = !parts.parts.record.taken
    const { instance, keeper, host } = parts
    const { summaries, snapshots } = host
    const { record } = parts.parts
    this.#early = new Early({
      instance,
      keeper,
      record,
      summaries,
      snapshots,
      idle: () => this.#idle,
    })
    this.closing = parts.closing
    if (before === undefined) return
    this.started = true
    this.phase = 'ready'
    this.recovery = before.recovery
  }

  /** Whether it goes on as it is when it is in memory again. */
  get rests(): boolean {
    const { residence, turns, reception } = this.#parts
    if (this.phase !== 'ready' || !this.alive || this.#stopping !== undefined) return false
    return !residence.inhabited && turns().quiet && reception.mailbox.quiet
  }

  get #id(): string {
    return this.#parts.parts.id
  }

  get alive(): boolean {
    return !this.closing && (this.phase === 'starting' || this.phase === 'ready')
  }

  /** Resolves when it has come to be, or will not: to why. */
  get born(): Promise<TheaterError | undefined> {
    if (this.started) return Promise.resolve(undefined)
    this.#born ??= Promise.withResolvers()
    if (this.#unborn !== undefined) this.#born.resolve(this.#unborn)
    return this.#born.promise
  }

  #unborn: TheaterError | undefined

  /** It will not come to be. */
  #never(why: TheaterError): void {
    if (this.started) return
    this.#unborn ??= why
    this.#born?.resolve(why)
  }

  /** Resolves when it has come to be, or will not. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#starting])
  }

  start(load?: Invocation): Promise<void> {
    this.#starting = this.#start(load)
    return this.#starting
  }

  async #start(load: Invocation | undefined): Promise<void> {
    const { instance, residence, host, turns } = this.#parts
    try {
      await residence.bind()
      this.#checkAlive()
      // On record before it runs: where it does not end, and the thread is ended for it, nobody tries again.
      if (host.watch !== undefined) await this.#flush()
      this.#checkAlive()
      const end = await instance.instantiate()
      this.#checkAlive()
      // A state that is to be taken over becomes durable with all that is before it: else a host that ends here would be
      // followed by one that runs `init`.
      if (load === undefined || end.tag !== 'return') await this.#flush()
      this.#checkAlive()
      if (end.tag !== 'return') throw instantiationFailure(this.#id, end)
    } catch (error) {
      if (this.alive) await this.#neverStarted(error)
      throw error
    }
    const init = this.#expectInit(load)
    const outcome = Promise.withResolvers<TurnReply>()
    init?.listeners.push(outcome.resolve)
    turns().open()
    const failure =
      init === undefined ? undefined : initFailure(this.#id, functionOf(init), await outcome.promise)
    if (failure !== undefined) throw failure
  }

  #checkAlive(): void {
    if (this.closing) throw this.#closed()
    if (this.phase === 'stopped')
      throw new TheaterError('stopped', `${this.#id} was stopped while it was made`, { actor: this.#id })
  }

  #closed(): TheaterError {
    const message = `the theater was closed while ${this.#id} was made`
    return new TheaterError('closed', message, { actor: this.#id })
  }

  /** @param stored also where nobody waits for the storage otherwise */
  async #flush({ stored = false } = {}): Promise<void> {
    const { record } = this.#parts.parts
    try {
      await record.flush()
      if (stored) await record.stored()
    } catch (error) {
      throw recordFailure(this.#id, error)
    }
  }

  /** The turn of `init`, or the one in its place, comes before any other; without an `init` the actor is ready. */
  #expectInit(load?: Invocation): Letter | undefined {
    const { parts, exported, turns } = this.#parts
    const first = load ?? initTurn(parts.genesis)
    const fn = exported(first.fn)
    if (fn !== undefined) return turns().expect(fn, first)
    this.#ready()
    return undefined
  }

  /** It has come to be, in a host before this one, and has nothing to go on with: it rests until something comes. */
  resume(): void {
    this.#parts.keeper.settled()
    this.#ready()
  }

  /**
   * Brings it back from its record, to go on where that breaks off.
   *
   * @param started whether its `init` has ended well
   * @throws TheaterError `cannot-resume`; ChainError; what a handler throws
   */
  async recover(started: boolean): Promise<void> {
    const unfinished = (await this.wake())?.unfinished
    if (unfinished === undefined) this.#parts.keeper.settled()
    else this.#parts.turns().goOnWith(unfinished)
    if (started) this.#ready()
    else this.#expectInit()
  }

  /**
   * Has everything there that a turn needs.
   *
   * @returns what was re-run for it, if anything
   * @throws TheaterError `cannot-resume`, `store-failed`
   */
  async wake(): Promise<Rebuilt | undefined> {
    const { residence } = this.#parts
    let rebuilt: Rebuilt | undefined
    try {
      rebuilt = await residence.wake()
    } catch (error) {
      throw this.#cannotWake(error)
    }
    if (rebuilt !== undefined && this.#left) {
      const { turns, events, unfinished } = rebuilt
      this.recovery = { turns, events, unfinished: unfinished !== undefined }
      this.#left = false
    }
    return rebuilt
  }

  #cannotWake(error: unknown): TheaterError {
    if (!TheaterError.is(error) && this.#parts.parts.record.failure !== null)
      return recordFailure(this.#id, error)
    return cannotComeBack(this.#id, error)
  }

  /** It has nothing to do: it stays in memory for a while. */
  rested(): void {
    const { host, residence } = this.#parts
    if (this.#idle) this.#early.rested()
    if (this.phase === 'ready' && this.alive && residence.inhabited && residence.mayRest)
      host.residents.idle(this)
  }

  /** Leaves memory, where it has nothing to do. @returns whether it does */
  async rest(): Promise<boolean> {
    const { host, keeper } = this.#parts
    // It can have had something to do while it was about to leave: it leaves once.
    if (this.#leaving || !this.#idle) return false
    this.#leaving = true
    let thing: Keeping | undefined
    try {
      await this.#parts.parts.record.stored()
      await this.#early.settled()
      await this.#parts.instance.keep()
      if (!this.#idle || !this.#parts.residence.inhabited) return false
      thing = keeper.take()
      for (const error of await this.#parts.residence.rest())
        this.#log(`a handler could not let go: ${String(error)}`)
    } catch {
      // Whoever appends next is told.
      return false
    } finally {
      this.#leaving = false
    }
    if (thing !== undefined) await host.summaries.keep([thing])
    this.#parts.resting()
    return true
  }

  get #idle(): boolean {
    const { turns, reception } = this.#parts
    return this.phase === 'ready' && this.alive && !turns().running && reception.mailbox.waiting === 0
  }

  #ready(): void {
    this.started = true
    this.phase = 'ready'
    this.#born?.resolve(undefined)
  }

  /** The guest ended itself. Between turns there is no guest that could. */
  exit(status: number): void {
    // It goes into the record; a guest may have declared the import with a type of its own.
    if (!Number.isInteger(status) || status < 0 || status > 255)
      throw new TypeError(`an exit status is 0 to 255, not ${String(status)}`)
    if (this.#parts.turns().running || this.phase === 'starting') this.#parts.instance.abort('exited', status)
  }

  async turnEnded(end: Ended): Promise<void> {
    const { reply, first } = end
    const { keeper, logGate, host } = this.#parts
    logGate().turnEnded()
    await keeper.turned(end)
    await this.#keep(host.summaries.every)
    if (first !== undefined) await this.#initEnded(functionOf(first), reply)
    else if (this.exitStatus !== undefined) await this.#exited()
  }

  /** Keeps what is new beside the record, where that is so many events. */
  async #keep(least?: number): Promise<void> {
    const thing = this.#parts.keeper.take(least)
    if (thing !== undefined) await this.#parts.host.summaries.keep([thing])
  }

  aborted({ code, status, error }: Extract<TurnReply, { readonly tag: 'aborted' }>): void {
    if (code === 'exited') this.exitStatus = status ?? 0
    else if (code !== 'stopped')
      this.#log(`a turn was aborted (${code})${error instanceof Error ? `: ${error.message}` : ''}`)
  }

  async #initEnded(what: string, reply: TurnReply): Promise<void> {
    // Whoever stops or closes it meanwhile does the rest.
    if (!this.alive) return
    const failure = initFailure(this.#id, what, reply)
    if (failure === undefined) this.#ready()
    else await this.#neverStarted(failure)
  }

  /** The actor never came to be: its record is kept under another name, and its own is free. */
  async #neverStarted(error: unknown): Promise<void> {
    this.phase = 'failed'
    this.failure = TheaterError.is(error) ? error : undefined
    this.#never(this.failure ?? new TheaterError('failed-to-start', reasonOf(error), { actor: this.#id }))
    await this.#finish('failed to start')
  }

  /** The guest ended itself. */
  async #exited(): Promise<void> {
    if (this.phase !== 'ready') return
    this.phase = 'stopped'
    await this.#finish('exited')
  }

  async #finish(reason: string): Promise<void> {
    try {
      await this.#end(reason)
    } catch (error) {
      this.#log(`the record of ${this.#id} could not be closed: ${String(error)}`)
    }
    await this.#dispose()
    this.#parts.over()
  }

  /** The actor cannot go on in this host. */
  async fail(failure: TheaterError): Promise<void> {
    this.#log(inWords(failure))
    // Whoever stops it meanwhile is told by the record that cannot be closed.
    if (this.phase === 'stopped') return
    this.phase = 'failed'
    this.failure = failure
    this.#parts.reception.mailbox.settleAll(this.gone())
    await this.#dispose()
    this.#parts.over()
  }

  /** @throws TheaterError `store-failed`: it ended, and the record does not say so */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason)
    return this.#stopping
  }

  async #stop(reason: string): Promise<void> {
    this.phase = 'stopped'
    this.#never(new TheaterError('stopped', `${this.#id} was stopped`, { actor: this.#id }))
    this.#parts.instance.abort('stopped')
    this.#parts.cut()
    await Promise.allSettled([this.#starting, this.#parts.turns().settled()])
    try {
      await this.#end(reason)
    } finally {
      await this.#dispose()
    }
  }

  /** The last words of a record. */
  async #end(reason: string): Promise<void> {
    const { parts, keeper, reception, residence } = this.#parts
    this.#final = true
    reception.mailbox.settleAll(this.gone())
    // Of an actor that was not even instantiated there is no record.
    if (parts.record.durable > 0) {
      const { record, store, id } = parts
      if (record.failure !== null) throw recordFailure(id, record.failure)
      await residence.takeOver()
      const { seq, hash } = record.append('stop', encodeContent('stop', { reason }))
      await this.#flush({ stored: true })
      keeper.ended({ seq, hash })
      await this.#keep()
      if (!this.started) await releaseName(store, record.chain, id)
    }
    this.released = !this.started
  }

  /** @param graceMs how long a turn that runs has to end; then it is left where its record is */
  async close(graceMs: number, abandon: () => void): Promise<void> {
    const { reception, turns, parts } = this.#parts
    this.closing = true
    this.#never(this.#closed())
    reception.mailbox.settleAll(this.gone())
    if (turns().running || this.#starting !== undefined || this.#stopping !== undefined) {
      const timer = setTimeout(abandon, graceMs)
      await Promise.allSettled([this.#starting, turns().settled(), this.#stopping])
      clearTimeout(timer)
    }
    // What nobody has waited for is in the store before anybody closes that; why it is not was said to whoever appended next.
    await within(parts.record.stored(), graceMs)
    await within(this.#early.settled(), graceMs)
    await this.#dispose()
  }

  #dispose(): Promise<void> {
    this.#disposing ??= (async () => {
      const { residence, cut, logGate, host } = this.#parts
      host.residents.gone(this)
      cut()
      for (const error of await residence.end()) this.#log(`a handler could not let go: ${String(error)}`)
      logGate().end()
    })()
    return this.#disposing
  }

  #log(message: string): void {
    this.#parts.host.log({ actor: this.#id, level: 'error', message, fields: [] })
  }

  /** What is said of a turn that is not taken any more. */
  gone(): TurnReply {
    if (this.closing) return { tag: 'closed' }
    return { tag: 'stopped', final: this.#final || this.phase === 'stopped', failure: this.failure }
  }
}

/** The name of an export without its interface. */
function functionOf({ id }: Letter): string {
  return id.slice(id.indexOf('#') + 1)
}

/** Waits for something that may fail, but not for ever. */
async function within(done: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([done.catch(() => undefined), late.promise])
  clearTimeout(timer)
}
