import { styleText } from 'node:util'
import type { Json } from '@theater/values'

/** A stream of the process, as far as it is needed. */
export interface Sink {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): boolean
  once(event: 'drain', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A look of text. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'

// Characters that `JSON.stringify` leaves as they are and that a terminal could obey, or that hide or reorder text.
const UNPRINTABLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

/** All that a terminal could obey. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** JSON on one line in which every character that a terminal could obey is escaped. What it parses to is the same. */
export function jsonLine(value: Json, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

/** Whether text for a stream may have colour, by the rules of Node: FORCE_COLOR, then NO_COLOR, then the terminal. */
function isColoured({ isTTY }: Sink): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no = '', TERM: term } = process.env
  if (force !== undefined) return force !== '0' && force !== 'false'
  return no === '' && term !== 'dumb' && isTTY === true
}

/** Where a command writes: results to stdout, everything else to stderr. */
export class Output {
  /** Whether results are JSON, one object a line. */
  readonly json: boolean
  /** Whether nothing can be written to stdout any more. */
  closed = false
  /** Why not, unless whoever read it has just seen enough (`theater chain a | head`). */
  failure: Error | undefined
  readonly #out: Sink
  readonly #err: Sink
  readonly #colour: { readonly out: boolean; readonly err: boolean }
  /** Ends the wait for a reader who will not come back. */
  #gone: (() => void) | undefined
  #status = ''
  #shown = 0

  constructor(json: boolean, out: Sink = process.stdout, err: Sink = process.stderr) {
    this.json = json
    this.#out = out
    this.#err = err
    this.#colour = { out: isColoured(out), err: isColoured(err) }
    out.on('error', (error) => {
      this.closed = true
      if (!('code' in error && error.code === 'EPIPE')) this.failure ??= error
      this.#gone?.()
    })
    err.on('error', () => undefined)
  }

  /** Whether a person watches stderr. */
  get watched(): boolean {
    return this.#err.isTTY === true
  }

  /** How wide stdout is, where a person reads it. */
  get columns(): number | undefined {
    return this.#out.isTTY === true ? this.#out.columns : undefined
  }

  /** Writes one result: an object a line with --json, else the text. */
  async result(value: Json, text: () => string): Promise<void> {
    await this.#write(`${this.json ? jsonLine(value) : text()}\n`)
  }

  /**
   * Writes one result without waiting for whoever reads: for what cannot wait. Elsewhere use {@link result}.
   *
   * @returns whether anybody reads
   */
  resultNow(value: Json, text: () => string): boolean {
    if (this.closed) return false
    this.#clear()
    this.#out.write(`${this.json ? jsonLine(value) : text()}\n`)
    this.#draw()
    return true
  }

  /** Writes text for people: to stdout, or with --json to stderr. */
  async text(text: string): Promise<void> {
    if (this.json) this.note(text)
    else await this.#write(`${text}\n`)
  }

  /** Writes a line to stderr. */
  note(text: string): void {
    this.#clear()
    this.#err.write(`${text}\n`)
    this.#draw()
  }

  /** Shows how far a long job is: one line on a terminal that is written over, nothing anywhere else. */
  status(text: string): void {
    if (!this.watched) return
    // Names of actors are in it, and those may come from a file of somebody else.
    this.#status = text.replace(CONTROL, '?')
    const now = performance.now()
    // A terminal is slower than a re-run.
    if (now - this.#shown < 80) return
    this.#shown = now
    this.#clear()
    this.#draw()
  }

  /** Takes the status line away. */
  endStatus(): void {
    this.#clear()
    this.#status = ''
    this.#shown = 0
  }

  /** Styled text for stdout, where that is a terminal and colour is wanted. */
  style(style: Style | readonly Style[], text: string): string {
    return this.#colour.out && !this.json ? styleText([style].flat(), text, { validateStream: false }) : text
  }

  /** Styled text for stderr. */
  styleNote(style: Style | readonly Style[], text: string): string {
    return this.#colour.err ? styleText([style].flat(), text, { validateStream: false }) : text
  }

  #clear(): void {
    if (this.watched && this.#shown > 0) this.#err.write('\r\u001b[K')
  }

  #draw(): void {
    if (!this.watched || this.#status === '' || this.#shown === 0) return
    const width = this.#err.columns ?? 80
    const text = this.#status.length >= width ? `${this.#status.slice(0, width - 2)}…` : this.#status
    this.#err.write(this.styleNote('dim', text))
  }

  async #write(text: string): Promise<void> {
    if (this.closed) return
    this.#clear()
    if (!this.#out.write(text)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#gone = resolve
      this.#out.once('drain', resolve)
      if (!this.closed) await promise
      this.#gone = undefined
    }
    this.#draw()
  }
}
