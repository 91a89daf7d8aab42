import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChainError, memoryStore } from '../src/index.ts'
import { discardSnapshot, keepSnapshot, keptSnapshot, readSnapshotFile, snapshotFile } from '../src/node.ts'
import { fill } from './sample.ts'

const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 100)

async function kept() {
  const store = memoryStore()
  const { chain, head } = await fill(store, 3)
  await keepSnapshot(store.caches, chain, { size: 3, head, bytes })
  return { store, chain, head }
}

describe('a snapshot that is kept beside a chain', () => {
  it('comes back as it was, and takes less', async () => {
    const { store, chain, head } = await kept()
    const found = await keptSnapshot(store.caches, chain)
    expect(found).toMatchObject({ size: 3, head })
    expect(found?.kept).toBeLessThan(1000)
    expect(new Uint8Array((await found?.read(bytes.length)) ?? [])).toEqual(bytes)
    await expect(found?.read(bytes.length - 1)).rejects.toMatchObject({ code: 'too-large' })
    await discardSnapshot(store.caches, chain)
    expect(await keptSnapshot(store.caches, chain)).toBeUndefined()
  })

  it('can be carried elsewhere in a file', async () => {
    const { store, chain, head } = await kept()
    const other = await fill(store, 4, 'other')
    const file = await snapshotFile(store.caches, [other.chain, chain])
    expect(file.sizes).toEqual([null, 3])
    const [one, ...more] = readSnapshotFile(file.bytes)
    expect([one, more]).toMatchObject([{ chain, size: 3, head }, []])
    expect(new Uint8Array((await one?.read(bytes.length)) ?? [])).toEqual(bytes)
  })

  it('is refused in words of ours, whatever its file has', async () => {
    const { store, chain } = await kept()
    const file = await snapshotFile(store.caches, [chain])
    const read = async (changed: Uint8Array): Promise<unknown> => {
      try {
        for (const one of readSnapshotFile(changed)) await one.read(bytes.length)
      } catch (error) {
        return error
      }
      return undefined
    }
    expect(await read(file.bytes)).toBeUndefined()
    expect(await read(new Uint8Array(0))).toMatchObject({ code: 'unsupported' })
    const last = file.bytes.length - 1
    await fc.assert(
      fc.asyncProperty(fc.nat(last), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, by, cut) => {
        const changed = cut ? file.bytes.slice(0, at) : file.bytes.slice()
        if (!cut) changed[at] = (changed[at] ?? 0) ^ by
        const error = await read(changed)
        // Ids are held against the chain by whoever uses them.
        expect(error === undefined || ChainError.is(error)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
