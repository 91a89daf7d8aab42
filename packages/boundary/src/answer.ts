import type { Outcome } from '@theater/event-chain'
import type { DerivedClock } from './clock.ts'
import type { Imported } from './imported.ts'
import { checkWaited } from './io.ts'

/**
 * Rules that hold for every answer that a boundary records, whoever gave it: what breaks one was made up.
 *
 * @throws Error with the rule that it breaks
 */
export function checkAnswer(
  fn: Imported,
  args: readonly unknown[],
  value: unknown,
  { denied, closed }: Outcome,
  clock: DerivedClock,
): void {
  if (denied && closed) throw new Error('an answer that was refused and of a closed handle at once')
  if (denied || closed) {
    const answered = fn.isResult ? (value as { readonly tag: string }).tag : 'a value'
    if (answered !== 'err')
      throw new Error(`${denied ? 'a refusal' : 'a closed handle'} that answered ${answered}`)
  }
  if (fn.io !== undefined) checkWaited(fn.track, args, value, clock)
}
