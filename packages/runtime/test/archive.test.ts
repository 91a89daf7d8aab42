import { memoryStore, readEvents } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { bytesSource, exportCar, openCar, restorePart } from '@theater/event-chain/car'
import { HostLog, makeSeal, removalOf, SigningKey } from '@theater/event-chain/log'
import { discardSnapshot, keepSnapshot, sha256 } from '@theater/event-chain/node'
import { guest } from '@theater/guests'
import { deadLetters, planArchive, Theater } from '@theater/runtime'
import type { ArchiveOptions, ArchivePlan, LogLine, SpawnOptions } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { freshHandler } from './support/fresh-handler.ts'
import { cache } from './support/kept.ts'

const key = await SigningKey.generate('host.example/theater')

/** A host that takes a snapshot after each turn. */
function open(store: LoggedStore, log?: (line: LogLine) => void): Promise<Theater> {
  return Theater.open({
    cache,
    store,
    handlers: [freshHandler({ calls: [] })],
    snapshots: { everyEvents: 1 },
    ...(log !== undefined && { log }),
  })
}

/** A store with an actor that has counted so far. */
async function counted(
  turns: number,
  { stop = false, ...options }: Partial<SpawnOptions> & { readonly stop?: boolean } = {},
): Promise<LoggedStore> {
  const store = memoryStore()
  await using theater = await open(store)
  await theater.spawn({ id: 'fresh', component: guest('fresh'), grants: { fresh: {} }, ...options })
  for (let i = 0; i < turns; i++) await theater.call('fresh', 'count', [])
  if (stop) await theater.stop('fresh')
  await theater.idle()
  return store
}

async function sign(store: LoggedStore): Promise<void> {
  await (await HostLog.open({ store, key })).checkpoint()
}

/** Archives as much as can be. @returns the file, and what was planned */
async function archived(
  store: LoggedStore,
  options?: ArchiveOptions,
): Promise<{ readonly car: Uint8Array; readonly plan: ArchivePlan }> {
  await sign(store)
  const plan = await planArchive(store, 'fresh', options)
  const { info, lead, base, notes } = plan
  const { chain } = info
  const seal = await makeSeal(store, [chain], sha256, { to: base })
  const car = await new Blob(await Array.fromAsync(exportCar(store, [chain], { seal, hash: sha256 }))).bytes()
  await store.archives.takeOut(
    chain,
    await removalOf(store, chain, { lead, base, file: 'old.car', notes, hash: sha256 }),
  )
  return { car, plan }
}

async function restored(store: LoggedStore, bytes: Uint8Array): Promise<void> {
  const car = await openCar(bytesSource(bytes), { hash: sha256 })
  const [one] = car.chains
  if (one === undefined) throw new Error('there is a part')
  await restorePart(car, one, store, { hash: sha256 })
}

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'cannot-archive', message: expect.stringMatching(message) })

