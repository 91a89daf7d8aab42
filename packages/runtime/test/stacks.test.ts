import { Stacks } from '@theater/component'
import { memoryStore } from '@theater/event-chain'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import { afterEach, expect, it, vi } from 'vitest'
import { spineHandler } from './support/spine-handler.ts'

afterEach(() => void vi.restoreAllMocks())

it('runs the guests of all actors on stacks that are used again, and ends these when it is closed', async () => {
  const run = vi.spyOn(Stacks.prototype, 'run')
  const theater = await Theater.open({ store: memoryStore(), handlers: [spineHandler({ calls: [] })] })
  const ids = ['a', 'b', 'c']
  for (const id of ids) await theater.spawn({ id, component: guest('spine'), grants: { spine: {} } })
  for (let i = 0; i < 5; i++)
    for (const id of ids) expect(await theater.call(id, 'run', [2])).toBeTypeOf('number')
  await expect(theater.call('a', 'boom', [])).rejects.toMatchObject({ code: 'trapped' })
  expect(await theater.call('a', 'run', [2])).toBeTypeOf('number')
  // And those that were made again when the trap was undone.
  expect(run.mock.calls.length).toBeGreaterThan(17)
  const [stacks] = run.mock.contexts as unknown as Stacks[]
  expect(new Set(run.mock.contexts).size).toBe(1)
  expect([stacks?.made, stacks?.idle]).toEqual([2, 1])
  await theater.close()
  expect(stacks?.idle).toBe(0)
})
