import { encodeContent } from '@theater/event-chain'
import type { Event, Outcome } from '@theater/event-chain'
import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { Describer } from './describe.ts'
import { events, Names, readModel, step } from './steps.ts'
import type { Step } from './steps.ts'
import type { ChainSource } from './types.ts'

/** The first event in which two chains differ; null where a chain has ended. */
export interface Difference {
  readonly a: Step | null
  readonly b: Step | null
}

/** How chains are compared. */
export interface DiffOptions {
  /** Whether times count: when turns started and how long calls took. @default false */
  readonly times?: boolean | undefined
  /** @default sha256 of `@theater/values` */
  readonly hash?: Hash | undefined
}

interface Side {
  readonly source: ChainSource
  readonly events: AsyncGenerator<Event, unknown, undefined>
  readonly names: Names
  describer: Describer
}

/**
 * Finds where two recordings part: the first event that says something else. What differs in any two recordings does
 * not count: salts, hashes, seeds, changes of writer, the ids of chains in causes, and times unless they are asked for.
 *
 * @returns `undefined` where they say the same
 * @throws ChainError `broken`
 */
export async function diff(
  a: ChainSource,
  b: ChainSource,
  options: DiffOptions = {},
): Promise<Difference | undefined> {
  const { times = false, hash = sha256 } = options
  const left = side(a, hash)
  const right = side(b, hash)
  for (;;) {
    const [one, other] = [await next(left, hash), await next(right, hash)]
    if (one === undefined && other === undefined) return undefined
    if (one === undefined || other === undefined || !alike(one, other, times)) {
      return { a: told(left, one), b: told(right, other) }
    }
    left.names.take(one)
    right.names.take(other)
  }
}

function side(source: ChainSource, hash: Hash): Side {
  return { source, events: events(source, hash), names: new Names(), describer: new Describer() }
}

/** The next event that counts. */
async function next(of: Side, hash: Hash): Promise<Event | undefined> {
  for (;;) {
    const { done, value } = await of.events.next()
    if (done === true) return undefined
    if (value.kind === 'genesis' && value.content !== null) {
      of.describer = new Describer(await readModel(of.source, value.content.wit, hash))
    }
    if (value.kind !== 'seed' && value.kind !== 'resume') return value
  }
}

function told(of: Side, event: Event | undefined): Step | null {
  return event === undefined ? null : step(event, of.names.take(event), of.describer)
}

function alike(a: Event, b: Event, times: boolean): boolean {
  if (a.kind !== b.kind) return false
  const [one, other] = [comparable(a, times), comparable(b, times)]
  if (one === undefined || other === undefined) return one === other
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}

/** What an event says, without what differs anyway; `undefined` where it is withheld. */
function comparable(event: Event, times: boolean): Uint8Array | undefined {
  if (event.content === null) return undefined
  switch (event.kind) {
    case 'genesis': {
      const { time } = event.content
      return encodeContent('genesis', { ...event.content, cause: null, time: times ? time : 0 })
    }
    case 'turn': {
      const { time } = event.content
      return encodeContent('turn', { ...event.content, cause: null, time: times ? time : 0 })
    }
    case 'call': {
      const { outcome } = event.content
      if (times || outcome === null) return event.contentBytes
      return encodeContent('call', { ...event.content, outcome: timeless(outcome) })
    }
    case 'result':
      if (times) return event.contentBytes
      return encodeContent('result', { ...event.content, outcome: timeless(event.content.outcome) })
    case 'seed':
    case 'drop':
    case 'send':
    case 'return':
    case 'trap':
    case 'abort':
    case 'grant':
    case 'resume':
    case 'stop':
      return event.contentBytes
  }
}

function timeless(outcome: Outcome): Outcome {
  return { ...outcome, elapsed: 0 }
}
