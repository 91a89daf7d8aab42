import { expect, test } from 'vitest'
import { InstanceMeter } from '../src/index.ts'

test('the fuel of an instance is one number, to its host and to its modules', () => {
  const meter = new InstanceMeter({ fuel: 7, depth: 1, memory: 0, elements: 0 })
  const { fuel } = meter.globals
  expect(meter.left).toBe(7)
  for (const units of [0, 1, -1, -100_000, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    meter.left = units
    expect(fuel.value).toBe(BigInt(units))
    fuel.value = BigInt(-units)
    expect(meter.left).toBe(-units + 0)
  }
  const other = new InstanceMeter()
  expect(other.left).toBe(Number.MAX_SAFE_INTEGER)
  expect(meter.left).toBe(-Number.MIN_SAFE_INTEGER)
})
