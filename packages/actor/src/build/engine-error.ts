import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { resolve } from 'node:path'
import { BuildError } from './build-error.ts'
import { isDependency } from './bundle-error.ts'
import { kitFolder } from './bundle-paths.ts'
import { type Diagnostic, shownPath } from './diagnostic.ts'

/** What componentize-js says, with the places in the actor's own sources. */
export function engineError(message: string, map: string, cause: unknown): BuildError {
  if (/does not export a "\w+" interface/.test(message)) {
    const text =
      'the modules of the actor did not finish loading: a top-level await waits for what only a turn can give'
    return new BuildError('load', text, { cause })
  }
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload)
  const lines = message.split('\n')
  const at = lines.findIndex((line) => line.startsWith('Exception while evaluating'))
  if (at < 0) return new BuildError('engine', message, { cause })
  // What is above names a temporary file; what is below repeats the exception and then gives the stack.
  const [, thrown = ''] = /^actor\.js:\d+:\d+ (.*)$/.exec(lines[at + 1] ?? '') ?? [undefined, lines[at + 1]]
  const frames = lines.flatMap((line) => frameIn(line, sources) ?? [])
  const own = frames.find(({ file }) => !isDependency(file)) ?? frames[0]
  if (own === undefined)
    return new BuildError('load', `the actor throws while it is loaded: ${thrown}`, { cause })
  const { file, line, column } = own
  const diagnostic: Diagnostic = {
    file,
    line,
    column,
    rule: 'load',
    message: `the actor throws while it is loaded: ${thrown}`,
    hint: 'Modules are loaded once, when the actor is built: do it in init, or in a handler.',
    source: lineOf(file, line) ?? null,
    length: 1,
    chain: frames.map(
      (frame) => `at ${frame.name || 'the module'} (${frame.file}:${frame.line}:${frame.column})`,
    ),
  }
  return new BuildError('load', [diagnostic], { cause })
}

interface Frame {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A frame of the engine's stack, unless it is of the kit. */
function frameIn(text: string, sources: SourceMap): Frame | undefined {
  const found = /^ {2}(.*)@actor\.js:(\d+):(\d+)$/.exec(text)
  if (found === null) return undefined
  const [, name = '', row, column] = found
  const entry = sources.findEntry(Number(row) - 1, Number(column) - 1)
  if (!('originalSource' in entry) || resolve(entry.originalSource).startsWith(kitFolder)) return undefined
  return {
    name,
    file: shownPath(entry.originalSource),
    line: entry.originalLine + 1,
    column: entry.originalColumn + 1,
  }
}

function lineOf(file: string, line: number): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[line - 1]
  } catch {
    return undefined
  }
}
