import { stripVTControlCharacters } from 'node:util'
import { printable } from '@theater/handler-log'
import type { Json } from '@theater/values'
import { short } from './actor-table.ts'
import type { EventJson } from './event-json.ts'
import { jsonLine } from './output.ts'
import type { Output, Style } from './output.ts'

const looks: Readonly<Record<string, Style>> = {
  genesis: 'bold',
  turn: 'cyan',
  return: 'green',
  trap: 'red',
  abort: 'red',
  stop: 'yellow',
}

/** The longest value that is written out where nobody says how wide the page is. */
const LONGEST = 400

/** An event on one line, for people: what lies within a turn is indented, and a line ends where the terminal does. */
export function eventLine(event: EventJson, width: number, output: Output): string {
  const { seq, kind, turn, hash } = event
  const inside = turn !== null && kind !== 'turn'
  const look = looks[kind] ?? 'dim'
  const head = `${output.style('dim', String(seq).padStart(width))}  ${output.style('dim', short(hash))}  `
  const name = `${inside ? '  ' : ''}${kind}`.padEnd(9)
  return fitted(`${head}${output.style(look, name)} ${say(event)}`, output)
}

/** A line, cut where the terminal ends. */
export function fitted(line: string, output: Output): string {
  return output.columns === undefined ? line.trimEnd() : cut(line, output.columns)
}

function say({ kind, fn, args, result, detail = {} }: EventJson): string {
  if (detail['withheld'] === true) return 'withheld'
  if (detail['redacted'] !== undefined) return erased(detail['redacted'])
  switch (kind) {
    case 'genesis':
      return `${text(detail['actor'])} of ${text(detail['component']).slice(0, 19)}, granted ${granted(detail['grants'])}`
    case 'turn':
      return `${text(detail['sender'])} → ${call(fn, args)}`
    case 'call':
      return detail['intent'] === true
        ? `${call(fn, args)} begins`
        : `${call(fn, args)}${outcome(result, detail)}`
    case 'result':
      return `of ${text(detail['call'])}${outcome(result, detail)}`
    case 'return':
      return result === null ? '' : value(result)
    case 'trap':
    case 'abort':
      return text(detail['code'])
    case 'drop':
      return `resource ${text(detail['resource'])}`
    case 'send':
      return `what ${text(detail['call'])} queued has left`
    case 'stop':
      return text(detail['reason'])
    case 'grant':
      return granted(detail['grants'])
    case 'resume':
      return `epoch ${text(detail['epoch'])}`
    default:
      return ''
  }
}

function erased(redacted: Json): string {
  const why =
    typeof redacted === 'object' && redacted !== null && 'reason' in redacted ? redacted.reason : null
  return `erased: ${text(why)}`
}

/** What a record says, or a component does, where the two are held against each other; as a describer gives it. */
export function deed(what: Json): string {
  if (typeof what !== 'object' || what === null || Array.isArray(what)) return 'nothing: it ends there'
  const it = what as { readonly [key: string]: Json }
  const fuel = typeof it['fuel'] === 'number' ? ` at ${it['fuel']} fuel` : ''
  const fn = typeof it['fn'] === 'string' ? it['fn'] : null
  const args = it['args'] ?? null
  const kind = typeof it['kind'] === 'string' ? it['kind'] : ''
  switch (kind) {
    case 'turn':
      return `turn: ${call(fn, args, Infinity)}`
    case 'call':
      return `call ${call(fn, args, Infinity)}${fuel}`
    case 'result':
      return `result of the call at event ${text(it['call'])}: ${value(it['result'] ?? null, Infinity)}`
    case 'return':
      return `return ${value(it['result'] ?? null, Infinity)}${fuel}`
    case 'trap':
    case 'abort':
      return `${kind}: ${text(it['code'])}${fuel}`
    case 'drop':
      return `drop of resource ${text(it['resource'])}${fuel}`
    case 'send':
      return `sending of what event ${text(it['call'])} queued`
    case 'ready':
      return 'nothing: it waits for its first turn'
    case 'draw':
      return `a draw of randomness by ${text(fn ?? '?')}`
    case 'refused-record':
      return `nothing that can be recorded so: ${text(it['reason'])}`
    default:
      return jsonLine(what)
  }
}

/**
 * Two deeds side by side, cut to where they part: what is long is mostly the same.
 */
export function deeds(expected: Json, actual: Json): readonly [string, string] {
  const both = [deed(expected), deed(actual)] as const
  // The lines may not show in what the two differ: then they are given whole.
  if (both[0] === both[1]) return [jsonLine(expected), jsonLine(actual)]
  if (Math.max(both[0].length, both[1].length) <= LONGEST) return both
  let at = 0
  while (both[0][at] === both[1][at]) at++
  const from = Math.max(0, at - LONGEST / 4)
  const part = (text: string): string => {
    const end = from + LONGEST
    return `${from > 0 ? '…' : ''}${text.slice(from, end)}${text.length > end ? '…' : ''}`
  }
  return [part(both[0]), part(both[1])]
}

/** A call of an export or an import, on part of a line. */
export function call(fn: string | null, args: Json, longest = LONGEST): string {
  const list = Array.isArray(args) ? args.map((one) => value(one, longest)).join(', ') : value(args, longest)
  return `${printable(fn ?? '?')}(${list})`
}

function outcome(result: Json, detail: { readonly [key: string]: Json }): string {
  const marks = [
    ...(detail['denied'] === true ? ['denied'] : []),
    ...(detail['closed'] === true ? ['closed handle'] : []),
  ]
  const after = marks.length === 0 ? '' : ` (${marks.join(', ')})`
  return `${result === null ? '' : ` → ${value(result)}`}${after}`
}

function granted(grants: Json | undefined): string {
  const names = typeof grants === 'object' && grants !== null ? Object.keys(grants) : []
  return names.length === 0 ? 'nothing' : names.map(printable).join(', ')
}

/** Plain text, or other data, on part of a line. */
export function text(json: Json | undefined): string {
  return printable(typeof json === 'string' ? json : jsonLine(json ?? null))
}

/** A value, on part of a line. */
export function value(json: Json, longest = LONGEST): string {
  const line = jsonLine(plainly(json))
  return line.length > longest ? `${line.slice(0, longest)}…` : line
}

/** Shows text as text and a JSON message as its JSON: a person asks what was said, a program reads --json. */
function plainly(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(plainly)
  const { format, body, utf8, resource, number } = json as { readonly [key: string]: Json }
  const keys = Object.keys(json).length
  if (keys === 1 && typeof utf8 === 'string') return utf8
  if (keys === 2 && typeof resource === 'string' && typeof number === 'number') return `${resource} ${number}`
  if (keys === 2 && format === 'application/json' && body !== undefined) {
    const inner = plainly(body)
    try {
      if (typeof inner === 'string') return JSON.parse(inner) as Json
    } catch {
      // It says that it is JSON and is not.
    }
  }
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, plainly(item)]))
}

/** Cuts a styled line to the width of the terminal. */
function cut(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line.trimEnd()
  let seen = 0
  let out = ''
  // eslint-disable-next-line no-control-regex
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b')) {
      out += part
      continue
    }
    const room = columns - 1 - seen
    out += part.length > room ? part.slice(0, Math.max(0, room)) : part
    seen += part.length
  }
  return `${out}…`
}
