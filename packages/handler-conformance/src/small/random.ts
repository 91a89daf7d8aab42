import assert from 'node:assert/strict'
import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import { withPart } from './part.ts'
import type { InterfaceLaw, Part } from './part.ts'

/** A handler of `wasi:random` in one configuration. */
export interface RandomSubject {
  /** For titles. */
  readonly name: string
  readonly make: () => AnyHandler
  /** The grant that lets everything be drawn. */
  readonly grant: Json
}

const bytesOf = ({ fn }: Part) =>
  [
    fn('wasi:random/random@0.2', 'getRandomBytes'),
    fn('wasi:random/insecure@0.2', 'getInsecureRandomBytes'),
  ] as readonly ((length: bigint) => Uint8Array)[]

/** All that draw numbers, as lists of them. */
const numbersOf = ({ fn }: Part) =>
  [
    () => [fn('wasi:random/random@0.2', 'getRandomU64')()],
    () => [fn('wasi:random/insecure@0.2', 'getInsecureRandomU64')()],
    fn('wasi:random/insecure-seed@0.2', 'insecureSeed'),
  ] as readonly (() => readonly bigint[])[]

/** What `wasi:random` says must be so. That somebody can guess what is drawn no test finds out. */
export const randomLaws: readonly InterfaceLaw<RandomSubject>[] = [
  {
    name: 'there are as many bytes as were asked for',
    async run({ make, grant }) {
      await withPart(make(), grant, (part) => {
        for (const draw of bytesOf(part))
          for (const length of [0, 1, 7, 8, 65_537]) assert.equal(draw(BigInt(length)).length, length)
      })
    },
  },
  {
    name: 'bytes are fresh each time',
    async run({ make, grant }) {
      await withPart(make(), grant, (part) => {
        for (const draw of bytesOf(part)) {
          const drawn = Array.from({ length: 16 }, () => draw(16n).toHex())
          assert.equal(new Set(drawn).size, drawn.length, 'the same bytes come twice')
        }
      })
    },
  },
  {
    name: 'every byte that there is comes, at every place',
    async run({ make, grant }) {
      await withPart(make(), grant, (part) => {
        for (const draw of bytesOf(part)) {
          // That one value stays away from 65,536 draws has the chance of 256 · e^-256.
          assert.equal(new Set(draw(65_536n)).size, 256)
          const last = Array.from({ length: 64 }, () => draw(9n)[8])
          assert.ok(new Set(last).size > 1, 'the last byte is always the same')
        }
      })
    },
  },
  {
    name: 'numbers are fresh each time, and of 64 bits',
    async run({ make, grant }) {
      await withPart(make(), grant, (part) => {
        for (const draw of numbersOf(part)) {
          const drawn = Array.from({ length: 128 }, () => draw()).flat()
          assert.equal(new Set(drawn).size, drawn.length, 'the same number comes twice')
          const [all, any] = drawn.reduce(([and, or], one) => [and & one, or | one], [2n ** 64n - 1n, 0n])
          assert.equal(all, 0n, 'a bit is always set')
          assert.equal(any, 2n ** 64n - 1n, 'a bit is never set')
        }
      })
    },
  },
]
