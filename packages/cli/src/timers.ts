import { printable } from '@theater/handler-log'
import { recordedTimers } from '@theater/runtime'
import type { Store } from '@theater/event-chain'
import type { TimerInfo } from '@theater/runtime'
import type { Running } from './host.ts'
import type { Output } from './output.ts'
import { count, counted, table } from './table.ts'

/** A timer that is still to fire: an object that `theater ps --timers --json` prints. */
type TimerRow = {
  readonly actor: string
  /** The event in which it was set. */
  readonly timer: number
  /** When it is due next, in milliseconds since the epoch. */
  readonly due: number
  /** Milliseconds; null for one that fires once. */
  readonly interval: number | null
}

/** A moment, in UTC; a record may name one that no calendar has. */
export function stamp(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString().replace('T', ' ')
}

/** Says that timers are still to fire, which nobody has fire when this process ends. */
export async function noteTimers(theater: Running, output: Output): Promise<void> {
  const timers = await theater.timers()
  const [next] = timers
  if (next === undefined) return
  const which = `${counted(timers.length, 'timer')} still to fire, the first of ${printable(next.actor)} at ${stamp(next.due)}`
  output.note(output.styleNote('yellow', `${which}: a later run has them fire, or this one with --wait`))
}

/** Prints the timers of a store that are still to fire, in the order in which they are due. It reads every record. */
export async function printTimers(store: Store, output: Output): Promise<void> {
  const timers = (await recordedTimers(store)).toSorted((a, b) => a.due - b.due)
  if (output.json) {
    for (const timer of timers) await output.result(rowOf(timer), () => '')
    return
  }
  if (timers.length === 0) {
    output.note('no timers')
    return
  }
  await output.text(timerTable(timers, output))
}

/** Timers as a table. */
export function timerTable(timers: readonly TimerInfo[], output: Output): string {
  const columns = [
    { title: 'ACTOR' },
    { title: 'TIMER', align: 'right' },
    { title: 'DUE' },
    { title: 'EVERY' },
  ] as const
  const cells = timers.map(({ actor, id, due, interval }) => [
    output.style('bold', printable(actor)),
    count(id),
    stamp(due),
    interval === undefined ? '–' : `${count(interval)} ms`,
  ])
  return table(columns, cells, (text) => output.style('dim', text))
}

/** A timer as JSON. */
export function rowOf({ actor, id, due, interval }: TimerInfo): TimerRow {
  return { actor, timer: id, due, interval: interval ?? null }
}
