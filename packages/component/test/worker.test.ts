import { guest } from '@theater/guests'
import { assemble, fromWit } from '@theater/guests/wat'
import { describe, expect, test } from 'vitest'
import { capMemory } from '../src/jco/cap-memory.ts'
import { ComponentError, inThread, loadComponent, meterModule, workerTranspiler } from '../src/node.ts'
import type { MeterRequest, TranspileRequest } from '../src/types.ts'
import { spineStillRuns } from './support.ts'

const request = (bytes: Uint8Array, more: Partial<TranspileRequest> = {}): TranspileRequest => ({
  bytes,
  plan: { mode: 'sync' },
  imports: [],
  asyncImports: [],
  asyncExports: [],
  timeoutMs: 30_000,
  memoryMb: 512,
  ...more,
})

const code = async (promise: Promise<unknown>): Promise<unknown> => {
  const error = await promise.catch((e: unknown) => e)
  return ComponentError.is(error) ? error.code : error
}

test('a component that panics jco costs one worker, and the next one works', async () => {
  await using transpiler = workerTranspiler()
  const bytes = await assemble('(component (import "url=<https://a.b>" (func)))')
  expect(await code(transpiler.transpile(request(bytes)))).toBe('transpile-failed')
  expect(await spineStillRuns({ transpiler })).toBe(true)
})

test('time runs out', async () => {
  await using transpiler = workerTranspiler()
  const slow = transpiler.transpile(request(guest('spine'), { timeoutMs: 0 }))
  // Asked for while the first is still at it: they take turns.
  const after = spineStillRuns({ transpiler })
  expect(await code(slow)).toBe('transpile-timeout')
  expect(await after).toBe(true)
})

test('memory runs out', async () => {
  await using transpiler = workerTranspiler()
  const types = Array.from({ length: 15 }, (_, i) => `variant t${i + 1} { a(t${i}), b(t${i}) }`).join('\n')
  const wit = `package a:b; interface c { type t0 = string; ${types} f: func(x: t15); } world w { import c; }`
  const bytes = await fromWit(wit, 'w')
  const imports = ['a:b/c']
  expect(await code(transpiler.transpile(request(bytes, { imports, memoryMb: 48 })))).toBe('transpile-failed')
  expect(await spineStillRuns({ transpiler })).toBe(true)
})

describe('the meter', () => {
  const module = async (wat: string, more: Partial<MeterRequest> = {}): Promise<MeterRequest> => ({
    module: await assemble(wat),
    nan: 'canonical',
    timeoutMs: 30_000,
    memoryMb: 512,
    ...more,
  })
  const small = '(module (func (export "f") (param f64) (result f64) (f64.sqrt (local.get 0))))'

  test('makes in the worker what it makes here, byte for byte', async () => {
    await using transpiler = workerTranspiler()
    for (const nan of ['canonical', 'native'] as const) {
      const request = await module(small, { nan })
      const here = meterModule(request.module, { nan })
      expect(await transpiler.meter(request)).toEqual(here)
      expect(await inThread(() => ({ files: [] })).meter(request)).toEqual(here)
    }
  })

  test('time runs out, which costs one worker', async () => {
    await using transpiler = workerTranspiler()
    const slow = transpiler.meter(await module(small, { timeoutMs: 0 }))
    const after = spineStillRuns({ transpiler })
    expect(await code(slow)).toBe('transpile-timeout')
    await expect(slow).rejects.toThrow('Metering a core module takes more than 0 ms.')
    expect(await after).toBe(true)
  })

  test('a module that makes it write or note too much is refused', async () => {
    await using transpiler = workerTranspiler()
    const sums = '(drop (f64.add (f64.const 1) (f64.const 1)))'.repeat(3_000)
    const large = await module(`(module ${`(func ${sums})`.repeat(100)})`, { memoryMb: 40 })
    expect(await said(transpiler.meter(large))).toBe(
      'too-large: A metered module would have more than 10485760 bytes.',
    )
    // Each float instruction is noted, and with `native` nothing is written for it.
    const noted = '(drop (f64.add (local.get 0) (local.get 0)))'.repeat(2_000)
    const text = `(module ${`(func (param f64) ${noted})`.repeat(500)})`
    const many = await module(text, { memoryMb: 40, nan: 'native' })
    expect(await said(transpiler.meter(many))).toMatch(/^too-large: .*more instructions to meter/)
    expect(await transpiler.meter({ ...large, memoryMb: 512 })).toBeInstanceOf(Uint8Array)
    expect(await spineStillRuns({ transpiler })).toBe(true)
  })

  test('what it does not know is refused with its place', async () => {
    await using transpiler = workerTranspiler()
    const relaxed = '(f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))'
    const request = await module(`(module (func (param v128) (result v128) ${relaxed}))`)
    const { code: refused, message, offset } = await meterHere(request)
    expect(refused).toBe('unsupported')
    await expect(transpiler.meter(request)).rejects.toMatchObject({ code: refused, message, offset })
  })

  /** What it is refused with; an answer of many megabytes is not printed. */
  const said = (asked: Promise<Uint8Array>): Promise<string> =>
    asked.then(
      () => 'it was not refused',
      (error: unknown) => (ComponentError.is(error) ? `${error.code}: ${error.message}` : String(error)),
    )

  async function meterHere({ module: bytes, nan }: MeterRequest): Promise<ComponentError> {
    try {
      meterModule(bytes, { nan })
    } catch (error) {
      if (ComponentError.is(error)) return error
    }
    throw new Error('it was not refused')
  }
})

test('a limit of the glue is one of its own', async () => {
  const component = await loadComponent(guest('spine'), { limits: { glueChars: 1000 } })
  expect(await code(component.prepare({ mode: 'sync' }))).toBe('too-large')
})

test('bytes that are no component at all, given to jco directly, are an error of its own', async () => {
  await using transpiler = workerTranspiler()
  expect(await code(transpiler.transpile(request(new Uint8Array([1, 2, 3]))))).toBe('transpile-failed')
  expect(await spineStillRuns({ transpiler })).toBe(true)
})

test('the memory of jco’s own module gets a maximum', async () => {
  const pages = 65_536
  const grow = async (wat: string): Promise<number> => {
    const module = capMemory(await assemble(wat), 4 * pages)
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>))
    const memory = instance.exports['m']
    if (!(memory instanceof WebAssembly.Memory)) throw new Error('no memory')
    expect(() => memory.grow(10)).toThrow(RangeError)
    return memory.grow(1)
  }
  expect(await grow('(module (memory (export "m") 1) (func))')).toBe(1)
  expect(await grow('(module (memory (export "m") 2 200) (global i32 (i32.const 0)))')).toBe(2)
  const without = await assemble('(module (func))')
  expect(capMemory(without, 1)).toBe(without)
})
