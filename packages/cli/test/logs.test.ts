import type { ChildProcess } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { relayGuest } from '@theater/guests/relay'
import { describe, expect, it, onTestFinished } from 'vitest'
import { follow } from '../src/follow.ts'
import { copies, ECHO, folder, objects, start, theater } from './support/theater.ts'

const KEYS = ['actor', 'seq', 'turn', 'time', 'source', 'level', 'message', 'fields']

/** A folder with an actor that logged twice, and a command. */
const withLogs = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'log', '"one"'], { cwd })
  await theater(['call', 'echo', 'log', '"\\u001b[2Jtwo"'], { cwd })
  await theater(['run', 'hello.wasm', '--', 'say'], { cwd })
  return cwd
})

/** A command that goes on until it is ended, line by line. */
class Going {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #closed: Promise<number | null>
  stderr = ''

  constructor(args: readonly string[], cwd: string) {
    this.#child = start(args, { cwd })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    const { stdout } = this.#child
    if (stdout === null) throw new Error('it has no output')
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  /** The next object that it prints. */
  async next(): Promise<any> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`it ended: ${this.stderr}`)
    return JSON.parse(value)
  }

  /** Waits for its end; the exit code. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal)
    const { done, value } = await this.#lines.next()
    if (done !== true) throw new Error(`it goes on: ${value}`)
    return this.#closed
  }

  /** Reads no more, as `| head` does. */
  close(): void {
    this.#child.stdout?.destroy()
  }

  get closed(): Promise<number | null> {
    return this.#closed
  }
}

describe('logs', () => {
  it('shows fields, in their order, and nothing that steers a terminal', async () => {
    const cwd = folder({ 'log.wasm': relayGuest('log') })
    await theater(['run', 'log.wasm'], { cwd })
    const fields = '[["b", "1"], ["a\\u001b", "x\\ny"], ["b", "2"]]'
    await theater(['call', 'log', 'test:relay/log#log', '"warn"', '"m"', fields], { cwd })
    expect(objects(await theater(['logs', 'log', '--json', '--level', 'warn'], { cwd }))).toMatchObject([
      {
        level: 'warn',
        message: 'm',
        fields: [
          ['b', '1'],
          ['a\u001b', 'x\ny'],
          ['b', '2'],
        ],
      },
    ])
    expect((await theater(['logs', 'log'], { cwd })).stdout).toMatch(/ {2}warn {4}m b=1 a\\x1b=x\\ny b=2\n$/)
    expect((await theater(['logs', 'log', '--level', 'error'], { cwd })).stdout).toBe('')
  })

  it('shows what an actor logged, out of its record', async () => {
    const cwd = await withLogs()
    const ran = await theater(['logs', 'echo', '--json'], { cwd })
    const lines = objects(ran)
    expect(lines.map((line) => Object.keys(line))).toEqual([KEYS, KEYS])
    const events = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    for (const line of lines) {
      const { turn, time } = line
      expect(events[line.seq]).toMatchObject({ kind: 'call', args: ['info', line.message, []], turn })
      expect(events[turn].detail.time).toBe(time)
    }
    expect(lines).toMatchObject([
      { actor: 'echo', source: 'log', level: 'info', message: expect.stringContaining('one'), fields: [] },
      { message: expect.stringContaining('two') },
    ])
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    const people = await theater(['logs', 'echo'], { cwd })
    expect(people.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  info    .*one.*\n/)
    // oxlint-disable-next-line no-control-regex -- escape sequences are what this is about
    expect(people.stdout).not.toMatch(/\u001b/)
  })

  it('shows what a command wrote', async () => {
    const cwd = await withLogs()
    expect(objects(await theater(['logs', 'hello', '--json'], { cwd }))).toMatchObject([
      { actor: 'hello', source: 'stdout', level: null, message: 'hello', seq: 5, turn: 2 },
    ])
    expect((await theater(['logs', 'hello'], { cwd })).stdout).toMatch(/  stdout  hello\n$/)
    expect((await theater(['logs', 'hello', '--level', 'trace'], { cwd })).stdout).toBe('')
  })

  it('shows as much as is asked for', async () => {
    const cwd = await withLogs()
    const show = async (...args: string[]) =>
      objects(await theater(['logs', 'echo', '--json', ...args], { cwd }))
    const all = await show()
    expect(await show('-n', '1')).toEqual(all.slice(1))
    expect(await show('-n', '0')).toEqual([])
    expect(await show('--since', `${all[0].seq + 1}`)).toEqual(all.slice(1))
    expect(await show('--level', 'info')).toEqual(all)
    expect(await show('--level', 'warn')).toEqual([])
    const wrong = await theater(['logs', 'echo', '--level', 'loud'], { cwd })
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect((await theater(['logs', 'eco'], { cwd })).stderr).toContain('Did you mean echo?')
  })
})

