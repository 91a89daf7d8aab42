import assert from 'node:assert/strict'
import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import { withPart } from './part.ts'
import type { InterfaceLaw } from './part.ts'

const WALL = 'wasi:clocks/wall-clock@0.2'
const MONOTONIC = 'wasi:clocks/monotonic-clock@0.2'

/** A handler of the clocks of `wasi:clocks`, in one configuration. */
export interface ClocksSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler, with these in the place of the machine's clocks, in nanoseconds. */
  readonly make: (wall?: () => bigint, monotonic?: () => bigint) => AnyHandler
  /** The grant that lets both be read. */
  readonly grant: Json
}

/** What `wasi:clocks` says must be so of who reads a clock. What the boundary derives of it is tested there. */
export const clocksLaws: readonly InterfaceLaw<ClocksSubject>[] = [
  {
    name: 'the time of day is in seconds of 1970, and nanoseconds below a thousand million',
    async run({ make, grant }) {
      for (const [now, seconds, nanoseconds] of [
        [0n, 0n, 0],
        [999_999_999n, 0n, 999_999_999],
        [1_000_000_000n, 1n, 0],
        [1_767_225_600_123_456_789n, 1_767_225_600n, 123_456_789],
      ] as const)
        await withPart(
          make(() => now),
          grant,
          ({ fn }) => {
            assert.deepEqual(fn(WALL, 'now')(), { seconds, nanoseconds })
          },
        )
    },
  },
  {
    name: 'the time of day is the machine’s, where nobody gives another',
    async run({ make, grant }) {
      await withPart(make(), grant, ({ fn }) => {
        const before = Math.floor(Date.now() / 1000)
        const { seconds } = fn(WALL, 'now')() as { readonly seconds: bigint }
        assert.ok(
          seconds >= before && seconds <= Math.floor(Date.now() / 1000),
          `it is said to be ${seconds}`,
        )
      })
    },
  },
  {
    name: 'the monotonic clock never goes backwards, and is read each time',
    async run({ make, grant }) {
      let now = 5n
      await withPart(
        make(undefined, () => (now += 3n)),
        grant,
        ({ fn }) => {
          const read = Array.from({ length: 5 }, () => fn(MONOTONIC, 'now')() as bigint)
          for (const [i, at] of read.entries()) if (i > 0) assert.equal(at - (read[i - 1] ?? 0n), 3n)
        },
      )
      await withPart(make(), grant, ({ fn }) => {
        let last = 0n
        for (let n = 0; n < 1000; n++) {
          const at = fn(MONOTONIC, 'now')() as bigint
          assert.ok(at >= last, `${at} after ${last}`)
          last = at
        }
      })
    },
  },
]