describe('an actor of whose record the older part is archived', () => {
  it('goes on from its snapshot, again and again, also after a trap', async () => {
    const store = await counted(20)
    let counts = 20
    for (let i = 0; i < 2; i++) {
      const { plan } = await archived(store)
      expect(plan.from).toBe(i === 0 ? plan.lead : (await store.find('fresh'))?.archived?.parts[i - 1]?.to)
      const lines: LogLine[] = []
      await using theater = await open(store, (line) => lines.push(line))
      expect(await theater.call('fresh', 'count', [])).toBe(++counts)
      await expect(theater.call('fresh', 'fail', [])).rejects.toMatchObject({ code: 'trapped' })
      expect(await theater.call('fresh', 'count', [])).toBe(++counts)
      expect(await theater.call('fresh', 'count', [])).toBe(++counts)
      await theater.idle()
      expect(lines).toEqual([])
    }
  })

  it('is not brought back where its snapshot is of no use, keeps it, and comes back when the part does', async () => {
    const spoil: ((store: LoggedStore, chain: Uint8Array) => Promise<unknown>)[] = [
      (store, chain) => discardSnapshot(store.caches, chain),
      async (store, chain) => {
        const kept = await store.caches.kept(chain, 'snapshot')
        if (kept === undefined) throw new Error('there is one')
        await keepSnapshot(store.caches, chain, { ...kept, bytes: new Uint8Array(9) })
      },
    ]
    for (const one of spoil) {
      const store = await counted(20)
      const { car } = await archived(store)
      const info = await store.find('fresh')
      if (info === undefined) throw new Error('it is there')
      await one(store, info.chain)
      const before = await store.caches.kept(info.chain, 'snapshot')
      {
        await using theater = await open(store)
        await expect(theater.call('fresh', 'count', [])).rejects.toMatchObject({
          code: 'cannot-resume',
          message: expect.stringMatching(/theater archive fresh --restore old.car/),
        })
        expect(await store.caches.kept(info.chain, 'snapshot')).toEqual(before)
      }
      await restored(store, car)
      await using theater = await open(store)
      expect(await theater.call('fresh', 'count', [])).toBe(21)
    }
  })

  it('has ended as before, whatever was kept beside its record', async () => {
    for (const forget of [false, true]) {
      const store = await counted(20, { stop: true })
      const { plan } = await archived(store)
      // All but the event that ends it.
      expect(plan.base).toBe(plan.info.size - 1)
      if (forget) await store.caches.discard(plan.info.chain, 'summary')
      const lines: LogLine[] = []
      await using theater = await open(store, (line) => lines.push(line))
      expect(theater.actors()).toMatchObject([{ id: 'fresh', state: 'stopped' }])
      expect([lines, await deadLetters(store)]).toEqual([[], []])
    }
  })

  it('needs no snapshot where instances live for a turn', async () => {
    const store = await counted(20, { instance: 'turn' })
    const { plan } = await archived(store)
    expect(plan.base).toBeGreaterThan(plan.info.size - 8)
    await using theater = await open(store)
    expect(await theater.call('fresh', 'count', [])).toBe(1)
    expect(await theater.call('fresh', 'effects', [2])).toBe(1)
  })

  it('is read by who knows where to begin, and says to everybody else what is not here', async () => {
    const store = await counted(20)
    const { plan } = await archived(store, { keep: 20 })
    expect(plan.info.size - plan.base).toBeGreaterThanOrEqual(20)
    await using theater = await open(store)
    const seen: number[] = []
    const reading = async (from?: number): Promise<void> => {
      for await (const { seq } of theater.events('fresh', { ...(from !== undefined && { from }) })) {
        seen.push(seq)
        if (seq === plan.info.size - 1) return
      }
    }
    await reading(plan.base)
    expect(seen.at(0)).toBe(plan.base)
    for (const from of [undefined, plan.lead, plan.base - 1])
      await expect(reading(from)).rejects.toMatchObject({ code: 'archived' })
  })
})

describe('what can be archived', () => {
  it('is what is signed, lies between two turns, and is not what a host still needs', async () => {
    const store = await counted(20)
    await expect(planArchive(store, 'nobody')).rejects.toMatchObject({ code: 'unknown-actor' })
    await expect(planArchive(store, 'fresh')).rejects.toEqual(refused(/no checkpoint/))
    await sign(store)
    const info = await store.find('fresh')
    if (info === undefined) throw new Error('it is there')
    const kinds = (await Array.fromAsync(readEvents(store, info.chain))).map(({ kind }) => kind)
    for (let before = 0; before <= info.size; before++) {
      const plan = await planArchive(store, 'fresh', { before }).catch((error: unknown) => error)
      const first = kinds.indexOf('turn')
      const seam = kinds.findLastIndex((kind, seq) => kind === 'turn' && seq <= before && seq < info.size - 1)
      const nothing = { code: 'cannot-archive', message: expect.stringMatching(/nothing to archive/) }
      const expected = seam <= first ? nothing : { lead: first, from: first, base: seam }
      expect([before, plan]).toMatchObject([before, expected])
    }
    await discardSnapshot(store.caches, info.chain)
    await expect(planArchive(store, 'fresh')).rejects.toEqual(refused(/no snapshot/))
    await expect(planArchive(await counted(0), 'fresh')).rejects.toEqual(refused(/no checkpoint/))
  })
})
