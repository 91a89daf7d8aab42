import { printActors } from '../actor-table.ts'
import { dataPaths, readChains } from '../data-folder.ts'
import { isLocked } from '../lock.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'

/** `theater ps`: the actors of a data folder, also while another process runs them. */
export async function ps({ data }: { readonly data: string }, output: Output): Promise<number> {
  await using store = await readChains(data)
  await printActors(store, output, isLocked(dataPaths(data).lock))
  return exits.done
}
