import { segments } from '@theater/boundary'
import type { Boundary, TheaterEvent, TurnEnd } from '@theater/boundary'
import type { EventOf } from '@theater/event-chain'
import { TheaterError } from './errors.ts'

/** A turn that a record breaks off. */
export interface Unfinished {
  readonly turn: EventOf<'turn'>
  readonly events: readonly TheaterEvent[]
}

/** What a record made of a boundary. */
export interface Rebuilt {
  /** Turns that were re-run. */
  readonly turns: number
  /** Events that the re-run went through. */
  readonly events: number
  readonly unfinished: Unfinished | undefined
}

/**
 * Brings an actor to where a record ends, but for a turn that it breaks off. Turns that trapped or were aborted are
 * left out: they are undone.
 *
 * @param next the boundary for what is run next: the first time a new one
 * @param goOn asked between turns; `false` gives up
 * @param made called with one that is instantiated, and has had no turn
 * @returns `undefined` where it was given up
 * @throws TheaterError `cannot-resume`
 */
export async function rebuild(
  actor: string,
  next: () => Boundary,
  record: AsyncIterable<TheaterEvent>,
  goOn: () => boolean | Promise<boolean>,
  made: (boundary: Boundary) => void,
): Promise<Rebuilt | undefined> {
  let turns = 0
  let events = 0
  let unfinished: Unfinished | undefined
  const counted = async function* (): AsyncGenerator<TheaterEvent> {
    for await (const event of record) {
      events++
      yield event
    }
  }
  for await (const segment of segments(counted())) {
    if (!(await goOn())) return undefined
    if (segment.kind === 'start') {
      const boundary = next()
      const end = await boundary.instantiate(segment.events, segment)
      if (end.tag !== 'return') throw cannotResume(actor, end, 1)
      made(boundary)
    } else if (segment.kind === 'turn' && segment.end === 'return') {
      turns++
      const end = await next().rerun(segment.turn, segment.events)
      if (end.tag !== 'return') throw cannotResume(actor, end, segment.turn.seq)
    } else if (segment.kind === 'turn' && segment.end === undefined) unfinished = segment
  }
  return (await goOn()) ? { turns, events, unfinished } : undefined
}

/** The error for an actor whose record its component does not do again, or cannot do again here. */
export function cannotResume(actor: string, end: TurnEnd, at: number): TheaterError {
  const seq = end.tag === 'diverged' ? end.divergence.seq : at
  const message =
    end.tag === 'abort'
      ? `${actor} cannot go on here: re-running event ${seq} of its record takes more than this host has (${end.code}).`
      : `${actor} cannot go on: its component does not do again what event ${seq} of its record says. Verify the record.`
  const cause = end.tag === 'abort' || end.tag === 'lost' ? end.error : undefined
  return new TheaterError('cannot-resume', message, { actor, detail: { seq }, cause })
}
