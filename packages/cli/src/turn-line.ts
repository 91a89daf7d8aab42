import type { Json } from '@theater/values'
import type { EventJson } from './event-json.ts'
import { call, fitted, text, value } from './event-line.ts'
import type { Output, Style } from './output.ts'
import { counted } from './table.ts'

/** How a turn ended; `open`: the record, or what was asked for, ends within it. */
export type Outcome = 'return' | 'trap' | 'abort' | 'open'

/** One turn as `theater replay --json` prints it. */
export type TurnJson = {
  /** The event that began it. */
  readonly turn: number
  readonly fn: string | null
  readonly args: Json
  /** `host` or an actor. */
  readonly sender: Json
  /** When it started, milliseconds since the epoch. */
  readonly time: Json
  readonly outcome: Outcome
  /** Of a trap or an abort. */
  readonly code: Json
  readonly result: Json
  /** How many calls it made. */
  readonly calls: number
  /** Its last event. */
  readonly end: number
}

const looks: Readonly<Record<Outcome, Style>> = { return: 'green', trap: 'red', abort: 'red', open: 'yellow' }

/** Counts what belongs to a turn. Events are given in order. */
export class TurnTally {
  #turn: EventJson | undefined
  #last: EventJson | undefined
  #calls: EventJson[] = []
  #count = 0

  /** Takes an event; the turn, where it ends one. */
  take(event: EventJson): TurnJson | undefined {
    this.#last = event
    switch (event.kind) {
      case 'turn':
        this.#turn = event
        this.#calls = []
        this.#count = 0
        return undefined
      case 'call':
        this.#count++
        this.#calls.push(event)
        if (this.#calls.length > LAST) this.#calls.shift()
        return undefined
      case 'return':
      case 'trap':
      case 'abort': {
        const ended = this.#json(event.kind, event)
        this.#turn = undefined
        return ended
      }
      default:
        return undefined
    }
  }

  /** The turn that has not ended. */
  get open(): TurnJson | undefined {
    return this.#last === undefined ? undefined : this.#json('open', this.#last)
  }

  /** Its last calls. */
  get lastCalls(): readonly EventJson[] {
    return this.#calls
  }

  #json(outcome: Outcome, last: EventJson): TurnJson | undefined {
    if (this.#turn === undefined) return undefined
    const { seq, fn, args, detail: { sender = null, time = null } = {} } = this.#turn
    const ended = outcome === 'open' ? undefined : last
    return {
      turn: seq,
      fn,
      args,
      sender,
      time,
      outcome,
      code: ended?.detail?.['code'] ?? null,
      result: ended?.result ?? null,
      calls: this.#count,
      end: last.seq,
    }
  }
}

/** How many calls are shown where a re-run stops. */
const LAST = 3

/** A turn on one line, for people. */
export function turnLine(turn: TurnJson, width: number, output: Output): string {
  const { fn, args, sender, outcome, code, result, calls } = turn
  const how =
    outcome === 'return'
      ? result === null
        ? ''
        : ` → ${value(result)}`
      : code === null
        ? ''
        : `: ${text(code)}`
  const head = [
    output.style('dim', String(turn.turn).padStart(width)),
    output.style(looks[outcome], outcome.padEnd(6)),
    output.style('dim', counted(calls, 'call').padStart(9)),
  ].join('  ')
  return fitted(`${head}  ${text(sender)} → ${call(fn, args)}${how}`, output)
}
