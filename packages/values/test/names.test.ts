import { describe, expect, it } from 'vitest'
import { camelCase, equal } from '../src/index.ts'

describe('camelCase', () => {
  // The first column went through jco 1.35 as fields of a record; the second is what its glue calls them.
  it.each([
    ['HTTP-status', 'httpStatus'],
    ['a-1', 'a1'],
    ['b-2-c', 'b2C'],
    ['X', 'x'],
    ['HTTP2-x-URL', 'http2XUrl'],
    ['open-at', 'openAt'],
    ['a', 'a'],
    ['a1-b2c', 'a1B2c'],
  ])('%s is %s', (name, key) => {
    expect(camelCase(name)).toBe(key)
  })

  // No WIT name; the documentation of heck has them.
  it.each([
    ['HelloWorld', 'helloWorld'],
    ['XMLHttpRequest', 'xmlHttpRequest'],
    ['hello__world', 'helloWorld'],
    ['', ''],
    ['-', ''],
  ])('%s is %s', (name, key) => {
    expect(camelCase(name)).toBe(key)
  })
})

describe('equal', () => {
  class A {
    x = 1
  }
  it.each<[unknown, unknown, boolean]>([
    [NaN, NaN, true],
    [0, -0, false],
    [1, 1n, false],
    [undefined, null, false],
    [[1, [NaN]], [1, [NaN]], true],
    [[1], [1, undefined], false],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [{ toString: undefined }, {}, true],
    [{}, { toString: 1 }, false],
    [new Uint8Array([1]), new Uint8Array([1]), true],
    [new Uint8Array([1]), new Int8Array([1]), false],
    [new Uint8Array([1]), [1], false],
    [new Float64Array([NaN, -0]), new Float64Array([NaN, -0]), true],
    [new Float64Array([0]), new Float64Array([-0]), false],
    [new A(), new A(), false],
    [[], {}, false],
    [{}, [], false],
    [Object.create(null), {}, true],
  ])('%o and %o: %s', (a, b, answer) => {
    expect(equal(a, b)).toBe(answer)
  })
})
