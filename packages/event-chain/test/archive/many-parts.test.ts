import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinParts } from '../../src/car.ts'
import type { JoinedFrom } from '../../src/car.ts'
import { ChainError, memoryStore } from '../../src/index.ts'
import { sha256 } from '../../src/node.ts'

const LEAD = 2
const chain = new Uint8Array(32)

/** What a part has of a chain that is another one from an event on. */
interface Shape {
  /** The first event behind the beginning; 0: all of them. */
  readonly base: number
  readonly size: number
  readonly forked: number
  readonly fork: number
}

function header({ forked, fork }: Shape, seq: number): Uint8Array {
  // Hashes do not come together again.
  return Uint8Array.of(seq < forked ? 0 : forked * 4 + fork, seq & 0xff, seq >> 8)
}

function part(shape: Shape): JoinedFrom {
  const { base, size } = shape
  const archived = { lead: LEAD, base, last: sha256(header(shape, base - 1)), parts: [] }
  const head = sha256(header(shape, size - 1))
  const info = { chain, label: 'counter', size, epoch: 0, head, ...(base > 0 && { archived }) }
  return {
    info,
    store: {
      ...memoryStore(),
      async *read(_chain, from = 0, to = size) {
        for (let seq = from; seq < to; seq++) yield { header: header(shape, seq), body: null }
      },
    },
  }
}

const names = ({ base, size }: Shape, seq: number): boolean =>
  seq < size && (base === 0 || seq < LEAD || seq >= base - 1)

/** The first event of which two parts say different things, by looking at each of all. */
function firstOfAll(shapes: readonly Shape[]): number | undefined {
  const size = Math.max(...shapes.map((shape) => shape.size))
  return Array.from({ length: size }, (_, seq) => seq).find((seq) => {
    const said = shapes.filter((shape) => names(shape, seq)).map((shape) => String(header(shape, seq)))
    return new Set(said).size > 1
  })
}

const shapes = fc.array(
  fc
    .record({
      base: fc.oneof(fc.constant(0), fc.integer({ min: LEAD + 1, max: 30 })),
      more: fc.integer({ min: 1, max: 12 }),
      forked: fc.oneof({ weight: 3, arbitrary: fc.constant(99) }, fc.integer({ min: 0, max: 40 })),
      fork: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ base, more, forked, fork }): Shape => ({
      base,
      size: Math.max(base, LEAD) + more,
      forked,
      fork,
    })),
  { minLength: 1, maxLength: 8 },
)

test('of parts that contradict each other the first such event is found, and of others each event that hangs together with an end is read', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (given) => {
      const joined = await joinParts(given.map(part), { hash: sha256 }).catch((error: unknown) => error)
      const first = firstOfAll(given)
      expect(ChainError.is(joined) ? [joined.code, joined.index] : undefined).toEqual(
        first === undefined ? undefined : ['broken', first],
      )
      if (first !== undefined) return
      const { store, info } = joined as Awaited<ReturnType<typeof joinParts>>
      const here = (seq: number): boolean =>
        given.some(({ base, size }) => seq < size && (base === 0 || seq < LEAD || seq >= base))
      const { size } = info
      let [lead, base] = [0, size]
      while (here(lead)) lead++
      while (base > lead && here(base - 1)) base--
      expect(info.archived?.base).toBe(base > lead ? base : undefined)
      for (const [from, to] of [
        [0, lead],
        [base, size],
      ] as const) {
        const read = await Array.fromAsync(store.read(chain, from, to))
        expect(read.map((event) => (event.header[1] ?? 0) + 256 * (event.header[2] ?? 0))).toEqual(
          Array.from({ length: to - from }, (_, i) => from + i),
        )
      }
    }),
    { numRuns: 400 },
  )
})

test('as many parts as a record may come to have in years are read as one', async () => {
  const parts = Array.from({ length: 3000 }, (_, i) =>
    part({ base: i * 10, size: (i + 1) * 10, forked: Infinity, fork: 0 }),
  )
  const { store, info } = await joinParts(parts, { hash: sha256 })
  expect([info.size, info.archived]).toEqual([30_000, undefined])
  let read = 0
  for await (const event of store.read(chain)) if (event.header[1] === (read & 0xff)) read++
  expect(read).toBe(30_000)
})
