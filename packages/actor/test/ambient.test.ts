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
    expect(ambientOf(source).uses).toEqual(uses)
  })

  test('is found however deep it stands', () => {
    const deep = `${'('.repeat(2000)}1${' + 1)'.repeat(2000)}`
    expect(ambientOf(`const x = ${deep}; const f = () => Date.now()`).uses).toEqual(['time'])
    expect(ambientOf(`const x = [${'1 + '.repeat(20_000)} Date.now()]`).uses).toEqual(['time'])
  })
})

describe('the clock is read at build time', () => {
  test.for([
    ['const a = Date.now()', [10]],
    ['const a = new Date()', [10]],
    ['const a = performance.now()', [10]],
    ['class A { static at = globalThis.Date.now() }', [22]],
    ['const a = new Date(0)', []],
    ['const f = () => Date.now()', []],
    ['function f() { return new Date() }', []],
    ['class A { at = Date.now(); m() { return Date.now() } }', []],
  ] as const)('in %s', ([source, at]) => {
    expect(ambientOf(source).readings).toEqual(at)
  })
})

test('calls of fetch, but of the global one', () => {
  expect(ambientOf('const f = () => fetch("x"); globalThis.fetch("y")').fetches).toEqual([16, 28])
  expect(ambientOf('import { fetch } from "x"; fetch("y")').fetches).toEqual([])
  expect(ambientOf('const a = { fetch(ctx) { return ctx.fetch() } }').fetches).toEqual([])
})
