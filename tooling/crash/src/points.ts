/** Where a host is killed. */
export type Point =
  /** Around a write of its store: of events, of a lease, of a block, of a checkpoint. Between two of them stand the events of one batch. */
  | { readonly at: 'write'; readonly n: number; readonly when: 'before' | 'after' }
  /** Before it does something to the world, or when that is done and nobody knows. */
  | { readonly at: 'effect'; readonly n: number; readonly when: 'before' | 'after' }
  /** When its caller has heard of so many answers. */
  | { readonly at: 'reply'; readonly n: number }
  /** So many milliseconds after it has begun to open its store. */
  | { readonly at: 'time'; readonly ms: number }

/** How often a host comes to each boundary. */
export interface Counts {
  readonly writes: number
  readonly effects: number
  readonly replies: number
}

/** The same numbers for the same seed, each below a bound: mulberry32. */
export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** All boundaries of a host, in an order that chance gives. */
export function boundaries({ writes, effects, replies }: Counts, pick: (below: number) => number): Point[] {
  const points: Point[] = []
  for (let n = 1; n <= writes; n++)
    for (const when of ['before', 'after'] as const) points.push({ at: 'write', n, when })
  for (let n = 1; n <= effects; n++)
    for (const when of ['before', 'after'] as const) points.push({ at: 'effect', n, when })
  for (let n = 1; n <= replies; n++) points.push({ at: 'reply', n })
  for (let i = points.length - 1; i > 0; i--) {
    const j = pick(i + 1)
    const [a, b] = [points[i] as Point, points[j] as Point]
    points[i] = b
    points[j] = a
  }
  return points
}
