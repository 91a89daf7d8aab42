import type { Level } from '@theater/handler-log'
import type { Json } from '@theater/values'
import type { EventJson } from './event-json.ts'

/** A line that an actor logged, or wrote to a standard stream: the object that `theater logs --json` prints. */
export type LogEntry = {
  readonly actor: string
  /** The event that it stands in; of a line that was written in parts, that of the first. */
  readonly seq: number
  /** The turn; null while the component was instantiated. */
  readonly turn: number | null
  /** When the turn started, milliseconds since the epoch. */
  readonly time: number
  readonly source: 'log' | 'stdout' | 'stderr'
  /** Null for what was written to a stream. */
  readonly level: Level | null
  readonly message: string
  /** Names and values, in the order in which they were given. */
  readonly fields: readonly (readonly [string, string])[]
}

/** The levels, the least first. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** The longest line of a stream, in characters: a guest that never ends one is cut. */
const LONGEST = 65_536

/** The part of a line that a stream has so far. */
interface Unended {
  readonly decoder: TextDecoder
  text: string
  seq: number
  turn: number | null
}

/** Finds in the events of one chain what its actor logged and wrote. They are given in order, from the first. */
export class LogReader {
  #actor = ''
  #time = 0
  /** Which resources are standard streams. */
  readonly #streams = new Map<number, 'stdout' | 'stderr'>()
  readonly #unended = new Map<'stdout' | 'stderr', Unended>()
  /** Arguments of calls whose result is to come. */
  readonly #calls = new Map<number, Json>()

  /** The lines that an event ends. */
  take(event: EventJson): LogEntry[] {
    const { seq, kind, fn, args, detail = {} } = event
    switch (kind) {
      case 'genesis':
        if (typeof detail['actor'] === 'string') this.#actor = detail['actor']
        this.#startAt(detail['time'])
        return []
      case 'turn':
        this.#startAt(detail['time'])
        return []
      case 'call':
        if (detail['intent'] === true) this.#calls.set(seq, args)
        return detail['intent'] === true || fn === null ? [] : this.#answered(event, fn, args)
      case 'result': {
        const call = Number(detail['call'])
        const given = this.#calls.get(call)
        this.#calls.delete(call)
        return given === undefined || fn === null ? [] : this.#answered(event, fn, given)
      }
      case 'return':
      case 'trap':
      case 'abort':
        return this.rest()
      default:
        return []
    }
  }

  #startAt(time: Json | undefined): void {
    if (typeof time === 'number') this.#time = time
  }

  #answered(event: EventJson, fn: string, args: Json): LogEntry[] {
    const { seq, turn, result, detail = {} } = event
    if (detail['denied'] === true || detail['closed'] === true || !Array.isArray(args)) return []
    if (/^theater:actor\/log@[^#]*#log$/.test(fn)) {
      const [level, message, fields] = args
      if (!isLevel(level) || typeof message !== 'string' || !Array.isArray(fields)) return []
      return [this.#entry({ seq, turn, source: 'log', level, message, fields: fields.filter(isField) })]
    }
    const opened = /^wasi:cli\/(stdout|stderr)@[^#]*#get-\1$/.exec(fn)?.[1]
    if (opened === 'stdout' || opened === 'stderr') {
      const number = numberOf(result)
      if (number !== undefined) this.#streams.set(number, opened)
      return []
    }
    if (!/^wasi:io\/streams@[^#]*#\[method\]output-stream\.(blocking-write-and-flush|write)$/.test(fn))
      return []
    const source = this.#streams.get(numberOf(args[0]) ?? -1)
    const bytes = bytesOf(args[1])
    return source === undefined || bytes === undefined || result !== 'ok'
      ? []
      : this.#written(source, bytes, seq, turn)
  }

  #written(source: 'stdout' | 'stderr', bytes: Uint8Array, seq: number, turn: number | null): LogEntry[] {
    let line = this.#unended.get(source)
    if (line === undefined) {
      line = { decoder: new TextDecoder(), text: '', seq, turn }
      this.#unended.set(source, line)
    }
    if (line.text === '') Object.assign(line, { seq, turn })
    const lines = (line.text + line.decoder.decode(bytes, { stream: true })).split('\n')
    line.text = lines.pop() ?? ''
    const found: LogEntry[] = []
    for (const message of lines) {
      found.push(this.#entry({ seq: line.seq, turn, source, message: message.replace(/\r$/, '') }))
      line.seq = seq
    }
    if (line.text.length > LONGEST) {
      found.push(this.#entry({ seq: line.seq, turn, source, message: line.text }))
      line.text = ''
    }
    return found
  }

  /** Lines that were begun and not ended: nothing is added to them. */
  rest(): LogEntry[] {
    const found: LogEntry[] = []
    for (const [source, { decoder, text, seq, turn }] of this.#unended) {
      const message = text + decoder.decode()
      if (message !== '') found.push(this.#entry({ seq, turn, source, message }))
    }
    this.#unended.clear()
    return found
  }

  #entry(
    said: Pick<LogEntry, 'seq' | 'turn' | 'source' | 'message'> & Partial<Pick<LogEntry, 'level' | 'fields'>>,
  ): LogEntry {
    const { seq, turn, source, message, level = null, fields = [] } = said
    return { actor: this.#actor, seq, turn, time: this.#time, source, level, message, fields }
  }
}

function isLevel(value: Json | undefined): value is Level {
  return levels.some((level) => level === value)
}

function isField(value: Json): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'string')
}

/** The number of a resource, as `toJson` gives it. */
function numberOf(value: Json | undefined): number | undefined {
  const number =
    typeof value === 'object' && value !== null && 'number' in value ? value['number'] : undefined
  return typeof number === 'number' ? number : undefined
}

/** Bytes, as `toJson` gives them. */
function bytesOf(value: Json | undefined): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { utf8, base64 } = value as { readonly [key: string]: Json }
  if (typeof utf8 === 'string') return Buffer.from(utf8)
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined
}
