import { guest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { expect, test } from 'vitest'
import { ComponentError, defaultLimits, loadComponent } from '../src/node.ts'
import { withDefaults } from '../src/limits.ts'

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]
const section = (id: number, ...content: number[]): Uint8Array =>
  new Uint8Array([...preamble, id, content.length, ...content])

const refusal = async (bytes: Uint8Array, options: Parameters<typeof loadComponent>[1] = {}) => {
  const error = await loadComponent(bytes, options).catch((e: unknown) => e)
  if (!ComponentError.is(error)) throw new Error('it was not refused', { cause: error })
  return error
}

const unsupported: [string, string, RegExp][] = [
  ['streams', '(component (import "f" (func (result (stream u8)))))', /stream types/],
  ['futures', '(component (import "f" (func (result (future u8)))))', /future types/],
  ['error-context', '(component (import "f" (func (param "e" error-context))))', /error-context/],
  ['maps', '(component (type (map string u8)))', /map types/],
  ['fixed-length lists', '(component (type (list u8 4)))', /lists of fixed length/],
  ['async functions', '(component (import "f" (func async (result u8))))', /async functions/],
  [
    'async lifts',
    `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
       (func (export "f") (canon lift (core func $i "f") async)))`,
    /async functions/,
  ],
  ['async built-ins', '(component (core func (canon task.cancel)))', /async functions/],
  ['stream built-ins', '(component (type $s (stream u8)) (core func (canon stream.new $s)))', /stream types/],
  ['waitable sets', '(component (core func (canon waitable-set.new)))', /async functions/],
  ['threads', '(component (core func (canon thread.available_parallelism)))', /threads/],
  ['an imported core module', '(component (import "m" (core module)))', /import of a core module/],
  [
    'an exported core module',
    '(component (core module $m) (export "m" (core module $m)))',
    /export of a core module/,
  ],
  ['an imported component', '(component (import "c" (component)))', /import of a component/],
  [
    'an exported component',
    '(component (component $c) (export "c" (component $c)))',
    /export of a component/,
  ],
  [
    'instances inside interfaces',
    '(component (import "a:b/c" (instance (export "d" (instance (export "f" (func)))))))',
    /instances inside the interface/,
  ],
]

test.for(unsupported)('%s: unsupported, by name', async ([, wat, says]) => {
  const error = await refusal(await assemble(wat))
  expect([error.code, error.message]).toEqual(['unsupported', expect.stringMatching(says)])
})

const malformed: [string, Uint8Array, string][] = [
  ['nothing', new Uint8Array(), 'not-wasm'],
  ['text', new TextEncoder().encode('(component)'), 'not-wasm'],
  ['half a preamble', new Uint8Array(preamble.slice(0, 5)), 'not-wasm'],
  ['a core module', new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), 'core-module'],
  ['a component of another format', new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0e, 0, 1, 0]), 'unsupported'],
  ['an unknown section', section(13, 0), 'not-wasm'],
  ['a section longer than the file', new Uint8Array([...preamble, 7, 5, 1]), 'not-wasm'],
  ['a number that never ends', section(7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 'not-wasm'],
  ['a list of four billion', section(7, 0xff, 0xff, 0xff, 0xff, 0x0f), 'not-wasm'],
  ['a section longer than its content', section(7, 0, 0), 'not-wasm'],
  ['several named results', section(7, 1, 0x40, 0, 1, 1, 1, 0x61, 0x7d), 'unsupported'],
  ['a name with attributes', section(10, 1, 2, 1, 0x61, 0, 1, 0), 'unsupported'],
  ['a name that is not UTF-8', section(10, 1, 0, 1, 0xff, 1, 0), 'not-wasm'],
  ['a type that is not there', section(10, 1, 0, 1, 0x61, 1, 9), 'not-wasm'],
  ['a start function', section(9, 0, 0, 0), 'unsupported'],
  ['a value', section(12, 0), 'unsupported'],
  ['a core module of nothing', section(1), 'invalid-core'],
]

test.for(malformed)('%s: refused', async ([, bytes, code]) => {
  expect((await refusal(bytes)).code).toBe(code)
})

test('every prefix of a component is refused, or is one', async () => {
  const bytes = guest('bank')
  const other: unknown[] = []
  for (let length = 0; length < bytes.length; length++) {
    const outcome = await loadComponent(bytes.subarray(0, length)).catch((e: unknown) => e)
    if (!ComponentError.is(outcome) && !(outcome instanceof Object && 'model' in outcome)) other.push(outcome)
  }
  expect(other).toEqual([])
})

test('a list of a million is refused at the limit, not read to its end', async () => {
  const leb = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(n >>> 7)])
  const count = 1_000_000
  const content = [1, 0x6d, ...leb(count)]
  const head = [...preamble, 7, ...leb(content.length + 2 * count), ...content]
  const bytes = new Uint8Array(head.length + 2 * count)
  bytes.set(head)
  for (let at = head.length; at < bytes.length; at += 2) bytes.set([1, 0x61], at)
  const error = await refusal(bytes)
  expect(error.code).toBe('too-large')
  expect(error.offset).toBeLessThan(head.length + 2 * defaultLimits.definitions + 2)
})

test('limits can be changed one by one, and say what they are', async () => {
  expect((await refusal(guest('spine'), { limits: { bytes: 100 } })).message).toMatch(
    /720 bytes; the limit is 100/,
  )
  const tight = {
    modules: 0,
    moduleBytes: 10,
    definitions: 5,
    functions: 1,
    typeNodes: 3,
    functionNodes: 2,
    nameBytes: 4,
  }
  for (const [name, value] of Object.entries(tight)) {
    expect((await refusal(guest('spine'), { limits: { [name]: value } })).code).toBe('too-large')
  }
  expect((await refusal(guest('bank'), { limits: { components: 0 } })).code).toBe('too-large')
  expect((await refusal(guest('bank'), { limits: { depth: 0 } })).code).toBe('too-deep')
  expect(withDefaults()).toEqual(defaultLimits)
  await expect(loadComponent(guest('spine'), { limits: { bytes: -1 } })).rejects.toThrow(TypeError)
})
