import type { Host, Running } from './host.ts'
import type { Interrupt } from './interrupt.ts'
import type { Output } from './output.ts'

/**
 * Waits while actors answer requests: until somebody ends the host, another one takes the data folder over, or none of them answers any
 * more and nothing is due, so that the process would only wait for itself.
 *
 * @throws TheaterError, ChainError why they do not
 */
export async function whileAnswering(
  host: Host,
  theater: Running,
  interrupt: Interrupt,
  output: Output,
): Promise<void> {
  const deserted = Promise.withResolvers<'deserted'>()
  const listener = (): void => deserted.resolve('deserted')
  process.once('beforeExit', listener)
  try {
    const how = await Promise.race([interrupt.happened, host.lost, deserted.promise])
    if (how !== 'deserted') return
    const failed = (await theater.actors()).find(({ failure }) => failure !== undefined)
    if (failed?.failure !== undefined) throw failed.failure
    output.note('no actor answers requests any more')
  } finally {
    process.off('beforeExit', listener)
  }
}
