import { hex, Tombstones } from '@theater/event-chain'
import type { Cause, Contents, Event, Outcome, Tombstone } from '@theater/event-chain'
import type { Describer } from '@theater/replay'
import { splitCid, toJson } from '@theater/values'
import type { Json } from '@theater/values'
import { componentName } from './records.ts'

/** One event as `theater chain --json` prints it. Every key is always there but `detail`. */
export type EventJson = {
  readonly seq: number
  readonly kind: string
  /** The sequence number of the turn that the event belongs to; null between turns. */
  readonly turn: number | null
  /** The export that was called, the import that the guest called; of a result its call's, of a turn's end its turn's. */
  readonly fn: string | null
  /** By the function's types; base64 where those are not known. */
  readonly args: Json
  readonly result: Json
  readonly ask: Json
  readonly fuel: number | null
  readonly hash: string
  readonly prev: string | null
  /** What else an event of its kind says. */
  readonly detail?: { readonly [key: string]: Json }
}

type Said = Partial<Pick<EventJson, 'fn' | 'args' | 'result' | 'ask' | 'fuel' | 'detail'>>

/** Says what the events of one chain hold. They are given in order. */
export class EventSayer {
  readonly #describer: Describer
  readonly #tombstones: Tombstones
  /** Functions of calls whose result is to come. */
  readonly #calls = new Map<number, string>()
  #turn: { readonly seq: number; readonly fn: string | null } | null = null

  /** @param tombstones what a host signed of bodies that it erased */
  constructor(describer: Describer, tombstones: readonly Tombstone[] = []) {
    this.#describer = describer
    this.#tombstones = new Tombstones(tombstones)
  }

  /** Whether the call of that number was seen, and its result was not. */
  knows(call: number): boolean {
    return this.#calls.has(call)
  }

  /** What an event says. */
  say(event: Event): EventJson {
    const { seq, kind, hash, prev } = event
    if (kind === 'turn') this.#turn = { seq, fn: event.content?.fn ?? null }
    const turn = this.#turn
    const said = event.content === null ? this.#missed(event) : this.#said(event, turn?.fn ?? null)
    if (kind === 'return' || kind === 'trap' || kind === 'abort') this.#turn = null
    const { fn = null, args = null, result = null, ask = null, fuel = null, detail } = said
    return {
      seq,
      kind,
      turn: turn?.seq ?? null,
      fn,
      args,
      result,
      ask,
      fuel,
      hash: hex(hash),
      prev: prev === null ? null : hex(prev),
      ...(detail !== undefined && { detail }),
    }
  }

  #missed(event: Event): Said {
    const { time, reason } = this.#tombstones.of(event) ?? {}
    return { detail: time === undefined ? { withheld: true } : { redacted: { time, reason: reason ?? '' } } }
  }

  #said(event: Exclude<Event, { readonly content: null }>, turnFn: string | null): Said {
    const { kind, content } = event
    switch (kind) {
      case 'genesis':
        return { detail: genesisJson(content) }
      case 'seed':
        // Whoever reads the seed can predict every derived draw: it stays in the record.
        return {}
      case 'turn': {
        const { fn, args, sender, cause, time } = content
        return {
          fn,
          args: this.#describer.args('exports', fn, args),
          detail: { sender: sender ?? 'host', cause: causeJson(cause), time },
        }
      }
      case 'call': {
        const { fn, args, ask, fuel, outcome } = content
        const call = { fn, args: this.#describer.args('imports', fn, args), ask, fuel }
        if (outcome !== null) return { ...call, ...this.#outcome(fn, outcome) }
        this.#calls.set(event.seq, fn)
        return { ...call, detail: { intent: true } }
      }
      case 'result': {
        const fn = this.#calls.get(content.call)
        this.#calls.delete(content.call)
        const said = this.#outcome(fn, content.outcome)
        return { ...said, fn: fn ?? null, detail: { call: content.call, ...said.detail } }
      }
      case 'return':
        return {
          fn: turnFn,
          result: this.#describer.result('exports', turnFn ?? undefined, content.result),
          fuel: content.fuel,
        }
      case 'trap':
        return { fn: turnFn, fuel: content.fuel, detail: { code: content.code } }
      case 'abort':
        return { fn: turnFn, detail: { ...content } }
      case 'drop':
        return { fuel: content.fuel, detail: { resource: content.resource } }
      case 'send':
      case 'grant':
      case 'resume':
      case 'stop':
        return { detail: { ...content } }
    }
  }

  #outcome(
    fn: string | undefined,
    outcome: Outcome,
  ): Said & { readonly detail: { readonly [key: string]: Json } } {
    const { result, elapsed, made, denied, closed } = outcome
    return {
      result: this.#describer.result('imports', fn, result),
      detail: {
        elapsed,
        ...(made.length > 0 && { made }),
        ...(denied && { denied }),
        ...(closed && { closed }),
      },
    }
  }
}

function genesisJson(genesis: Contents['genesis']): { readonly [key: string]: Json } {
  const { component, wit: _types, cause, params, meter, grants, limits, ...rest } = genesis
  return {
    ...rest,
    component: componentName(splitCid(component).digest),
    grants,
    limits,
    params:
      params === null
        ? null
        : { format: params.format, body: toJson(params.body, { kind: 'list', element: { kind: 'u8' } }) },
    meter: meter === null ? null : { ...meter },
    cause: causeJson(cause),
  }
}

function causeJson(cause: Cause | null): Json {
  return cause === null ? null : { chain: hex(cause.chain), seq: cause.seq, hash: hex(cause.hash) }
}
