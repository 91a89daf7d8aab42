import { Describer } from '@theater/replay'
import { findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { EventReader } from '../event-json.ts'
import { eventLine } from '../event-line.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'
import { readGenesis, readModel } from '../records.ts'

/** Options of `theater chain`. */
export interface ChainOptions {
  readonly data: string
  /** The first event. @default 0 */
  readonly from?: number
  /** The last event. @default the last there is */
  readonly to?: number
}

/** `theater chain`: an actor's record, event by event, also while another process writes it. */
export async function chain(actor: string, options: ChainOptions, output: Output): Promise<number> {
  await using store = await readChains(options.data)
  const info = await findActor(store, actor, options.data)
  const { from = 0, to = info.size - 1 } = options
  if (from > to)
    throw new CliError(
      'usage',
      `there is nothing from ${from} to ${to}: ${actor} has the events 0 to ${info.size - 1}`,
    )
  const genesis = await readGenesis(store, info.chain)
  const model = genesis === undefined ? undefined : await readModel(store, genesis.content)
  const events = new EventReader(store, info.chain, new Describer(model))
  const width = String(Math.min(to, info.size - 1)).length
  for await (const event of events.read(from, Math.min(to, info.size - 1))) {
    if (output.closed) break
    await output.result(event, () => eventLine(event, width, output))
  }
  return exits.done
}
