import { printable } from '@theater/handler-log'
import type { LogLine } from '@theater/runtime'
import type { Finding } from '../actors/finding.ts'
import type { Options } from './options.ts'
import type { Screen } from '@theater/example-kit/screen'

/** What the auditor answers to `status`. */
export interface Status {
  readonly audited: number
  readonly left: number
  readonly flagged: readonly Finding[]
  /** The hash of the report in the store. */
  readonly report: string | null
}

/** Shows what the auditor says while it works. */
export class Watch {
  #audited = 0
  #before: number | undefined
  readonly #screen: Screen
  readonly #crashAfter: number | undefined

  /** How many packages were read since this process began. */
  get audited(): number {
    return this.#audited
  }

  constructor({ crashAfter }: Options, screen: Screen) {
    this.#screen = screen
    this.#crashAfter = crashAfter
  }

  /** How many were read before; `undefined` until the next one is. */
  get before(): number | undefined {
    return this.#before
  }

  /** Takes a line of the log. */
  readonly take = ({ actor, level, message, fields }: LogLine): void => {
    if (message === 'audited' && level === 'info') return this.#package(Object.fromEntries(fields))
    if (level !== 'warn' && level !== 'error') return
    const more = fields.map(([name, value]) => `${name}=${value}`).join(' ')
    this.#screen.line(this.#screen.style('red', printable(`${actor}: ${message} ${more}`)))
  }

  #package({
    name = '',
    version = '',
    licence = '',
    read = '',
    total = '',
  }: {
    readonly [field: string]: string
  }): void {
    this.#audited++
    const done = Number(read)
    this.#before ??= done - 1
    if (this.#audited === this.#crashAfter) {
      this.#screen.line(
        this.#screen.style(
          'yellow',
          `${done} of ${total} packages; and now this process dies (SIGKILL), as asked`,
        ),
      )
      process.kill(process.pid, 'SIGKILL')
    }
    this.#screen.progress(done, Number(total), printable(`${name} ${version}  ${licence}`))
  }
}
