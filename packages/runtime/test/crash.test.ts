import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { Theater } from '@theater/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { spineHandler } from './support/spine-handler.ts'
import type { SpineWorld } from './support/spine-handler.ts'
import { cache } from './support/kept.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-crash-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the host until it is killed; answers what it had done to the world. */
async function crash(file: string, effect: string, at: number, when: string): Promise<string[]> {
  const host = new URL('support/crash-host.ts', import.meta.url).pathname
  const child = spawn(
    process.execPath,
    ['--conditions=theater-source', host, file, effect, String(at), when],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return readFileSync(`${file}.effects`, 'utf8').trimEnd().split('\n')
}

describe('a host that is killed in the middle of a turn', () => {
  // The adds of the run: (0,0) (0,1) | (1,0) (1,1) (2,2); the fourth is in the second turn.
  for (const when of ['before', 'after'] as const) {
    it(`goes on live where the record ends, an idempotent effect done again (killed ${when} it)`, async () => {
      const file = join(folder, `idempotent-${when}.db`)
      const before = await crash(file, 'idempotent', 4, when)
      expect(before.length).toBe(when === 'before' ? 3 : 4)
      const world: SpineWorld = { calls: [] }
      const store = sqliteStore(file)
      {
        await using theater = await Theater.open({ cache, store, handlers: [spineHandler(world)] })
        await theater.idle()
        expect(theater.actors()[0]?.recovery).toMatchObject({ turns: 1, unfinished: true })
        // Only what the record does not answer was done, and the counter came back by its description.
        expect(world.calls).toEqual(['add 1 1', 'add 2 2', 'resume 100', 'bump 3 -> 103'])
        expect(await theater.call('spine', 'run', [0])).toBe(4 + (102 + 103 + 103))
      }
      const kinds: string[] = []
      const [info] = await store.list()
      for await (const event of readEvents(store, info!.chain)) kinds.push(event.kind)
      expect(kinds.join(' ')).toContain('turn call result call resume result call result call return')
    })
  }

  it('tells nobody lies about a once effect whose outcome it cannot find out', async () => {
    const file = join(folder, 'once.db')
    await crash(file, 'once', 4, 'after')
    const world: SpineWorld = { calls: [] }
    await using theater = await Theater.open({
      cache,
      store: sqliteStore(file),
      handlers: [spineHandler(world, 'once')],
    })
    await theater.idle()
    // `add` has no case for it, so the turn is aborted, and the actor goes on from the turn before.
    expect(world.calls).toEqual([])
    expect(await theater.call('spine', 'run', [1])).toBe(1 + (102 + 101))
    expect(world.calls).toEqual(['add 1 0', 'resume 100', 'bump 1 -> 101'])
  })
})
