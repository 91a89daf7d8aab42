import type { Snapshot } from '@theater/boundary'
import { ChainError } from '@theater/event-chain'
import {
  discardSnapshot,
  keepSnapshot,
  readSnapshotFile,
  sha256,
  snapshotFile,
} from '@theater/event-chain/node'
import type { CarriedSnapshot } from '@theater/event-chain/node'
import { carriedSnapshots, keptSnapshots, RerunThread, verify } from '@theater/replay/node'
import type { ChainSource, Verdict, VerifyOptions } from '@theater/replay'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { draftsOf, edit, forge, withhold } from './support/forge.ts'
import { countingComponent, keepingComponent } from './support/guests.ts'
import { load, record } from './support/record.ts'
import { beside, statesOf, written } from './support/snapshots.ts'
import type { Taken } from './support/snapshots.ts'

const check = (source: ChainSource, from: number, more: Partial<VerifyOptions> = {}): Promise<Verdict> =>
  verify(source, { load, from, ...more })

const steps = ['count', 'count', 'fail', 'count', 'count', 'fail', 'fail', 'count'].map((fn) => ({ fn }))

describe('a re-run from a snapshot', async () => {
  const recording = await record({ component: await countingComponent(false), steps })
  const states = await statesOf(recording)
  const { size } = (await recording.store.info(recording.chain)) ?? { size: 0 }
  const third = states[2] as Taken
  const inner = states.slice(0, -1)
  /** The third one, changed as whoever can write it would. */
  const forged = (change: (snapshot: Snapshot) => Snapshot): ChainSource =>
    beside(recording, [written({ ...third, snapshot: change(third.snapshot) })])

  it('begins with the nearest before, runs what comes after, and says so', async () => {
    const source = beside(recording, inner.map(written))
    for (const [i, { size: at }] of inner.entries()) {
      const next = inner[i + 1]?.size ?? size
      for (const from of [at, next - 1]) {
        expect(await check(source, from)).toMatchObject({
          verdict: 'verified',
          from: at,
          unproven: true,
          size,
          turns: states.length - 1 - i,
        })
      }
    }
    expect(await verify(source, { load })).not.toHaveProperty('from')
  })

  it('says which there are where none is at that event or before it', async () => {
    const source = beside(recording, inner.map(written))
    const first = (inner[0] as Taken).size
    const all = inner.map(({ size: at }) => at).join(', ')
    expect(await check(source, first - 1)).toMatchObject({
      verdict: 'inconclusive',
      code: 'no-snapshot',
      index: 0,
      message: `there is no snapshot at event ${first - 1} or before it: there is one at ${all}`,
    })
    expect(await check(recording, 5)).toMatchObject({
      code: 'no-snapshot',
      message: expect.stringContaining('none of'),
    })
  })

  it('verifies nothing where nothing comes after', async () => {
    const source = beside(recording, states.map(written))
    expect(await check(source, size)).toMatchObject({ verdict: 'inconclusive', code: 'no-snapshot' })
  })

  it('accuses nobody where the state was forged, and names the snapshot', async () => {
    const [count, ...globals] = third.snapshot.instance.globals as [bigint, ...bigint[]]
    const source = forged((snapshot) => ({
      ...snapshot,
      instance: { ...snapshot.instance, globals: [count + 1n, ...globals] },
    }))
    expect(await check(source, third.size)).toMatchObject({
      verdict: 'inconclusive',
      code: 'from-snapshot',
      from: third.size,
      index: third.size + 1,
      message: expect.stringContaining(`the snapshot at ${third.size}`),
      parted: { expected: { kind: 'return', result: 4 }, actual: { kind: 'return', result: 5 } },
    })
  })

  it('says of a memory that was forged what the component does with it, and accuses nobody', async () => {
    const swap = (at: number, to: number) => ({ fn: 'swap', args: [at, to] })
    const kept = await record({
      component: await keepingComponent(),
      steps: [swap(8, 1), swap(9, 2), swap(4096, 3), swap(9, 4), swap(8, 5)],
    })
    const [, , after] = await statesOf(kept)
    if (after === undefined) throw new Error('three turns returned')
    const [memory] = after.snapshot.instance.memories
    const forgedAt = async (at: number): Promise<Verdict> => {
      const runs = (memory?.runs ?? []).map((run) => ({
        at: run.at,
        bytes: run.bytes.map((byte, i) => (run.at * 4096 + i === at ? byte ^ 1 : byte)),
      }))
      const memories = [{ pages: memory?.pages ?? 0, runs }]
      const snapshot = { ...after.snapshot, instance: { ...after.snapshot.instance, memories } }
      return check(beside(kept, [written({ ...after, snapshot })]), after.size)
    }
    // What is never looked at again is right for all that was run.
    expect(await forgedAt(4096)).toMatchObject({ verdict: 'verified', from: after.size, turns: 2 })
    expect(await forgedAt(9)).toMatchObject({ code: 'from-snapshot', index: after.size + 1 })
    expect(await forgedAt(8)).toMatchObject({ code: 'from-snapshot', index: after.size + 3 })
  })

  it('accuses nobody where it is the record that was changed after it, and does not begin where it was before', async () => {
    const drafts = await draftsOf(recording)
    const returns = drafts.flatMap(({ kind }, seq) => (kind === 'return' ? [seq] : []))
    for (const index of returns) {
      const changed = edit(drafts, index, 'return', (content) => ({ ...content, fuel: 1 }))
      const source = await forge(changed, recording.store)
      expect(await check(source, 0)).toMatchObject({ code: 'no-snapshot' })
      const found = await check(beside(source, [written(third)]), third.size)
      const before = index < third.size
      expect(found).toMatchObject({
        verdict: 'inconclusive',
        code: before ? 'no-snapshot' : 'from-snapshot',
        index: before ? 0 : index,
      })
      expect(await verify(source, { load })).toMatchObject({ verdict: 'diverged', index })
    }
  })

  it('checks all of the chain', async () => {
    const source = beside(recording, [written(third)])
    const broken: ChainSource = {
      ...source,
      store: {
        ...withhold(source, () => false).store,
        async *read(chain, from = 0, to) {
          let seq = from
          for await (const { header, body } of source.store.read(chain, from, to))
            yield { header, body: seq++ === 3 && body !== null ? body.with(-1, 99) : body }
        },
      },
    }
    expect(await check(broken, third.size)).toMatchObject({ verdict: 'broken', index: 3 })
    // What is not needed may be withheld; what comes after may not.
    const { snapshots } = source
    expect(await check({ ...withhold(source, (seq) => seq === 3), snapshots }, third.size)).toMatchObject({
      verdict: 'verified',
      from: third.size,
    })
    expect(
      await check({ ...withhold(source, (seq) => seq === size - 1), snapshots }, third.size),
    ).toMatchObject({
      verdict: 'inconclusive',
      code: 'withheld',
      index: size - 1,
      from: third.size,
    })
  })

  it('does not begin within a turn, or with what is of something else', async () => {
    const events = await Array.fromAsync(recording.store.read(recording.chain))
    const at = third.size + 1
    const within = { ...written(third), size: at, head: sha256(events[at - 1]?.header ?? new Uint8Array()) }
    expect(await check(beside(recording, [within]), at)).toMatchObject({
      code: 'no-snapshot',
      message: expect.stringContaining('between two turns'),
    })
    expect(await check(beside(recording, [{ ...written(third), size: 1000 }]), 1000)).toMatchObject({
      code: 'no-snapshot',
    })
    for (const key of [
      { component: new Uint8Array(32) },
      { meter: 'theater 999' },
      { jco: '0.0.0' },
      { nan: 'native' },
    ]) {
      const source = forged((snapshot) => ({ ...snapshot, key: { ...snapshot.key, ...key } }))
      expect(await check(source, third.size)).toMatchObject({
        verdict: 'inconclusive',
        code: 'no-snapshot',
        index: 0,
      })
    }
    const misfit = forged((snapshot) => ({ ...snapshot, instance: { ...snapshot.instance, globals: [] } }))
    expect(await check(misfit, third.size)).toMatchObject({ code: 'no-snapshot' })
  })

  it('never fails, whatever is written in it', async () => {
    const { bytes } = written(third)
    // The digest is behind the name of the format.
    const place = 19
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - place - 33), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const changed = bytes.slice()
          for (const [at, to] of changes) changed[place + 32 + (at < 200 ? at : at % 400)] = to
          changed.set(sha256(changed.subarray(place + 32)), place)
          const verdict = await check(beside(recording, [{ ...third, bytes: changed }]), third.size)
          expect(['verified', 'inconclusive']).toContain(verdict.verdict)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('is read from what a host keeps, in a thread too', async () => {
    const { caches } = recording.store
    if (caches === undefined) throw new Error('a memory store keeps')
    await keepSnapshot(caches, recording.chain, written(third))
    const source = { ...recording, snapshots: keptSnapshots(caches) }
    const here = await check(source, third.size)
    expect(here).toMatchObject({ verdict: 'verified', from: third.size })
    await using thread = new RerunThread()
    expect(await thread.verify(source, { from: third.size })).toEqual(here)
    expect(await thread.verify(source, { from: 2 })).toEqual(await check(source, 2))
    await caches.keep([{ chain: recording.chain, kind: 'snapshot', ...third, bytes: new Uint8Array(9) }])
    const damaged = { code: 'no-snapshot', message: expect.stringContaining('damaged') }
    expect(await check(source, third.size)).toMatchObject(damaged)
    expect(await thread.verify(source, { from: third.size })).toMatchObject(damaged)
  })

  it('is taken out of files too, of which each may have another', async () => {
    const { caches } = recording.store
    if (caches === undefined) throw new Error('a memory store keeps')
    const carried: CarriedSnapshot[] = []
    for (const state of inner) {
      await keepSnapshot(caches, recording.chain, written(state))
      carried.push(...readSnapshotFile((await snapshotFile(caches, [recording.chain])).bytes))
    }
    await discardSnapshot(caches, recording.chain)
    const source = { ...recording, snapshots: carriedSnapshots(carried, keptSnapshots(caches)) }
    for (const { size: from } of inner)
      expect(await check(source, from)).toMatchObject({ verdict: 'verified', from })
  })

  it('throws what reading it throws', async () => {
    const error = new ChainError('io', 'the disk is gone')
    const source = beside(recording, [written(third)])
    const failing: ChainSource = {
      ...source,
      snapshots: { list: async () => [third], read: () => Promise.reject(error) },
    }
    await expect(check(failing, third.size)).rejects.toBe(error)
  })
})
