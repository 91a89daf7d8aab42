import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSparseFrame, sparseFrame } from '../src/node/sparse-frame.ts'

const KB = 1024

/** Bytes of which many are the same as the one before. */
const sparse = fc
  .array(
    fc.tuple(fc.nat(255), fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 }))),
    {
      maxLength: 20,
    },
  )
  .map((runs) => Uint8Array.from(runs.flatMap(([byte, length]) => Array<number>(length).fill(byte))))
  .filter(({ length }) => length <= 64 * KB)

test('what is written comes back, also by zstd', () => {
  fc.assert(
    fc.property(fc.oneof(sparse, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const frame = sparseFrame(bytes, 100 * KB)
      if (frame === undefined) throw new Error('there is room for it')
      expect(readSparseFrame(frame)).toEqual(bytes)
      expect(new Uint8Array(zstdDecompressSync(frame))).toEqual(bytes)
    }),
  )
})

test('a page of zeros takes some bytes', () => {
  expect(sparseFrame(new Uint8Array(8 * KB), KB)).toHaveLength(13)
})

test('it is never longer than it may be', () => {
  fc.assert(
    fc.property(sparse, fc.integer({ min: 9, max: 400 }), (bytes, most) => {
      const whole = sparseFrame(bytes, 100 * KB)?.length ?? Number.NaN
      expect(sparseFrame(bytes, most)?.length).toBe(whole <= most ? whole : undefined)
    }),
  )
  expect(sparseFrame(new Uint8Array(64 * KB + 1), KB)).toBeUndefined()
})

test('anything else is left to zstd: other frames, parts of one, and what says that it is more than 64 KiB', () => {
  const bytes = Uint8Array.from({ length: 3 * KB }, (_, i) => (i < KB ? i % 7 : 0))
  expect(readSparseFrame(zstdCompressSync(bytes))).toBeUndefined()
  const frame = sparseFrame(bytes, 4 * KB) ?? new Uint8Array(0)
  for (let length = 0; length < frame.length; length++)
    expect(readSparseFrame(frame.subarray(0, length))).toBeUndefined()
  expect(readSparseFrame(Buffer.concat([frame, Buffer.of(0)]))).toBeUndefined()
  const large = zstdCompressSync(new Uint8Array(0))
  large[5] = 0xff
  expect(readSparseFrame(large)).toBeUndefined()
})

test('what somebody changed is read as zstd reads it, or left to it', () => {
  const bytes = Uint8Array.from({ length: 600 }, (_, i) => (i % 200 < 100 ? i : 5))
  const frame = sparseFrame(bytes, KB) ?? new Uint8Array(0)
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = frame.slice()
      changed[at] = (changed[at] ?? 0) ^ by
      const read = readSparseFrame(changed)
      const same = read === undefined || Buffer.from(read).equals(zstdDecompressSync(changed))
      expect(same).toBe(true)
    }),
    { numRuns: 500 },
  )
})
