import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cGuest, cGuests, guest, watGuests, watSource } from '../src/index.ts'
import { kitGuest } from '../src/kit.ts'
import { functionName, relayed, relayGuest, relayGuests } from '../src/relay.ts'
import { assemble } from '../src/wat.ts'

const root = join(import.meta.dirname, '../../..')

/** The guests that are in some test, in what tests share, or in a tool that runs guests: `relayGuest fs`. */
const used = new Set(
  globSync(['{packages,tooling,examples}/*/test/**/*.ts', 'tooling/*/src/**/*.ts'], { cwd: root })
    .filter((file) => !file.startsWith('tooling/guests/'))
    .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/(\w*[gG]uest)\('([\w-]+)'\)/g)])
    .map(([, accessor, name]) => `${accessor} ${name}`),
)

test.for(watGuests())('%s is what its source assembles to', async (name) => {
  expect(guest(name)).toEqual(await assemble(watSource(name)))
})

test('every guest is in some test', () => {
  const all = [
    ...watGuests().map((name) => `guest ${name}`),
    ...cGuests().map((name) => `cGuest ${name}`),
    ...relayGuests().map((name) => `relayGuest ${name}`),
    'kitGuest kit-counter',
  ]
  expect(all.filter((name) => !used.has(name))).toEqual([])
})

test('every component is the one that was committed', () => {
  for (const name of cGuests()) expect(cGuest(name).length).toBeGreaterThan(0)
  for (const name of relayGuests()) expect(relayGuest(name).length).toBeGreaterThan(0)
  expect(kitGuest('kit-counter').length).toBeGreaterThan(0)
})

test('names of a relay', () => {
  expect(functionName('[constructor]fields')).toBe('new-fields')
  expect(functionName('[static]pending.finish')).toBe('pending-finish')
  expect(relayed('theater:store/blobs@0.1#put')).toBe('test:relay/blobs#put')
})
