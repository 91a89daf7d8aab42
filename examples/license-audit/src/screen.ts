import { stripVTControlCharacters, styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'

const out = process.stdout
const colour = out.isTTY && !process.env['NO_COLOR']
const indent = '     '
// oxlint-disable-next-line no-control-regex -- what `styleText` writes
const styled = /(\u001b\[[0-9;]*m)/
let step = 0
let status = false

/** Text in a style, on a terminal. */
export function style(look: Style | Style[], text: string): string {
  return colour ? styleText(look, text, { validateStream: false }) : text
}

/** Writes a line. */
export function line(text = ''): void {
  clear()
  out.write(text === '' ? '\n' : `${indent}${text}\n`)
}

/** The title over everything. */
export function title(text: string): void {
  out.write(`\n${style('bold', text)}\n`)
}

/** Begins the next step. */
export function heading(text: string): void {
  clear()
  out.write(`\n  ${style(['bold', 'cyan'], String(++step))}  ${style('bold', text)}\n`)
}

/** Shows how far something is: a line that is written over on a terminal, nothing anywhere else. */
export function progress(done: number, total: number, text: string): void {
  if (!out.isTTY) return
  const width = 30
  // Both come from a guest.
  const full = Math.min(width, Math.max(0, Math.round((done / total) * width) || 0))
  const bar = style('green', '█'.repeat(full)) + style('dim', '░'.repeat(width - full))
  const count = `${String(done).padStart(String(total).length)}/${total}`
  clear()
  out.write(cut(`${indent}${bar}  ${count}  ${style('dim', text)}`, out.columns - 1))
  status = true
}

/** Shows what is under way: on a terminal only. */
export function working(text: string): void {
  if (!out.isTTY) return
  clear()
  out.write(`${indent}${style('dim', `${text} …`)}`)
  status = true
}

function clear(): void {
  if (status) out.write('\r\u001b[K')
  status = false
}

function cut(text: string, width: number): string {
  if (stripVTControlCharacters(text).length <= width) return text
  let room = width - 1
  const parts = text.split(styled).map((part) => {
    if (part.startsWith('\u001b')) return part
    const kept = part.slice(0, Math.max(0, room))
    room -= kept.length
    return kept
  })
  return `${parts.join('')}…`
}

/** Rows in columns, two spaces apart. A column whose title ends in `>` stands to the right. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const right = titles.map((text) => text.endsWith('>'))
  const heads = titles.map((text) => text.replace(/>$/, ''))
  const widths = heads.map((text, i) => Math.max(text.length, ...rows.map((row) => width(row[i] ?? ''))))
  const write = (cells: readonly string[], look: (text: string) => string): void => {
    const padded = cells.map((cell, i) => {
      const room = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)))
      return right[i] === true ? room + cell : cell + room
    })
    const text = look(padded.join('  ').trimEnd())
    line(out.isTTY ? cut(text, out.columns - indent.length) : text)
  }
  write(heads, (text) => style('dim', text))
  for (const row of rows) write(row, (text) => text)
}

function width(text: string): number {
  return stripVTControlCharacters(text).length
}

/** `1,234 events`, `1 event`. */
export function counted(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`
}

/** `1,234`. */
export function number(n: number): string {
  return n.toLocaleString('en-US')
}

/** `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** A clock that says how long it has been running: `1.2 s`. */
export function clock(): () => string {
  const start = performance.now()
  return () => `${((performance.now() - start) / 1000).toFixed(1)} s`
}
