import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Random } from '../src/random.ts'
import { fuzz } from '../src/run.ts'
import { TARGETS } from '../src/target.ts'
import { targetOf } from '../src/targets.ts'
import { tryInput } from '../src/try.ts'

const folder = new URL('../finds/', import.meta.url)

describe('what was found once', () => {
  const finds = TARGETS.flatMap((name) =>
    readdirSync(folder)
      .filter((of) => of === name)
      .flatMap((of) => readdirSync(new URL(`${of}/`, folder)).map((file) => [name, file] as const)),
  )

  it.each(finds)('%s/%s is not found again', async (name, file) => {
    const input = new Uint8Array(readFileSync(new URL(`${name}/${file}`, folder)))
    expect((await tryInput(await targetOf(name), input)).find).toBeUndefined()
  })
})

describe('the meter', () => {
  const modules = new URL('../corpus/meter/', import.meta.url)

  it.each(readdirSync(modules))('counts what the reference counts, and changes nothing: %s', async (file) => {
    const input = new Uint8Array(readFileSync(new URL(file, modules)))
    const tried = await tryInput(await targetOf('meter'), input)
    expect(tried.accepted).toBe(true)
    expect(tried.find).toBeUndefined()
  })

  it('is given modules that loop, recurse, trap, throw, grow and call indirectly', async () => {
    const counts = await fuzz({ target: 'meter', seed: 7, inputs: 30 })
    expect(counts).toMatchObject({ inputs: 30, finds: [] })
    const wanted = ['loops', 'recurses', 'traps', 'throws', 'grows', 'calls indirectly']
    expect(wanted.filter((mark) => (counts.marks[mark] ?? 0) < 3)).toEqual([])
  })
})

describe('a share of it, always the same', () => {
  it.each([
    ['value', 2000],
    ['manifest', 400],
    ['chain', 60],
    ['log', 1000],
    ['component', 40],
  ] as const)('%s', async (target, inputs) => {
    const counts = await fuzz({ target, seed: 7, inputs })
    expect(counts).toMatchObject({ inputs, finds: [] })
    expect(counts.accepted).toBeGreaterThan(inputs / 50)
    expect(counts.accepted).toBeLessThan(inputs)
    if (target !== 'component') return
    expect(counts.marks['its modules validate']).toBeGreaterThan(inputs / 3)
    expect(counts.marks['instantiation reached']).toBeGreaterThan(inputs / 10)
  })

  it.each(TARGETS)('the inputs of %s are a function of seed and number', async (name) => {
    const target = await targetOf(name)
    for (const at of [0, 1, 2]) {
      expect(await target.input(new Random(3, at))).toEqual(await target.input(new Random(3, at)))
    }
    expect(await target.input(new Random(3, 0))).not.toEqual(await target.input(new Random(4, 0)))
  })
})
