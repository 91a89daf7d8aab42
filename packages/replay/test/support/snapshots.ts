import { Boundary, encodeSnapshot, meteringOf, segments } from '@theater/boundary'
import type { Snapshot, TheaterEvent } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { ChainSource, SnapshotSource } from '@theater/replay'
import { allowance, handleLimit } from '../../src/limits.ts'
import { load } from './record.ts'

/** The state of an actor after a turn. */
export interface Taken {
  readonly size: number
  readonly head: Uint8Array
  readonly snapshot: Snapshot
}

/** The states of an actor after each turn of its record that committed. */
export async function statesOf({ store, chain }: ChainSource): Promise<Taken[]> {
  const events: TheaterEvent[] = []
  for await (const event of readEvents(store, chain)) if (event.content !== null) events.push(event)
  const taken: Taken[] = []
  let boundary: Boundary | undefined
  for await (const segment of segments(events)) {
    if (segment.kind === 'start') {
      const { content } = segment.genesis
      const component = await load((await store.get(content.component)) as Uint8Array)
      boundary = new Boundary({
        component,
        prepared: await component.prepare({ mode: 'sync', metering: meteringOf(content) }),
        actor: { id: content.actor, parent: content.parent },
        time: content.time,
        grants: content.grants,
        seed: segment.seed?.content.seed ?? null,
        allowance: allowance(content),
        maxHandles: handleLimit(content) ?? 1000,
        hash: sha256,
      })
      boundary.instantiateSync(segment.events)
    } else if (segment.kind === 'turn' && segment.end === 'return') {
      boundary?.rerunSync(segment.turn, segment.events)
      const snapshot = boundary?.snapshot()
      if (snapshot === undefined || 'none' in snapshot) throw new Error(snapshot?.message)
      const last = segment.events.at(-1) as TheaterEvent
      taken.push({ size: last.seq + 1, head: last.hash, snapshot })
    }
  }
  return taken
}

/** A source that has these snapshots, as whatever bytes they are. */
export function beside(
  source: ChainSource,
  states: readonly (Omit<Taken, 'snapshot'> & { readonly bytes: Uint8Array })[],
): ChainSource {
  const snapshots: SnapshotSource = {
    list: async () => states.map(({ size, head }) => ({ size, head })),
    read: async (_chain, size) => states.find((state) => state.size === size)?.bytes,
  }
  return { ...source, snapshots }
}

/** The bytes of states, as a store would give them. */
export function written({
  size,
  head,
  snapshot,
}: Taken): Omit<Taken, 'snapshot'> & { readonly bytes: Uint8Array } {
  return { size, head, bytes: encodeSnapshot(snapshot, sha256) }
}
