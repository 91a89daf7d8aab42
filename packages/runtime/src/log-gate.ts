import type { Host, LogLine } from './host.ts'

const SECOND = 1000

/** What one actor may write to its log in a second. */
export interface LogLimits {
  readonly logLines: number
  readonly logBytes: number
}

/** Whose log it is. */
export interface LogGateActor {
  readonly id: string
  readonly limits: LogLimits
  /** Milliseconds, by the actor's own clock: what is left out follows from what its record says of time, on any machine. */
  readonly clock: number
}

/**
 * Lets so much of one actor's log through in a second, by the actor's own clock. Of what is left out a line says how much it is: at
 * the end of the first turn of that second in which something was, and of what comes after that when the second is over.
 */
export class LogGate {
  readonly #actor: LogGateActor
  readonly #to: Pick<Host, 'log'>
  #since = -Infinity
  #lines = 0
  #bytes = 0
  #leftLines = 0
  #leftBytes = 0
  /** Which limit the first line went beyond that was left out. */
  #over: keyof LogLimits = 'logLines'
  /** Whether it was said, in this second, that something was left out. */
  #said = false

  constructor(actor: LogGateActor, to: Pick<Host, 'log'>) {
    this.#actor = actor
    this.#to = to
  }

  log(line: LogLine): void {
    this.#roll()
    const { limits } = this.#actor
    const bytes = sizeOf(line)
    const over = this.#lines >= limits.logLines ? 'logLines' : 'logBytes'
    if (this.#lines < limits.logLines && this.#bytes + bytes <= limits.logBytes) {
      this.#lines++
      this.#bytes += bytes
      this.#to.log(line)
      return
    }
    if (this.#leftLines === 0) this.#over = over
    this.#leftLines++
    this.#leftBytes += bytes
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
    const now = this.#actor.clock
    // Between a trap and the next turn there is no instance to ask, and it may seem to be earlier.
    if (now - this.#since < SECOND) return
    this.#tell()
    this.#since = now
    this.#lines = this.#bytes = 0
    this.#said = false
  }

  #tell(): void {
    const [lines, bytes] = [this.#leftLines, this.#leftBytes]
    if (lines === 0) return
    const { id: actor, limits } = this.#actor
    const limit = `${limits[this.#over]} ${this.#over === 'logLines' ? 'lines' : 'bytes'} a second`
    const message = `${lines} ${lines === 1 ? 'line' : 'lines'} of ${bytes} bytes left out: more than ${limit}, the limit "${this.#over}"`
    const fields = [
      ['code', 'log-rate'],
      ['limit', this.#over],
      ['lines', String(lines)],
      ['bytes', String(bytes)],
    ] as const
    this.#leftLines = this.#leftBytes = 0
    this.#said = true
    this.#to.log({ actor, level: 'warn', message, fields })
  }
}

/** How many bytes a line has, as UTF-8. */
function sizeOf({ message, fields }: LogLine): number {
  let size = Buffer.byteLength(message)
  for (const [name, value] of fields) size += Buffer.byteLength(name) + Buffer.byteLength(value)
  return size
}
