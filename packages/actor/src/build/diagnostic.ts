import { relative, resolve } from 'node:path'

/** One thing that is wrong with the source of an actor. */
export interface Diagnostic {
  /** The file, relative to the folder that the build runs in. */
  readonly file: string
  /** The line, from 1; null where it is about the whole file. */
  readonly line: number | null
  /** The column, from 1, in UTF-16 code units; null where it is about the whole file. */
  readonly column: number | null
  /** What is wrong, on one line. */
  readonly message: string
  /** What to do about it, or null. */
  readonly hint: string | null
  /** The source line; null where it is not known. */
  readonly source: string | null
  /** How many code units of the line are meant. */
  readonly length: number
  /** Which rule says so: `node-builtin`, `absent-global`, `TS2322`, and others. */
  readonly rule: string
  /** The way to it, a line each: imports of dependencies, or the frames of a stack. */
  readonly chain: readonly string[]
}

/** What is wrong, without where. */
export interface Fault {
  readonly rule: string
  readonly message: string
  readonly hint?: string
  readonly length?: number
  readonly chain?: readonly string[]
}

/** A fault at an offset of a file's text; `undefined`: in the file as a whole. */
export function diagnosticAt(
  file: string,
  text: string,
  offset: number | undefined,
  fault: Fault,
): Diagnostic {
  const rest = {
    file: shownPath(file),
    rule: fault.rule,
    message: fault.message,
    hint: fault.hint ?? null,
    chain: fault.chain ?? [],
  }
  if (offset === undefined) return { ...rest, line: null, column: null, source: null, length: 0 }
  const { line, column, source } = placeOf(text, offset)
  return { ...rest, line, column, source, length: fault.length ?? 1 }
}

/** Line, column and source line of an offset. */
export function placeOf(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number; readonly source: string } {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', start)
  return {
    line: text.slice(0, start).split('\n').length,
    column: offset - start + 1,
    source: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, ''),
  }
}

/** A path as people want to read it: relative to the current folder. */
export function shownPath(file: string): string {
  return relative(process.cwd(), resolve(file)) || file
}

/** How many are shown to people. */
const SHOWN = 20

/** Diagnostics for people: place, what, the line with a caret, what to do. */
export function showDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const shown = diagnostics.slice(0, SHOWN).map(showDiagnostic)
  const more = diagnostics.length - SHOWN
  if (more > 0) shown.push(`and ${more} more`)
  return shown.join('\n\n')
}

function showDiagnostic({ message, hint, source, length, chain, ...at }: Diagnostic): string {
  const lines = [`${showPlace(at)}: ${message}`]
  if (source !== null && at.line !== null && at.column !== null) {
    const gutter = String(at.line)
    const { text, from } = excerpt(source, at.column - 1)
    const marks = Math.min(Math.max(1, length), Math.max(1, text.length - from))
    lines.push(`  ${gutter} | ${text}`)
    lines.push(`  ${' '.repeat(gutter.length)} | ${' '.repeat(from)}${'^'.repeat(marks)}`)
  }
  for (const step of chain) lines.push(`  ${step}`)
  if (hint !== null && hint !== '') lines.push(`  ${hint}`)
  return lines.join('\n')
}

/** The longest part of a line that is shown: a minified file is one line. */
const WIDEST = 120

/** What is shown of a source line, and where in that the column is. */
function excerpt(source: string, column: number): { readonly text: string; readonly from: number } {
  // However wide a tab is, the caret then stands below what it means.
  const line = source.replaceAll('\t', ' ')
  if (line.length <= WIDEST) return { text: line, from: column }
  const start = Math.max(0, Math.min(column - 40, line.length - WIDEST))
  const head = start > 0 ? '…' : ''
  const tail = start + WIDEST < line.length ? '…' : ''
  return {
    text: `${head}${line.slice(start, start + WIDEST)}${tail}`,
    from: column - start + head.length,
  }
}

function showPlace({ file, line, column }: Pick<Diagnostic, 'file' | 'line' | 'column'>): string {
  return line === null ? file : `${file}:${line}:${column ?? 1}`
}
