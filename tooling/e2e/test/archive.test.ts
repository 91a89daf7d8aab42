import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { HostLog, removalOf, SigningKey } from '@theater/event-chain/log'
import { deadLetters, planArchive } from '@theater/runtime'
import type { ArchivePlan } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { add, get, heard, send, Stage } from './support/courier.ts'
import { Gate } from './support/gate.ts'

const key = await SigningKey.generate('host.example/theater')

/** Takes as much out of an actor's record as can be. */
async function archived(store: LoggedStore, id: string): Promise<ArchivePlan> {
  await (await HostLog.open({ store, key })).checkpoint()
  const plan = await planArchive(store, id)
  const { info, lead, base, notes } = plan
  await store.archives.takeOut(
    info.chain,
    await removalOf(store, info.chain, { lead, base, file: 'x.car', notes }),
  )
  return plan
}

describe('records that were archived in part', () => {
  it('say of each message what they said before, and actors go on with theirs', async () => {
    const store = memoryStore()
    const open = (actors = {}): Promise<Stage> => Stage.open({ store, snapshots: { everyEvents: 1 } }, actors)
    let sum = 0
    for (let i = 0; i < 3; i++) {
      {
        await using stage = await open(i === 0 ? { a: {}, b: {} } : {})
        for (let j = 0; j < 5; j++) await stage.run('a', [send('b', [add(j)])])
        await stage.idle()
        sum += 10
        expect(await stage.run('b', [get])).toEqual([sum])
        expect(await stage.theater.deadLetters()).toEqual([])
      }
      // One of both, then the other too.
      await archived(store, i === 1 ? 'a' : 'b')
      expect(await deadLetters(store)).toEqual([])
    }
    await using stage = await open()
    await stage.run('a', [send('b', [add(1)])])
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([sum + 1])
    const { archived: gone } = (await store.find('b')) ?? {}
    expect(gone?.parts).toHaveLength(2)
    expect(stage.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    // Who has ended took what it took, also where its turns are not here any more.
    await stage.theater.stop('b')
    await stage.theater.close()
    await archived(store, 'b')
    expect(await deadLetters(store)).toEqual([])
  })

  it('keep what has left an actor and did not arrive, also where it has ended', async () => {
    const store = memoryStore()
    const gate = new Gate(store)
    {
      await using stage = await Stage.open({ store: gate.store }, { a: {}, b: {} })
      for (let j = 0; j < 3; j++) await stage.run('a', [send('b', [add(j)])])
      await stage.idle()
      const { chain } = (await store.find('b')) ?? {}
      const reached = gate.close(chain ?? new Uint8Array(0))
      await stage.run('a', [send('b', [add(9)])])
      await reached
      await stage.theater.stop('a')
      const turns = (await stage.chain('a')).flatMap(({ kind, seq }) => (kind === 'turn' ? [seq] : []))
      const sent = (await stage.chain('a')).findLast(({ kind }) => kind === 'send')
      const plan = await archived(store, 'a')
      expect([plan.base, (sent?.seq ?? 0) > plan.base]).toEqual([turns.at(-1), true])
      gate.open()
      await stage.idle()
    }
    await using stage = await Stage.open({ store })
    expect(await heard(stage, 'b')).toEqual([0, 1, 2, 9])
    expect(await deadLetters(store)).toEqual([])
    // It has arrived now, and its record may go but for its end.
    const plan = await archived(store, 'a')
    expect(plan.base).toBe(plan.info.size - 1)
    expect(await deadLetters(store)).toEqual([])
  })
})
