import { printActors } from '../actor-table.ts'
import { dataPaths, readChains } from '../data-folder.ts'
import { isLocked } from '../lock.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'
import { askResidency } from '../residency.ts'
import { printTimers } from '../timers.ts'

/** `theater ps`: the actors of a data folder, or their timers, also while another process runs them. */
export async function ps(
  { data, timers }: { readonly data: string; readonly timers: boolean },
  output: Output,
): Promise<number> {
  await using store = await readChains(data)
  if (timers) await printTimers(store, output)
  else {
    const paths = dataPaths(data)
    const hosted = isLocked(paths.lock)
    await printActors(store, output, hosted, hosted ? await askResidency(paths) : new Map())
  }
  return exits.done
}
