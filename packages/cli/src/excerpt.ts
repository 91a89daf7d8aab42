import { printable } from '@theater/handler-log'
import type { Span } from './toml-places.ts'

/** How much of a line is shown around what it is about. */
const BEFORE = 50
const SHOWN = 90

/** The line that a span is on, and a line of carets under the span. Nothing in it can steer a terminal. */
export function excerpt(text: string, { line, column, end }: Span): readonly string[] {
  const source = lineOf(text, line)
  const from = Math.max(0, Math.min(column - 1 - BEFORE, source.length - SHOWN))
  const upTo = Math.min(source.length, from + SHOWN)
  const before = (from > 0 ? '…' : '') + show(source.slice(from, column - 1))
  const marked = show(source.slice(column - 1, Math.min(upTo, end === undefined ? upTo : end - 1)))
  const after = end === undefined ? '' : show(source.slice(Math.min(upTo, end - 1), upTo))
  const gutter = String(line).padStart(4)
  const cut = upTo < source.length ? '…' : ''
  const carets = '^'.repeat(Math.max(1, width(marked.trimEnd())))
  return [
    `${gutter} | ${before}${marked}${after}${cut}`.trimEnd(),
    `${' '.repeat(gutter.length)} | ${' '.repeat(width(before))}${carets}`,
  ]
}

function lineOf(text: string, line: number): string {
  let from = 0
  for (let n = 1; n < line; n++) {
    const next = text.indexOf('\n', from)
    if (next === -1) return ''
    from = next + 1
  }
  const to = text.indexOf('\n', from)
  return text.slice(from, to === -1 ? undefined : to).replace(/\r$/, '')
}

function show(text: string): string {
  return printable(text.replaceAll('\t', ' '))
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** Columns of a terminal: letters of East Asia and emoji take two, combining marks none. */
function width(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    columns += WIDE.test(character) ? 2 : 1
  }
  return columns
}
