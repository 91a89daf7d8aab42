import { describe, expect, test } from 'vitest'
import { ambientOf } from '../src/build/ambient.ts'

describe('what a source names', () => {
  test.for([
    ['x.now()', []],
    ['Date.now()', ['time']],
    ['new Date(5)', ['time']],
    ['performance.now()', ['time']],
    ['globalThis["Date"]', ['time']],
    ['Math.floor(1)', []],
    ['Math.random()', ['chance']],
    ['const { random } = Math', ['chance']],
    ['crypto.subtle.digest("SHA-256", x)', ['chance']],
    ['setTimeout(f, 1)', ['timers']],
    ['const { setInterval: every } = globalThis', ['timers']],
    ['AbortSignal.timeout(5)', ['timers']],
    ['AbortSignal.abort()', []],
    ['f({ timeout: 5 })', []],
    ['eval(code)', ['time', 'chance', 'timers']],
    ['new Function("return this")', ['time', 'chance', 'timers']],
    ['f instanceof Function', []],
    ['// Date\n"a Date in a text"', []],
  ] as const)('%s', ([source, uses]) => {
    expect(ambientOf(source)).toEqual(uses)
  })

  test('is found however deep it stands', () => {
    const deep = `${'('.repeat(2000)}1${' + 1)'.repeat(2000)}`
    expect(ambientOf(`const x = ${deep}; const f = () => Date.now()`)).toEqual(['time'])
    expect(ambientOf(`const x = [${'1 + '.repeat(20_000)} Date.now()]`)).toEqual(['time'])
  })
})
