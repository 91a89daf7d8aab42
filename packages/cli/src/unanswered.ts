import { printable } from '@theater/handler-log'
import type { Output } from './output.ts'

/**
 * Says once of each actor that it left a request without an answer after it had answered others, and what may help: an
 * instance for each request, where it keeps one.
 *
 * @param how how the actor's instances come to live for a turn; `undefined`: they do
 */
export function noteUnanswered(
  output: Output,
  how: (actor: string) => string | undefined,
): (actor: string) => void {
  const noted = new Set<string>()
  return (actor) => {
    const advice = how(actor)
    if (advice === undefined || noted.has(actor)) return
    noted.add(actor)
    const note = `${printable(actor)} has answered a request and left a later one without an answer. A component that is written for one request an instance does that: ${advice} gives it an instance for each.`
    output.note(output.styleNote('yellow', note))
  }
}
