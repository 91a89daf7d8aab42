import type { EventOf } from '@theater/event-chain'
import type { TheaterEvent } from './types.ts'

/** A part of a chain that a re-run takes in one piece. */
export type Segment =
  /** Genesis, seed and the events of the instantiation. */
  | {
      readonly kind: 'start'
      readonly genesis: EventOf<'genesis'>
      /** `undefined`: the chain ends before its seed. */
      readonly seed: EventOf<'seed'> | undefined
      readonly events: readonly TheaterEvent[]
      /** How the instantiation ended, where it did not succeed. */
      readonly end: 'trap' | 'abort' | undefined
      /** Whether nothing of the instantiation can come any more: it failed, or something else came after it. */
      readonly complete: boolean
    }
  /** A turn; `end` is `undefined` for one that the record breaks off. `events` hold its last one too. */
  | {
      readonly kind: 'turn'
      readonly turn: EventOf<'turn'>
      readonly events: readonly TheaterEvent[]
      readonly end: 'return' | 'trap' | 'abort' | undefined
    }
  /** What happens between turns. */
  | {
      readonly kind: 'between'
      readonly event: Extract<TheaterEvent, { readonly kind: 'grant' | 'resume' | 'stop' }>
    }

/** Cuts a chain that is structurally sound into what a re-run takes in one piece. Holds one turn at a time. */
export async function* segments(
  events: AsyncIterable<TheaterEvent> | Iterable<TheaterEvent>,
): AsyncGenerator<Segment> {
  let genesis: EventOf<'genesis'> | undefined
  let seed: EventOf<'seed'> | undefined
  let started = false
  let turn: EventOf<'turn'> | undefined
  let held: TheaterEvent[] = []
  const start = (end: 'trap' | 'abort' | undefined, complete = true): Segment | undefined => {
    if (genesis === undefined || started) return undefined
    started = true
    const segment: Segment = { kind: 'start', genesis, seed, events: held, end, complete }
    held = []
    return segment
  }
  for await (const event of events) {
    switch (event.kind) {
      case 'genesis':
        genesis = event
        break
      case 'seed':
        seed = event
        break
      case 'turn': {
        const first = start(undefined)
        if (first !== undefined) yield first
        turn = event
        held = []
        break
      }
      case 'return':
      case 'trap':
      case 'abort': {
        held.push(event)
        if (turn === undefined) {
          const first = event.kind === 'return' ? undefined : start(event.kind)
          if (first !== undefined) yield first
        } else {
          yield { kind: 'turn', turn, events: held, end: event.kind }
          turn = undefined
          held = []
        }
        break
      }
      case 'grant':
      case 'resume':
      case 'stop':
        // A change of writer while instantiating: the instantiation goes on after it.
        if (turn !== undefined || (!started && event.kind === 'resume')) {
          held.push(event)
        } else {
          const first = start(undefined)
          if (first !== undefined) yield first
          yield { kind: 'between', event }
        }
        break
      case 'call':
      case 'result':
      case 'drop':
      case 'send':
        held.push(event)
        break
    }
  }
  const first = start(undefined, false)
  if (first !== undefined) yield first
  if (turn !== undefined) yield { kind: 'turn', turn, events: held, end: undefined }
}
