import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { cidOf, encodeData } from '@theater/values'
import { afterAll, describe, expect, test } from 'vitest'
import { exportCar } from '../src/car.ts'
import { ChainWriter, decodeBody, decodeHeader, hex, memoryStore, verifyStructure } from '../src/index.ts'
import type { LoggedStore, StoredEvent } from '../src/index.ts'
import {
  compareChain,
  consistencyPath,
  decodeEntry,
  decodeSeal,
  encodeEntry,
  encodeSeal,
  extendsTree,
  HostLog,
  makeSeal,
  proveEvent,
  SigningKey,
  tombstonesOf,
  verifyEventProof,
  verifySeal,
} from '../src/log.ts'
import type { Seal } from '../src/log.ts'
import { saltPool, sha256 } from '../src/node.ts'
import { logSubtrees } from '../src/log/subtrees.ts'
import { openDatabase } from '../src/sqlite/schema.ts'
import { SqliteStore } from '../src/sqlite/store.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { bytesOf, open } from './car-helpers.ts'
import { content, genesis, seed, values } from './helpers.ts'
import { fill } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-redact-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const fresh = (): string => join(folder, `${n++}.db`)
const key = await SigningKey.generate('host.example/theater')
const reason = 'asked for'

const stores: [string, () => LoggedStore][] = [
  ['memory', memoryStore],
  ['SQLite', () => sqliteStore(fresh())],
]

const eventAt = async (store: LoggedStore, chain: Uint8Array, seq: number): Promise<StoredEvent> => {
  const [event] = await Array.fromAsync(store.read(chain, seq, seq + 1))
  if (event === undefined) throw new Error(`no event ${seq}`)
  return event
}

/** The first event whose content stands in a block of its own, and that block. */
async function large(store: LoggedStore, chain: Uint8Array): Promise<{ seq: number; cid: Uint8Array }> {
  let seq = 0
  for await (const { body } of store.read(chain)) {
    const link = body === null ? null : decodeBody(body).link
    if (link !== null) return { seq, cid: cidOf('dag-cbor', link) }
    seq++
  }
  throw new Error('no content is large')
}

const checkOf = async (store: LoggedStore, chain: Uint8Array) => {
  const tombstones = (await tombstonesOf(store, chain)).map(({ entry }) => entry)
  return verifyStructure(store.read(chain), { blobs: store, unfinished: 'allow', tombstones })
}

