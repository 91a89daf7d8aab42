/** A run of three couriers that send, ask, wait, act on the world, fail and trap. */
import { add, fail, finish, get, mark, once, peek, request, send, trap } from '@theater/guests/courier'
import type { Steps } from '@theater/guests/courier'

/** The actors of the run. */
export const cast = ['a', 'b', 'c']

/** One thing that the host asks of an actor. */
export interface Job {
  readonly n: number
  readonly to: string
  readonly steps: Steps
}

const TOKEN = 1_000_000

/** The number of an effect of a job: no two have the same. */
const effect = (n: number, which: number): number => n * 10 + which

/** What only this job begins with, so that its turn is found. */
export const token = (n: number): Steps => [peek(TOKEN + n)]

/** Deterministic and different for each number. */
function job(n: number): Job {
  const [to, other, third] = [0, 1, 2].map((i) => cast[(n + i) % 3] as string) as [string, string, string]
  const kinds: readonly Steps[] = [
    // Sends and requests to everybody, an effect between them.
    [
      send(other, [add(1), send(third, [add(1), mark(effect(n, 0))])]),
      mark(effect(n, 1)),
      send(third, [add(10)]),
      request(other, [add(100), mark(effect(n, 2)), get]),
      request(third, [get, send(to, [add(2)])]),
      finish(1),
      finish(0),
      get,
    ],
    // What left before the effect stays, the rest does not.
    [add(1), send(other, [add(7)]), mark(effect(n, 3)), send(third, [add(1000)]), trap],
    // Itself, and an effect that happens once.
    [send(to, [add(3), send(to, [add(3)])]), once(effect(n, 4)), send(other, [fail])],
    // Chains of requests: some of them meet.
    [request(other, [request(third, [add(5), get]), finish(0)]), finish(0), send(other, [trap])],
    [send(other, [add(1)]), fail],
    [trap],
  ]
  return { n, to, steps: [...token(n), ...(kinds[n % kinds.length] ?? [])] }
}

/** The jobs of a run. */
export function jobs(length: number): Job[] {
  return Array.from({ length }, (_, n) => job(n))
}

/** What came of a job: what its steps answered, or the code of its failure. */
export type Outcome = string

/** Has jobs done, a few at a time, and waits until nothing is left to do. */
export async function drive(
  stage: {
    /** Has an actor do something; rejects with an error that has a code. */
    run(to: string, steps: Steps): Promise<unknown>
    idle(): Promise<void>
  },
  todo: readonly Job[],
  acknowledged: (n: number, outcome: Outcome) => void = () => undefined,
): Promise<void> {
  const left = [...todo]
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { n, to, steps } = next
      const outcome = await stage.run(to, steps).catch((error: { code: string }) => error.code)
      acknowledged(n, JSON.stringify(outcome))
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
  await stage.idle()
}
