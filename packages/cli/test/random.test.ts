import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEvents } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { assemble } from '@theater/guests/wat'
import { expect, it } from 'vitest'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

/** `roll()` draws a random number and answers it; `idle()` does nothing. */
const dice = () =>
  assemble(`(component
    (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
    (core func $draw (canon lower (func $random "get-random-u64")))
    (core module $m
      (import "h" "draw" (func $draw (result i64)))
      (func (export "roll") (result i64) (call $draw))
      (func (export "idle")))
    (core instance $i (instantiate $m (with "h" (instance (export "draw" (func $draw))))))
    (func (export "roll") (result u64) (canon lift (core func $i "roll")))
    (func (export "idle") (canon lift (core func $i "idle")))
  )`)

const withDice = copies(async () => {
  const manifest = `${ECHO}\n[actor.dice]\ncomponent = "dice.wasm"\n`
  const cwd = folder({ 'theater.toml': manifest, 'dice.wasm': await dice() }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  for (const call of ['idle', 'roll', 'roll']) await theater(['call', 'dice', call], { cwd })
  await theater(['call', 'echo', 'divide', '7', '2'], { cwd })
  return cwd
})

/** The seed of an actor, out of its own record. */
async function seedOf(cwd: string, actor: string): Promise<Uint8Array> {
  await using store = sqliteStore(join(cwd, '.theater/theater.db'), { readOnly: true })
  const info = await store.find(actor)
  for await (const event of readEvents(store, info?.chain ?? new Uint8Array(), 1, 2))
    if (event.kind === 'seed' && event.content !== null) return event.content.seed
  throw new Error('there is no seed')
}

it('a file without seeds has nothing of them, and is verified up to the first random number', async () => {
  const cwd = await withDice()
  const seeds = [await seedOf(cwd, 'dice'), await seedOf(cwd, 'echo')]
  const file = async (...flags: string[]): Promise<Buffer> => {
    const { code } = await theater(['export', 'dice', 'echo', '-o', 'a.car', ...flags], { cwd })
    expect(code).toBe(0)
    return readFileSync(join(cwd, 'a.car'))
  }
  // No eight bytes of a seed are by chance in a file.
  const found = (bytes: Buffer): boolean[] =>
    seeds.map((seed) =>
      Array.from({ length: 25 }, (_, i) => seed.subarray(i, i + 8)).some((part) => bytes.includes(part)),
    )
  expect(found(await file())).toEqual([true, true])
  expect((await theater(['verify', 'a.car'], { cwd })).code).toBe(0)

  expect(found(await file('--without-seed'))).toEqual([false, false])
  const ran = await theater(['verify', 'a.car', '--json'], { cwd })
  const [player, quiet] = objects(ran)
  const events = objects(await theater(['chain', 'dice', '--json'], { cwd }))
  expect(player).toMatchObject({
    actor: 'dice',
    verdict: 'inconclusive',
    code: 'withheld',
    at: events.find(({ kind, fn }) => kind === 'return' && fn === 'roll').seq,
    levels: { structure: 'pass' },
  })
  expect(quiet).toMatchObject({ actor: 'echo', verdict: 'verified' })
  expect(ran.code).toBe(7)
  const people = await theater(['verify', 'a.car'], { cwd })
  expect(people.stdout).toContain('draws from its seed, which is withheld')
})

it('random numbers of the machine are in the record, need no seed, and are there by grant alone', async () => {
  const manifest = '[actor.dice]\ncomponent = "dice.wasm"\n'
  const grant = '[actor.dice.grants.random]\nlive = true\n'
  const cwd = folder({ 'theater.toml': manifest + grant, 'dice.wasm': await dice() })
  expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
  const [rolled] = objects(await theater(['call', 'dice', 'roll', '--json'], { cwd }))
  const events = objects(await theater(['chain', 'dice', '--json'], { cwd }))
  expect(events.map(({ kind }) => kind).join(' ')).toContain('turn call return')
  expect(events.find(({ kind }) => kind === 'call')).toMatchObject({
    fn: 'wasi:random/random@0.2.3#get-random-u64',
    result: rolled.ok,
  })
  await theater(['export', 'dice', '-o', 'a.car', '--without-seed'], { cwd })
  const [verdict] = objects(await theater(['verify', 'a.car', '--json'], { cwd }))
  expect(verdict).toMatchObject({ verdict: 'verified' })
  const [report] = objects(await theater(['inspect', 'dice.wasm', '--json'], { cwd }))
  expect(report.imports).toEqual([
    {
      name: 'wasi:random/random@0.2.3',
      handler: null,
      state: 'granted',
      functions: ['get-random-u64'],
      live: 'random',
    },
  ])
  expect((await theater(['inspect', 'dice.wasm'], { cwd })).stdout).toMatch(
    /random\/random@0.2.3 +random +derived/,
  )
  for (const wrong of ['', 'live = false\n', 'live = "yes"\n', 'live = true\nalso = 1\n']) {
    writeFileSync(join(cwd, 'wrong.toml'), `${manifest}[actor.dice.grants.random]\n${wrong}`)
    expect([wrong, (await theater(['run', 'wrong.toml', '--fresh'], { cwd })).code]).toEqual([wrong, 3])
  }
})
