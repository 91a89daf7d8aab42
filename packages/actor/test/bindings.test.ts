import { describe, expect, test } from 'vitest'
import { quickBindings } from '../src/build/bindings.ts'

const VIEW = `let dv = new DataView(new ArrayBuffer());
const dataView = mem => dv.buffer === mem.buffer ? dv : dv = new DataView(mem.buffer);
`
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
const CHECK = `function _requireValidNumericPrimitive(ty, v) {
  if (!(v >= 0 && v <= 255)) throw new TypeError('invalid');
}
`
const LOWERS_BYTES = `  var val2 = v0_1;
  var len2 = Array.isArray(val2) ? val2.length : val2.byteLength;
  var ptr2 = $realloc(0, 0, 1, len2 * 1);
  
  let valData2;
  const valLenBytes2 = len2 * 1;
  if (Array.isArray(val2)) {
    let offset = 0;
  } else {
    const out2 = new Uint8Array($memory.buffer, ptr2, valLenBytes2);
    out2.set(valData2);
  }
`

/** What takes a text and bytes, asks the actor, and answers a text, bytes, a number and a byte, as componentize-js writes it. */
const whole = `async function export_whole(arg0, arg1, arg2, arg3, arg4) {
  var ptr0 = arg0;
  var len0 = arg1;
  var result0 = TEXT_DECODER_UTF8.decode(new Uint8Array($memory.buffer, ptr0, len0));
  var ptr1 = arg2;
  var len1 = arg3;
  if (ptr1 % 1 !== 0) throw new TypeError(\`list pointer [\${ptr1}] is not aligned to 1\`);
  var result1 = new Uint8Array($memory.buffer.slice(ptr1, ptr1 + len1 * 1));
  _debugLog(' [Instruction::CallInterface] (sync, @ enter)');
  let ret;
  
  ret = await actor({
    text: result0,
    body: result1,
  });
  var {text: v0_0, body: v0_1 } = ret;
  
  var encodeRes = _utf8AllocateAndEncode(v0_0, $realloc, $memory);
  var ptr4= encodeRes.ptr;
  var len4 = encodeRes.len;
  
  dataView($memory).setUint32(arg4 + 4, len4, true);
  dataView($memory).setUint32(arg4 + 0, ptr4, true);
${LOWERS_BYTES}  dataView($memory).setInt32(arg4 + 12, len2, true);
  dataView($memory).setUint32(arg4 + 8, ptr2, true);
  dataView($memory).setInt16(arg4 + 16, toUint16(-1), true);
  dataView($memory).setInt8(arg4 + 18, 7, true);
  _debugLog('[Instruction::Return]', {
    funcName: 'handle',
    postReturn: false
  });
  return;
}
`

const caught = `async function export_caught(arg0) {
  let ret;
  
  try {
    const hostRet4 = await actor(arg0);
    ret = hostRet4 !== null && typeof hostRet4 === 'object' && (hostRet4.tag === 'ok' || hostRet4.tag === 'err')
    ? hostRet4
    : { tag: 'ok', val: hostRet4};
  } catch (e) {
    
    ret = { tag: 'err', val: payload(e) };
  }
  
  var variant12 = ret;
  said.push(variant12);
  return;
}
`

type Exported = (...args: readonly number[]) => Promise<unknown>

/** Runs bindings as the engine does, over a memory that each `grow` makes longer. */
function run(text: string, actor: (given: never) => unknown) {
  const memory = { buffer: new ArrayBuffer(4096, { maxByteLength: 1 << 20 }) }
  const said: unknown[] = []
  let free = 1024
  const realloc = (_old: number, _size: number, align: number, size: number): number => {
    const at = Math.ceil(free / align) * align
    free = at + size
    if (free > memory.buffer.byteLength) {
      // The engine's buffer is another then, over the same bytes.
      const longer = new ArrayBuffer(free + 4096)
      new Uint8Array(longer).set(new Uint8Array(memory.buffer))
      memory.buffer = longer
    }
    return at
  }
  const exported: Record<string, Exported> = {}
  const payload = (error: Error & { payload?: unknown }): unknown => {
    if (error.payload === undefined) throw error
    return error.payload
  }
  // oxlint-disable-next-line typescript/no-implied-eval
  const made = new Function('globalThis', '$memory', '$realloc', 'actor', 'payload', 'said', text)
  made(exported, memory, realloc, actor, payload, said)
  return { exported, memory, realloc, said }
}

const source = `const TEXT_DECODER_UTF8 = new TextDecoder(), TEXT_ENCODER_UTF8 = new TextEncoder();
${VIEW}${LOOP}${DEBUG}${CHECK}function toUint16(val) {
  return (val >>> 0) % 2 ** 16;
}
`

