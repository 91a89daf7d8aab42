import type { AbortCode } from '@theater/event-chain'
import { Reader } from '@theater/values'
import type { Writer } from '@theater/values'
import type { Ask, Call, Effect, HandlerFunction, Reconciled } from '@theater/handler'
import type { DerivedClock } from './clock.ts'
import type { GuestFault } from './derived.ts'
import { DeadlinePassed, isThenable, withDeadline } from './deadline.ts'
import { HostEntry } from './handles.ts'
import { beyondPermit } from './io.ts'
import type { IoHost } from './io.ts'
import { timerOf } from './wait.ts'
import { isHostHandle } from './imported.ts'
import type { Imported } from './imported.ts'
import { trackOf } from './track.ts'
import { settlement } from './turn-rules.ts'
import type { Link, Live } from './types.ts'

/** In an outcome's flags: the call was refused by its grant. */
const DENIED = 1
/** In an outcome's flags: the call was answered by a closed handle. */
const CLOSED = 2

/** A call as it crossed: its arguments as they were lifted, and as they stand in the record. */
export interface Crossed {
  readonly fn: Imported
  /** Lifted; resources are entries. */
  readonly args: readonly unknown[]
  /** Holds the beginning of the call's event. While the guest waits nobody else writes to it. */
  readonly out: Writer
  /** Where the arguments begin in `out`. */
  readonly start: number
  /** Used so far in this turn; null without a meter. */
  readonly fuel: number | null
}

/** A call resolved to whoever performs it. */
export interface Target {
  readonly link: Link | undefined
  /** What the binding has for the function's interface. */
  readonly functions: Readonly<Record<string, unknown>> | undefined
  readonly declared: HandlerFunction | undefined
  readonly mode: 'sync' | 'async'
  readonly effect: Effect
  /** What each call asks for and does; `undefined` where its arguments decide. */
  readonly weight: Weight | undefined
  /** The function that the first call found on the binding. */
  found: unknown
}

/** What one call asks for and does. */
export interface Weight {
  readonly ask: Ask | undefined
  readonly effect: Effect
}

/** What a handler answered: a value of the function's result type, or a fault. */
export type Answer =
  | { readonly value: unknown; readonly elapsed: number; readonly flags: number }
  | { readonly fault: AbortCode; readonly error: unknown }

/** The live side of calls: it finds who performs a call, checks the grant, and performs. It records nothing. */
export class Performer {
  readonly #live: Live
  readonly #clock: DerivedClock
  readonly #targets = new Map<Imported, Target>()
  #ioHost: IoHost | undefined
  readonly #liveClock: boolean
  /** Milliseconds that the actor's clock is behind the machine's in a call that tells of timers. */
  #lag = 0

  /** @param liveClock whether the guest reads the machine's monotonic clock */
  constructor(live: Live, clock: DerivedClock, liveClock: boolean) {
    this.#live = live
    this.#clock = clock
    this.#liveClock = liveClock
  }

  /** Who performs a call; the maker of the object for a method. */
  target({ fn, args }: Crossed): Target | undefined {
    const maker = fn.model.kind === 'method' ? (args[0] as HostEntry) : undefined
    const link = maker?.link ?? this.#live.links.get(maker?.origin ?? fn.model.interface)
    const known = this.#targets.get(fn)
    // The grants of an actor may change between two calls.
    if (known !== undefined && known.link === link) return known
    const target = resolved(fn, link)
    if (target !== undefined) this.#targets.set(fn, target)
    return target
  }

