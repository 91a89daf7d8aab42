import { guest } from '@theater/guests'
import { kitGuest } from '@theater/guests/kit'
import { assemble } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { codeFacts } from '../src/index.ts'

const inComponent = (...modules: string[]) => assemble(`(component ${modules.join('\n')})`)

describe('codeFacts', () => {
  it('counts the functions, and the instructions whose NaN is up to the engine, of all modules', async () => {
    const bytes = await inComponent(
      '(core module (func (result f64) (f64.add (f64.const 1) (f64.sqrt (f64.const 2)))) (func))',
      '(core module (func (param v128) (result v128) (f32x4.min (local.get 0) (local.get 0))))',
      // Signs and copies are exact to the bit.
      '(core module (func (param f32) (result f32) (f32.neg (f32.copysign (local.get 0) (f32.const 1)))))',
      '(core module)',
    )
    expect(codeFacts(bytes)).toEqual({ modules: 4, functions: 4, floats: 3, memory: 0, tables: 0 })
    expect(codeFacts(guest('echo'))).toMatchObject({ floats: 0 })
  })

  it('sums up what memories and tables have before anything runs, but for imported ones', async () => {
    const bytes = await inComponent(
      '(core module (memory 3) (memory 1 7) (table 5 9 funcref))',
      '(core module (import "a" "m" (memory 11)) (import "a" "t" (table 13 funcref)) (table 2 externref))',
    )
    expect(codeFacts(bytes)).toMatchObject({ memory: 4 * 65_536, tables: 7 })
  })

  it('reads an engine of 12 MB', () => {
    const { functions, floats } = codeFacts(kitGuest('kit-counter'))
    expect(functions).toBeGreaterThan(10_000)
    expect(floats).toBeGreaterThan(1_000)
  })

  it('refuses by name what may differ between engines', async () => {
    const relaxed = '(f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))'
    const bytes = await inComponent(`(core module (func (param v128) (result v128) ${relaxed}))`)
    expect(() => codeFacts(bytes)).toThrow(/f32x4.relaxed_madd/)
    const atomic = await inComponent(
      '(core module (memory 1) (func (result i32) (i32.atomic.load (i32.const 0))))',
    )
    expect(() => codeFacts(atomic)).toThrow(/not supported/)
  })
})
