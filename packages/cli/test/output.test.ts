import { EventEmitter } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { memoryStore } from '@theater/event-chain'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { printAnswer } from '../src/answer.ts'
import { ComponentMaps } from '../src/component-maps.ts'
import { jsonLine, Output } from '../src/output.ts'
import type { Sink } from '../src/output.ts'
import { rerunStore } from '../src/progress.ts'
import { nearest } from '../src/nearest.ts'
import { count, table } from '../src/table.ts'

/** A stream that remembers. */
class Fake extends EventEmitter implements Sink {
  text = ''
  full = false
  readonly isTTY: boolean
  readonly columns = 40

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  write(text: string): boolean {
    this.text += text
    return !this.full
  }
}

// oxlint-disable-next-line no-control-regex -- escape sequences are what this is about
const ESCAPES = /\u001b\[/

afterEach(() => vi.unstubAllEnvs())

describe('output', () => {
  it('has colour on a terminal, and nowhere else', () => {
    vi.stubEnv('NO_COLOR', undefined)
    vi.stubEnv('FORCE_COLOR', undefined)
    vi.stubEnv('TERM', 'xterm')
    expect(new Output(false, new Fake(true), new Fake(true)).style('red', 'x')).toMatch(ESCAPES)
    expect(new Output(false, new Fake(false), new Fake(true)).style('red', 'x')).toBe('x')
    expect(new Output(true, new Fake(true), new Fake(true)).style('red', 'x')).toBe('x')
    vi.stubEnv('NO_COLOR', '1')
    const plain = new Output(false, new Fake(true), new Fake(true))
    expect(plain.style('red', 'x') + plain.styleNote('red', 'x')).toBe('xx')
    vi.stubEnv('FORCE_COLOR', '1')
    const forced = new Output(false, new Fake(false), new Fake(false))
    expect(forced.style('red', 'x')).toMatch(ESCAPES)
    expect(forced.styleNote('red', 'x')).toMatch(ESCAPES)
    expect(new Output(true, new Fake(true), new Fake(true)).style('red', 'x')).toBe('x')
    vi.stubEnv('FORCE_COLOR', '0')
    expect(new Output(false, new Fake(true), new Fake(true)).style('red', 'x')).toBe('x')
  })

  it('escapes what a terminal could obey, and stays the same JSON', () => {
    const value = { text: '\u001b\u0085\u009b\u202e\u2028\u00ad\u{e0001}ü\ud800' }
    const line = jsonLine(value)
    expect(line).toMatch(/^[\x20-\x7eü]+$/)
    expect(JSON.parse(line)).toEqual(value)
  })

  it('shows how far it is on a terminal only, and takes that away before anything else', async () => {
    const terminal = new Fake(true)
    const output = new Output(false, new Fake(false), terminal)
    output.status('half way there, which is a long story to tell in forty columns')
    expect(terminal.text).toContain('half way')
    expect(terminal.text.length).toBeLessThan(60)
    output.note('a line')
    expect(terminal.text).toContain('\r\u001b[Ka line\n')
    output.endStatus()
    terminal.text = ''
    output.note('another')
    expect(terminal.text).toBe('another\n')
    const pipe = new Fake(false)
    new Output(false, new Fake(false), pipe).status('half way')
    expect(pipe.text).toBe('')
  })

  it('shows how far a re-run on opening is, on a terminal only and only until it is over', async () => {
    const store = memoryStore()
    const chain = new Uint8Array(32)
    const events = [{ header: new Uint8Array(1), body: null }]
    await store.create(chain, 'counter', { epoch: 0, events, head: chain })
    const terminal = new Fake(true)
    let going = true
    const watched = await rerunStore(store, new Output(false, new Fake(false), terminal), () => going)
    await Array.fromAsync(watched.read(chain))
    expect(terminal.text).toContain('re-running counter · 1 of 1 events')
    terminal.text = ''
    going = false
    await Array.fromAsync(watched.read(chain))
    expect(terminal.text).toBe('')
    expect(await rerunStore(store, new Output(false, new Fake(true), new Fake(false)), () => true)).toBe(
      store,
    )
  })

  it('shows the names of actors, which may be of a hostile file, as text', () => {
    const terminal = new Fake(true)
    new Output(false, new Fake(false), terminal).status('reading \u001b]0;owned\u0007\u009b2J\u202eactor\n')
    const shown = stripVTControlCharacters(terminal.text)
    expect(shown).toContain('reading ?]0;owned??2J?actor?')
    expect(terminal.text).not.toContain('\u001b]')
  })

  it('prints what an abort was for as text', async () => {
    const err = new Fake(false)
    const output = new Output(false, new Fake(false), err)
    const answer = { json: { err: { aborted: 'x' } }, note: 'aborted: \u001b[2Jgone\nfor good' }
    await printAnswer(answer, 'a', new ComponentMaps('nowhere'), output)
    expect(err.text).toBe('aborted: \\x1b[2Jgone\\nfor good\n')
  })

  it('waits for a reader who is slow, and not for one who is gone', async () => {
    const out = new Fake(false)
    const output = new Output(true, out, new Fake(false))
    out.full = true
    const slow = output.result({ n: 1 }, () => '')
    out.emit('drain')
    await slow
    const gone = output.result({ n: 2 }, () => '')
    out.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }))
    await gone
    expect(output.closed).toBe(true)
    expect(output.failure).toBeUndefined()
    await output.result({ n: 3 }, () => '')
    expect(out.text).toBe('{"n":1}\n{"n":2}\n')
    const full = new Fake(false)
    const lost = new Output(true, full, new Fake(false))
    full.emit('error', Object.assign(new Error('no room'), { code: 'ENOSPC' }))
    expect(lost.failure?.message).toBe('no room')
  })
})

describe('table', () => {
  it('aligns by what is seen', () => {
    const rows = [
      ['\u001b[1mab\u001b[22m', '1', 'x'],
      ['c', '12,345', 'yy'],
    ]
    const text = table(
      [{ title: 'A' }, { title: 'N', align: 'right' }, { title: 'Z' }],
      rows,
      (title) => title,
    )
    expect(text.split('\n').map((line) => stripVTControlCharacters(line))).toEqual([
      'A        N  Z',
      'ab       1  x',
      'c   12,345  yy',
    ])
    expect([0, 999, 1000, 1234567].map(count)).toEqual(['0', '999', '1,000', '1,234,567'])
  })
})

describe('nearest', () => {
  it('finds a slip of the pen, and guesses nothing wild', () => {
    const keys = ['component', 'grants', 'params', 'limits']
    expect(nearest('componnet', keys)).toBe('component')
    expect(nearest('grant', keys)).toBe('grants')
    expect(nearest('param', keys)).toBe('params')
    expect(nearest('colour', keys)).toBeUndefined()
    expect(nearest('x', keys)).toBeUndefined()
    expect(nearest('a'.repeat(100_000), keys)).toBeUndefined()
  })
})
