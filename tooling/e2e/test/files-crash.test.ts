import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { eventsOf, linesOf, place, verify } from './support/files.ts'

interface Crash {
  readonly method: 'write' | 'append' | 'rename' | 'createFile'
  /** The how manieth call. */
  readonly at: number
  readonly when: 'before' | 'after'
  /** Arguments of the program. */
  readonly args: readonly string[]
}

/** Runs the program until its host is killed; `there` is looked at before it goes on under another one. */
async function crashAndGoOn<T>(
  mount: string,
  { method, at, when, args }: Crash,
  there: () => T,
): Promise<{ readonly out: string[]; readonly err: string[]; readonly before: T }> {
  const file = join(mount, '..', 'store.db')
  const host = new URL('support/crash-files.ts', import.meta.url).pathname
  const child = spawn(
    process.execPath,
    ['--conditions=theater-source', host, file, mount, method, String(at), when, ...args],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
  const before = there()
  const lines: LogLine[] = []
  await using store = sqliteStore(file)
  {
    await using theater = await Theater.open({
      store,
      handlers: [fs(), cli()],
      cache,
      log: (line) => lines.push(line),
    })
    expect(theater.actors()[0]?.recovery).toMatchObject({ turns: 0, unfinished: true })
    await theater.idle()
  }
  const [info] = await store.list()
  const events = await eventsOf(store, info!.chain)
  expect(events.filter(({ kind }) => kind === 'resume')).toHaveLength(1)
  const end = events.at(-1)
  // Of `result<_, _>`, in a list of results: the program came to its end, with 0.
  expect(end?.kind === 'return' && end.content?.result).toEqual(new Uint8Array([0x81, 0x81, 0x00]))
  expect(await verify(store, info!.chain)).toMatchObject({ verdict: 'verified', turns: 1, undone: 0 })
  return { out: linesOf(lines, 'stdout'), err: linesOf(lines, 'stderr'), before }
}

describe('a host that is killed in the middle of a change to a file', () => {
  for (const when of ['before', 'after'] as const) {
    it(`goes on: a write by position is done again (killed ${when} it)`, async () => {
      const { mount } = place()
      const file = join(mount, 'file')
      const crash: Crash = { method: 'write', at: 4, when, args: ['put', '/data/file', '6'] }
      const { out, err, before } = await crashAndGoOn(mount, crash, () => readFileSync(file).length)
      expect(before).toBe(when === 'before' ? 48 : 64)
      // The program holds the descriptor from before the crash, and its own check of all records passes.
      expect({ out, err }).toEqual({ out: ['put 3', 'put 4', 'put 5', '6 records, 96 bytes'], err: [] })
    })

    it(`goes on: a stream does not outlive its host, and the program is told (killed ${when} a write)`, async () => {
      const { mount } = place()
      const file = join(mount, 'file')
      const crash: Crash = { method: 'append', at: 3, when, args: ['stream', '/data/file', '5'] }
      const { out, err, before } = await crashAndGoOn(mount, crash, () => readFileSync(file, 'utf8'))
      expect(before).toBe(when === 'before' ? 'line 0\nline 1\n' : 'line 0\nline 1\nline 2\n')
      expect(err).toEqual(['files: stream: /data/file: errno 29: I/O error'])
      expect(out).toEqual([`line 2 was ${when === 'before' ? 'lost' : 'written'}`, 'done'])
      expect(readFileSync(file, 'utf8')).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n')
    })

    it(`goes on: a rename is looked up, not done twice (killed ${when} it)`, async () => {
      const { mount } = place()
      writeFileSync(join(mount, 'from'), 'content')
      const crash: Crash = { method: 'rename', at: 1, when, args: ['mv', '/data/from', '/data/to'] }
      const { err, before } = await crashAndGoOn(mount, crash, () => existsSync(join(mount, 'to')))
      expect(before).toBe(when === 'after')
      expect(err).toEqual([])
      expect(existsSync(join(mount, 'from'))).toBe(false)
      expect(readFileSync(join(mount, 'to'), 'utf8')).toBe('content')
    })
  }

  it('goes on: a file that was made is opened again', async () => {
    const { mount } = place()
    const crash: Crash = { method: 'createFile', at: 1, when: 'after', args: ['write', '/data/file', 'text'] }
    const { err, before } = await crashAndGoOn(mount, crash, () => readFileSync(join(mount, 'file'), 'utf8'))
    expect({ err, before }).toEqual({ err: [], before: '' })
    expect(readFileSync(join(mount, 'file'), 'utf8')).toBe('text\n')
  })
})
