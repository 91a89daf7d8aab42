import { fakeActor } from '@theater/handler-conformance'
import { describe, expect, test } from 'vitest'
import { log, printable } from '../src/index.ts'
import type { LogGrant, LogOptions } from '../src/index.ts'

const LOG = 'theater:actor/log@0.1'

async function bound(grant: LogGrant, options: LogOptions = {}) {
  const actor = fakeActor()
  const binding = await log(options).bind(actor, grant)
  return { actor, write: binding.imports[LOG].log }
}

describe('log', () => {
  test('writes lines to the log of the actor, as they are', async () => {
    const { actor, write } = await bound({})
    write('info', 'a\u001b[2J', [['key', 'value\n']])
    expect(actor.lines).toEqual([{ level: 'info', message: 'a\u001b[2J', fields: [['key', 'value\n']] }])
  })

  test('drops what lies below the granted level', async () => {
    const { actor, write } = await bound({ level: 'warn' })
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) write(level, level, [])
    expect(actor.lines.map((line) => line.level)).toEqual(['warn', 'error'])
  })

  test('cuts what is too long', async () => {
    const { actor, write } = await bound({}, { maxLength: 3, maxFields: 1 })
    write('info', 'abcd', [
      ['abcd', 'abc'],
      ['x', 'y'],
    ])
    expect(actor.lines).toEqual([
      {
        level: 'info',
        message: 'abc…',
        fields: [
          ['abc…', 'abc'],
          ['…', '1 more'],
        ],
      },
    ])
  })

  test('writes fields in their order, a name that comes twice twice', async () => {
    const { actor, write } = await bound({})
    const fields = [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ] as const
    write('info', 'x', fields)
    expect(actor.lines).toEqual([{ level: 'info', message: 'x', fields }])
  })

  test('bounds the bytes of all fields together, and says how many it left out', async () => {
    const { actor, write } = await bound({}, { maxFieldBytes: 6 })
    write('info', 'x', [
      ['a', 'ä'],
      ['b', 'cd'],
      ['e', ''],
      ['f', ''],
    ])
    expect(actor.lines[0]?.fields).toEqual([
      ['a', 'ä'],
      ['b', 'cd'],
      ['…', '2 more'],
    ])
  })

  test('does not cut a character in half', async () => {
    const { actor, write } = await bound({}, { maxLength: 2 })
    write('info', 'a😀b', [])
    expect(actor.lines[0]?.message).toBe('a…')
  })

  test('inert, it drops everything', () => {
    const actor = fakeActor()
    log().inert?.(actor).imports[LOG]?.log('error', 'x', [])
    expect(actor.lines).toEqual([])
  })

  test('a child writes no level that its parent does not', () => {
    const within = (child: LogGrant, parent: LogGrant) => log().within(child, parent)
    expect(within({ level: 'warn' }, { level: 'info' })).toBe(true)
    expect(within({ level: 'info' }, { level: 'info' })).toBe(true)
    expect(within({ level: 'info' }, {})).toBe(true)
    expect(within({}, { level: 'info' })).toEqual({
      refused: 'log lines from trace up are not within those from info up',
    })
  })
})

describe('printable', () => {
  test.each([
    ['plain text, äöü 日本 👩‍💻 ok', 'plain text, äöü 日本 👩\\u{200d}💻 ok'],
    ['\u001b[31mred\u001b]0;title\u0007', '\\x1b[31mred\\x1b]0;title\\x07'],
    ['a\nb\rc\td\u0000', 'a\\nb\\rc\\td\\x00'],
    ['\u009b2J\u007f', '\\x9b2J\\x7f'],
    ['\u202eevil\u2066\u2028', '\\u{202e}evil\\u{2066}\\u{2028}'],
    ['\ud800x\udc00', '\\u{d800}x\\u{dc00}'],
    ['\u{e0041}\ufeff', '\\u{e0041}\\u{feff}'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  test('is itself printable', () => {
    const everything = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('')
    const once = printable(everything)
    expect(printable(once)).toBe(once)
  })
})
