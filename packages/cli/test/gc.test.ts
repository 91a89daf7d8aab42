import { readdirSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { relayGuest } from '@theater/guests/relay'
import { describe, expect, it } from 'vitest'
import { takeLock } from '../src/lock.ts'
import { mentions } from '../src/mentions.ts'
import { copies, folder, objects, theater } from './support/theater.ts'
import type { Ran } from './support/theater.ts'

const KEEPER = `[actor.keeper]
component = "store.wasm"
[actor.keeper.grants.store]
rights = ["read", "write", "label"]
[actor.other]
component = "store.wasm"
[actor.other.grants.store]
rights = ["read", "write", "label"]
`
const call = (cwd: string, fn: string, ...args: unknown[]) =>
  theater(
    ['call', 'keeper', `test:relay/${fn}`, ...args.map((arg) => JSON.stringify(arg)), '--json', '--no-wait'],
    { cwd },
  )
const put = async (cwd: string, text: string): Promise<Hash> =>
  answer(await call(cwd, 'blobs#put', { utf8: text }))
const gc = (cwd: string, ...args: string[]) => theater(['gc', '--json', ...args], { cwd })

interface Hash {
  readonly base64: string
}

function answer(ran: Ran): any {
  const [{ ok }] = objects(ran)
  return ok
}

/** A folder whose store has what actors put whose records are gone: one blob with a label, one without. */
const kept = copies(async () => {
  const cwd = folder({ 'theater.toml': KEEPER, 'store.wasm': relayGuest('store') }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await call(cwd, 'labels#set', 'name', null, await put(cwd, 'labelled'))
  await put(cwd, 'lost')
  for (const name of readdirSync(join(cwd, '.theater')))
    if (name.startsWith('theater.db')) rmSync(join(cwd, '.theater', name))
  await theater(['run', 'theater.toml'], { cwd })
  return cwd
})

describe('gc', () => {
  it('frees what no record, no label and no grace keeps', async () => {
    const cwd = await kept()
    const mine = await put(cwd, 'mine')
    // Young.
    expect(objects(await gc(cwd))).toEqual([
      { summary: { freed: 0, bytes: 0, kept: 3, uploads: 0, dryRun: false } },
    ])
    const dry = await gc(cwd, '--grace', '0', '--dry-run')
    expect(dry.code).toBe(0)
    expect(objects(dry)).toMatchObject([
      { namespace: 'actor:keeper', bytes: 4 },
      { summary: { freed: 1, bytes: 4, kept: 2, dryRun: true } },
    ])
    const [lost, summary] = objects(await gc(cwd, '--grace', '0'))
    expect(lost).toEqual(objects(dry)[0])
    expect(summary).toEqual({ summary: { freed: 1, bytes: 4, kept: 2, uploads: 0, dryRun: false } })
    // The actor has the hash in its memory, and nothing else names it.
    expect(answer(await call(cwd, 'blobs#get', mine, 0, 9))).toEqual({ utf8: 'mine' })
    const { base64 } = answer(await call(cwd, 'labels#get', 'name'))
    expect(answer(await call(cwd, 'blobs#get', { base64 }, 0, 9))).toEqual({ utf8: 'labelled' })
    const gone = { base64: Buffer.from(lost.hash, 'hex').toString('base64') }
    expect(objects(await call(cwd, 'blobs#get', gone, 0, 9))).toEqual([{ err: 'not-found' }])
  })

  it('keeps what an actor was told of, and what one that was stopped has put', async () => {
    const cwd = await kept()
    const [{ hash }] = objects(await gc(cwd, '--grace', '0', '--dry-run'))
    const told = { base64: Buffer.from(hash, 'hex').toString('base64') }
    await call(cwd, 'labels#set', 'name', told, null)
    expect(objects(await gc(cwd, '--grace', '0', '--dry-run'))).toMatchObject([{ summary: { freed: 0 } }])
  })

  it('says for people what it did', async () => {
    const cwd = await kept()
    const { stdout } = await theater(['gc', '--grace', '0'], { cwd })
    expect(stdout).toMatch(
      /^NAMESPACE +BLOB +BYTES\nactor:keeper {2}[0-9a-f]{64} +4\n1 blob freed, 4 bytes; /,
    )
  })

  it('gives up uploads that nothing was written to', async () => {
    const cwd = await kept()
    await call(cwd, 'transfers#start')
    expect(objects(await gc(cwd))).toMatchObject([{ summary: { uploads: 0 } }])
    const db = new DatabaseSync(join(cwd, '.theater/store.db'))
    db.exec('update uploads set touched = 0')
    db.close()
    expect(objects(await gc(cwd, '--dry-run'))).toMatchObject([{ summary: { uploads: 0 } }])
    expect(objects(await gc(cwd))).toMatchObject([{ summary: { uploads: 1 } }])
    expect(objects(await gc(cwd))).toMatchObject([{ summary: { uploads: 0 } }])
  })

  it('frees nothing while a process runs the actors', async () => {
    const cwd = await kept()
    using _held = takeLock(join(cwd, '.theater/lock'), cwd)
    const refused = await gc(cwd, '--grace', '0')
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toContain(`another theater process (${process.pid}) runs the actors`)
    // Whoever could read the lock could hold it.
    const modes = ['lock', 'theater.db', 'store.db'].map(
      (file) => statSync(join(cwd, '.theater', file)).mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o600, 0o600])
  })

  it('frees nothing where part of a record is withheld', async () => {
    const cwd = await kept()
    const db = new DatabaseSync(join(cwd, '.theater/theater.db'))
    db.exec('update events set body = null where seq = 0')
    db.close()
    const refused = await gc(cwd, '--grace', '0')
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toContain('"code":"incomplete"')
  })

  it('frees nothing where what stays is damaged', async () => {
    const cwd = await kept()
    const db = new DatabaseSync(join(cwd, '.theater/store.db'))
    db.prepare('update bytes set bytes = ? where length(bytes) = 8').run(new Uint8Array(8))
    db.close()
    const refused = await gc(cwd, '--grace', '0')
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toContain('"code":"damaged"')
  })

  it('refuses a folder without actors', async () => {
    expect((await gc(folder())).code).toBe(2)
  })
})

it('a hash is found as bytes of its own and in digits, wherever it stands', () => {
  const hash = Uint8Array.from({ length: 32 }, (_, i) => i * 7)
  const digits = Buffer.from(hash).toString('hex')
  const within = (...parts: (Uint8Array | string)[]) =>
    [...mentions(Buffer.concat(parts.map((part) => Buffer.from(part))))].includes(digits)
  expect(within('x', Uint8Array.of(0x58, 0x20), hash, 'y')).toBe(true)
  expect(within(Uint8Array.of(0x58, 0x20, 0x58, 0x20), hash)).toBe(true)
  expect(within('{"hash":"', digits, '"}')).toBe(true)
  expect(within(digits.toUpperCase())).toBe(true)
  expect(within('ab', digits, 'cd')).toBe(true)
  expect(within(hash)).toBe(false)
  expect(within(Uint8Array.of(0x58, 0x20), hash.subarray(1))).toBe(false)
})
