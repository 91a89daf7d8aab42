import { SourceMap, type SourceMapPayload } from 'node:module'
import { BuildError } from './build-error.ts'

/** What componentize-js says, with the places in the actor's own sources. */
export function engineError(message: string, map: string, cause: unknown): BuildError {
  if (/does not export a "\w+" interface/.test(message)) {
    const text =
      'the modules of the actor did not finish loading: a top-level await waits for what only a turn can give'
    return new BuildError('load', text, { cause })
  }
  const sources = new SourceMap(JSON.parse(map) as SourceMapPayload)
  const lines = message.split('\n').map((line) =>
    line.replaceAll(/\bactor\.js:(\d+):(\d+)/g, (place, row: string, column: string) => {
      const entry = sources.findEntry(Number(row) - 1, Number(column) - 1)
      if (!('originalSource' in entry)) return place
      return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    }),
  )
  const at = lines.findIndex((line) => line.startsWith('Exception while evaluating'))
  if (at < 0) return new BuildError('engine', lines.join('\n'), { cause })
  // What is above names a temporary file; what is below repeats the exception and then gives the stack.
  const stack = lines.filter(
    (line) => line.startsWith('  ') && !/guest\/(?:environment|replace|time|timers)\./.test(line),
  )
  return new BuildError(
    'load',
    ['the actor throws while it is loaded:', lines[at + 1], ...stack].join('\n'),
    { cause },
  )
}
