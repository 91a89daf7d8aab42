import { ChainError, readEvents } from '@theater/event-chain'
import type { BlobReader, ChainInfo, ChainReader, Event, LoggedStore } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { eventLine } from '../event-line.ts'
import { EventReader } from '../event-reader.ts'
import { exits, interrupted } from '../exits.ts'
import { follow, noteAgain, noteGone, pause } from '../follow.ts'
import { Ending } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { describerOf } from '../records.ts'
import { erasedOf } from '../signed-records.ts'
import { wholeOf } from '../whole.ts'

/** Options of `theater chain`. */
export interface ChainOptions {
  readonly data: string
  /** The first event. @default 0 */
  readonly from?: number
  /** The last event. @default the last there is */
  readonly to?: number
  /** Goes on with what is recorded meanwhile. */
  readonly follow?: true
}

/** `theater chain`: an actor's record, event by event, also while another process writes it. */
export async function chain(actor: string, options: ChainOptions, output: Output): Promise<number> {
  const { data, from = 0, to } = options
  if (options.follow === true) return followChain(actor, options, output)
  await using store = await readChains(data)
  const info = await findActor(store, actor, data)
  const last = Math.min(to ?? Infinity, info.size - 1)
  if (from > last)
    throw new CliError(
      'usage',
      `there is nothing from ${from} to ${to ?? last}: ${actor} has the events 0 to ${info.size - 1}`,
    )
  await using opened = new AsyncDisposableStack()
  const ranges = await rangesOf(store, info, { from: options.from, last }, opened, output)
  for (const { store: reader, from: first, to: end } of ranges) {
    const events = readEvents(reader, info.chain, first, end, { hash: sha256 })
    if (await print({ store, reader, info, events }, first, { from: first, to: end - 1 }, output)) break
  }
  return exits.done
}

/** A range of a record, and where it is read from. */
interface Range {
  readonly store: Reading
  readonly from: number
  readonly to: number
}

/**
 * Where the events are that are asked for. What was archived is read from its files; where one is not there any more, and nobody asked for just
 * these events, they are left out.
 */
async function rangesOf(
  store: LoggedStore,
  info: ChainInfo,
  { from, last }: { readonly from: number | undefined; readonly last: number },
  opened: AsyncDisposableStack,
  output: Output,
): Promise<readonly Range[]> {
  const first = from ?? 0
  const { archived } = info
  if (archived === undefined || first >= archived.base || last < archived.lead)
    return [{ store, from: first, to: last + 1 }]
  try {
    const whole = await wholeOf(store, info, opened)
    return [{ store: whole.store, from: first, to: last + 1 }]
  } catch (error) {
    if (!ChainError.is(error) || error.code !== 'archived' || from !== undefined) throw error
    const { lead, base } = archived
    output.note(`${error.message}; they are left out`)
    const behind = last < base ? [] : [{ store, from: base, to: last + 1 }]
    return [{ store, from: 0, to: lead }, ...behind]
  }
}

async function followChain(actor: string, options: ChainOptions, output: Output): Promise<number> {
  using ending = new Ending()
  const { signal } = ending
  for await (const { store, info, again, events } of follow(options.data, actor, () => pause(signal))) {
    // A record that was begun anew has none of the numbers that were asked for.
    const wanted: Pick<ChainOptions, 'from' | 'to'> = again ? {} : options
    if (again) noteAgain(actor, output)
    const from = Math.min(wanted.from ?? 0, info.size)
    if (from === 0) noteGone(info, output)
    if (
      await print(
        { store, reader: store, info, events: events(from) },
        startOf(info, from),
        wanted,
        output,
        signal,
      )
    )
      break
  }
  return signal.aborted ? interrupted : exits.done
}

/** The first event that is shown to who follows from one on. */
function startOf({ archived }: ChainInfo, from: number): number {
  return from === 0 ? (archived?.base ?? 0) : from
}

type Reading = ChainReader & BlobReader

interface Printed {
  readonly store: LoggedStore
  /** What has the events, and what comes before them. */
  readonly reader: Reading
  readonly info: ChainInfo
  readonly events: AsyncIterable<Event>
}

/** Prints events, which begin with that number; true: whoever reads them has seen enough. */
async function print(
  { store, reader: source, info, events }: Printed,
  first: number,
  { from = 0, to = Infinity }: Pick<ChainOptions, 'from' | 'to'>,
  output: Output,
  signal?: AbortSignal,
): Promise<boolean> {
  const erased = await erasedOf(store, info)
  const reader = new EventReader(source, info.chain, await describerOf(store, info.chain), erased)
  await reader.startAt(first, info.archived)
  const width = String(Math.min(to, info.size - 1)).length
  for await (const event of events) {
    if (output.closed || event.seq > to || signal?.aborted === true) return true
    const said = await reader.say(event)
    if (event.seq < from) continue
    await output.result(said, () => eventLine(said, width, output))
    if (event.seq === to) return true
  }
  return false
}
