import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { log } from '@theater/handler-log'
import { Theater } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { checkFile, readTogether } from '../../event-chain/test/other-verifier/index.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

// What `theater archive` writes is what docs/chain-format.md says: a verifier that was written from it alone comes to the same of it.

const json = async (cwd: string, ...args: string[]): Promise<any[]> =>
  objects(await theater([...args, '--json'], { cwd }))

/** Has the actor of a folder do much, without a process for each call. */
async function busy(cwd: string, calls: number): Promise<void> {
  await using store = sqliteStore(join(cwd, '.theater/theater.db'))
  await using host = await Theater.open({ store, handlers: [log()], snapshots: { everyEvents: 20 } })
  for (let i = 0; i < calls; i++) await host.call('echo', 'divide', [i, 7])
}

/** A folder with two archives of a record (`1.car`, `2.car`), what is left of it (`tail.car`), and its host's key. */
const archived = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await busy(cwd, 120)
  writeFileSync(join(cwd, 'host.pub'), (await theater(['key'], { cwd })).stdout)
  const first = await theater(['archive', 'echo', '-o', '1.car', '--before', '150'], { cwd })
  await busy(cwd, 40)
  const second = await theater(['archive', 'echo', '-o', '2.car', '--keep', '60'], { cwd })
  if (first.code !== 0 || second.code !== 0) throw new Error(first.stderr + second.stderr)
  await busy(cwd, 10)
  await theater(['checkpoint'], { cwd })
  await theater(['export', 'echo', '-o', 'tail.car'], { cwd })
  return cwd
})

const read = (cwd: string, file: string): Buffer => readFileSync(join(cwd, file))
const keyOf = (cwd: string): string => read(cwd, 'host.pub').toString().trim()

/** What another verifier says of files that are read together, of each chain. */
function theirs(cwd: string, ...files: string[]) {
  return readTogether(files.map((file) => checkFile(read(cwd, file)))).map(
    ({ size, missing, broken, withheld, signed }) => ({
      size,
      missing,
      withheld,
      broken: broken?.index ?? null,
      signed: signed(keyOf(cwd)) ?? null,
    }),
  )
}

/** The same of `theater verify`. */
const ours = (cwd: string, ...files: string[]) => said(cwd, ...files, '--key', 'host.pub')

async function said(cwd: string, ...args: string[]) {
  const all = await json(cwd, 'verify', ...args)
  return all.map(({ verdict, code, at, events, signed }) => ({
    size: events,
    missing: code === 'withheld' ? at : null,
    withheld: null,
    broken: verdict === 'broken' ? at : null,
    signed: signed ?? null,
  }))
}

describe('another verifier, and what `theater archive` wrote', () => {
  it('finds all parts to be one whole chain, signed to its end, in any order', async () => {
    const cwd = await archived()
    for (const files of [
      ['1.car', '2.car', 'tail.car'],
      ['tail.car', '1.car', '2.car', '1.car'],
    ]) {
      const [one] = await ours(cwd, ...files)
      expect(one).toMatchObject({ missing: null, broken: null, signed: expect.any(Number) })
      expect(theirs(cwd, ...files)).toEqual([one])
    }
  })

  it('finds the same event missing where a part is not there', async () => {
    const cwd = await archived()
    const starts: unknown[] = []
    for (const files of [['1.car', 'tail.car'], ['2.car', 'tail.car'], ['tail.car'], ['2.car']]) {
      const all = await ours(cwd, ...files)
      expect(theirs(cwd, ...files)).toEqual(all)
      starts.push(all[0]?.missing)
    }
    const [behindFirst] = starts
    expect(starts).toEqual([behindFirst, 2, 2, 2])
    expect(await ours(cwd, '1.car', '2.car')).toEqual(theirs(cwd, '1.car', '2.car'))
  })

  it('takes parts that have events in common', async () => {
    const cwd = await archived()
    await theater(['archive', 'echo', '--restore', '2.car'], { cwd })
    await theater(['archive', 'echo', '--restore', '1.car'], { cwd })
    await theater(['archive', 'echo', '-o', 'more.car', '--before', '200'], { cwd })
    await theater(['export', 'echo', '-o', 'less.car'], { cwd })
    for (const files of [
      ['1.car', 'more.car', 'less.car'],
      ['more.car', '2.car', 'tail.car', '1.car'],
      ['less.car', 'tail.car', 'more.car'],
    ]) {
      const [one] = await ours(cwd, ...files)
      expect(one).toMatchObject({ missing: null, broken: null, signed: expect.any(Number) })
      expect(theirs(cwd, ...files)).toEqual([one])
    }
  })

  it('takes a part of another record for a record of its own', async () => {
    const [cwd, other] = [await archived(), folder({ 'theater.toml': ECHO }, 'file')]
    await theater(['run', 'theater.toml'], { cwd: other })
    await busy(other, 120)
    await theater(['archive', 'echo', '-o', '1.car', '--before', '150'], { cwd: other })
    writeFileSync(join(cwd, 'other.car'), read(other, '1.car'))
    const files = ['tail.car', 'other.car', '2.car']
    const all = await said(cwd, ...files)
    expect(theirs(cwd, ...files)).toMatchObject(all.map(({ signed: _signed, ...one }) => one))
    expect(theirs(cwd, ...files)).toMatchObject([{ missing: 2 }, { missing: null, signed: null }])
  })

  it('finds the same event wherever a byte of a part is another', async () => {
    const cwd = await archived()
    const bytes = read(cwd, '2.car')
    const from = bytes.length / 3
    for (let at = Math.floor(from); at < bytes.length; at += Math.floor(bytes.length / 9)) {
      writeFileSync(
        join(cwd, 'bad.car'),
        bytes.map((byte, i) => (i === at ? byte ^ 0x40 : byte)),
      )
      const all = await ours(cwd, '1.car', 'bad.car', 'tail.car')
      const broken = all.find((one) => one.broken !== null)
      const others = all.filter((one) => one.broken === null)
      expect(checkFile(read(cwd, 'bad.car')).chains[0]?.broken).toMatchObject({ index: broken?.broken })
      expect(theirs(cwd, '1.car', 'tail.car')).toEqual(others)
      expect(others).toHaveLength(1)
    }
  })
})
