import type { LogLine } from './host.ts'

const SECOND = 1000

/** What one actor may write to its log in a second. */
export interface LogLimits {
  readonly logLines: number
  readonly logBytes: number
}

/** What a {@link LogGate} needs of its actor. */
export interface LogGateParts {
  readonly actor: string
  readonly limits: LogLimits
  /** Milliseconds, by the actor's own clock: what is left out follows from what its record says of time, on any machine. */
  readonly now: () => number
  readonly write: (line: LogLine) => void
}

/**
 * Lets so much of one actor's log through in a second, by the actor's own clock. Of what is left out a line says how much it is: at
 * the end of the first turn of that second in which something was, and of what comes after that when the second is over.
 */
export class LogGate {
  readonly #parts: LogGateParts
  #since = -Infinity
  #lines = 0
  #bytes = 0
  #left = { lines: 0, bytes: 0 }
  /** Which limit the first line went beyond that was left out. */
  #over: keyof LogLimits = 'logLines'
  /** Whether it was said, in this second, that something was left out. */
  #said = false

  constructor(parts: LogGateParts) {
    this.#parts = parts
  }

  log(line: LogLine): void {
    this.#roll()
    const { limits, write } = this.#parts
    const bytes = sizeOf(line)
    const over = this.#lines >= limits.logLines ? 'logLines' : 'logBytes'
    if (this.#lines < limits.logLines && this.#bytes + bytes <= limits.logBytes) {
      this.#lines++
      this.#bytes += bytes
      write(line)
      return
    }
    if (this.#left.lines === 0) this.#over = over
    this.#left.lines++
    this.#left.bytes += bytes
  }

  /** A turn is over. */
  turnEnded(): void {
    this.#roll()
    if (!this.#said) this.#tell()
  }

  /** Nothing comes any more. */
  end(): void {
    this.#tell()
  }

  #roll(): void {
    const now = this.#parts.now()
    // Between a trap and the next turn there is no instance to ask, and it may seem to be earlier.
    if (now - this.#since < SECOND) return
    this.#tell()
    this.#since = now
    this.#lines = this.#bytes = 0
    this.#said = false
  }

  #tell(): void {
    const { lines, bytes } = this.#left
    if (lines === 0) return
    const { actor, limits, write } = this.#parts
    const limit = `${limits[this.#over]} ${this.#over === 'logLines' ? 'lines' : 'bytes'} a second`
    const message = `${lines} ${lines === 1 ? 'line' : 'lines'} of ${bytes} bytes left out: more than ${limit}, the limit "${this.#over}"`
    const fields = [
      ['code', 'log-rate'],
      ['limit', this.#over],
      ['lines', String(lines)],
      ['bytes', String(bytes)],
    ] as const
    this.#left = { lines: 0, bytes: 0 }
    this.#said = true
    write({ actor, level: 'warn', message, fields })
  }
}

/** How many bytes a line has, as UTF-8. */
function sizeOf({ message, fields }: LogLine): number {
  let size = Buffer.byteLength(message)
  for (const [name, value] of fields) size += Buffer.byteLength(name) + Buffer.byteLength(value)
  return size
}
