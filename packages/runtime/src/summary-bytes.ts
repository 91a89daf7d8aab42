import type { EventRef } from '@theater/boundary'
import { sha256 } from '@theater/event-chain/node'
import { decodeData, encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import type { ChannelState } from './channels.ts'
import type { StandingTimer } from './standing.ts'
import { Summary } from './summary.ts'
import type { First } from './summary.ts'

/** What a summary of another build is no use to this one. Raise it with every change of what a summary holds, or how. */
const VERSION = 1
const HASH_LENGTH = 32

/** A summary as bytes, between two turns: their hash, then what they say. */
export function encodeSummary(summary: Summary): Uint8Array {
  const { received, sends, subscriptions, ends, connections, standing, unopened, givenUp, end } = summary
  const said = encodeData([
    VERSION,
    [...received.senders].map(([sender, { last, forgotten, turns }]): Data => [
      Buffer.from(sender, 'latin1'),
      last,
      forgotten,
      [...turns].flat(),
    ]),
    [...sends.all].map(([seq, { time, to }]): Data => [seq, time, to]),
    [...subscriptions],
    [...ends.names].map((name): Data => [name, ends.state(name) ?? null]),
    [...connections.names],
    [...standing.all].map(timerData),
    unopened.all.map(([channel, ref]): Data => [channel, refData(ref)]),
    [...givenUp],
    summary.lastResume,
    summary.lastReturn ?? null,
    summary.lastTime,
    summary.first ?? null,
    end === undefined ? null : refData(end),
    summary.gap ?? null,
  ])
  return Buffer.concat([sha256(said), said])
}

/** Reads a summary. @param chain whose it is. @throws Error where it is none, or one of another version */
export function decodeSummary(bytes: Uint8Array, chain: Uint8Array): Summary {
  const said = bytes.subarray(HASH_LENGTH)
  if (!Buffer.from(sha256(said)).equals(bytes.subarray(0, HASH_LENGTH))) throw new Error('it is damaged')
  const all = list(decodeData(said))
  if (all[0] !== VERSION) throw new Error('it is of another version')
  const [, received, sends, subscriptions, ends, connections, standing, unopened, givenUp] =
    all.map(listOrNone)
  const summary = new Summary()
  for (const one of received ?? []) {
    const [sender, last, forgotten, turns] = list(one)
    const numbers = list(turns).map(integer)
    const pairs = new Map<number, number>()
    for (let i = 0; i < numbers.length; i += 2) pairs.set(integer(numbers[i]), integer(numbers[i + 1]))
    const key = Buffer.from(octets(sender)).toString('latin1')
    summary.received.restore(key, { last: integer(last), forgotten: integer(forgotten), turns: pairs })
  }
  for (const one of sends ?? []) {
    const [seq, time, to] = list(one)
    summary.sends.left(integer(seq), { time: integer(time), to: list(to).map(text) })
  }
  for (const topic of subscriptions ?? []) summary.subscriptions.add(text(topic))
  for (const one of ends ?? []) {
    const [name, state] = list(one)
    summary.ends.restore(text(name), oneOf<ChannelState>(state, ['opening', 'asked', 'open']))
  }
  for (const connection of connections ?? []) summary.connections.restore(text(connection))
  for (const one of standing ?? []) summary.standing.restore(timerOf(one, chain))
  for (const one of unopened ?? []) {
    const [channel, ref] = list(one)
    summary.unopened.note(text(channel), refOf(ref))
  }
  for (const seq of givenUp ?? []) summary.givenUp.add(integer(seq))
  const [lastResume, lastReturn, lastTime, first, end, gap] = all.slice(9)
  summary.lastResume = integer(lastResume)
  summary.lastReturn = lastReturn === null ? undefined : integer(lastReturn)
  summary.lastTime = integer(lastTime)
  summary.first = first === null ? undefined : oneOf<First>(first, ['well', 'badly', 'unloaded'])
  summary.end = end === null ? undefined : refOf(end)
  summary.gap = gap === null ? undefined : integer(gap)
  return summary
}

function timerData({ id, due, interval, message, cause }: StandingTimer): Data {
  return [id, due, interval ?? null, message.format, message.body, refData(cause)]
}

function timerOf(data: Data, chain: Uint8Array): StandingTimer {
  const [id, due, interval, format, body, ref] = list(data)
  return {
    id: integer(id),
    due: integer(due),
    interval: interval === null ? undefined : integer(interval),
    message: { format: text(format), body: octets(body) },
    cause: { chain, ...refOf(ref) },
  }
}

function refData({ seq, hash }: EventRef): Data {
  return [seq, hash]
}

function refOf(data: Data | undefined): EventRef {
  const [seq, hash] = list(data)
  return { seq: integer(seq), hash: octets(hash) }
}

function list(data: Data | undefined): readonly Data[] {
  if (!Array.isArray(data)) throw new Error('it is no summary')
  return data as readonly Data[]
}

function listOrNone(data: Data): readonly Data[] | undefined {
  return Array.isArray(data) ? (data as readonly Data[]) : undefined
}

function integer(data: Data | undefined): number {
  // A timer may be due when nobody is there any more.
  if (typeof data === 'bigint') return Number(data)
  if (typeof data !== 'number') throw new Error('it is no summary')
  return data
}

function text(data: Data | undefined): string {
  if (typeof data !== 'string') throw new Error('it is no summary')
  return data
}

/** A copy, so that nobody holds the whole for a part of it. */
function octets(data: Data | undefined): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new Error('it is no summary')
  return data.slice()
}

function oneOf<T extends string>(data: Data | undefined, all: readonly T[]): T {
  const found = all.find((one) => one === data)
  if (found === undefined) throw new Error('it is no summary')
  return found
}
