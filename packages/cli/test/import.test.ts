import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChainWriter, encodeContent, FORMAT, hex, memoryStore } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import { saltPool } from '@theater/event-chain/node'
import { guest } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { cidOf, encodeData, sha256 } from '@theater/values'
import { describe, expect, it } from 'vitest'
import { takeLock } from '../src/lock.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

const TWO = `${ECHO}
[actor.other]
component = "echo.wasm"

[actor.other.grants.log]
`

/** A folder with two records, one of them redacted, the key of its host, and both in a.car. */
const withCar = copies(async () => {
  const cwd = folder({ 'theater.toml': TWO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'log', '"hi"'], { cwd })
  await theater(['redact', 'other', '1', '--reason', 'asked for', '--stop'], { cwd })
  writeFileSync(join(cwd, 'host.pub'), (await theater(['key'], { cwd })).stdout)
  await theater(['export', 'echo', 'other', '-o', 'a.car'], { cwd })
  await theater(['export', 'echo', '-o', 'echo.car'], { cwd })
  return cwd
})

describe('theater import', () => {
  it('makes history of records, with the signature that they came with', async () => {
    const cwd = await withCar()
    const ran = await theater(['import', 'a.car', '--key', 'host.pub', '--data', 'archive', '--json'], {
      cwd,
    })
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('nobody here goes on with')])
    const [echo, other] = objects(ran)
    expect([echo, other]).toMatchObject([
      { actor: 'echo', record: 'echo~1', added: true, adopted: false, signed: echo.events },
      { actor: 'other', record: 'other~1', added: true, adopted: false, signed: other.events },
    ])
    const again = objects(await theater(['import', 'a.car', '--data', 'archive', '--json'], { cwd }))
    expect(again).toMatchObject([{ record: 'echo~1', added: false, signed: null }, { added: false }])

    // It is found by its actor's id, where there is no actor of that id.
    const there = ['--data', 'archive', '--json']
    const events = objects(await theater(['chain', 'echo', ...there], { cwd }))
    expect(events.map(({ hash }) => hash)).toEqual(
      objects(await theater(['chain', 'echo', '--json'], { cwd })).map(({ hash }) => hash),
    )
    expect(objects(await theater(['logs', 'echo~1', ...there], { cwd }))).toMatchObject([
      { message: expect.stringContaining('"hi"') },
    ])
    const verified = await theater(['verify', 'echo', 'other', '--key', 'host.pub', ...there], { cwd })
    expect(objects(verified)).toMatchObject([
      { verdict: 'verified', levels: { signature: 'pass' } },
      { redacted: [1], levels: { signature: 'pass' } },
    ])
    expect(objects(await theater(['ps', ...there], { cwd }))).toMatchObject([
      { actor: 'echo~1', state: 'imported' },
      { actor: 'other~1', state: 'imported' },
    ])
    await theater(['export', 'echo~1', 'other', '-o', 'b.car', '--data', 'archive'], { cwd })
    expect(readFileSync(join(cwd, 'b.car'))).toEqual(readFileSync(join(cwd, 'a.car')))

    // A host of the folder leaves it alone, and has an actor of the same name beside it.
    const refused = await theater(['call', 'echo', 'divide', '7', '2', '--data', 'archive'], { cwd })
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('was imported')])
    expect((await theater(['run', 'theater.toml', '--data', 'archive'], { cwd })).code).toBe(0)
    expect((await theater(['call', 'echo', 'divide', '7', '2', '--data', 'archive'], { cwd })).code).toBe(0)
    const now = objects(await theater(['ps', ...there], { cwd }))
    expect(now.map(({ actor, state }) => [actor, state])).toEqual([
      ['echo', 'idle'],
      ['echo~1', 'imported'],
      ['other', 'idle'],
      ['other~1', 'imported'],
    ])
    expect(now[1].events).toBe(echo.events)
    for (const command of [
      ['proof', 'echo~1', '1', '-o', 'x'],
      ['redact', 'echo~1', '1', '--reason', 'x'],
      ['export', 'echo', 'echo~1', '-o', 'x'],
    ])
      expect((await theater([...command, '--data', 'archive'], { cwd })).code).toBe(2)
    expect((await theater(['gc', '--data', 'archive'], { cwd })).code).toBe(0)
    const shorter = await theater(['verify', 'echo', ...there], { cwd })
    expect(objects(shorter)).toMatchObject([{ verdict: 'verified' }])
  })

  it('takes over an actor where it is told to, and all of it is there', async () => {
    const cwd = await withCar()
    const there = ['--data', 'new', '--json']
    const whole = await theater(['import', 'a.car', '--adopt', ...there], { cwd })
    expect([whole.code, whole.stderr]).toEqual([3, expect.stringContaining('cannot be gone on with')])
    expect(existsSync(join(cwd, 'new'))).toBe(false)
    const moved = await theater(['import', 'echo.car', '--adopt', ...there], { cwd })
    expect(moved.stderr).toContain('echo may do here what its record grants it: {"log":{}}')
    const [echo] = objects(moved)
    expect(echo).toMatchObject({ record: 'echo', added: true, adopted: true })
    const called = await theater(['call', 'echo', 'divide', '7', '2', ...there], { cwd })
    expect(objects(called)).toEqual([{ ok: 3 }])
    const { stdout: key } = await theater(['key', '--data', 'new'], { cwd })
    const ran = await theater(['verify', 'echo', '--key', key.trim(), ...there], { cwd })
    expect(objects(ran)).toMatchObject([{ verdict: 'verified', levels: { signature: 'pass' } }])
    // The name is taken, by the same chain that went on, or by another.
    expect((await theater(['import', 'echo.car', ...there], { cwd })).code).toBe(2)
    const taken = await theater(['import', 'echo.car', '--adopt'], { cwd: await withCar() })
    expect(taken.code).toBe(0)
    // What is history stays history, and says so.
    await theater(['import', 'echo.car', '--data', 'archive'], { cwd })
    const late = await theater(['import', 'echo.car', '--adopt', '--data', 'archive'], { cwd })
    expect([late.code, late.stderr]).toEqual([2, expect.stringContaining('as history, echo~1')])
    const other = folder({ 'theater.toml': ECHO, 'echo.car': readFileSync(join(cwd, 'echo.car')) })
    await theater(['run', 'theater.toml'], { cwd: other })
    const clash = await theater(['import', 'echo.car', '--adopt'], { cwd: other })
    expect([clash.code, clash.stderr]).toEqual([2, expect.stringContaining('already')])
  })

  it('takes over a child with whoever made it, and not alone, where the next host would end it', async () => {
    const worker = guest('echo')
    const grants = `supervisor = { components = ["worker.wasm"] }\nmessaging = { to = [] }`
    const cwd = folder({
      'boss.wasm': relayGuest('parent'),
      'worker.wasm': worker,
      'theater.toml': `[actor.boss]\ncomponent = "boss.wasm"\n\n[actor.boss.grants]\n${grants}\n`,
    })
    await theater(['run', 'theater.toml'], { cwd })
    const digest = createHash('sha256').update(worker).digest('base64')
    const limits = { 'fuel-per-turn': null, 'memory-bytes': null, descendants: null }
    const asked = [{ base64: digest }, { format: 'text/plain', body: { utf8: '' } }, '{}', limits]
    const said = asked.map((one) => JSON.stringify(one))
    const made = await theater(['call', 'boss', 'test:relay/children#spawn', ...said, '--json'], { cwd })
    const [{ ok: id }] = objects(made)
    await theater(['export', id, '-o', 'child.car'], { cwd })
    await theater(['export', 'boss', id, '-o', 'both.car'], { cwd })
    const alone = await theater(['import', 'child.car', '--adopt', '--data', 'new'], { cwd })
    expect([alone.code, alone.stderr]).toEqual([3, expect.stringContaining(`${id} ends with boss`)])
    expect((await theater(['import', 'both.car', '--adopt', '--data', 'new'], { cwd })).code).toBe(0)
    await theater(['call', 'boss', 'test:relay/children#components', '--data', 'new'], { cwd })
    const rows = objects(await theater(['ps', '--data', 'new', '--json'], { cwd }))
    expect(rows.map(({ actor, state }) => [actor, state])).toEqual([
      ['boss', 'idle'],
      [id, 'idle'],
    ])
  })

  it('never calls a record here what no actor can be called, and gives many of one name a name each', async () => {
    const cwd = folder()
    const chains: Uint8Array[] = []
    const store = memoryStore()
    const wit = cidOf('dag-cbor', sha256(encodeData([])))
    const component = cidOf('raw', sha256(new Uint8Array(8)))
    const told = {
      derive: 1,
      format: FORMAT,
      grants: {},
      jco: '',
      limits: {},
      meter: null,
      nan: 'canonical',
    } as const
    for (const actor of ['\u001b[31mx\n../../y', 'x'.repeat(100_000), '', 'echo', 'echo']) {
      const rest = { actor, cause: null, component, params: null, parent: null, theater: '', time: 0, wit }
      const genesis = encodeContent('genesis', { ...told, ...rest })
      const writer = ChainWriter.create({ store, salts: saltPool(), label: `${chains.length}`, genesis })
      writer.append('seed', encodeContent('seed', { seed: new Uint8Array(32) }))
      await writer.flush()
      chains.push(writer.chain)
    }
    writeFileSync(join(cwd, 'odd.car'), Buffer.concat(await Array.fromAsync(exportCar(store, chains))))
    const ran = await theater(['import', 'odd.car', '--json'], { cwd })
    const [one, two, three] = chains.map((chain) => `${hex(chain)}~1`)
    expect(objects(ran).map(({ record }) => record)).toEqual([one, two, three, 'echo~1', 'echo~2'])
  })

  it('refuses what is broken, unsigned, signed by others, or no file, and leaves nothing behind', async () => {
    const cwd = await withCar()
    const stranger = folder({ 'theater.toml': ECHO })
    await theater(['run', 'theater.toml'], { cwd: stranger })
    const { stdout: strange } = await theater(['key'], { cwd: stranger })
    const car = readFileSync(join(cwd, 'a.car'))
    const bad = Buffer.from(car)
    bad[bad.length - 3] = (bad[bad.length - 3] ?? 0) ^ 1
    writeFileSync(join(cwd, 'bad.car'), bad)
    writeFileSync(join(cwd, 'text.car'), 'this is no CAR')
    for (const [args, code, says] of [
      [['bad.car'], 6, 'broken'],
      [['text.car'], 6, 'CAR v1'],
      [['none.car'], 2, 'no file'],
      [['a.car', '--key', strange.trim()], 6, 'trusted'],
      [['a.car', '--key', 'host'], 2, 'NAME+ID+KEY'],
    ] as const) {
      const ran = await theater(['import', ...args, '--data', 'new', '--json'], { cwd })
      expect([args, ran.code, ran.stdout]).toEqual([args, code, ''])
      expect(ran.stderr).toContain(says)
    }
    expect(existsSync(join(cwd, 'new'))).toBe(false)
    using _lock = takeLock(join(cwd, '.theater/lock'), cwd)
    expect((await theater(['import', 'a.car'], { cwd })).code).toBe(3)
  })
})
