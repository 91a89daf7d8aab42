import { printable } from '@theater/handler-log'
import type { DeadLetter, LogLine } from '@theater/runtime'
import type { Screen } from '@theater/example-kit/screen'
import type { Listener } from './stage.ts'

/** Shows what agents say while they work. */
export class Watch implements Listener {
  /** Whether only that something goes on is shown, on a terminal. */
  brief = false
  readonly #screen: Screen

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** Takes a line of the log. */
  readonly log = ({ actor, level, message, fields }: LogLine): void => {
    const screen = this.#screen
    const said: Partial<Record<string, string>> = Object.fromEntries(fields)
    const { round = '', messages = '', name = '', given = '', result = '', text = '', reason = '' } = said
    if (this.brief && level !== 'error') return screen.working(`${actor}, round ${round}`)
    switch (message) {
      case 'ask':
        screen.line(`${screen.style('bold', `round ${round}`)}  asks with ${messages} messages`)
        return screen.working('waiting for the model')
      case 'tool': {
        const call = short(`${name} ${argumentOf(given)}`, 62)
        const came =
          result === 'ok' ? screen.style('dim', `${text} characters`) : `${result}: ${short(text, 40)}`
        return screen.line(`  ${call.padEnd(62)}  ${result === 'refused' ? screen.style('red', came) : came}`)
      }
      case 'answer':
        for (const line of wrapped(`answers: ${short(text, 2000)}`, 90)) screen.line(`  ${line}`)
        return
      case 'again':
        return screen.line(screen.style('yellow', `  ${short(reason, 100)}: asks again`))
      case 'stopped':
        return screen.line(screen.style('yellow', `  stops: ${short(reason, 100)}`))
      default:
        if (level === 'warn' || level === 'error')
          screen.line(screen.style('red', `${actor}: ${printable(message)}`))
    }
  }

  /** Takes a message that failed: the question of an agent that did not come to its end. */
  readonly deadLetter = ({ to, reason }: DeadLetter): void => {
    this.#screen.line(this.#screen.style('red', `${to} did not come to its end: ${reason}`))
  }
}

/** A text in lines. */
function wrapped(text: string, most: number): readonly string[] {
  return text.match(new RegExp(`\\S.{0,${most}}(?!\\S)|\\S+`, 'gs')) ?? []
}

/** The argument of a tool that says most; what a model wrote can be anything. */
export function argumentOf(given: string): string {
  try {
    const value: unknown = JSON.parse(given)
    const first = typeof value === 'object' && value !== null ? Object.values(value)[0] : undefined
    return typeof first === 'string' ? first : given
  } catch {
    return given
  }
}

/** Words of somebody else's, so that they fit into a column and no terminal obeys them. */
export function short(text: string, most: number): string {
  const safe = printable(text)
  return safe.length > most ? `${safe.slice(0, most - 1)}…` : safe
}
