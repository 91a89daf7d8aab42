import { assemble } from '@theater/guests/wat'
import { expect, test } from 'vitest'
import { sharedFunctions } from '../src/signatures.ts'

test('function imports and their signatures are found among everything else that a module can import', async () => {
  const module = await assemble(`(module
    (rec (type $s (struct (field i32) (field (mut (ref null $a))))) (type $a (array (mut i8))))
    (type $open (sub (func (param i32))))
    (type $f (func (param i32 i64 f32 f64) (result i32)))
    (import "m" "memory" (memory 1 2))
    (import "m" "table" (table 1 funcref))
    (import "m" "f" (func (type $f)))
    (import "m" "global" (global (mut i64)))
    (import "m" "tag" (tag (param i32)))
    (import "n" "open" (func (type $open)))
    (import "n" "reference" (func (param externref)))
    (import "n" "structure" (func (param (ref null $s))))
    (func $own (export "x")))`)
  expect(WebAssembly.validate(module as Uint8Array<ArrayBuffer>)).toBe(true)
  expect(sharedFunctions(module).imports).toEqual([
    { module: 'm', name: 'f', signature: { params: [0x7f, 0x7e, 0x7d, 0x7c], results: [0x7f] } },
    { module: 'n', name: 'open', signature: { params: [0x7f], results: [] } },
    { module: 'n', name: 'reference', signature: null },
    { module: 'n', name: 'structure', signature: null },
  ])
})
