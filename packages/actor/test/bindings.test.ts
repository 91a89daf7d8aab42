import { describe, expect, test } from 'vitest'
import { quickBindings } from '../src/build/bindings.ts'

const LOOP = `function _utf8AllocateAndEncode(s, realloc, memory) {
  if (s.length === 0) { return { ptr: 1, len: 0 }; }
  for (let i = 0; i < s.length; i++) {
  }
  return { ptr, len, codepoints };
}
`
const DEBUG = `const _debugLog = (...args) => {
  console.debug(...args);
};
`

/** The function in a text of bindings that encodes, over a memory of its own. */
function encoder(bindings: string): (text: string) => string {
  // oxlint-disable-next-line typescript/no-implied-eval
  const made = new Function(
    'memory',
    'realloc',
    `const TEXT_ENCODER_UTF8 = new TextEncoder();
${bindings}
return (s) => _utf8AllocateAndEncode(s, realloc, memory)`,
  ) as (
    memory: { readonly buffer: ArrayBuffer },
    realloc: (...args: readonly number[]) => number,
  ) => (s: unknown) => { readonly ptr: number; readonly len: number }
  const memory = { buffer: new ArrayBuffer(1024) }
  const encode = made(memory, () => 16)
  return (text) => {
    const { ptr, len } = encode(text)
    return new TextDecoder().decode(new Uint8Array(memory.buffer, ptr, len))
  }
}

describe('the bindings of an engine without a compiler', () => {
  test.for(['', 'a', 'é', '€', '𝄞', 'x'.repeat(900)])('encode as ever: %s', (text) => {
    expect(encoder(quickBindings(`${LOOP}${DEBUG}`))(text)).toBe(text)
  })

  test('refuse what is no text, and replace half of a letter', () => {
    const encode = encoder(quickBindings(LOOP))
    expect(() => encode(1 as unknown as string)).toThrow('expected a string, received [number]')
    expect(encode('\ud800')).toBe('\ufffd')
  })

  test('take tuples apart by their numbers', () => {
    expect(quickBindings('base + i * 16;var [tuple3_0, tuple3_1] = e;\nvar {a, b} = c;')).toBe(
      'base + i * 16;var tuple3_0 = e[0], tuple3_1 = e[1];\nvar {a, b} = c;',
    )
  })

  test('say nothing to a log, and are as they were but for that', () => {
    expect(quickBindings(`before\n${DEBUG}after`)).toBe('before\nconst _debugLog = () => {};\nafter')
  })

  test.for([`${LOOP}${LOOP}`, `${LOOP}encodeRes.codepoints`, 'function _utf8AllocateAndEncode(s) {'])(
    'of another form are refused: %s',
    (bindings) => {
      expect(() => quickBindings(bindings)).toThrow('another version of componentize-js')
    },
  )
})
