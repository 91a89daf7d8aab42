import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { HostLog, SigningKey } from '@theater/event-chain/log'
import { deadLetters, Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { guest } from '@theater/guests'
import { expect, it } from 'vitest'
import { spineHandler } from './support/spine-handler.ts'
import { cache } from './support/kept.ts'

/** A store with the record of one actor, which was called twice. */
async function recorded(stop: boolean): Promise<LoggedStore> {
  const store = memoryStore()
  await using theater = await Theater.open({ cache, store, handlers: [spineHandler({ calls: [] })] })
  await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
  await theater.call('spine', 'run', [1])
  await theater.call('spine', 'run', [2])
  if (stop) await theater.stop('spine')
  return store
}

async function erase(store: LoggedStore, seq: number): Promise<void> {
  const log = await HostLog.open({ store, key: await SigningKey.generate('host.example/theater') })
  const [info] = await store.list()
  if (info === undefined) throw new Error('there is a record')
  await log.redact(info.chain, [seq < 0 ? info.size + seq : seq], { reason: 'asked for' })
}

it('an actor whose record has lost an event does not come back, and says so', async () => {
  for (const seq of [1, 2, -1]) {
    const store = await recorded(false)
    await erase(store, seq)
    const lines: LogLine[] = []
    await using theater = await Theater.open({
      cache,
      store,
      handlers: [spineHandler({ calls: [] })],
      log: (line) => lines.push(line),
    })
    await theater.idle()
    const failure = expect.stringMatching(
      /spine cannot go on: event \d+ of its record was erased, or is withheld/,
    )
    expect(theater.actors()).toMatchObject([
      { id: 'spine', state: 'failed', failure: { code: 'cannot-resume', message: failure } },
    ])
    await expect(theater.call('spine', 'run', [1])).rejects.toMatchObject({ code: 'cannot-resume' })
    expect(lines).toMatchObject([{ actor: 'spine', level: 'error', message: failure }])
    expect(await store.find('spine')).toBeDefined()
  }
})

it('an actor whose component is damaged in the store does not come back, and says so', async () => {
  const store = await recorded(false)
  const whole = guest('spine')
  const get = store.get.bind(store)
  store.get = async (cid) => {
    const bytes = await get(cid)
    return bytes?.length === whole.length ? whole.with(-1, 255) : bytes
  }
  await using theater = await Theater.open({ store, handlers: [spineHandler({ calls: [] })] })
  await theater.idle()
  const message = expect.stringContaining('the component of spine is damaged in the store')
  expect(theater.actors()).toMatchObject([{ state: 'failed', failure: { code: 'cannot-resume', message } }])
})

it('of an actor that still runs nothing is kept that has what was erased', async () => {
  const store = memoryStore()
  const kept = async (): Promise<string[]> => {
    const [info] = await store.list()
    const kinds = ['summary', 'snapshot']
    const found = await Promise.all(kinds.map((kind) => store.caches.kept(info!.chain, kind)))
    return kinds.filter((_, i) => found[i] !== undefined)
  }
  {
    await using theater = await Theater.open({
      cache,
      store,
      handlers: [spineHandler({ calls: [] })],
      snapshots: { everyEvents: 1 },
      summaryEvery: 1,
    })
    await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
    await theater.call('spine', 'run', [1])
    await theater.idle()
    await expect.poll(kept).toEqual(['summary', 'snapshot'])
    await erase(store, 2)
    expect(await kept()).toEqual([])
    // It is not known to the host, which goes on with the instance that it has.
    await theater.call('spine', 'run', [2])
  }
  expect(await kept()).toEqual([])
})

it('of an actor that has ended the host knows that, whatever was erased of its record', async () => {
  for (const seq of [1, 2, 3, -2, -1]) {
    const store = await recorded(true)
    await erase(store, seq)
    await using theater = await Theater.open({ cache, store, handlers: [spineHandler({ calls: [] })] })
    await theater.idle()
    expect([seq, theater.actors()]).toMatchObject([seq, [{ id: 'spine', state: 'stopped' }]])
    expect(await deadLetters(store)).toEqual([])
  }
})
