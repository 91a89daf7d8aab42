import { stripVTControlCharacters, styleText } from 'node:util'

/** A look of text. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'

const indent = '     '
// oxlint-disable-next-line no-control-regex -- what `styleText` writes
const styled = /(\u001b\[[0-9;]*m)/

/** Where the example writes: a terminal with colours and a line that is written over, or plain text. */
export class Screen {
  readonly #out = process.stdout
  readonly #colour = this.#out.isTTY && !process.env['NO_COLOR']
  #step = 0
  /** Whether the last line is to be written over. */
  #status = false
  #drawn = 0

  /** Text in a style, on a terminal. */
  style(look: Style | Style[], text: string): string {
    return this.#colour ? styleText(look, text, { validateStream: false }) : text
  }

  /** Writes a line. */
  line(text = ''): void {
    this.#clear()
    this.#out.write(text === '' ? '\n' : `${indent}${text}\n`)
  }

  /** Writes the title over everything. */
  title(text: string): void {
    this.#out.write(`\n${this.style('bold', text)}\n`)
  }

  /** Begins the next step. */
  heading(text: string): void {
    this.#clear()
    this.#step++
    this.#out.write(`\n  ${this.style(['bold', 'cyan'], String(this.#step))}  ${this.style('bold', text)}\n`)
  }

  /** Shows what is under way: on a terminal only. */
  working(text: string): void {
    this.#draw(this.style('dim', `${text} …`))
  }

  /** Shows how far something is: a line that is written over on a terminal, a line for each fifth anywhere else. */
  progress(done: number, total: number, text: string): void {
    const count = `${String(done).padStart(String(total).length)}/${total}`
    if (!this.#out.isTTY) {
      if (done % Math.ceil(total / 5) === 0) this.line(`${count}  ${text}`)
      return
    }
    // A terminal is slower than an audit.
    const now = performance.now()
    if (now - this.#drawn < 40 && done !== total) return
    this.#drawn = now
    const width = 30
    // Both numbers come from a guest.
    const full = Math.min(width, Math.max(0, Math.round((done / total) * width) || 0))
    const bar = this.style('green', '█'.repeat(full)) + this.style('dim', '░'.repeat(width - full))
    this.#draw(`${bar}  ${count}  ${this.style('dim', text)}`)
  }

  /** Writes rows in columns, two spaces apart. A column whose title ends in `>` stands to the right. */
  table(titles: readonly string[], rows: readonly (readonly string[])[]): void {
    const right = titles.map((text) => text.endsWith('>'))
    const heads = titles.map((text) => text.replace(/>$/, ''))
    const widths = heads.map((text, i) => Math.max(text.length, ...rows.map((row) => width(row[i] ?? ''))))
    const write = (cells: readonly string[], look: (text: string) => string): void => {
      const padded = cells.map((cell, i) => {
        const room = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)))
        return right[i] === true ? room + cell : cell + room
      })
      this.line(this.#fit(look(padded.join('  ').trimEnd())))
    }
    write(heads, (text) => this.style('dim', text))
    for (const row of rows) write(row, (text) => text)
  }

  #draw(text: string): void {
    if (!this.#out.isTTY) return
    this.#clear()
    this.#out.write(`${indent}${this.#fit(text)}`)
    this.#status = true
  }

  #clear(): void {
    if (this.#status) this.#out.write('\r\u001b[K')
    this.#status = false
  }

  /** Cuts what would not fit on a line of the terminal. */
  #fit(text: string): string {
    return this.#out.isTTY ? cut(text, this.#out.columns - indent.length - 1) : text
  }
}

function cut(text: string, room: number): string {
  if (width(text) <= room) return text
  let left = room - 1
  const parts = text.split(styled).map((part) => {
    if (part.startsWith('\u001b')) return part
    const kept = part.slice(0, Math.max(0, left))
    left -= kept.length
    return kept
  })
  return `${parts.join('')}…`
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
