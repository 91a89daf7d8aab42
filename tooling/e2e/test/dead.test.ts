import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { deadLetters } from '@theater/runtime'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { add, chainOf, fail, get, heard, mark, peek, send, Stage, trap, verdicts } from './support/courier.ts'
import type { Steps } from './support/courier.ts'
import { Gate } from './support/gate.ts'
import { Journal } from './support/journal.ts'

/** Each dead letter of a store, with the number that its program ends with. */
async function dead(store: Store): Promise<string[]> {
  return (await deadLetters(store)).map(({ id, reason }) => `${id} ${reason}`)
}

/** A sends to an actor that ends before it takes it. */
async function sentToNobody(stage: Stage, gate: Gate, ...messages: readonly Steps[]): Promise<void> {
  const { chain } = stage.theater.actors()[0]!
  const reached = gate.close(chain)
  const sending = stage.run(
    'a',
    messages.map((steps) => send('b', steps)),
  )
  await reached
  await stage.theater.stop('b')
  gate.open()
  await sending
  await stage.idle()
}

describe('a dead letter', () => {
  it('is one that its receiver trapped over, or refused: it can be taken again, until a turn of it ends well', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    stage.world.answer = () => {
      throw new Error('the world is down')
    }
    await stage.run('a', [
      send('b', [peek(1), add(1)]),
      send('b', [fail]),
      send('b', [trap]),
      send('b', [add(5)]),
    ])
    await stage.idle()
    expect(await stage.theater.deadLetters()).toMatchObject([
      { id: 'a@9@b', from: 'a', to: 'b', seq: 9, reason: 'aborted', turn: 4 },
      { id: 'a@10@b', reason: 'failed' },
      { id: 'a@11@b', reason: 'trapped' },
    ])
    await expect(stage.theater.retry('a@9@b')).rejects.toMatchObject({ code: 'aborted' })
    await expect(stage.theater.retry('a@10@b')).rejects.toMatchObject({ code: 'refused' })
    await expect(stage.theater.retry('a@11@b')).rejects.toMatchObject({ code: 'trapped' })
    expect(await dead(stage.store)).toEqual(['a@9@b aborted', 'a@10@b failed', 'a@11@b trapped'])
    stage.world.answer = undefined
    await stage.theater.retry('a@9@b')
    expect(await dead(stage.store)).toEqual(['a@10@b failed', 'a@11@b trapped'])
    await expect(stage.theater.retry('a@9@b')).rejects.toMatchObject({ code: 'unknown-letter' })
    expect(await stage.run('b', [get])).toEqual([6])
    // Its sender is who it was, and all of its turns have one cause.
    const turns = (await stage.chain('b')).flatMap((event) =>
      event.kind === 'turn' && event.content?.cause?.seq === 9 ? [event.content.sender] : [],
    )
    expect(turns).toEqual(['a', 'a', 'a'])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })

  it('is one for an actor that ended: who has the name after it gets it when somebody says so', async () => {
    const gate = new Gate(memoryStore())
    await using stage = await Stage.open({ store: gate.store }, { a: {}, b: {} })
    await sentToNobody(stage, gate, [add(1)], [add(2)])
    expect(await dead(stage.store)).toEqual(['a@7@b stopped', 'a@8@b stopped'])
    await expect(stage.theater.retry('a@7@b')).rejects.toMatchObject({ code: 'stopped' })
    await stage.theater.release('b')
    expect(await dead(stage.store)).toEqual(['a@7@b unknown-actor', 'a@8@b unknown-actor'])
    await expect(stage.theater.retry('a@7@b')).rejects.toMatchObject({ code: 'stopped' })
    await stage.spawn('b')
    expect(await dead(stage.store)).toEqual(['a@7@b stopped', 'a@8@b stopped'])
    await stage.theater.retry('a@8@b')
    expect(await heard(stage, 'b')).toEqual([2])
    expect(await dead(stage.store)).toEqual(['a@7@b stopped'])
    expect(await verdicts(stage.store)).toMatchObject({ a: 'verified', b: 'verified' })
  })

  it('is not delivered by a restart to who has the name after its receiver', async () => {
    const journal = new Journal()
    const gate = new Gate(journal.store)
    {
      await using stage = await Stage.open({ store: gate.store }, { a: {}, b: {} })
      await sentToNobody(stage, gate, [add(1)])
      await stage.theater.release('b')
      // The clock of the machine goes on: by a millisecond, whatever that takes.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1 })
      onTestFinished(() => void vi.useRealTimers())
      await stage.spawn('b')
      await stage.run('a', [send('b', [add(2)])])
    }
    await using stage = await Stage.open({ store: journal.store })
    await stage.idle()
    expect(await heard(stage, 'b')).toEqual([2])
    expect(await dead(stage.store)).toEqual(['a@6@b stopped'])
    await stage.theater.retry('a@6@b')
    expect(await heard(stage, 'b')).toEqual([2, 1])
    expect(await dead(stage.store)).toEqual([])
  })

  it('is gone when it was dropped, for good, and so is one that is dropped before anybody takes its name', async () => {
    const gate = new Gate(memoryStore())
    await using stage = await Stage.open({ store: gate.store }, { a: {}, b: {}, c: {} })
    await stage.run('a', [send('c', [trap])])
    await sentToNobody(stage, gate, [add(1)])
    expect(await dead(stage.store)).toEqual(['a@6@c trapped', 'a@10@b stopped'])
    await stage.theater.drop('a@6@c')
    expect(await dead(stage.store)).toEqual(['a@10@b stopped'])
    await stage.theater.drop('a@10@b')
    await expect(stage.theater.drop('a@10@b')).rejects.toMatchObject({ code: 'unknown-letter' })
    await expect(stage.theater.retry('a@10@b')).rejects.toMatchObject({ code: 'unknown-letter' })
    await expect(stage.theater.drop('nobody@1@b')).rejects.toMatchObject({ code: 'unknown-letter' })
    await stage.theater.close()
    await using again = await Stage.open({ store: stage.store })
    await again.idle()
    expect(await dead(again.store)).toEqual([])
  })

  it('is not one that waits for an actor that is there', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    const gate = stage.world.gate(1)
    const busy = stage.run('b', [peek(1)])
    await gate.reached
    await stage.run('a', [send('b', [add(1)])])
    expect(await dead(stage.store)).toEqual([])
    gate.open()
    await busy
    await stage.idle()
    expect(await dead(stage.store)).toEqual([])
  })

  it('is tried by one turn, however many ask for it', async () => {
    await using stage = await Stage.open({}, { a: {}, b: {} })
    stage.world.answer = () => {
      throw new Error('the world is down')
    }
    await stage.run('a', [send('b', [peek(1), add(1)])])
    await stage.idle()
    stage.world.answer = undefined
    const tries = [1, 2, 3].map(() =>
      stage.theater.retry('a@6@b').then(
        () => 'taken',
        ({ code }: { code: string }) => code,
      ),
    )
    const found = await Promise.all(tries)
    expect(found).toContain('taken')
    expect(found.every((one) => one === 'taken' || one === 'unknown-letter')).toBe(true)
    expect(await stage.run('b', [get])).toEqual([1])
    expect(await verdicts(stage.store)).toEqual({ a: 'verified', b: 'verified' })
  })
})

it('a host that is killed anywhere in a retry leaves it tried once, or not, and never twice well', async () => {
  const journal = new Journal()
  let tried: number
  {
    await using stage = await Stage.open({ store: journal.store }, { a: {}, b: {} })
    stage.world.answer = () => {
      throw new Error('the world is down')
    }
    await stage.run('a', [send('b', [peek(1), mark(2), add(1)])])
    await stage.idle()
    stage.world.answer = undefined
    tried = journal.length
    await stage.theater.retry('a@6@b')
  }
  const failures: unknown[] = []
  for (let at = tried; at <= journal.length; at++) {
    const { store } = await journal.at(at)
    await using stage = await Stage.open({ store })
    await stage.idle()
    const before = await dead(store)
    if (before.length > 0) await stage.theater.retry('a@6@b')
    const wells = (await chainOf(store, 'b')).filter(({ kind }) => kind === 'return').length
    const rest = [await dead(store), await stage.run('b', [get]), await verdicts(store)]
    if (JSON.stringify(rest) !== JSON.stringify([[], [1], { a: 'verified', b: 'verified' }]) || wells !== 2)
      failures.push({ at, before, rest, wells })
  }
  expect(failures).toEqual([])
  expect(journal.length - tried).toBeGreaterThan(1)
})
