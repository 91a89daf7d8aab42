import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { log } from '@theater/handler-log'
import { Theater } from '@theater/runtime'
import { expect, test } from 'vitest'

const ACTORS = 400
/** Of each. It was nine thousand when all that an actor is stayed in memory. */
const BYTES = 4000

test('an actor that has nothing to do is little more than its name, before its first turn and after', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'theater-idle-'))
  const options = { handlers: [log()], resident: 0 }
  try {
    await using store = sqliteStore(join(folder, 'chains.db'))
    const component = guest('echo')
    const call = (theater: Theater, i: number): Promise<unknown> =>
      theater.call(`actor-${i}`, 'divide', [6, 2])
    {
      await using theater = await Theater.open({ store, ...options })
      const ids = Array.from({ length: ACTORS }, (_, i) => `actor-${i}`)
      await Promise.all(ids.map((id) => theater.spawn({ id, component, grants: { log: {} } })))
    }
    {
      // What code takes that runs for the first time is not counted.
      await using theater = await Theater.open({ store, ...options })
      await call(theater, 0)
    }
    const before = used()
    await using theater = await Theater.open({ store, ...options })
    expect((used() - before) / ACTORS).toBeLessThan(BYTES)
    await Promise.all(Array.from({ length: ACTORS }, (_, i) => call(theater, i)))
    const residents = (): number => theater.actors().filter(({ resident }) => resident).length
    await expect.poll(residents, { timeout: 60_000 }).toBe(0)
    expect((used() - before) / ACTORS).toBeLessThan(BYTES)
    expect(theater.actors().every(({ state, events }) => state === 'idle' && events > 4)).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** Bytes in use that are not garbage. */
function used(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  gc()
  return process.memoryUsage().heapUsed
}