describe('following', () => {
  it('shows what is logged meanwhile, by one host and the next, until SIGINT', async () => {
    const cwd = await withLogs()
    const going = new Going(['logs', 'echo', '-f', '-n', '1', '--json'], cwd)
    expect((await going.next()).message).toContain('two')
    for (const text of ['three', 'four']) {
      const ran = await theater(['call', 'echo', 'log', `"${text}"`], { cwd })
      expect(ran.code).toBe(0)
      expect((await going.next()).message).toContain(text)
    }
    expect(await going.end('SIGINT')).toBe(130)
    expect(going.stderr).toBe('')
  })

  it('shows what is recorded meanwhile, each event once', async () => {
    const cwd = await withLogs()
    const before = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    const going = new Going(['chain', 'echo', '--follow', '--from', '3', '--json'], cwd)
    const seen = [await going.next()]
    await theater(['call', 'echo', 'divide', '7', '2'], { cwd })
    await theater(['call', 'echo', 'boom'], { cwd })
    while (seen.at(-1).kind !== 'trap') seen.push(await going.next())
    expect(await going.end('SIGINT')).toBe(130)
    const all = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    expect(all.length).toBeGreaterThan(before.length)
    expect(seen).toEqual(all.slice(3, 3 + seen.length))
  })

  it('ends with the actor', async () => {
    const cwd = await withLogs()
    const ran = await theater(['logs', 'hello', '--follow', '--json'], { cwd })
    expect(objects(ran)).toHaveLength(1)
    expect(ran.code).toBe(0)
    const chain = await theater(['chain', 'hello', '-f', '--json'], { cwd })
    expect(objects(chain).at(-1)).toMatchObject({ kind: 'stop' })
    const part = await theater(['chain', 'echo', '-f', '--to', '2', '--json'], { cwd })
    expect(objects(part).map(({ seq }) => seq)).toEqual([0, 1, 2])
  })

  it('goes on with the record that takes the place of another', async () => {
    const cwd = await withLogs()
    const going = new Going(['logs', 'echo', '-f', '-n', '1', '--json'], cwd)
    await going.next()
    expect((await theater(['run', 'theater.toml', '--fresh'], { cwd })).code).toBe(0)
    await theater(['call', 'echo', 'log', '"anew"'], { cwd })
    expect((await going.next()).message).toContain('anew')
    expect(await going.end('SIGINT')).toBe(130)
    expect(going.stderr).toBe('the record of echo was begun anew\n')
  })

  it('waits while the database that takes the place of another is being made', async () => {
    const cwd = await withLogs()
    const data = join(cwd, '.theater')
    let waits = 0
    const wait = async (): Promise<boolean> => {
      rmSync(join(data, 'theater.db'), { force: true })
      writeFileSync(join(data, 'theater.db'), '')
      return ++waits < 3
    }
    const records = follow(data, 'echo', wait)
    const { value } = await records.next()
    for await (const { seq } of value?.events(0) ?? []) expect(seq).toBeGreaterThanOrEqual(0)
    expect(await records.next()).toEqual({ value: undefined, done: true })
    expect(waits).toBe(3)
  })

  it('ends without a word when nobody reads any more', async () => {
    const cwd = await withLogs()
    const going = new Going(['logs', 'echo', '-f', '--json'], cwd)
    await going.next()
    going.close()
    await theater(['call', 'echo', 'log', '"unread"'], { cwd })
    await theater(['call', 'echo', 'log', '"unread"'], { cwd })
    expect(await going.closed).toBe(0)
    expect(going.stderr).toBe('')
  })
})
