import type { Outcome } from '@theater/event-chain'
import type { DerivedClock } from './clock.ts'
import type { Imported } from './imported.ts'
import { checkWaited } from './io.ts'
import type { QueueRule } from './rules.ts'

/**
 * Rules that hold for every answer that a boundary records, whoever gave it: what breaks one was made up.
 *
 * @param asked whether the call says what it asks of its grant, and was answered at once
 * @throws Error with the rule that it breaks
 */
export function checkAnswer(
  fn: Imported,
  args: readonly unknown[],
  value: unknown,
  { denied, closed, elapsed }: Outcome,
  clock: DerivedClock,
  asked: boolean,
): void {
  if (clock.ended) throw new Error('an answer that came after the end of the clock')
  if (denied && !asked) throw new Error('a refusal of what asked for nothing, or had begun')
  if (closed && fn.handleParams === 'none')
    throw new Error('an answer of a closed handle where there is none')
  if (denied && elapsed !== 0) throw new Error('a refusal that waited')
  if (denied && closed) throw new Error('an answer that was refused and of a closed handle at once')
  if (denied || closed) {
    const answered = fn.isResult ? (value as { readonly tag: string }).tag : 'a value'
    if (answered !== 'err')
      throw new Error(`${denied ? 'a refusal' : 'a closed handle'} that answered ${answered}`)
  }
  if (fn.io !== undefined) checkWaited(fn.track, args, value, clock)
  checkQueued(fn, args, value, clock.notBefore())
}

/**
 * The rules that hold for what an answer queues, also for one that a handler gives.
 *
 * @param now milliseconds since the epoch by the actor's clock when it comes
 * @throws Error with the rule that it breaks
 */
export function checkQueued(
  { queue, isResult }: { readonly queue: QueueRule | undefined; readonly isResult: boolean },
  args: readonly unknown[],
  value: unknown,
  now: number,
): void {
  if (queue?.kind !== 'timer' || queue.check === undefined) return
  const { tag, val } = value as { readonly tag: string; readonly val?: unknown }
  if (isResult && tag === 'ok') queue.check({ args, answer: val, sender: '' }, now)
}
