import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { memoryStore } from '@theater/event-chain'
import { timer } from '@theater/handler-timer'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { expect, it } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { HandClock } from './support/hand-clock.ts'
import { chainOf, wrongWith } from './support/talkers.ts'

const entry = join(import.meta.dirname, 'actors/alarms.ts')

it('an actor in TypeScript hears its timers; one that fails or traps is not heard again, and the log has a line', async () => {
  const { bytes } = await build({ entry, cache: builds })
  const store = memoryStore()
  const clock = new HandClock()
  const lines: LogLine[] = []
  const open = () =>
    Theater.open({
      store,
      handlers: [timer()],
      cache,
      entropy: clock,
      log: (line) => lines.push(line),
    })
  {
    await using theater = await open()
    await theater.spawn({
      id: 'a',
      component: bytes,
      grants: { timer: {} },
      limits: { fuel: 100_000_000 },
    })
    await ask(theater, 'a', 'set', { timer: 'ring', ms: 2000, said: 'once' })
    await ask(theater, 'a', 'set', { timer: 'fail', ms: 2000 })
    await ask(theater, 'a', 'set', { timer: 'spin', ms: 2000 })
    await ask(theater, 'a', 'every', { ms: 1500, said: 'again' })
    expect(await ask(theater, 'a', 'regret')).toEqual({ err: 'exception' })
    clock.pass(2000)
    await theater.idle()
    expect(await ask(theater, 'a', 'heard')).toEqual(['again +0', 'once +0'])
  }
  clock.time += 10_000
  {
    await using theater = await open()
    await theater.idle()
    expect(await ask(theater, 'a', 'heard')).toEqual(['again +0', 'once +0', 'again +6'])
  }
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'warn a timer fired and came to nothing: it failed',
    'warn a timer fired and came to nothing: its turn trapped',
  ])
  const fired = (await chainOf(store, 'a')).filter(
    ({ kind, content }) =>
      kind === 'turn' && content !== null && 'fn' in content && content.fn.endsWith('#fired'),
  )
  expect(fired).toHaveLength(5)
  expect(await wrongWith(store)).toEqual([])
})
