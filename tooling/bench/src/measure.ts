import { performance } from 'node:perf_hooks'

/** Something that can be done many times. */
export interface Subject {
  readonly name: string
  /** Does it `n` times. */
  run(n: number): void | Promise<void>
  close?(): void | Promise<void>
}

/** Microseconds per operation over all rounds. */
interface Figures {
  readonly name: string
  readonly median: number
  readonly min: number
  readonly max: number
}

/** How long to measure. */
export interface Budget {
  /** Interleaved rounds that count; one more warms up. */
  readonly rounds: number
  /** Seconds for all of it. */
  readonly seconds: number
  /** Operations of a round, at the least. @default 100 */
  readonly least?: number
}

/** What was measured, and how many operations each figure stands for. */
export interface Measured {
  readonly figures: readonly Figures[]
  readonly n: number
}

/** Times subjects in turns, so that a slow moment of the machine falls on all of them. */
export async function interleaved(
  subjects: readonly Subject[],
  { rounds, seconds, least = 100 }: Budget,
): Promise<Measured> {
  const times = subjects.map((): number[] => [])
  const n = Math.max(least, await perRound(subjects, rounds, seconds))
  const late = performance.now() + 2000 * seconds
  let ran = 0
  // Fewer rounds where the machine has become slower since.
  for (let round = -1; round < rounds && (ran < 1 || performance.now() < late); round++) {
    for (const [i, subject] of subjects.entries()) {
      const us = await time(subject, n)
      if (round >= 0) times[i]?.push(us)
    }
    ran = round + 1
  }
  const figures = subjects.map(({ name }, i) => {
    const sorted = (times[i] ?? []).toSorted((a, b) => a - b)
    return {
      name,
      median: sorted[sorted.length >> 1] ?? NaN,
      min: sorted[0] ?? NaN,
      max: sorted.at(-1) ?? NaN,
    }
  })
  return { figures, n: n * ran }
}

/** Operations per round and subject, so that all rounds fit into the time there is. */
async function perRound(subjects: readonly Subject[], rounds: number, seconds: number): Promise<number> {
  const probe = 200
  let us = 0
  for (const subject of subjects) us += await time(subject, probe)
  return Math.min(20_000, Math.floor((seconds * 1e6) / us / (rounds + 1)))
}

async function time(subject: Subject, n: number): Promise<number> {
  const started = performance.now()
  await subject.run(n)
  return ((performance.now() - started) * 1000) / n
}
