import { memoryStore, readEvents } from '@theater/event-chain'
import type { ChainInfo, LoggedStore } from '@theater/event-chain'
import { HostLog, removalOf, SigningKey } from '@theater/event-chain/log'
import { deadLetters, planArchive } from '@theater/runtime'
import type { ArchivePlan } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { Reception } from '../../../packages/runtime/src/reception.ts'
import { scanRecord } from '../../../packages/runtime/src/recovery.ts'
import {
  add,
  courier,
  fail,
  finish,
  get,
  heard,
  mark,
  message,
  request,
  send,
  Stage,
} from './support/courier.ts'
import { Gate } from './support/gate.ts'
import { Hall } from './support/talkers.ts'

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

  it('bring their host back whatever was dropped of what they sent, and whatever was kept beside them', async () => {
    for (const forget of [true, false]) {
      const store = memoryStore()
      const gate = new Gate(store)
      {
        await using stage = await Stage.open({ store: gate.store }, { a: {}, b: {} })
        const { chain } = (await store.find('a')) ?? {}
        const reached = gate.close(chain ?? new Uint8Array(0))
        const sending = stage.run('a', [send('b', [add(1)])])
        await reached
        await stage.theater.stop('b')
        gate.open()
        await sending
        await stage.idle()
        for (const { id } of await stage.theater.deadLetters()) await stage.theater.drop(id)
      }
      {
        await using stage = await Stage.open({ store, snapshots: { everyEvents: 1 } })
        for (let i = 0; i < 3; i++) await stage.run('a', [add(1)])
        await stage.idle()
      }
      const plan = await archived(store, 'a')
      if (forget) await store.caches.discard(plan.info.chain, 'summary')
      await using stage = await Stage.open({ store })
      expect(await stage.run('a', [get])).toEqual([3])
      expect(await stage.theater.deadLetters()).toEqual([])
    }
  })

  it('keep what was for several, and was dropped for one of them alone', async () => {
    const store = memoryStore()
    const inner = new Gate(store)
    const outer = new Gate(inner.store)
    await using hall = await Hall.open({ store: outer.store }, { a: {}, b: {}, c: {} })
    for (const id of ['b', 'c']) await hall.subscribe(id, 'news')
    const chainOf = async (id: string): Promise<Uint8Array> =>
      (await store.find(id))?.chain ?? new Uint8Array(0)
    const written = outer.close(await chainOf('a'))
    const taken = inner.close(await chainOf('c'))
    const publishing = hall.publish('a', 'news', 'one')
    await written
    await hall.theater.stop('b')
    outer.open()
    await publishing
    await taken
    const [letter] = await hall.theater.deadLetters()
    expect(letter).toMatchObject({ to: 'b' })
    await hall.theater.drop(letter?.id ?? '')
    await hall.theater.stop('a')
    await (await HostLog.open({ store, key })).checkpoint()
    const plan = await planArchive(store, 'a').catch((error: unknown) => error)
    inner.open()
    expect(plan).toMatchObject({ code: 'cannot-archive', message: expect.stringContaining('to c') })
    await hall.idle()
    expect((await archived(store, 'a')).base).toBeGreaterThan(4)
  })

  it('keep what somebody has still to hear of, also where it is long ago', async () => {
    const store = memoryStore()
    const others = Array.from({ length: 40 }, () => send('b', [add(1)]))
    const asks = [request('b', [add(100), get]), ...others, mark(7), finish(0), mark(8)]
    {
      await using stage = await Stage.open({ store, snapshots: { everyEvents: 1 } }, { a: {}, b: {} })
      for (let i = 0; i < 5; i++) await stage.run('b', [add(0)])
      const gate = stage.world.gate(7)
      const asking = stage.run('a', asks).catch(() => undefined)
      await gate.reached
      expect(await stage.run('b', [get])).toEqual([140])
      await stage.theater.close()
      await asking
    }
    const plan = await archived(store, 'b')
    const { chain, archived: gone } = (await store.find('b')) ?? {}
    const [turn] = await Array.fromAsync(readEvents(store, chain ?? new Uint8Array(0), gone?.base))
    // It is the turn of the first.
    expect([plan.base > plan.from, turn]).toMatchObject([true, { kind: 'turn', content: { sender: 'a' } }])
    await using stage = await Stage.open({ store })
    await stage.idle()
    const last = (await stage.chain('a')).findLast(({ kind }) => kind === 'return')
    const answer = last?.kind === 'return' ? Buffer.from(last.content?.result ?? []) : Buffer.alloc(0)
    // Its answer, and not that nobody knows it.
    expect(answer.includes(Buffer.from([0, 4, 0, 0, 0, 100, 0, 0, 0]))).toBe(true)
    expect(await stage.run('b', [get])).toEqual([140])
  })

  it('are not of those who never came to be', async () => {
    const store = memoryStore()
    await using stage = await Stage.open({ store })
    await expect(stage.spawn('a', { params: message([fail]) })).rejects.toMatchObject({
      code: 'failed-to-start',
    })
    await (await HostLog.open({ store, key })).checkpoint()
    await expect(planArchive(store, 'a~1')).rejects.toMatchObject({ code: 'cannot-archive' })
  })

  it('take nothing again that they took, whether their records still say so or not', async () => {
    const store = memoryStore()
    {
      await using stage = await Stage.open({ store, snapshots: { everyEvents: 1 } }, { a: {}, b: {} })
      for (let i = 0; i < 40; i++) await stage.run('a', [send('b', [add(1)])])
      await stage.idle()
    }
    const { chain = new Uint8Array(0) } = (await store.find('a')) ?? {}
    const sent = (await Array.fromAsync(readEvents(store, chain))).filter(({ kind }) => kind === 'send')
    await archived(store, 'b')
    const { info, summary } = await scanRecord(store, (await store.find('b')) as ChainInfo)
    const fn = courier.model.exports[0]?.functions[0]
    const reception = new Reception({
      id: 'b',
      chain: () => info.chain,
      store,
      limit: 10,
      messageBytes: 1024,
      received: summary.received,
      alive: () => true,
      closing: () => false,
      gone: () => ({ tag: 'closed' }),
      exported: () => fn,
      came: () => undefined,
    })
    // The first is not known by itself any more, the last is.
    const replies = [
      [sent[0], 'archived'],
      [sent.at(-1), 'answered'],
    ] as const
    for (const [event, tag] of replies) {
      if (event === undefined) throw new Error('it was sent')
      const taken: number[] = []
      const cause = { chain, seq: event.seq, hash: event.hash }
      const reply = await new Promise((settle) => {
        const invocation = { fn: '', args: [], sender: 'a', cause }
        reception.accept(invocation, { settle, taken: (seq) => taken.push(seq) })
      })
      expect([taken, reception.mailbox.full, await reception.holds(cause)]).toEqual([[0], false, true])
      expect(reply).toMatchObject({ tag })
    }
  })
})
