import type { Actual, TheaterEvent } from '@theater/boundary'
import { hex } from '@theater/event-chain'
import type { Cause, Event, Outcome } from '@theater/event-chain'
import { compileFunction, formatCid, Reader, toJson } from '@theater/values'
import type { ComponentModel, FunctionCodec, FunctionModel, Handles, Json } from '@theater/values'

type Side = 'imports' | 'exports'

interface Known {
  readonly model: FunctionModel
  /** Made when it is first needed: of a large interface a chain uses few. */
  codec: FunctionCodec | undefined
}

/** Resources stay the numbers that crossed. */
const numbers: Handles = { write: (value) => value, read: (n) => n }

/**
 * Says in JSON what an event holds, by the types of a component. Where the types are not known, or a value is not of
 * its type, the bytes are given as base64; nothing is thrown.
 */
export class Describer {
  readonly #known: Readonly<Record<Side, ReadonlyMap<string, Known>>>

  /** @param model of the component that made the chain; absent: values are given as bytes */
  constructor(model?: ComponentModel) {
    this.#known = { imports: index(model?.imports), exports: index(model?.exports) }
  }

  /**
   * An event as JSON: `kind`, and what its content says.
   *
   * @param fn the export of the turn for a `return`, the import for a `result`: the event itself does not name it
   */
  event(
    event: Event | TheaterEvent,
    fn?: string,
  ): { readonly kind: string } & { readonly [key: string]: Json } {
    if (event.content === null) return { kind: event.kind, withheld: true }
    switch (event.kind) {
      case 'genesis': {
        const { component, wit, cause, params, meter, ...rest } = event.content
        return {
          kind: 'genesis',
          ...rest,
          meter: meter === null ? null : { ...meter },
          component: formatCid(component),
          wit: formatCid(wit),
          cause: causeJson(cause),
          params: params === null ? null : { format: params.format, body: bytesJson(params.body) },
        }
      }
      case 'seed':
        return { kind: 'seed', seed: hex(event.content.seed) }
      case 'turn': {
        const { fn: called, args, sender, cause, time, made } = event.content
        return {
          kind: 'turn',
          fn: called,
          args: this.args('exports', called, args),
          sender,
          cause: causeJson(cause),
          time,
          ...(made.length > 0 && { made }),
        }
      }
      case 'call': {
        const { fn: called, args, ask, fuel, outcome } = event.content
        const call = { kind: 'call', fn: called, args: this.args('imports', called, args), ask, fuel }
        return outcome === null ? { ...call, intent: true } : { ...call, ...this.#outcome(called, outcome) }
      }
      case 'result': {
        const { call, outcome } = event.content
        return { kind: 'result', call, ...this.#outcome(fn, outcome) }
      }
      case 'return': {
        const { result, fuel } = event.content
        return { kind: 'return', result: this.result('exports', fn, result), fuel }
      }
      case 'drop':
      case 'send':
      case 'trap':
      case 'abort':
      case 'grant':
      case 'resume':
      case 'stop':
        return { kind: event.kind, ...event.content }
    }
  }

  /** What a component did, as JSON. `fn` is the export that runs, for its result. */
  actual(actual: Actual, fn?: string): Json {
    switch (actual.kind) {
      case 'call':
        return { ...actual, args: this.args('imports', actual.fn, actual.args) }
      case 'return':
        return { ...actual, result: this.result('exports', fn, actual.result) }
      case 'send':
      case 'drop':
      case 'trap':
      case 'abort':
      case 'draw':
      case 'refused-record':
      case 'ready':
        return { ...actual }
    }
  }

  /** The arguments of a call, one by one. */
  args(side: Side, fn: string, bytes: Uint8Array): Json {
    const known = this.#known[side].get(fn)
    if (known === undefined) return bytesJson(bytes)
    try {
      const input = new Reader(bytes)
      const values = codecOf(known).readArgs(input, numbers)
      input.finish()
      return known.model.params.map(({ type }, i) => toJson(values[i], type))
    } catch {
      return bytesJson(bytes)
    }
  }

  /** The result of a call; null for a function that has none. */
  result(side: Side, fn: string | undefined, bytes: Uint8Array): Json {
    const known = fn === undefined ? undefined : this.#known[side].get(fn)
    if (known === undefined) return bytesJson(bytes)
    try {
      const input = new Reader(bytes)
      const value = codecOf(known).readResult(input, numbers)
      input.finish()
      return known.model.result === null ? null : toJson(value, known.model.result)
    } catch {
      return bytesJson(bytes)
    }
  }

  #outcome(
    fn: string | undefined,
    { result, elapsed, made, denied, closed }: Outcome,
  ): { [key: string]: Json } {
    return {
      result: this.result('imports', fn, result),
      elapsed,
      ...(made.length > 0 && { made }),
      ...(denied && { denied }),
      ...(closed && { closed }),
    }
  }
}

function index(side: ComponentModel['imports'] | undefined): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>()
  for (const { functions } of side ?? []) {
    for (const model of functions) known.set(model.id, { model, codec: undefined })
  }
  return known
}

function codecOf(known: Known): FunctionCodec {
  return (known.codec ??= compileFunction(known.model))
}

function bytesJson(bytes: Uint8Array): Json {
  return { base64: bytes.toBase64() }
}

function causeJson(cause: Cause | null): Json {
  return cause === null ? null : { chain: hex(cause.chain), seq: cause.seq, hash: hex(cause.hash) }
}
