import { memoryStore } from '@theater/event-chain'
import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { clocks } from '@theater/handler-clocks'
import { random } from '@theater/handler-random'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { verify } from './support/files.ts'

const DRAW = relayed('wasi:random/random@0.2#get-random-bytes')
const WALL = relayed('wasi:clocks/wall-clock@0.2#now')
const live = { live: true } as const

/** Draws of sixteen bytes: no two are by chance the same. */
async function draws(theater: Theater, id: string, n: number): Promise<string[]> {
  const drawn: string[] = []
  for (let i = 0; i < n; i++)
    drawn.push(Buffer.from((await theater.call(id, DRAW, [16n])) as Uint8Array).toString('hex'))
  return drawn
}

it('no two of many actors ever draw the same, derived or live, over turns, traps and restarts; a re-run always does', async () => {
  const store = memoryStore()
  const ids = Array.from({ length: 40 }, (_, i) => `actor-${i}`)
  const open = () => Theater.open({ store, handlers: [random(), clocks()], cache })
  const drawn: string[] = []
  {
    await using theater = await open()
    for (const [i, id] of ids.entries()) {
      const grants = i % 4 === 0 ? { random: live } : {}
      await theater.spawn({ id, component: relayGuest('random'), grants })
      drawn.push(...(await draws(theater, id, 3)))
    }
  }
  // A new host brings them back by re-running what they drew, and goes on behind it.
  await using theater = await open()
  for (const [i, id] of ids.entries()) {
    if (i % 5 === 0) await theater.call(id, TRAP, []).catch(() => undefined)
    drawn.push(...(await draws(theater, id, 2)))
  }
  expect(new Set(drawn).size).toBe(ids.length * 5)
  for (const { chain, id } of theater.actors())
    expect([id, (await verify(store, chain)).verdict]).toEqual([id, 'verified'])
})

it('derived clocks say when the turn began, live ones what the time is, and neither goes backwards', async () => {
  const store = memoryStore()
  let machine = 1_800_000_000_000_000_000n
  const entropy = {
    now: () => Number(machine / 1_000_000n),
    bytes: (length: number) => new Uint8Array(length).fill(1),
  }
  await using theater = await Theater.open({
    store,
    handlers: [clocks({ wall: () => (machine += 7n) })],
    cache,
    entropy,
  })
  for (const [id, grants] of [
    ['derived', {}],
    ['live', { clocks: live }],
  ] as const)
    await theater.spawn({ id, component: relayGuest('clocks'), grants })
  const read = async (id: string): Promise<bigint> => {
    const { seconds, nanoseconds } = (await theater.call(id, WALL, [])) as {
      seconds: bigint
      nanoseconds: number
    }
    return seconds * 1_000_000_000n + BigInt(nanoseconds)
  }
  const [began, first] = [machine, await read('derived')]
  expect(first).toBe(began + 1_000n)
  expect(await read('live')).toBe(machine)
  const before = await read('live')
  machine -= 3_600_000_000_000n
  expect(await read('live')).toBeGreaterThanOrEqual(before)
  for (const { chain, events, id } of theater.actors()) {
    expect((await verify(store, chain)).verdict).toBe('verified')
    // A turn of the one is two events, of the other three.
    expect([id, events]).toEqual([id, id === 'live' ? 2 + 3 * 3 : 2 + 2])
  }
})
