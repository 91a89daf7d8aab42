import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { wrong } from './support/parley.ts'
import { Hall } from './support/talkers.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-channels-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a process that is killed', () => {
  // The first writes make the actors; the run has some sixty.
  for (const [write, when] of [
    [17, 'after'],
    [26, 'before'],
    [33, 'after'],
    [41, 'before'],
  ] as const) {
    it(`leaves both ends of each channel of one mind (${when} write ${write})`, async () => {
      const file = join(folder, `${write}.db`)
      const host = new URL('support/crash-talk.ts', import.meta.url).pathname
      const child = spawn(
        process.execPath,
        ['--conditions=theater-source', host, file, String(write), when],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      )
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
      await using store = sqliteStore(file)
      await using hall = await Hall.open({ store })
      await hall.idle()
      expect(await wrong(hall)).toEqual([])
    })
  }
})
