import { performance } from 'node:perf_hooks'

/** Something that can be done many times. */
export interface Subject {
  readonly name: string
  /** Does it `n` times. */
  run(n: number): void | Promise<void>
  close?(): void | Promise<void>
}

/** Microseconds per operation over all rounds. */
export interface Figures {
  readonly name: string
  readonly median: number
  readonly min: number
  readonly max: number
}

/**
 * Times subjects in turns, so that a slow moment of the machine falls on all of them.
 *
 * @param n operations per round and subject
 */
export async function interleaved(
  subjects: readonly Subject[],
  rounds: number,
  n: number,
): Promise<Figures[]> {
  const times = subjects.map((): number[] => [])
  // One round to warm up, not counted.
  for (let round = -1; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      globalThis.gc?.()
      const started = performance.now()
      await subject.run(n)
      const us = ((performance.now() - started) * 1000) / n
      if (round >= 0) times[i]?.push(us)
    }
  }
  return subjects.map(({ name }, i) => {
    const sorted = (times[i] ?? []).toSorted((a, b) => a - b)
    return {
      name,
      median: sorted[sorted.length >> 1] ?? NaN,
      min: sorted[0] ?? NaN,
      max: sorted.at(-1) ?? NaN,
    }
  })
}
