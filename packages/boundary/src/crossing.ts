import { poison, unreachable } from '@theater/component'
import type { HostFunction, Resources } from '@theater/component'
import type { Ask, HandlerFunction } from '@theater/handler'
import type { AbortCode, EventOf, Outcome, TrapCode } from '@theater/event-chain'

import { compileFunction, encodeData, Reader, ValueError, Writer } from '@theater/values'
import type { FunctionCodec, FunctionModel, ResourceType, ValType } from '@theater/values'
import type { DerivedClock, DerivedRandom } from './clock.ts'
import { derivedFunction, GuestFault } from './derived.ts'
import type { DerivedFunction, DerivedSource } from './derived.ts'
import { HandleFault, HandleTable, HostEntry } from './handles.ts'
import { checkIo, ioFunction } from './io.ts'
import type { IoFunction, IoHost } from './io.ts'
import { queueRule } from './rules.ts'
import type { QueueRule } from './rules.ts'
import { Tape } from './tape.ts'
import { camel, trackName, trackOf } from './track.ts'
import type { Actual, Delivery, Divergence, EventRef, Link, Live, TheaterEvent } from './types.ts'

/** Why an instance is finished. */
export type Ended =
  | { readonly tag: 'trap'; readonly code: TrapCode; readonly error: unknown }
  | {
      readonly tag: 'abort'
      readonly code: AbortCode
      readonly error: unknown
      readonly status: number | undefined
      readonly recorded: boolean
    }
  | { readonly tag: 'diverged'; readonly divergence: Divergence }
  | { readonly tag: 'incomplete' }
  | { readonly tag: 'lost'; readonly error: unknown }

/** Answer of a crossing that ended the instance. */
const ENDED = Symbol('ended')

const DENIED = 1
const CLOSED = 2

/** An imported function, prepared once per instance. */
interface Imported {
  readonly model: FunctionModel
  readonly track: string
  readonly codec: FunctionCodec
  /** The first bytes of its call events: the array head and the name. */
  readonly head: Uint8Array
  readonly isResult: boolean
  readonly handleParams: 'none' | 'flat' | 'nested'
  readonly derived: DerivedFunction | undefined
  readonly pollable: ResourceType | undefined
  readonly io: IoFunction | undefined
  readonly queue: QueueRule | undefined
}

interface Queued {
  readonly seq: number
  readonly to: string
  readonly fn: string
  readonly args: readonly unknown[]
}

/** A call resolved to whoever performs it. */
interface Target {
  readonly link: Link | undefined
  readonly origin: string
  readonly declared: HandlerFunction | undefined
  readonly mode: 'sync' | 'async'
  readonly effect: 'none' | 'read' | 'idempotent' | 'once'
}

/** What a handler answered: a value of the function's result type, or a fault. */
type Answer =
  | { readonly value: unknown; readonly elapsed: number; readonly flags: number }
  | { readonly fault: AbortCode; readonly error: unknown }

/**
 * The way in from the guest: every call of an import and every drop passes here, whether the record answers it or a
 * handler does. One per instance.
 */
export class Crossing {
  readonly handles: HandleTable
  readonly clock: DerivedClock
  readonly random: DerivedRandom
  readonly #resources: Resources
  readonly #derivedSource: DerivedSource
  readonly #selfId: string
  readonly #writer = new Writer()
  readonly #small = new Writer(64)
  readonly #failure: { resolve: (() => void) | undefined } = { resolve: undefined }
  #queue: Queued[] = []
  #ioHost: IoHost | undefined
  tape: Tape = new Tape([])
  /** `undefined`: the record answers and nobody else. */
  live: Live | undefined
  ended: Ended | undefined
  instantiating = true
  /** The intent of the outside effect that is being performed. */
  intent: EventRef | undefined

