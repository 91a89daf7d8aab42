import { readEvents } from '@theater/event-chain'
import type { Event } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { ChainSource } from '@theater/replay'
import type { Json } from '@theater/values'
import { EventSayer } from '../event-json.ts'
import { describerOf } from '../records.ts'

/**
 * What two runs differ in first.
 *
 * - `output`: the component did something else, given the same.
 * - `input`: it was given something else: the runs cannot be compared.
 * - `host`: the engine ended it in one of them: its stack, or its memory, was not enough there.
 */
type DifferenceKind = 'output' | 'input' | 'host'

/** The first event in which a run is not the first one. */
export interface Difference {
  readonly index: number
  readonly what: DifferenceKind
  /** The event of the first run; null where its record ends before. */
  readonly expected: Json
  /** What happened in its place. */
  readonly actual: Json
}

/** Finds the first event in which two records of one component differ; `undefined`: they are the same. */
export async function firstDifference(
  expected: ChainSource,
  actual: ChainSource,
): Promise<Difference | undefined> {
  const ours = eventsOf(actual)
  const theirs = eventsOf(expected)
  const sayers = [new EventSayer(await describerOf(expected.store, expected.chain))] as const
  const other = new EventSayer(await describerOf(expected.store, expected.chain))
  for (let index = 0; ; index++) {
    const [a, b] = [await next(theirs), await next(ours)]
    if (a === undefined && b === undefined) return undefined
    const said = a === undefined ? null : say(sayers[0], a)
    const done = b === undefined ? null : say(other, b)
    if (a !== undefined && b !== undefined && sameEvent(a, b)) continue
    return { index, what: kindOf(a, b), expected: said, actual: done }
  }
}

function eventsOf({ store, chain }: ChainSource): AsyncIterator<Event> {
  return readEvents(store, chain, 0, undefined, { hash: sha256 })[Symbol.asyncIterator]()
}

async function next(events: AsyncIterator<Event>): Promise<Event | undefined> {
  const { done, value } = await events.next()
  return done === true ? undefined : value
}

function sameEvent(a: Event, b: Event): boolean {
  return Buffer.from(a.hash).equals(b.hash)
}

/** An event without its hashes, which differ where anything does. */
function say(sayer: EventSayer, event: Event): Json {
  const { hash: _hash, prev: _prev, detail, ...rest } = sayer.say(event)
  return { ...rest, ...(detail !== undefined && { detail }) }
}

const HOST_ENDS: ReadonlySet<string> = new Set(['host-stack', 'host-memory', 'deadline'])

function kindOf(a: Event | undefined, b: Event | undefined): DifferenceKind {
  if (endedByHost(a) || endedByHost(b)) return 'host'
  if (a === undefined || b === undefined || a.kind !== b.kind) return 'output'
  switch (a.kind) {
    case 'genesis':
    case 'seed':
    case 'turn':
    case 'result':
    case 'abort':
    case 'grant':
    case 'resume':
    case 'stop':
      return 'input'
    case 'call':
      return sameCall(a, b) ? 'input' : 'output'
    case 'drop':
    case 'send':
    case 'return':
    case 'trap':
      return 'output'
  }
}

function endedByHost(event: Event | undefined): boolean {
  return event?.kind === 'abort' && event.content !== null && HOST_ENDS.has(event.content.code)
}

/** Whether the guest asked for the same, in the same way, so that only the answer can differ. */
function sameCall(a: Event, b: Event): boolean {
  if (a.content === null || b.content === null || a.kind !== 'call' || b.kind !== 'call') return false
  const { fn, args, fuel } = a.content
  return fn === b.content.fn && fuel === b.content.fuel && Buffer.from(args).equals(b.content.args)
}
