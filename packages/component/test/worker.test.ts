import { guest } from '@theater/guests'
import { assemble, fromWit } from '@theater/guests/wat'
import { expect, test } from 'vitest'
import { capMemory } from '../src/jco/cap-memory.ts'
import { ComponentError, loadComponent, workerTranspiler } from '../src/node.ts'
import type { TranspileRequest } from '../src/types.ts'
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