  /** What a call asks of its grant, and what it does. Throws what the handler throws. */
  weigh(call: Crossed, { weight, declared, effect, link }: Target): Weight {
    if (weight !== undefined) return weight
    const { fn } = call
    const asked: Call = { fn: fn.track, args: this.#withHandles(call, describedNow) }
    return { ask: declared?.ask?.(asked), effect: declared?.effectOf?.(asked, link?.grant) ?? effect }
  }

  /** The answer to a call that its grant does not cover; `undefined`: it does. */
  denied(fn: Imported, target: Target, ask: Ask | undefined): Answer | undefined {
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
    return errAnswer(denial.payload, DENIED)
  }

  /** Arguments with resources replaced by the handlers' objects; `undefined`: one of them is closed. */
  objects(call: Crossed): readonly unknown[] | undefined {
    if (call.fn.io !== undefined) return call.args
    let closed = false
    const mapped = this.#withHandles(call, (entry) => {
      const object = this.#liveObject(entry)
      if (object === undefined) closed = true
      return object
    })
    return closed ? undefined : mapped
  }

  #withHandles(
    { fn, args, out, start }: Crossed,
    replace: (entry: HostEntry) => unknown,
  ): readonly unknown[] {
    if (fn.handleParams === 'none') return args
    const params = fn.model.params
    if (fn.handleParams === 'flat') {
      return args.map((arg, i) => (isHostHandle(params[i]?.type) ? replace(arg as HostEntry) : arg))
    }
    const entries = new Map<number, HostEntry>()
    collectEntries(args, entries)
    // Read from a copy: what is handed to a handler must not change with the writer's next use.
    return fn.codec.readArgs(new Reader(out.copy(start)), {
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
    if (entry.deadline !== undefined) return (entry.object = timerOf(this.#clock, entry.deadline))
    const link = entry.link ?? this.#live.links.get(entry.origin)
    entry.link = link
    entry.object = resumed(entry, link)
    entry.closed = entry.object === undefined
    return entry.object
  }

  /** What the guest must not have done, where only a live stream can tell; `undefined`: it may. */
  fault(fn: Imported, objects: readonly unknown[]): GuestFault | undefined {
    return fn.io === undefined
      ? undefined
      : beyondPermit(fn.track, objects, (entry) => this.#liveObject(entry))
  }

  #call(fn: Imported, target: Target, objects: readonly unknown[]): unknown {
    const { link, functions } = target
    const { model } = fn
    if (fn.io !== undefined) return fn.io.run(this.#io(), objects)
    if (model.kind === 'method') {
      const [self, ...rest] = objects
      const method = (self as Record<string, unknown>)[fn.key]
      if (typeof method !== 'function')
        throw new TypeError(`the object of ${link?.handler.name} has no ${model.name}`)
      return method.apply(self, rest) as unknown
    }
    const found = (target.found ??= functions?.[fn.key])
    if (typeof found !== 'function') throw new TypeError(`${link?.handler.name} binds no ${model.id}`)
    return found.apply(functions, objects as unknown[]) as unknown
  }

  /** Under live clocks time passes also where nobody reads them: who asks for a timer sees that. */
  #catchUp({ io }: Imported): number {
    const timed = io?.timed === true && this.#liveClock
    this.#lag = timed ? Math.max(0, Math.floor(this.#live.now()) - this.#clock.notBefore()) : 0
    return this.#lag
  }

  #io(): IoHost {
    this.#ioHost ??= {
      clock: { until: (deadline) => Math.max(0, this.#clock.until(deadline) - this.#lag) },
      signal: this.#live.signal,
      live: (entry) => this.#liveObject(entry),
      error: (payload, isClosed = false) => {
        throw new IoAnswer(payload, isClosed ? CLOSED : 0)
      },
    }
    return this.#ioHost
  }

  /** Performs a call that answers without waiting. Never throws. */
  performSync(fn: Imported, target: Target, objects: readonly unknown[] | undefined): Answer {
    try {
      if (objects === undefined) return this.#closedAnswer(fn, target)
      const lag = this.#catchUp(fn)
      const value = this.#call(fn, target, objects)
      if (isThenable(value)) {
        value.then(undefined, () => undefined)
        return {
          fault: 'host-value',
          error: new TypeError(`${fn.model.id} is declared sync and answered with a promise`),
        }
      }
      return { value: fn.isResult ? { tag: 'ok', val: value } : value, elapsed: lag, flags: 0 }
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
    return errAnswer(error.payload, CLOSED)
  }

  /** Performs a call that may wait. Never rejects. */
  async performAsync(fn: Imported, target: Target, objects: readonly unknown[] | undefined): Promise<Answer> {
    const live = this.#live
    const started = live.now()
    try {
      if (objects === undefined) return this.#closedAnswer(fn, target)
      const lag = this.#catchUp(fn)
      const own = fn.io !== undefined || target.declared?.ownDeadline === true
      const performed = this.#call(fn, target, objects)
      let value = await withDeadline(performed, own ? undefined : live.callTimeoutMs, live.signal)
      let elapsed = Math.max(0, Math.round(live.now() - started))
      if (fn.io?.mode === 'async') {
        const waited = value as { value: unknown; atLeast: number }
        value = waited.value
        elapsed = lag + Math.max(elapsed, waited.atLeast)
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

  /** Settles an intent whose result the host lost: done again, reconciled, or answered with the case for that. */
  async settle(
    call: Crossed,
    target: Target,
    objects: readonly unknown[] | undefined,
    ask: Ask | undefined,
  ): Promise<Answer> {
    const { fn } = call
    const now = target.effect === 'once' ? this.weigh(call, target).effect : target.effect
    if (settlement(target.effect, now) === 'again') return this.performAsync(fn, target, objects)
    const known = await this.#reconcile(fn, target, objects, ask)
    if (known === 'not-done') return this.performAsync(fn, target, objects)
    if (known === 'unknown') return outcomeUnknown(fn)
    if (typeof known === 'object' && 'failed' in known) return thrown(fn, known.failed)
    return { value: fn.isResult ? { tag: 'ok', val: known.done } : known.done, elapsed: 0, flags: 0 }
  }

  async #reconcile(
    fn: Imported,
    target: Target,
    objects: readonly unknown[] | undefined,
    ask: Ask | undefined,
  ): Promise<Reconciled> {
    try {
      const asked = target.link?.binding.reconcile?.({ fn: fn.track, args: objects ?? [], ask })
      const { callTimeoutMs, signal } = this.#live
      return ((await withDeadline(asked, callTimeoutMs, signal)) as Reconciled | undefined) ?? 'unknown'
    } catch {
      // A handler that cannot find out does not know.
      return 'unknown'
    }
  }
}

/** What asks see of a resource: what its maker says that it is now, or else its description. */
function describedNow({ type, description, object, link }: HostEntry): unknown {
  const now =
    object === undefined
      ? undefined
      : link?.binding.current?.(`${trackOf(type.interface)}#${type.name}`, object)
  return now ?? description ?? null
}

/** A call's target under a handler; `undefined` where it does not serve the function. */
function resolved(fn: Imported, link: Link | undefined): Target | undefined {
  const declared = link?.handler.functions[fn.track]
  const mode = fn.io?.mode === 'async' ? 'async' : (declared?.mode ?? 'sync')
  const effect = declared?.effect ?? fn.io?.effect
  if (effect === undefined) return undefined
  const fixed = declared?.ask === undefined && declared?.effectOf === undefined
  const imports = link?.binding.imports as
    | Readonly<Record<string, Readonly<Record<string, unknown>>>>
    | undefined
  const functions = imports?.[fn.interfaceTrack]
  const weight = fixed ? { ask: undefined, effect } : undefined
  return { link, functions, declared, mode, effect, weight, found: undefined }
}

/** The live object of a described resource; `undefined` where it cannot be had any more. */
function resumed({ type, description }: HostEntry, link: Link | undefined): object | undefined {
  if (link?.binding.resume === undefined || description === undefined) return undefined
  try {
    return link.binding.resume(`${trackOf(type.interface)}#${type.name}`, description) ?? undefined
  } catch {
    // A handler that fails to bring it back does not have it.
    return undefined
  }
}

class IoAnswer {
  readonly payload: unknown
  readonly flags: number
  constructor(payload: unknown, flags: number) {
    this.payload = payload
    this.flags = flags
  }
}

/** What a handler threw: the interface's own error, or a fault of the handler. */
function thrown(fn: Imported, error: unknown): Answer {
  try {
    if (!fn.isResult) return { fault: 'handler-fault', error }
    if (error instanceof IoAnswer) return errAnswer(error.payload, error.flags)
    return isWitError(error) ? errAnswer(error.payload, 0) : { fault: 'handler-fault', error }
  } catch (failed) {
    // What was thrown throws itself when it is looked at.
    return { fault: 'handler-fault', error: failed }
  }
}

function errAnswer(val: unknown, flags: number): Answer {
  return { value: { tag: 'err', val }, elapsed: 0, flags }
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
  if (err?.kind === 'enum' && err.cases.includes(name)) return errAnswer(name, 0)
  if (err?.kind === 'variant' && err.cases.some((one) => one.name === name && one.type === null)) {
    return errAnswer({ tag: name }, 0)
  }
  return {
    fault: name,
    error: new Error(
      `${fn.model.id} was under way when the host crashed, and nobody can tell whether it happened`,
    ),
  }
}

/** Finds the entries that were lifted into some arguments. */
function collectEntries(value: unknown, into: Map<number, HostEntry>): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (value instanceof HostEntry) into.set(value.n, value)
  else for (const inner of Object.values(value)) collectEntries(inner, into)
}
