import { ChainError, readEvents } from '@theater/event-chain'
import type { ChainInfo, Event, LoggedStore, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import { splitCid } from '@theater/values'
import type { Level } from '@theater/handler-log'
import { ComponentMaps, showFrames } from '../component-maps.ts'
import { dataPaths, findActor, readChains } from '../data-folder.ts'
import { EventSayer } from '../event-json.ts'
import { exits, interrupted } from '../exits.ts'
import { follow, noteAgain, noteGone, pause } from '../follow.ts'
import { Ending } from '../interrupt.ts'
import { levels, LogReader } from '../log-lines.ts'
import type { LogEntry } from '../log-lines.ts'
import { looks } from '../logs.ts'
import type { Output } from '../output.ts'
import { progress } from '../progress.ts'
import { componentName, describerOf, readGenesis } from '../records.ts'
import { stamp } from '../timers.ts'
import { wholeOf } from '../whole.ts'

/** Options of `theater logs`. */
export interface LogsOptions {
  readonly data: string
  /** Goes on with what is logged meanwhile. */
  readonly follow?: true
  /** Only the last so many lines of those that are there. @default all */
  readonly lines?: number
  /** Only what stands in this event or a later one. @default 0 */
  readonly since?: number
  /** Only what was logged at this level or above. @default everything, and what was written to streams */
  readonly level?: Level
}

/** `theater logs`: what an actor logged and wrote, out of its record, also while another process writes that. */
export async function logs(actor: string, options: LogsOptions, output: Output): Promise<number> {
  if (options.follow === true) return followLogs(actor, options, output)
  await using store = await readChains(options.data)
  const info = await findActor(store, actor, options.data)
  await using opened = new AsyncDisposableStack()
  const events = await allOf(store, info, opened, output)
  await print({ store, info, events, maps: mapsOf(options) }, options, output)
  return exits.done
}

/** The events of a record. What was archived is read from its files, and left out where one is not there any more. */
async function allOf(
  store: LoggedStore,
  info: ChainInfo,
  opened: AsyncDisposableStack,
  output: Output,
): Promise<AsyncIterable<Event>> {
  const { chain, size, archived } = info
  try {
    const whole = await wholeOf(store, info, opened)
    return readEvents(whole.store, chain, 0, size, { hash: sha256 })
  } catch (error) {
    if (!ChainError.is(error) || error.code !== 'archived' || archived === undefined) throw error
    output.note(`${error.message}; they are left out`)
    return both(
      readEvents(store, chain, 0, archived.lead, { hash: sha256 }),
      readEvents(store, chain, archived.base, size, { hash: sha256 }),
    )
  }
}

async function* both<T>(one: AsyncIterable<T>, other: AsyncIterable<T>): AsyncGenerator<T> {
  yield* one
  yield* other
}

async function followLogs(actor: string, options: LogsOptions, output: Output): Promise<number> {
  using ending = new Ending()
  const { signal } = ending
  for await (const { store, info, again, events } of follow(options.data, actor, () => pause(signal))) {
    if (again) noteAgain(actor, output)
    // A record that was begun anew has none of the numbers that were asked for, and all of it is new.
    const wanted = again ? { level: options.level } : options
    noteGone(info, output)
    if (await print({ store, info, events: events(0), maps: mapsOf(options) }, wanted, output, signal)) break
  }
  return signal.aborted ? interrupted : exits.done
}

interface Printed {
  readonly store: Store
  readonly info: ChainInfo
  /** All of them: which resource is a standard stream is said once, perhaps in the first. */
  readonly events: AsyncIterable<Event>
  /** For the places in stacks. */
  readonly maps: ComponentMaps
}

function mapsOf({ data }: LogsOptions): ComponentMaps {
  return new ComponentMaps(dataPaths(data).maps)
}

type Wanted = { readonly [K in 'lines' | 'since' | 'level']?: LogsOptions[K] | undefined }

/** Prints the lines of a record; true: whoever reads them has seen enough. */
async function print(
  { store, info, events, maps }: Printed,
  { lines = Infinity, since = 0, level }: Wanted,
  output: Output,
  signal?: AbortSignal,
): Promise<boolean> {
  const sayer = new EventSayer(await describerOf(store, info.chain))
  const reader = new LogReader()
  const genesis = await readGenesis(store, info.chain)
  if (genesis !== undefined) maps.know(info.label, componentName(splitCid(genesis.content.component).digest))
  const least = level === undefined ? -1 : levels.indexOf(level)
  const wanted = (entry: LogEntry): boolean =>
    entry.seq >= since && (entry.level === null ? least === -1 : levels.indexOf(entry.level) >= least)
  const write = async (entries: readonly LogEntry[]): Promise<void> => {
    for (const entry of entries) await output.result(entry, () => logLine(entry, info.label, maps, output))
  }
  // Of those that are there already only the last may be wanted; those that come are written as they come.
  let held: LogEntry[] = []
  const flush = async (): Promise<void> => {
    output.endStatus()
    const last = lines === 0 ? [] : held.slice(-lines)
    held = []
    await write(last)
  }
  let last = -1
  for await (const event of events) {
    if (output.closed || signal?.aborted === true) return true
    last = event.seq
    const entries = reader.take(sayer.say(event)).filter(wanted)
    const there = event.seq < info.size
    if (there && event.seq % 256 === 0) output.status(progress('reading', info.label, event.seq, info.size))
    if (!there || lines === Infinity) await write(entries)
    else held.push(...entries)
    if (held.length > 2 * lines + 1000) held = lines === 0 ? [] : held.slice(-lines)
    if (event.seq === info.size - 1) await flush()
  }
  if (last < info.size - 1) await flush()
  // What a turn that is under way has written so far, where nobody waits for the rest of the line.
  if (signal === undefined) await write(reader.rest().filter(wanted))
  return false
}

/** A line for people. What a guest wrote can neither break it nor steer a terminal. */
function logLine(
  { time, source, level, message, fields }: LogEntry,
  actor: string,
  maps: ComponentMaps,
  output: Output,
): string {
  const frames = fields.flatMap(([name, value]) => (name === 'stack' && maps.frames(actor, value)) || [])
  const said = frames.length > 0 ? fields.filter(([name]) => name !== 'stack') : fields
  const below = showFrames(frames).map((line) => output.style('dim', `\n  ${printable(line)}`))
  const what = level === null ? output.style('dim', source) : output.style(looks[level], level.padEnd(6))
  const pairs = said.map(([name, value]) => output.style('dim', ` ${printable(name)}=${printable(value)}`))
  return (
    `${output.style('dim', stamp(time))}  ${what}  ${printable(message)}${pairs.join('')}`.trimEnd() +
    below.join('')
  )
}