  constructor(
    resources: Resources,
    actor: { readonly id: string; readonly parent: string | null },
    clock: DerivedClock,
    random: DerivedRandom,
    maxHandles: number,
  ) {
    this.#resources = resources
    this.#selfId = actor.id
    this.clock = clock
    this.random = random
    this.handles = new HandleTable(resources, maxHandles)
    this.#derivedSource = {
      clock,
      random,
      actor,
      timer: (type, deadline) => this.handles.own(type, deadline),
    }
  }

  /** The host function for an import, as the component is instantiated with it. */
  hostFunction(model: FunctionModel): HostFunction {
    const imported = prepare(model)
    return (...raw) => {
      const answer = this.#cross(imported, raw)
      if (answer instanceof Promise) return answer.then((value) => this.#deliver(imported, value))
      return this.#deliver(imported, answer)
    }
  }

  /** The guest dropped a host resource that it owned. */
  dropped(n: number): void {
    if (this.ended !== undefined) unreachable()
    const entry = this.handles.drop(n)
    const recorded = this.tape.next()
    if (recorded !== undefined) {
      if (this.#abortHere(recorded)) unreachable()
      if (recorded.kind !== 'drop' || recorded.content.resource !== n) {
        this.diverge(recorded, { kind: 'drop', resource: n })
        unreachable()
      }
      return
    }
    if (this.live === undefined) {
      this.#noRecord()
      unreachable()
    }
    const out = this.#small
    out.reset()
    out.array(2)
    out.uint(n)
    out.null()
    this.live.recorder.append('drop', out.bytes())
    try {
      const object = entry?.object as { [Symbol.dispose]?: () => void } | undefined
      object?.[Symbol.dispose]?.()
    } catch (error) {
      this.abort('handler-fault', error)
      unreachable()
    }
  }

  /** Ends this instance; only the first reason counts. */
  end(ended: Ended): void {
    if (this.ended !== undefined) return
    this.ended = ended
    this.#failure.resolve?.()
  }

  abort(code: AbortCode, error: unknown, status?: number): void {
    this.end({ tag: 'abort', code, error, status, recorded: false })
  }

  diverge(expected: TheaterEvent | undefined, actual: Actual): void {
    const seq = expected?.seq ?? this.tape.after
    this.end({ tag: 'diverged', divergence: { seq, expected, actual } })
  }

  /** Resolves when the instance is ended, also while the guest is suspended for good. */
  failure(): Promise<void> {
    return new Promise((resolve) => {
      this.#failure.resolve = resolve
      if (this.ended !== undefined) resolve()
    })
  }

  /**
   * Lets the queue leave: the record's `send` events are checked, or written.
   * @returns what is to be handed over once it is durable; `undefined`: the record says otherwise
   */
  leaveQueue(): Delivery[] | undefined {
    const deliveries: Delivery[] = []
    for (const queued of this.#queue) {
      const recorded = this.tape.next()
      if (recorded !== undefined) {
        if (recorded.kind !== 'send' || recorded.content.call !== queued.seq) {
          if (!this.#abortHere(recorded)) this.diverge(recorded, { kind: 'send', call: queued.seq })
          return undefined
        }
        continue
      }
      if (this.live === undefined) {
        this.#noRecord()
        return undefined
      }
      const out = this.#small
      out.reset()
      out.array(1)
      out.uint(queued.seq)
      const ref = this.live.recorder.append('send', out.bytes())
      deliveries.push({ ref, to: queued.to, fn: queued.fn, args: queued.args })
    }
    this.#queue = []
    return deliveries
  }

  /** Forgets what was queued: the turn is undone. */
  dropQueue(): void {
    this.#queue = []
  }

  #noRecord(): void {
    this.end({ tag: 'incomplete' })
  }

  /** Whether the record ends the turn here; then the instance is finished. */
  #abortHere(recorded: TheaterEvent): boolean {
    if (recorded.kind !== 'abort') return false
    const { code, status } = recorded.content
    this.end({ tag: 'abort', code, error: undefined, status: status ?? undefined, recorded: true })
    return true
  }

  abortRecorded(recorded: TheaterEvent): boolean {
    return this.#abortHere(recorded)
  }

  #deliver(fn: Imported, answer: unknown): unknown {
    if (answer === ENDED || this.ended !== undefined) {
      // A suspended guest is never resumed to be ended: it could catch that. One that waits synchronously dies of a
      // real trap; where the glue would turn an Error into a guest value, a poisoned payload traps inside the glue.
      if (fn.isResult) throw poison()
      unreachable()
    }
    if (!fn.isResult) return fn.model.kind === 'constructor' ? this.handles.lastFresh : answer
    const { tag, val } = answer as { tag: 'ok' | 'err'; val: unknown }
    // The glue's convention for `err`; it is not an Error on purpose.
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
    if (tag === 'err') throw { payload: val }
    return fn.model.kind === 'constructor' ? this.handles.lastFresh : val
  }

  #cross(fn: Imported, raw: readonly unknown[]): unknown {
    if (this.ended !== undefined) return ENDED
    const out = this.#writer
    out.reset()
    out.raw(fn.head)
    const start = out.length
    let args: readonly unknown[]
    try {
      args = fn.codec.writeArgs(raw, out, this.handles.lifting)
      if (fn.derived !== undefined) {
        const value = fn.derived(this.#derivedSource, args, fn.pollable)
        return value
      }
      if (fn.io !== undefined) checkIo(fn.track, args)
    } catch (error) {
      return this.#refused(error)
    }
    const recorded = this.tape.next()
    if (recorded !== undefined) return this.#replay(fn, recorded, args, out.bytes(start))
    if (this.live === undefined) {
      this.#noRecord()
      return ENDED
    }
    return this.#perform(fn, args, out, start, this.live)
  }

  #refused(error: unknown): typeof ENDED {
    if (error instanceof GuestFault) this.end({ tag: 'trap', code: 'guest', error })
    else this.abort('handler-fault', error)
    return ENDED
  }

  #replay(fn: Imported, first: TheaterEvent, args: readonly unknown[], bytes: Uint8Array): unknown {
    let recorded: TheaterEvent | undefined = first
    const sent = recorded.kind === 'send'
    if (
      recorded.kind === 'send' ||
      (recorded.kind === 'call' && recorded.content.outcome === null && this.#queue.length > 0)
    ) {
      this.tape.back()
      if (this.leaveQueue() === undefined) return ENDED
      recorded = this.tape.next()
    }
    const actual: Actual = { kind: 'call', fn: fn.model.id, args: bytes }
    if (recorded === undefined) {
      this.diverge(undefined, actual)
      return ENDED
    }
    if (this.#abortHere(recorded)) return ENDED
    if (
      recorded.kind !== 'call' ||
      recorded.content.fn !== fn.model.id ||
      !sameBytes(recorded.content.args, bytes) ||
      (sent && recorded.content.outcome !== null)
    ) {
      this.diverge(recorded, { ...actual, args: bytes.slice() })
      return ENDED
    }
    let outcome = recorded.content.outcome
    if (outcome === null) {
      const result = this.tape.next()
      if (result === undefined) {
        if (this.live === undefined) {
          this.#noRecord()
          return ENDED
        }
        return this.#settleIntent(fn, recorded, args, this.live)
      }
      if (this.#abortHere(result)) return ENDED
      if (result.kind !== 'result' || result.content.call !== recorded.seq) {
        this.diverge(result, actual)
        return ENDED
      }
      outcome = result.content.outcome
    }
    return this.#apply(fn, args, recorded, outcome)
  }

  /** Takes an answer from the record. */
  #apply(fn: Imported, args: readonly unknown[], call: EventOf<'call'>, outcome: Outcome): unknown {
    this.clock.elapse(outcome.elapsed)
    this.#setMaker(fn, args, undefined)
    this.handles.made = outcome.made.map((one) => one ?? undefined)
    let value: unknown
    try {
      const input = new Reader(outcome.result)
      value = fn.codec.readResult(input, this.handles.lowering)
      input.finish()
    } catch (error) {
      // A recorded answer that is not of the function's type was never given by a boundary.
      this.diverge(call, {
        kind: 'refused-record',
        reason: error instanceof Error ? error.message : String(error),
      })
      return ENDED
    }
    this.#enqueue(fn, args, call.seq, value)
    return value
  }

  #enqueue(fn: Imported, args: readonly unknown[], seq: number, value: unknown): void {
    if (fn.queue === undefined) return
    if (fn.isResult && (value as { tag: string }).tag !== 'ok') return
    this.#queue.push({ seq, to: fn.queue.to(args), fn: fn.queue.fn, args: fn.queue.args(args, this.#selfId) })
  }

  #setMaker(fn: Imported, args: readonly unknown[], link: Link | undefined): void {
    const self = fn.model.kind === 'method' ? (args[0] as HostEntry) : undefined
    this.handles.maker = { origin: self?.origin ?? fn.model.interface, link }
  }

  /** Who performs a call; the maker of the object for a method. */
  #target(fn: Imported, args: readonly unknown[], live: Live): Target | undefined {
    const self = fn.model.kind === 'method' ? (args[0] as HostEntry) : undefined
    const origin = self?.origin ?? fn.model.interface
    const link = self?.link ?? live.links.get(origin)
    const declared = link?.handler.functions[fn.track]
    if (fn.io !== undefined) {
      const mode = fn.io.mode === 'async' ? 'async' : (declared?.mode ?? 'sync')
      return { link, origin, declared, mode, effect: declared?.effect ?? fn.io.effect }
    }
    if (link === undefined || declared === undefined) return undefined
    return { link, origin, declared, mode: declared.mode, effect: declared.effect }
  }

  #perform(fn: Imported, args: readonly unknown[], out: Writer, start: number, live: Live): unknown {
    const target = this.#target(fn, args, live)
    if (target === undefined)
      return this.#fault('handler-fault', new Error(`no handler answers ${fn.model.id}`))
    let answer: Answer | undefined
    let ask: Ask | undefined
    try {
      if (target.link !== undefined && target.declared?.ask !== undefined) {
        ask = target.declared.ask({ fn: fn.track, args: this.#described(fn, args, out.bytes(start)) })
      }
      if (ask === undefined) out.null()
      else out.raw(encodeData(ask))
      // Fuel: no meter yet.
      out.null()
      answer = this.#denied(fn, target, ask)
    } catch (error) {
      return this.#fault('handler-fault', error)
    }
    if (answer === undefined && target.mode === 'async') return this.#wait(fn, args, target, out, start, live)
    answer ??= this.#performSync(fn, target, this.#objects(fn, args, out, start), args)
    return this.#record(fn, args, target, answer, out, undefined)
  }

  #denied(fn: Imported, target: Target, ask: Ask | undefined): Answer | undefined {
    if (ask === undefined || target.link === undefined || target.link.grant === undefined) return undefined
    const { handler, grant } = target.link
    const verdict = handler.authorize(grant as never, ask)
    if (verdict === true) return undefined
    if (target.declared?.deny === undefined) {
      return {
        fault: 'handler-fault',
        error: new Error(`${fn.model.id} was refused (${verdict.refused}) and has no error for it`),
      }
    }
    const denial = target.declared.deny({ fn: fn.track, ask, refusal: verdict })
    return { value: { tag: 'err', val: denial.payload }, elapsed: 0, flags: DENIED }
  }

  /** Arguments with resources replaced by their descriptions, for asks. */
  #described(fn: Imported, args: readonly unknown[], bytes: Uint8Array): readonly unknown[] {
    return this.#withHandles(fn, args, bytes, (entry) => entry.description ?? null)
  }

  /** Arguments with resources replaced by the handlers' objects; `undefined`: one of them is closed. */
  #objects(
    fn: Imported,
    args: readonly unknown[],
    out: Writer,
    start: number,
  ): readonly unknown[] | undefined {
    if (fn.io !== undefined) return args
    let closed = false
    const mapped = this.#withHandles(fn, args, out.bytes(start), (entry) => {
      const object = this.#liveObject(entry)
      if (object === undefined) closed = true
      return object
    })
    return closed ? undefined : mapped
  }

  #withHandles(
    fn: Imported,
    args: readonly unknown[],
    bytes: Uint8Array,
    replace: (entry: HostEntry) => unknown,
  ): readonly unknown[] {
    if (fn.handleParams === 'none') return args
    const params = fn.model.params
    if (fn.handleParams === 'flat') {
      return args.map((arg, i) => (isHostHandle(params[i]?.type) ? replace(arg as HostEntry) : arg))
    }
    const entries = new Map<number, HostEntry>()
    collectEntries(args, entries)
    return fn.codec.readArgs(new Reader(bytes), {
      write: () => undefined,
      read: (n, type) => {
        const entry = entries.get(n)
        return type.resource.side === 'export' || entry === undefined
          ? { guest: n, type: type.resource }
          : replace(entry)
      },
    })
  }

  #liveObject(entry: HostEntry): object | undefined {
    if (entry.object !== undefined || entry.closed) return entry.object
    const link = entry.link ?? this.live?.links.get(entry.origin)
    entry.link = link
    if (link?.binding.resume !== undefined && entry.description !== undefined) {
      const type = `${trackOf(entry.type.interface)}#${entry.type.name}`
      entry.object = link.binding.resume(type, entry.description)
    }
    entry.closed = entry.object === undefined
    return entry.object
  }

  #implementation(fn: Imported, target: Target, objects: readonly unknown[]): () => unknown {
    const { model } = fn
    if (fn.io !== undefined) {
      const { io } = fn
      return () => io.run(this.#io(), objects)
    }
    if (model.kind === 'method') {
      const [self, ...rest] = objects
      const method = (self as Record<string, unknown>)[camel(model.name.slice(model.name.indexOf('.') + 1))]
      if (typeof method !== 'function')
        throw new TypeError(`the object of ${target.link?.handler.name} has no ${model.name}`)
      return () => method.apply(self, rest) as unknown
    }
    const imports = target.link?.binding.imports as Record<string, Record<string, unknown>> | undefined
    const functions = imports?.[trackOf(model.interface)]
    const name = model.kind === 'freestanding' ? camel(model.name) : model.name
    const found = functions?.[name]
    if (typeof found !== 'function') throw new TypeError(`${target.link?.handler.name} binds no ${name}`)
    return () => found.apply(functions, [...objects]) as unknown
  }

  #io(): IoHost {
    this.#ioHost ??= {
      clock: this.clock,
      signal: (this.live as Live).signal,
      live: (entry) => this.#liveObject(entry),
      error: (payload) => {
        throw new IoAnswer(payload)
      },
    }
    return this.#ioHost
  }

  #performSync(
    fn: Imported,
    target: Target,
    objects: readonly unknown[] | undefined,
    args: readonly unknown[],
  ): Answer {
    try {
      if (objects === undefined) return this.#closedAnswer(fn, target)
      this.#setMaker(fn, args, target.link)
      const value = this.#implementation(fn, target, objects)()
      if (isThenable(value)) {
        value.then(undefined, () => undefined)
        return {
          fault: 'host-value',
          error: new TypeError(`${fn.model.id} is declared sync and answered with a promise`),
        }
      }
      return { value: fn.isResult ? { tag: 'ok', val: value } : value, elapsed: 0, flags: 0 }
    } catch (error) {
      return thrown(fn, error)
    }
  }

  #closedAnswer(fn: Imported, target: Target): Answer {
    const error = target.link?.binding.closed?.(fn.track)
    if (error === undefined || !fn.isResult) {
      return {
        fault: 'handler-fault',
        error: new Error(`${fn.model.id} on a handle that could not be resumed`),
      }
    }
    return { value: { tag: 'err', val: error.payload }, elapsed: 0, flags: CLOSED }
  }

  /** A call that waits. The guest is suspended, so the writer keeps its arguments. */
  async #wait(
    fn: Imported,
    args: readonly unknown[],
    target: Target,
    out: Writer,
    start: number,
    live: Live,
  ): Promise<unknown> {
    if (this.instantiating) {
      return this.#fault(
        'handler-fault',
        new Error(`${fn.model.id} waits, and nothing can wait while a component is instantiated`),
      )
    }
    const objects = this.#attempt(() => this.#objects(fn, args, out, start))
    if (objects.failed) return this.#fault('handler-fault', objects.error)
    if (target.effect === 'none' || target.effect === 'read') {
      const answer = await this.#performAsync(fn, target, objects.value, args, live)
      return this.ended === undefined ? this.#record(fn, args, target, answer, out, undefined) : ENDED
    }
    const deliveries = this.leaveQueue() ?? []
    out.null()
    const ref = live.recorder.append('call', out.bytes())
    try {
      await live.recorder.flush()
    } catch (error) {
      this.end({ tag: 'lost', error })
    }
    if (this.ended !== undefined) return ENDED
    live.leave(deliveries)
    this.intent = ref
    const answer = await this.#performAsync(fn, target, objects.value, args, live)
    this.intent = undefined
    return this.ended === undefined ? this.#record(fn, args, target, answer, out, ref) : ENDED
  }

  #attempt<T>(run: () => T): { failed: false; value: T } | { failed: true; error: unknown } {
    try {
      return { failed: false, value: run() }
    } catch (error) {
      return { failed: true, error }
    }
  }

  async #performAsync(
    fn: Imported,
    target: Target,
    objects: readonly unknown[] | undefined,
    args: readonly unknown[],
    live: Live,
  ): Promise<Answer> {
    const started = live.now()
    try {
      if (objects === undefined) return this.#closedAnswer(fn, target)
      const run = this.#implementation(fn, target, objects)
      const own = fn.io !== undefined || target.declared?.ownDeadline === true
      let value = await withDeadline(run(), own ? undefined : live.callTimeoutMs)
      let elapsed = Math.max(0, Math.round(live.now() - started))
      if (fn.io?.mode === 'async') {
        const waited = value as { value: unknown; atLeast: number }
        value = waited.value
        elapsed = Math.max(elapsed, waited.atLeast)
      }
      return { value: fn.isResult ? { tag: 'ok', val: value } : value, elapsed, flags: 0 }
    } catch (error) {
      if (error instanceof DeadlinePassed)
        return {
          fault: 'deadline',
          error: new Error(`${fn.model.id} took longer than ${live.callTimeoutMs} ms`),
        }
      const answer = thrown(fn, error)
      return 'fault' in answer
        ? answer
        : { ...answer, elapsed: Math.max(0, Math.round(live.now() - started)) }
    }
  }

  /** Writes the answer, then hands on what was written. `intent` is the call it settles; else the call is in the writer. */
  #record(
    fn: Imported,
    args: readonly unknown[],
    target: Target,
    answer: Answer,
    out: Writer,
    intent: EventRef | undefined,
  ): unknown {
    if ('fault' in answer) return this.#fault(answer.fault, answer.error)
    const live = this.live as Live
    if (intent !== undefined) {
      out.reset()
      out.array(2)
      out.uint(intent.seq)
    }
    this.#setMaker(fn, args, target.link)
    this.handles.made = []
    out.array(4)
    let value: unknown
    try {
      value = fn.codec.writeResult(answer.value, out, this.handles.lowering)
      out.uint(answer.elapsed)
      out.array(this.handles.made.length)
      for (const description of this.handles.made) out.raw(encodeData(description ?? null))
      out.uint(answer.flags)
    } catch (error) {
      const code = ValueError.is(error) || error instanceof HandleFault ? 'host-value' : 'handler-fault'
      return this.#fault(
        code,
        new Error(`${fn.model.id} answered with something that is not of its type`, { cause: error }),
      )
    }
    const ref = live.recorder.append(intent === undefined ? 'call' : 'result', out.bytes())
    this.clock.elapse(answer.elapsed)
    this.#enqueue(fn, args, intent?.seq ?? ref.seq, value)
    return value
  }

  /** An intent whose result the host lost: done again, reconciled, or answered with the interface's own case for that. */
  async #settleIntent(
    fn: Imported,
    call: EventOf<'call'>,
    args: readonly unknown[],
    live: Live,
  ): Promise<unknown> {
    const out = this.#writer
    const target = this.#target(fn, args, live)
    if (target === undefined)
      return this.#fault('handler-fault', new Error(`no handler answers ${fn.model.id}`))
    const bytes = new Writer()
    bytes.raw(call.content.args)
    const objects = this.#attempt(() => this.#objects(fn, args, bytes, 0))
    if (objects.failed) return this.#fault('handler-fault', objects.error)
    const ref: EventRef = { seq: call.seq, hash: call.hash }
    let answer: Answer | undefined
    if (target.effect === 'once') {
      const known = await this.#reconcile(fn, target, objects.value, call)
      if (known === 'unknown') answer = outcomeUnknown(fn)
      else if (known !== 'not-done')
        answer = { value: fn.isResult ? { tag: 'ok', val: known.done } : known.done, elapsed: 0, flags: 0 }
    }
    this.intent = ref
    answer ??= await this.#performAsync(fn, target, objects.value, args, live)
    this.intent = undefined
    return this.ended === undefined ? this.#record(fn, args, target, answer, out, ref) : ENDED
  }

  async #reconcile(
    fn: Imported,
    target: Target,
    objects: readonly unknown[] | undefined,
    call: EventOf<'call'>,
  ): Promise<'not-done' | 'unknown' | { readonly done: unknown }> {
    const ask = call.content.ask === null ? undefined : (call.content.ask as Ask)
    try {
      return (await target.link?.binding.reconcile?.({ fn: fn.track, args: objects ?? [], ask })) ?? 'unknown'
    } catch {
      // A handler that cannot find out does not know.
      return 'unknown'
    }
  }

  #fault(code: AbortCode, error: unknown): typeof ENDED {
    this.abort(code, error)
    return ENDED
  }
}

