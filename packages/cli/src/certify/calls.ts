import type { ComponentModel, FunctionModel, Json } from '@theater/values'
import { CliError } from '../errors.ts'
import { targetIn } from '../target.ts'
import type { Target } from '../target.ts'

/** One call as somebody wrote it: `EXPORT JSON…`. */
export interface WrittenCall {
  readonly name: string
  readonly args: readonly Json[]
}

/**
 * Reads one call: the name of an export, or of a message of the kit, and after it JSON values with blanks between them.
 *
 * @throws CliError `bad-arguments`, `usage`
 */
export function parseCall(text: string): WrittenCall {
  const [, name = '', rest = ''] = /^\s*(\S*)\s*(.*)$/s.exec(text) ?? []
  if (name === '') throw new CliError('usage', 'a call is EXPORT JSON…, and this one is empty')
  return { name, args: jsonValues(rest, text) }
}

/** The calls of a file: one a line; blank lines and those that begin with # say nothing. @throws CliError */
export function parseCalls(text: string): WrittenCall[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .map(parseCall)
}

/** Values that follow each other. */
function jsonValues(text: string, whole: string): Json[] {
  const values: Json[] = []
  for (const piece of pieces(text)) {
    try {
      values.push(JSON.parse(piece) as Json)
    } catch (cause) {
      throw new CliError('bad-arguments', `${piece} is not JSON, in the call ${JSON.stringify(whole)}.`, {
        cause,
      })
    }
  }
  return values
}

/** Cuts text at the blanks that are within no string, array or object. */
function pieces(text: string): string[] {
  const found: string[] = []
  let piece = ''
  let depth = 0
  let quoted = false
  for (const [token] of text.matchAll(/\\.|[^]/gs)) {
    if (token === '"') quoted = !quoted
    else if (!quoted && (token === '[' || token === '{')) depth++
    else if (!quoted && (token === ']' || token === '}')) depth--
    if (!quoted && depth === 0 && /^\s$/.test(token)) {
      if (piece !== '') found.push(piece)
      piece = ''
    } else piece += token
  }
  if (piece !== '') found.push(piece)
  return found
}

/** The calls that are made where nobody says which: every export that takes nothing, once, in order. */
export function defaultCalls({ exports: all }: ComponentModel): WrittenCall[] {
  return functionsOf(all)
    .filter(({ kind, params }) => kind === 'freestanding' && params.length === 0)
    .map(({ id }) => ({ name: id, args: [] }))
}

/** Exports that none of the calls reaches. `init` is called for every actor. */
export function uncalled({ exports: all }: ComponentModel, targets: readonly Target[]): string[] {
  const called = new Set(targets.map((target) => (target.kind === 'export' ? target.fn.id : REQUEST_EXPORT)))
  return functionsOf(all)
    .filter(({ id }) => !called.has(id) && ![...called].some((name) => id.startsWith(name)))
    .filter(({ id }) => !id.startsWith('theater:actor/lifecycle@'))
    .map(({ id }) => id)
}

/** Where messages of the kit arrive, in any version. */
const REQUEST_EXPORT = 'theater:messaging/responder@'

function functionsOf(all: ComponentModel['exports']): FunctionModel[] {
  return all.flatMap(({ functions }) => functions)
}

/** What each call means for a component. @throws CliError `usage`, `bad-arguments` */
export function targetsOf(model: ComponentModel, calls: readonly WrittenCall[], file: string): Target[] {
  return calls.map(({ name, args }) => targetIn(model, file, name, args))
}
