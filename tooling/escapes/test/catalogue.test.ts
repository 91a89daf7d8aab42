import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogue } from '../src/catalogue.ts'
import { ENGINE, GUARDS, patched } from '../src/guards.ts'
import { Runner } from '../src/run.ts'

const escapes = await catalogue()

describe('the catalogue', () => {
  it('names each attempt once, after its class', () => {
    const ids = escapes.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, class: of } of escapes) expect(id).toMatch(new RegExp(`^${of}/[a-z0-9-]+$`))
  })

  it('names every guard that is ours, and no other', () => {
    const named = new Set(escapes.map(({ guard }) => guard).filter((guard) => !ENGINE.has(guard)))
    expect([...named].toSorted()).toEqual(Object.keys(GUARDS).toSorted())
  })

  it.each(Object.keys(GUARDS))('finds the guard %s where it says', (guard) => {
    for (const patch of GUARDS[guard] ?? []) {
      const file = new URL(`../../../packages/${patch.file}`, import.meta.url)
      expect(patched(readFileSync(file, 'utf8'), patch, patch.file)).not.toBe('')
    }
  })
})

describe('every attempt is stopped, with its code', () => {
  const runner = new Runner()
  afterAll(() => runner[Symbol.asyncDispose]())

  it.each(escapes)('$id: $code', async (escape) => {
    expect(await runner.run(escape, 120_000)).toMatchObject({ stopped: true, code: escape.code, ok: true })
  })
})