/** Asks `export_whole` with a text and bytes, and reads what it answered. */
async function ask(text: string, body: unknown, later = false) {
  const seen: unknown[] = []
  const answer = { text, body }
  const { exported, memory, realloc } = run(quickBindings(source + whole), (given: { body: Uint8Array }) => {
    seen.push({ ...given, body: [...given.body] })
    return later ? Promise.resolve(answer) : answer
  })
  const given = new TextEncoder().encode('gïven')
  const at = realloc(0, 0, 1, given.length)
  new Uint8Array(memory.buffer).set(given, at)
  const out = realloc(0, 0, 4, 20)
  const done = exported['export_whole']!(at, given.length, at, 2, out)
  if (later) await done
  const view = new DataView(memory.buffer)
  const [ptr, length, bytesAt, bytesLength] = [0, 4, 8, 12].map((i) => view.getUint32(out + i, true))
  return {
    seen,
    done,
    text: new TextDecoder().decode(new Uint8Array(memory.buffer, ptr, length)),
    body: [...new Uint8Array(memory.buffer, bytesAt, bytesLength)],
    numbers: [view.getUint16(out + 16, true), view.getUint8(out + 18)],
  }
}

describe('the bindings of an engine without a compiler', () => {
  test.for(['', 'a', 'é', '€', '𝄞', '\ud800', 'x'.repeat(900), 'é'.repeat(900_00)])(
    'hand over texts, bytes and numbers as ever: %s',
    async (text) => {
      const body = new TextEncoder().encode(`${text}!`)
      for (const later of [false, true]) {
        const answered = await ask(text, body, later)
        expect(answered).toMatchObject({
          seen: [{ text: 'gïven', body: [103, 195] }],
          text: new TextDecoder().decode(new TextEncoder().encode(text)),
          numbers: [65_535, 7],
        })
        expect(Buffer.from(answered.body).equals(body)).toBe(true)
      }
    },
  )

  test.for<[string, unknown, number[]]>([
    ['a list', [1, 255], [1, 255]],
    ['a part of a buffer', new Uint8Array([1, 2, 3]).subarray(1), [2, 3]],
    ['a view', new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1), [2]],
    ['a buffer', new Uint8Array([7]).buffer, [7]],
    ['its text', 'é', [195, 169]],
  ])('take bytes as %s', async ([, body, bytes]) => {
    expect((await ask('', body)).body).toEqual(bytes)
  })

  test('refuse what is no text, and what is no byte', async () => {
    await expect(ask(1 as unknown as string, [])).rejects.toThrow('expected a string, received [number]')
    await expect(ask('', [256])).rejects.toThrow('invalid')
  })

  test('answer at once where the actor does, and later where it does', async () => {
    const { done: first } = await ask('', [])
    expect(first).toBeInstanceOf(Promise)
    const settled: string[] = []
    const { exported, said } = run(quickBindings(source + caught), (n: number) => {
      if (n === 1) return { tag: 'err', val: 'one' }
      if (n === 2) throw Object.assign(new Error('two'), { payload: 'two' })
      if (n === 3) return Promise.reject(Object.assign(new Error('three'), { payload: 'three' }))
      if (n === 4) throw new Error('four')
      if (n === 5) return Promise.reject(new Error('five'))
      return n === 6 ? Promise.resolve('six') : n
    })
    const call = exported['export_caught']!
    await call(0)
    void call(1)
    void call(2)
    settled.push(...said.map((one) => JSON.stringify(one)))
    expect(settled).toEqual([
      '{"tag":"ok","val":0}',
      '{"tag":"err","val":"one"}',
      '{"tag":"err","val":"two"}',
    ])
    await call(3)
    await call(6)
    expect(said.slice(3)).toEqual([
      { tag: 'err', val: 'three' },
      { tag: 'ok', val: 'six' },
    ])
    expect(() => call(4)).toThrow('four')
    await expect(call(5)).rejects.toThrow('five')
    expect(said).toHaveLength(5)
  })

  test.for<[string, string]>([
    ['a value that the engine takes from the promise', '  return ret;\n'],
    ['what was made before the call', '  said.push(ptr0);\n  return;\n'],
  ])('leave an export as it is that needs %s', async ([, end]) => {
    const text = quickBindings(`async function export_x(arg0) {
  var ptr0 = arg0;
  let ret;
  ret = await actor(arg0);
${end}}
`)
    expect(text).toContain('async function export_x(arg0)')
    const { exported, said } = run(text, (n: number) => n + 1)
    expect([await exported['export_x']!(4), ...said]).toContain(end.includes('ptr0') ? 4 : 5)
  })

  test('take tuples apart by their numbers', () => {
    expect(quickBindings('base + i * 16;var [tuple3_0, tuple3_1] = e;\nvar {a, b} = c;')).toContain(
      'base + i * 16;var tuple3_0 = e[0], tuple3_1 = e[1];\nvar {a, b} = c;',
    )
  })

  test('say nothing to a log', () => {
    const text = quickBindings(`before\n${DEBUG}  _debugLog('x', {\n    a: 'b',\n  });\nafter`)
    expect(text).toContain('before\nconst _debugLog = () => {};\nafter')
  })

  test.for([
    `${LOOP}${LOOP}`,
    `${LOOP}encodeRes.codepoints`,
    'function _utf8AllocateAndEncode(s) {',
    `${LOOP}var e = _utf8AllocateAndEncode(s);`,
    `${LOOP}let valData2;`,
  ])('of another form are refused: %s', (bindings) => {
    expect(() => quickBindings(bindings)).toThrow('another version of componentize-js')
  })
})
