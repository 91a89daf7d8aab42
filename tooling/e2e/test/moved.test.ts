/** Actors that are moved to another host, with the records of their pasts. */
import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { bytesSource, exportCar, importCar, openCar } from '@theater/event-chain/car'
import { expect, it } from 'vitest'
import { add, get, peek, send, Stage, verdicts } from './support/courier.ts'

/** Moves actors, and what they were, from one store to another. */
async function move(from: LoggedStore, to: LoggedStore, ...actors: readonly string[]): Promise<void> {
  const infos = await Promise.all(actors.map((actor) => from.find(actor)))
  const chains = infos.map((info) => info!.chain)
  const parts = await Array.fromAsync(exportCar(from, chains))
  const car = await openCar(bytesSource(Buffer.concat(parts)), { unfinished: 'allow' })
  await importCar(car, to, { adopt: true })
}

it('what one that was moved said before goes to nobody here who only has the name of whoever it was for', async () => {
  const [there, here] = [memoryStore(), memoryStore()]
  {
    await using stage = await Stage.open({ store: here }, { b: {} })
    await stage.run('b', [add(100)])
  }
  {
    await using stage = await Stage.open({ store: there }, { a: {}, b: {} })
    for (let i = 0; i < 3; i++) await stage.run('a', [send('b', [add(1)])])
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([3])
  }
  await move(there, here, 'a')
  await using stage = await Stage.open({ store: here })
  await stage.idle()
  expect(await stage.run('b', [get])).toEqual([100])
  expect(stage.letters).toEqual([])
  expect(await stage.theater.deadLetters()).toEqual([])
  // What it says from now on is for whoever has the name here.
  await stage.run('a', [send('b', [add(1)])])
  await stage.idle()
  expect(await stage.run('b', [get])).toEqual([101])
  expect(await verdicts(here)).toMatchObject({ b: 'verified' })
})

it('what was under way between two that were moved, together or one after the other, arrives once', async () => {
  for (const trips of [[['a', 'b']], [['b'], ['a']]]) {
    const [there, here] = [memoryStore(), memoryStore()]
    {
      await using stage = await Stage.open({ store: there }, { a: {}, b: {} })
      await stage.run('a', [send('b', [add(1)])])
      await stage.idle()
      // It is in the mailbox of b when the host ends.
      const gate = stage.world.gate(7)
      const busy = stage.run('b', [peek(7)]).catch(() => undefined)
      await gate.reached
      await stage.run('a', [send('b', [add(1)])])
      await stage.theater.close()
      await busy
    }
    for (const actors of trips) {
      await move(there, here, ...actors)
      await using stage = await Stage.open({ store: here })
      await stage.idle()
    }
    await using stage = await Stage.open({ store: here })
    await stage.idle()
    expect(await stage.run('b', [get])).toEqual([2])
    expect(stage.letters).toEqual([])
    expect(await verdicts(here)).toEqual({ a: 'verified', b: 'verified' })
  }
})
