import { printable } from '@theater/handler-log'
import type { DeadLetter, LogLine } from '@theater/runtime'
import { showFrames } from './component-maps.ts'
import type { ComponentMaps, Frame } from './component-maps.ts'
import type { Output, Style } from './output.ts'

/** How a level looks. */
export const looks: Readonly<Record<LogLine['level'], Style>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
}

/** Writes what actors log to stderr, a line each. What a guest wrote can neither break the line nor steer a terminal. */
export function logTo(output: Output): (line: LogLine, maps?: ComponentMaps) => void {
  return ({ actor, level, message, fields }, maps) => {
    // A stack is shown in the lines below, if anybody knows what it means.
    const frames = fields.flatMap(([name, value]) => (name === 'stack' && maps?.frames(actor, value)) || [])
    const shown = frames.length > 0 ? fields.filter(([name]) => name !== 'stack') : fields
    const pairs = shown.map(([name, value]) =>
      output.styleNote('dim', ` ${printable(name)}=${printable(value)}`),
    )
    const head = `${output.styleNote('bold', printable(actor))} ${output.styleNote(looks[level], level.padEnd(5))}`
    output.note(`${head} ${printable(message)}${pairs.join('')}`)
    noteFrames(frames, output)
  }
}

/** Writes the frames of a stack to stderr, indented. */
export function noteFrames(frames: readonly Frame[], output: Output): void {
  for (const line of showFrames(frames)) output.note(output.styleNote('dim', `  ${printable(line)}`))
}

/** Messages that reached nobody: writes them to stderr, and counts those whose receiver failed. */
export class DeadLetters {
  /** How many messages a receiver trapped over, refused, or was aborted at. */
  failed = 0
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  /** Takes one. */
  readonly take = (letter: DeadLetter): void => {
    const { from, to, seq, reason } = letter
    if (reason === 'trapped' || reason === 'aborted' || reason === 'failed') this.failed++
    const what = `${printable(to)} ${reasons[reason]} a message of ${printable(from)} (event ${seq})`
    this.#output.note(this.#output.styleNote('yellow', `dead letter: ${what}`))
  }
}

const reasons: Readonly<Record<DeadLetter['reason'], string>> = {
  'unknown-actor': 'is not there for',
  'not-served': 'takes no messages, such as',
  'too-large': 'does not take as much as',
  stopped: 'was stopped before it took',
  trapped: 'trapped over',
  aborted: 'was aborted over',
  failed: 'refused',
}
