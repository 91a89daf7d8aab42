import { guest } from '@theater/guests'
import { expect, test } from 'vitest'
import { compileKept } from '../src/node/compile-kept.ts'

/** A function of no parameters that ends with nothing where it should have a number. */
const wrong = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b,
])

test('what is compiled as it was kept is a module; what none is is refused', async () => {
  const whole = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  expect(await compileKept(whole)).toBeInstanceOf(WebAssembly.Module)
  await expect(compileKept(guest('spine').slice())).rejects.toBeInstanceOf(WebAssembly.CompileError)
})

test('whatever else is compiled afterwards is validated whole, and so is what is only validated', async () => {
  await compileKept(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
  expect(WebAssembly.validate(wrong)).toBe(false)
  expect(() => new WebAssembly.Module(wrong)).toThrow(WebAssembly.CompileError)
  await expect(WebAssembly.compile(wrong)).rejects.toBeInstanceOf(WebAssembly.CompileError)
})
