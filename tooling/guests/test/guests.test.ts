import { expect, test } from 'vitest'
import { guest, watGuests, watSource } from '../src/index.ts'
import { assemble } from '../src/wat.ts'

test.for(watGuests())('%s is what its source assembles to', async (name) => {
  expect(guest(name)).toEqual(await assemble(watSource(name)))
})