class IoAnswer {
  readonly payload: unknown
  constructor(payload: unknown) {
    this.payload = payload
  }
}

class DeadlinePassed extends Error {}

async function withDeadline(value: unknown, ms: number | undefined): Promise<unknown> {
  if (ms === undefined || !isThenable(value)) return value
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed()), ms)
  })
  try {
    return await Promise.race([value, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What a handler threw: the interface's own error, or a fault of the handler. */
function thrown(fn: Imported, error: unknown): Answer {
  const known = error instanceof IoAnswer || isWitError(error)
  if (known && fn.isResult) return { value: { tag: 'err', val: error.payload }, elapsed: 0, flags: 0 }
  return { fault: 'handler-fault', error }
}

function isWitError(value: unknown): value is { readonly payload: unknown } {
  return (
    value instanceof Error && 'brand' in value && value.brand === 'theater.WitError' && 'payload' in value
  )
}

function outcomeUnknown(fn: Imported): Answer {
  const result = fn.model.result
  const err = result?.kind === 'result' ? result.err : null
  const name = 'outcome-unknown'
  if (err?.kind === 'enum' && err.cases.includes(name))
    return { value: { tag: 'err', val: name }, elapsed: 0, flags: 0 }
  if (err?.kind === 'variant' && err.cases.some((one) => one.name === name && one.type === null)) {
    return { value: { tag: 'err', val: { tag: name } }, elapsed: 0, flags: 0 }
  }
  return {
    fault: name,
    error: new Error(
      `${fn.model.id} was under way when the host crashed, and nobody can tell whether it happened`,
    ),
  }
}

function prepare(model: FunctionModel): Imported {
  const track = trackName(model)
  const head = new Writer(model.id.length + 16)
  head.array(5)
  head.text(model.id)
  const types = model.params.map((param) => param.type)
  const flat = types.some(isHostHandle)
  const nested = types.some((type) => !isHostHandle(type) && hasHandle(type))
  const result = model.result
  return {
    model,
    track,
    codec: compileFunction(model),
    head: head.copy(),
    isResult: result?.kind === 'result',
    handleParams: nested ? 'nested' : flat ? 'flat' : 'none',
    derived: derivedFunction(track),
    pollable: result?.kind === 'own' ? result.resource : undefined,
    io: ioFunction(track),
    queue: queueRule(track),
  }
}

function isHostHandle(type: ValType | undefined): boolean {
  return (type?.kind === 'own' || type?.kind === 'borrow') && type.resource.side === 'import'
}

function hasHandle(type: ValType): boolean {
  switch (type.kind) {
    case 'own':
    case 'borrow':
      return true
    case 'list':
      return hasHandle(type.element)
    case 'option':
      return hasHandle(type.payload)
    case 'result':
      return (type.ok !== null && hasHandle(type.ok)) || (type.err !== null && hasHandle(type.err))
    case 'tuple':
      return type.elements.some(hasHandle)
    case 'record':
      return type.fields.some((field) => hasHandle(field.type))
    case 'variant':
      return type.cases.some((one) => one.type !== null && hasHandle(one.type))
    default:
      return false
  }
}

/** Finds the entries that were lifted into some arguments. */
function collectEntries(value: unknown, into: Map<number, HostEntry>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (value instanceof HostEntry) into.set(value.n, value)
  else for (const inner of Object.values(value)) collectEntries(inner, into)
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