describe.each(stores)('a body in %s', (_, make) => {
  test('is erased under a signed tombstone, and all else stands', async () => {
    await using store = make()
    const { chain, size, head } = await fill(store, 60)
    const log = await HostLog.open({ store, key })
    const before = await log.checkpoint()
    const was = await eventAt(store, chain, 7)
    await store.caches.keep([{ chain, kind: 'summary', size, head, bytes: new Uint8Array(9) }])
    const { erased, checkpoint } = await log.redact(chain, [9, 7, 9], { reason, time: 5 })
    expect(erased).toEqual([9, 7])
    expect(await eventAt(store, chain, 7)).toEqual({ header: was.header, body: null })
    // What somebody found in it may have it in it.
    expect(await store.caches.kept(chain, 'summary')).toBeUndefined()
    // A host that still runs the actor has what it was made of.
    await store.caches.keep([{ chain, kind: 'summary', size, head, bytes: new Uint8Array(9) }])
    expect(await store.caches.kept(chain, 'summary')).toBeUndefined()
    expect(await checkOf(store, chain)).toMatchObject({
      ok: true,
      size,
      head,
      withheld: null,
      redacted: [7, 9],
    })
    // Without the tombstones nobody knows why they are not here.
    const plain = await verifyStructure(store.read(chain), { blobs: store, unfinished: 'allow' })
    expect(plain).toMatchObject({ ok: true, withheld: 7, redacted: [] })
    const tombstones = await tombstonesOf(store, chain)
    expect(tombstones.map(({ entry }) => entry)).toEqual(
      await Promise.all(
        [9, 7].map(async (seq) => ({
          kind: 'tombstone',
          chain,
          seq,
          event: sha256((await eventAt(store, chain, seq)).header),
          time: 5,
          reason,
        })),
      ),
    )
    // The log goes on from what was signed before, and what it says of the chain is what it is.
    if (before === undefined) throw new Error('there was a checkpoint')
    const path = await consistencyPath(
      logSubtrees(store.hostLog, sha256),
      before.size,
      checkpoint.size,
      sha256,
    )
    expect(extendsTree(before, checkpoint, path)).toBe(true)
    const seal = (await makeSeal(store, [chain])) as Seal
    expect((await verifySeal(seal, [key.verifier])).checkpoint).toMatchObject({ size: checkpoint.size })
    expect(seal.chains[0] && (await compareChain(store, seal.chains[0].entry))).toMatchObject({
      matches: true,
    })
    expect(seal.erased.map(({ entry }) => entry.seq)).toEqual([9, 7])
    const proven = await verifyEventProof(await proveEvent(store, chain, 7), [key.verifier])
    expect(proven.event).toMatchObject({ seq: 7, kind: decodeHeader(was.header).kind, content: null })
    // A host that is opened again goes on.
    await HostLog.open({ store, key }).then((again) => expect(again.latest).toEqual(checkpoint))
  })

  test('goes with the block that its content stands in, unless another event has it', async () => {
    await using store = make()
    const a = await fill(store, 60, 'a')
    const b = await fill(store, 60, 'b', 5000)
    const { seq, cid } = await large(store, a.chain)
    expect(await large(store, b.chain)).toEqual({ seq, cid })
    const log = await HostLog.open({ store, key })
    await log.redact(a.chain, [seq], { reason })
    expect(await store.has(cid)).toBe(true)
    expect(await checkOf(store, b.chain)).toMatchObject({ ok: true, withheld: null, redacted: [] })
    await log.redact(b.chain, [seq], { reason })
    expect(await store.get(cid)).toBeUndefined()
    expect(await checkOf(store, b.chain)).toMatchObject({ ok: true, withheld: null, redacted: [seq] })
  })

  test('is erased once; genesis, what is not there, and a reason that is a book are refused', async () => {
    await using store = make()
    const { chain } = await fill(store, 20)
    const log = await HostLog.open({ store, key })
    const first = await log.redact(chain, [3], { reason })
    expect(await log.redact(chain, [3], { reason: 'again' })).toEqual({ ...first, erased: [] })
    expect(await tombstonesOf(store, chain)).toHaveLength(1)
    await expect(log.redact(chain, [4, 0], { reason })).rejects.toMatchObject({ code: 'invalid', index: 0 })
    await expect(log.redact(chain, [20], { reason })).rejects.toMatchObject({ code: 'not-found' })
    await expect(log.redact(chain, [4], { reason: 'é'.repeat(513) })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(log.redact(chain, [4], { reason: '\ud800' })).rejects.toMatchObject({ code: 'invalid' })
    expect((await eventAt(store, chain, 4)).body).not.toBeNull()
    expect(await checkOf(store, chain)).toMatchObject({ redacted: [3] })
  })
})

describe('what is erased', () => {
  const secret = 'correct horse battery staple'

  /** A record with the secret near its beginning, in a database that was never told to overwrite anything. */
  async function record(path: string): Promise<{ chain: Uint8Array; seqs: number[] }> {
    const db = new DatabaseSync(path)
    await using store = new SqliteStore(db, openDatabase(db, { readOnly: false }))
    db.exec('PRAGMA secure_delete = OFF')
    const writer = ChainWriter.create({
      store,
      salts: saltPool(),
      label: 'a',
      genesis: content('genesis', genesis()),
    })
    writer.append('seed', content('seed', seed))
    const seqs: number[] = []
    for (let i = 2; i <= 400; i++) {
      const why =
        i === 2 || i === 200
          ? secret.repeat(i === 2 ? 1 : 300)
          : i === 300
            ? secret.repeat(3000)
            : 'x'.repeat(40)
      if (why.includes(secret)) seqs.push(i)
      writer.append('grant', content('grant', { grants: { why } }))
      if (i % 10 === 0) await writer.flush()
    }
    await writer.flush()
    return { chain: writer.chain, seqs }
  }

  /** Files of a database that have the secret in them, whole or in part. */
  const found = (path: string): string[] =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((file) => file.startsWith(path) && readFileSync(file).includes('horse battery'))

  test('is in no file of the database any more', async () => {
    const path = fresh()
    const { chain, seqs } = await record(path)
    expect(seqs).toHaveLength(3)
    expect(found(path)).toContain(path)
    await using store = sqliteStore(path)
    const log = await HostLog.open({ store, key })
    await log.redact(chain, seqs, { reason })
    expect(found(path)).toEqual([])
    expect(await checkOf(store, chain)).toMatchObject({ ok: true, redacted: seqs })
    await store.close()
    expect(found(path)).toEqual([])
  })

  test('is said to be there while somebody reads, and gone once they have', async () => {
    const path = fresh()
    const { chain, seqs } = await record(path)
    await using store = sqliteStore(path, { busyTimeout: 1 })
    const log = await HostLog.open({ store, key })
    const reader = new DatabaseSync(path, { readOnly: true })
    reader.exec('BEGIN; SELECT count(*) FROM events')
    await expect(log.redact(chain, seqs, { reason })).rejects.toMatchObject({ code: 'busy' })
    expect(await checkOf(store, chain)).toMatchObject({ ok: true, redacted: seqs })
    reader.close()
    await log.redact(chain, seqs, { reason })
    expect(found(path)).toEqual([])
  })

  test('is not guessed back: not even a bool', async () => {
    const store = memoryStore()
    const writer = ChainWriter.create({
      store,
      salts: saltPool(),
      label: 'a',
      genesis: content('genesis', genesis()),
    })
    writer.append('seed', content('seed', seed))
    for (const answer of [true, false, true, true]) {
      const turn = { fn: 'is-it', args: encodeData([]), sender: null, cause: null, time: 1, made: [] }
      writer.append('turn', content('turn', turn))
      writer.append('return', content('return', { result: values(answer), fuel: 7 }))
    }
    await writer.flush()
    const { chain } = writer
    const kept = (await eventAt(store, chain, 5)).body?.slice() ?? new Uint8Array(0)
    const log = await HostLog.open({ store, key })
    await log.redact(chain, [5], { reason })
    const car = await bytesOf(exportCar(store, [chain], { seal: await makeSeal(store, [chain]) }))
    // Somebody has the file, knows that event 5 is a `return` with 7 fuel, and that its answer is one of two.
    const file = await open(car)
    const events = await Array.fromAsync(file.read(chain))
    const header = decodeHeader((events[5] as StoredEvent).header)
    const contents = [true, false].map((answer) => content('return', { result: values(answer), fuel: 7 }))
    const salts = [
      new Uint8Array(16),
      new Uint8Array(0),
      ...events.flatMap(({ body }) => (body === null ? [] : [decodeBody(body).salt])),
    ]
    const guesses = contents.flatMap((guess) => [
      guess,
      ...salts.map((salt) => Uint8Array.of(0x82, 0x40 | salt.length, ...salt, ...guess)),
    ])
    const names = new Set(guesses.map((guess) => hex(sha256(guess))))
    expect(names.has(hex(header.body))).toBe(false)
    // They would have found it with its salt, which is gone with it.
    const { salt } = decodeBody(kept)
    const right = contents.map((guess) => hex(sha256(Uint8Array.of(0x82, 0x50, ...salt, ...guess))))
    expect(right.indexOf(hex(header.body))).toBe(1)
    expect(Buffer.from(car).includes(Buffer.from(salt))).toBe(false)
  })
})

describe('a file', () => {
  const made = async () => {
    const store = memoryStore()
    const { chain } = await fill(store, 60)
    const log = await HostLog.open({ store, key })
    await log.redact(chain, [7, 9], { reason })
    return { store, chain, seal: (await makeSeal(store, [chain])) as Seal }
  }
  const stateOf = async (car: Uint8Array) => {
    const { chains, seal } = await open(car)
    return { seal, result: chains[0]?.result }
  }

  test('says which bodies were erased, and by whom', async () => {
    const { store, chain, seal } = await made()
    const car = await bytesOf(exportCar(store, [chain], { seal }))
    const { seal: read, result } = await stateOf(car)
    expect(result).toMatchObject({ ok: true, size: 60, withheld: null, redacted: [7, 9] })
    expect(read).toEqual(seal)
    await expect(verifySeal(read as Seal, [key.verifier])).resolves.toMatchObject({ by: key.verifier })
  })

  test('without a tombstone has bodies that are withheld', async () => {
    const { store, chain, seal } = await made()
    for (const [given, withheld, redacted] of [
      [undefined, 7, []],
      [{ ...seal, erased: [] }, 7, []],
      [{ ...seal, erased: seal.erased.filter(({ entry }) => entry.seq === 7) }, 9, [7]],
    ] as const) {
      const { result } = await stateOf(await bytesOf(exportCar(store, [chain], { seal: given })))
      expect(result).toMatchObject({ ok: true, withheld, redacted })
    }
    const { result } = await stateOf(
      await bytesOf(exportCar(store, [chain], { seal, withhold: ({ seq }) => seq === 20 })),
    )
    expect(result).toMatchObject({ ok: true, withheld: 20, redacted: [7, 9] })
  })

  test('with a tombstone that nobody signed, or of another event, is found out', async () => {
    const { store, chain, seal } = await made()
    const [tombstone] = seal.erased
    if (tombstone === undefined) throw new Error('there is a tombstone')
    const entry = { ...tombstone.entry, seq: 20, event: sha256((await eventAt(store, chain, 20)).header) }
    const forged = { ...seal, erased: [{ ...tombstone, bytes: encodeEntry(entry), entry }] }
    await expect(verifySeal(forged, [key.verifier])).rejects.toMatchObject({ code: 'bad-proof' })
    // One that names another event of that number is of none here.
    const elsewhere = { ...tombstone.entry, event: new Uint8Array(32) }
    const other = { ...seal, erased: [{ ...tombstone, bytes: encodeEntry(elsewhere), entry: elsewhere }] }
    const { result } = await stateOf(await bytesOf(exportCar(store, [chain], { seal: other })))
    expect(result).toMatchObject({ ok: true, withheld: 7, redacted: [] })
    // A stranger can sign what he likes, with his own key.
    const mine = memoryStore()
    await fill(mine, 60)
    const theirs = await HostLog.open({ store: mine, key: await SigningKey.generate('host.example/theater') })
    await theirs.redact(chain, [7, 9], { reason })
    const strange = (await makeSeal(mine, [chain])) as Seal
    await expect(verifySeal(strange, [key.verifier])).rejects.toMatchObject({ code: 'bad-signature' })
  })

  test('has one encoding of what was erased', async () => {
    const { seal } = await made()
    const bytes = encodeSeal(seal)
    expect(bytes[0]).toBe(0xa5)
    expect(decodeSeal(bytes)).toEqual(seal)
    expect(encodeSeal({ ...seal, erased: [] })[0]).toBe(0xa4)
    const plain = seal.erased.map(({ index, bytes, path }) => [index, bytes, path])
    const chains = seal.chains.map(({ index, bytes, path }) => [index, bytes, path])
    const all = { note: seal.note, chains, rotations: [] }
    for (const wrong of [
      { ...all, seal: 2, erased: [] },
      { ...all, seal: 2 },
      { ...all, seal: 1, erased: plain },
      { ...all, seal: 3, erased: plain },
      { ...all, seal: 2, erased: chains },
      { ...all, seal: 2, erased: plain, chains: plain },
    ])
      expect(() => decodeSeal(encodeData(wrong))).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    expect(decodeSeal(encodeData({ ...all, seal: 2, erased: plain }))).toEqual(seal)
  })

  test('has tombstones that are nothing but that', () => {
    const good = [2, new Uint8Array(32), 3, new Uint8Array(32), 4, 'why']
    expect(decodeEntry(encodeData(good))).toMatchObject({ kind: 'tombstone', seq: 3, time: 4, reason: 'why' })
    const wrong: readonly (readonly [number, unknown])[] = [
      [1, new Uint8Array(31)],
      [2, -1],
      [3, null],
      [4, 1.5],
      [5, 5],
      [5, 'x'.repeat(1025)],
      [6, 0],
    ]
    for (const [at, value] of wrong) {
      const bad: any = [...good]
      bad[at] = value
      expect(() => decodeEntry(encodeData(bad))).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    }
  })
})
