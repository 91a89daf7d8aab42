import type { LogLine } from './host.ts'

const SECOND = 1000

/** Lets so many lines of one actor's log through in a second. The first one above is answered by a line that says so. */
export class LogGate {
  readonly #limit: number
  readonly #write: (line: LogLine) => void
  readonly #now: () => number
  #since = 0
  #lines = 0

  constructor(limit: number, write: (line: LogLine) => void, now: () => number = Date.now) {
    this.#limit = limit
    this.#write = write
    this.#now = now
  }

  log(line: LogLine): void {
    const now = this.#now()
    // A clock that was set back begins a new second, too.
    if (now - this.#since >= SECOND || now < this.#since) {
      this.#since = now
      this.#lines = 0
    }
    this.#lines++
    if (this.#lines <= this.#limit) this.#write(line)
    else if (this.#lines === this.#limit + 1) {
      const { actor } = line
      const message = `${actor} logs more than ${this.#limit} lines a second, its limit "logLines": the others are left out`
      this.#write({ actor, level: 'warn', message, fields: [['code', 'log-rate']] })
    }
  }
}
