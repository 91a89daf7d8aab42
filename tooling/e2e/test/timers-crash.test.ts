import type { Store } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import type { Data } from '@theater/values'
import { expect, it } from 'vitest'
import { HandClock } from './support/hand-clock.ts'
import { Journal } from './support/journal.ts'
import { chainOf, wrongWith } from './support/talkers.ts'
import { firedIn, Watchtower } from './support/wakers.ts'

/** Everything that is done with timers, traps between. */
async function live(tower: Watchtower): Promise<void> {
  await tower.spawn('a')
  await tower.after('a', 150, 'once')
  const cancelled = await tower.every('a', 100, 'cancelled')
  await tower.every('a', 70, 'again')
  await tower.pass(100)
  await tower.trap('a')
  await tower.after('a', 500, 'later')
  const late = await tower.after('a', 130, 'late')
  await tower.pass(60)
  await tower.cancel('a', cancelled)
  await tower.pass(20)
  await tower.cancel('a', late)
  await tower.pass(100)
  await tower.theater.stop('a')
}

/** The timers that fire once which left, and were not cancelled. */
async function onceIn(store: Store, id: string): Promise<Set<string>> {
  const calls = new Map<number, { readonly fn: string; readonly args: Data; readonly seq: number }>()
  const left = new Set<string>()
  for (const { seq, kind, content } of await chainOf(store, id)) {
    if (content === null) continue
    if (kind === 'call') calls.set(seq, { fn: content.fn, args: decodeData(content.args), seq })
    if (kind !== 'send') continue
    const { fn = '', args, seq: call } = calls.get(content.call) ?? {}
    if (fn.endsWith('#once')) left.add(String(call))
    else if (fn.endsWith('#cancel')) left.delete(String((args as [number])[0]))
  }
  return left
}

it('a host that is killed anywhere leaves timers as the record says, and each fires once for each time that it is due', async () => {
  const journal = new Journal()
  const clock = new HandClock()
  {
    await using tower = await Watchtower.open({ store: journal.store, clock })
    await live(tower)
  }
  const failures: unknown[] = []
  for (let at = 1; at <= journal.length; at++) {
    const left = await journal.at(at)
    await using tower = await Watchtower.open({ store: left.store, clock: new HandClock(clock.time) })
    await tower.theater.idle()
    await tower.pass(1000)
    const found: unknown[] = [...(await wrongWith(left.store))]
    const { time } = tower.clock
    const lives = tower.theater.actors().some(({ id, state }) => id === 'a' && state === 'idle')
    if (lives) {
      const standing = (await tower.list('a')) as { readonly due: bigint; readonly interval?: bigint }[]
      for (const { due, interval } of standing)
        if (due <= BigInt(time) || interval === undefined) found.push(`${due} was missed at ${time}`)
      const fired = (await firedIn(left.store, 'a')).map((one) => one.split(' ')[0])
      for (const id of await onceIn(left.store, 'a'))
        if (fired.filter((one) => one === id).length !== 1) found.push(`${id} fired ${fired.join()}`)
    } else if (tower.clock.set > 0) found.push('it sleeps for nobody')
    if (found.length > 0) failures.push({ at, found })
  }
  expect(failures).toEqual([])
  expect(journal.length).toBeGreaterThan(15)
})
