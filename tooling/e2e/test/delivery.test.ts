import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { Theater } from '@theater/runtime'
import { afterAll, describe, expect, it } from 'vitest'
import { ask, cache, handlers } from './support/actors.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-delivery-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('messages under way when the host is killed', () => {
  for (const at of [1, 7, 20]) {
    it(`reach their receiver exactly once (killed in its turn ${at})`, async () => {
      const file = join(folder, `${at}.db`)
      const host = new URL('support/crash-post.ts', import.meta.url).pathname
      const child = spawn(process.execPath, ['--conditions=theater-source', host, file, String(at)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
      const store = sqliteStore(file)
      let count: unknown
      {
        await using theater = await Theater.open({ store, handlers: handlers(), cache })
        await theater.idle()
        count = await ask(theater, 'b', 'get')
      }
      const sent = new Set<number>()
      const received: number[] = []
      for (const { chain, label } of await store.list()) {
        for await (const event of readEvents(store, chain)) {
          if (event.content === null) continue
          if (label === 'a' && event.kind === 'send') sent.add(event.seq)
          if (label === 'b' && event.kind === 'turn' && event.content.cause !== null) {
            received.push(event.content.cause.seq)
          }
        }
      }
      expect(received).toEqual([...sent].toSorted((x, y) => x - y))
      expect(count).toBe(sent.size)
      expect(sent.size).toBeGreaterThanOrEqual(at)
      await store.close()
    })
  }
})
