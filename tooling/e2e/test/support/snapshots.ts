import { Boundary, decodeSnapshot, encodeSnapshot, segments } from '@theater/boundary'
import type { Segment, TheaterEvent } from '@theater/boundary'
import { loadComponent, workerTranspiler } from '@theater/component/node'
import { readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { cache } from './actors.ts'

const transpiler = workerTranspiler()

type TurnSegment = Extract<Segment, { kind: 'turn' }>

/** Instances of a recorded actor, and its turns that committed. */
export interface Recorded {
  readonly turns: readonly TurnSegment[]
  readonly fresh: () => Boundary
  /** The state of a boundary, as bytes. */
  readonly bytesOf: (boundary: Boundary) => Uint8Array
  /** A boundary that goes on from such bytes. */
  readonly restored: (bytes: Uint8Array) => Boundary
}

/** Reads a record, and prepares its component: to suspend at these imports, or at none. */
export async function recordedOf(store: Store, chain: Uint8Array, suspends?: RegExp): Promise<Recorded> {
  const events: TheaterEvent[] = []
  for await (const event of readEvents(store, chain)) if (event.content !== null) events.push(event)
  const [start, ...rest] = await Array.fromAsync(segments(events))
  if (start?.kind !== 'start') throw new Error('a record begins with its genesis')
  const { content } = start.genesis
  const bytes = (await store.get(content.component)) as Uint8Array
  const component = await loadComponent(bytes, { cache, transpiler, sha256 })
  const ids = component.model.imports.flatMap(({ functions }) => functions.map(({ id }) => id))
  const asyncImports = ids.filter((id) => suspends?.test(id))
  const prepared = await component.prepare(
    suspends === undefined ? { mode: 'sync' } : { mode: 'jspi', asyncImports },
  )
  const limit = (name: string): number => Number(content.limits[name])
  const fresh = (): Boundary => {
    const boundary = new Boundary({
      component,
      prepared,
      actor: { id: content.actor, parent: content.parent },
      time: content.time,
      grants: content.grants,
      seed: start.seed?.content.seed ?? null,
      allowance: {
        fuel: limit('fuel'),
        start: limit('startFuel'),
        depth: limit('depth'),
        memory: limit('memory'),
        elements: limit('tables'),
      },
      maxHandles: limit('handles'),
      hash: sha256,
    })
    const { tag } = boundary.instantiateSync(start.events, start)
    if (tag !== 'return') throw new Error(`the instantiation: ${tag}`)
    return boundary
  }
  const first = fresh().firstMemory()
  return {
    turns: rest.filter((segment) => segment.kind === 'turn').filter(({ end }) => end === 'return'),
    fresh,
    bytesOf(boundary) {
      const snapshot = boundary.snapshot(first)
      if ('none' in snapshot) throw new Error(`${snapshot.none}: ${snapshot.message}`)
      return encodeSnapshot(snapshot, sha256)
    },
    restored(written) {
      const boundary = fresh()
      const snapshot = decodeSnapshot(written, { component, prepared, hash: sha256 })
      const refused = 'none' in snapshot ? snapshot : boundary.restore(snapshot)
      if (refused !== undefined) throw new Error(`${refused.none}: ${refused.message}`)
      return boundary
    },
  }
}

/** Runs turns one after another: the state before the first, and after each. */
export async function run(
  { bytesOf }: Recorded,
  boundary: Boundary,
  turns: readonly TurnSegment[],
): Promise<Uint8Array[]> {
  const states = [bytesOf(boundary)]
  for (const { turn, events } of turns) {
    const { tag } = await boundary.rerun(turn, events)
    if (tag !== 'return') throw new Error(`event ${turn.seq}: ${tag}`)
    states.push(bytesOf(boundary))
  }
  return states
}
