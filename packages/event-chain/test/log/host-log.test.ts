import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { encodeData, sha256 } from '@theater/values'
import { afterAll, describe, expect, test } from 'vitest'
import { ChainWriter, hex, memoryStore } from '../../src/index.ts'
import type { LoggedStore } from '../../src/index.ts'
import {
  checkpointText,
  consistencyPath,
  decodeEntry,
  decodeSeal,
  encodeEntry,
  encodeSeal,
  extendsTree,
  formatNote,
  GrowingTree,
  HostLog,
  latestCheckpoint,
  leafHash,
  makeSeal,
  parseNote,
  proveEvent,
  signNote,
  SigningKey,
  VerifierKey,
  verifyEventProof,
  verifySeal,
} from '../../src/log.ts'
import { sqliteStore } from '../../src/sqlite.ts'
import { countingSalts, genesis, content } from '../helpers.ts'
import { fill } from '../sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-log-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const key = await SigningKey.generate('host.example/theater')
const other = await SigningKey.generate('host.example/theater')
const third = await SigningKey.generate('host.example/theater')
const code = (code: string, message = '') =>
  expect.objectContaining({ name: 'ChainError', code, message: expect.stringContaining(message) })

/** A chain that only has a genesis and stops, so many of them. */
async function grow(store: LoggedStore, label: string, length: number, salt: number): Promise<ChainWriter> {
  const salts = countingSalts(salt)
  const writer = ChainWriter.create({
    store,
    salts,
    label,
    genesis: content('genesis', genesis({ actor: label })),
  })
  await more(writer, length - 1)
  return writer
}

async function more(writer: ChainWriter, length: number): Promise<void> {
  for (let i = 0; i < length; i++) writer.append('stop', encodeData(['over']))
  await writer.flush()
}

const stores: [string, () => { open: () => LoggedStore; again: () => LoggedStore }][] = [
  [
    'memory',
    () => {
      const store = memoryStore()
      return { open: () => store, again: () => store }
    },
  ],
  [
    'SQLite',
    () => {
      const path = join(folder, `${n++}.db`)
      const open = (): LoggedStore => sqliteStore(path)
      return { open, again: open }
    },
  ],
]

test('the log is over no chain that has lost an event', async () => {
  const path = join(folder, `${n++}.db`)
  await using store = sqliteStore(path)
  await grow(store, 'a', 1200, 0)
  const db = new DatabaseSync(path)
  db.exec('DELETE FROM events WHERE seq = 700')
  db.close()
  const log = await HostLog.open({ store, key })
  await expect(log.checkpoint()).rejects.toMatchObject({ code: 'broken', reason: 'missing', index: 700 })
  expect(await latestCheckpoint(store)).toBeUndefined()
})

describe.each(stores)('the log of a host in %s', (_, make) => {
  test('has an entry for each chain that grew, under checkpoints that each begin with the one before', async () => {
    const { open } = make()
    const store = open()
    const log = await HostLog.open({ store, key })
    expect(await log.checkpoint()).toBeUndefined()
    expect(await latestCheckpoint(store)).toBeUndefined()
    const a = await grow(store, 'a', 3, 0)
    const b = await grow(store, 'b', 300, 1000)
    const first = await log.checkpoint()
    expect(first).toMatchObject({ origin: 'host.example/theater', size: 2 })
    // Nothing grew.
    expect(await log.checkpoint()).toEqual(first)
    await more(b, 1)
    const second = await log.checkpoint()
    await more(a, 600)
    await more(b, 600)
    const third = await log.checkpoint()
    expect([second?.size, third?.size]).toEqual([3, 5])
    const entries = (await store.hostLog.entries(0, 9)).map((entry) => decodeEntry(entry))
    expect(entries).toMatchObject(
      [
        [a, 3],
        [b, 300],
        [b, 301],
        [a, 603],
        [b, 901],
      ].map(([writer, size]) => ({
        kind: 'chain',
        chain: (writer as ChainWriter).chain,
        epoch: 0,
        size,
      })),
    )
    // By the definition of the trees, over everything.
    const all = await store.hostLog.entries(0, 5)
    const sizes = [2, 3, 5]
    for (const [i, checkpoint] of [first, second, third].entries()) {
      const tree = new GrowingTree()
      for (const entry of all.slice(0, sizes[i])) tree.append(leafHash(entry))
      expect(checkpoint?.root).toEqual(tree.root)
    }
    for (const entry of entries) {
      if (entry.kind !== 'chain') continue
      const tree = new GrowingTree()
      for await (const { header } of store.read(entry.chain, 0, entry.size))
        tree.append(leafHash(sha256(header)))
      expect(entry.root).toEqual(tree.root)
    }
    const leaves = all.map((entry) => leafHash(entry))
    const path = await consistencyPath(
      async (level, index) => {
        const tree = new GrowingTree()
        for (const leaf of leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) tree.append(leaf)
        return tree.root
      },
      2,
      5,
    )
    expect(first && third && extendsTree(first, third, path)).toBe(true)
    expect(await latestCheckpoint(store)).toEqual(third)
  })

  test('takes in what there is when it begins, and comes to an end also where chains grow meanwhile', async () => {
    const { open } = make()
    const store = open()
    const log = await HostLog.open({ store, key })
    const writer = await grow(store, 'a', 3, 0)
    const extendLog = store.hostLog.extendLog.bind(store.hostLog)
    store.hostLog.extendLog = async (update) => {
      await extendLog(update)
      await more(writer, 1)
    }
    expect((await log.checkpoint())?.size).toBe(1)
    expect((await log.checkpoint())?.size).toBe(2)
  })

  test('goes on after it was opened again, with its key and no other', async () => {
    const { open, again } = make()
    let store = open()
    const log = await HostLog.open({ store, key })
    const writer = await grow(store, 'a', 700, 0)
    const first = await log.checkpoint()
    await more(writer, 700)
    if (store !== again()) await store.close()
    store = again()
    await expect(HostLog.open({ store, key: other })).rejects.toEqual(code('bad-key', 'hand over'))
    const reopened = await HostLog.open({ store, key })
    expect(reopened.latest).toEqual(first)
    const second = await reopened.checkpoint()
    expect(second?.size).toBe(2)
    for (const seq of [0, 255, 256, 699, 700, 1023, 1024, 1399]) {
      const proven = await verifyEventProof(await proveEvent(store, writer.chain, seq), [key.verifier])
      expect(proven.event).toMatchObject({ seq, kind: seq === 0 ? 'genesis' : 'stop' })
    }
    await store.close()
  })

  test('is written by one: who comes second is refused, and nothing is lost', async () => {
    const { open } = make()
    const store = open()
    const [one, two] = await Promise.all([HostLog.open({ store, key }), HostLog.open({ store, key })])
    await grow(store, 'a', 3, 0)
    const checkpoint = await one.checkpoint()
    await grow(store, 'b', 3, 1000)
    await expect(two.checkpoint()).rejects.toEqual(code('conflict'))
    expect(await latestCheckpoint(store)).toEqual(checkpoint)
    const [both, same] = await Promise.all([one.checkpoint(), one.checkpoint()])
    expect(both?.size).toBe(2)
    expect(same).toEqual(both)
  })

  test('hands over to another key, and who trusts the first one can follow', async () => {
    const { open } = make()
    const store = open()
    const log = await HostLog.open({ store, key })
    const writer = await grow(store, 'a', 10, 0)
    await log.checkpoint()
    await expect(log.rotate(key)).rejects.toEqual(code('bad-key', 'already'))
    await expect(log.rotate(await SigningKey.generate('other.example'))).rejects.toEqual(
      code('bad-key', 'name'),
    )
    await log.rotate(other)
    expect(log.key.equals(other.verifier)).toBe(true)
    await expect(HostLog.open({ store, key })).rejects.toEqual(code('bad-key', 'handed'))
    expect((await HostLog.open({ store, key: other })).latest).toEqual(log.latest)
    await more(writer, 10)
    await log.checkpoint()
    await log.rotate(third)
    await more(writer, 10)
    await log.checkpoint()
    await expect(HostLog.open({ store, key })).rejects.toEqual(code('bad-key'))
    expect((await HostLog.open({ store, key: third })).latest).toEqual(log.latest)
    const proof = await proveEvent(store, writer.chain, 25)
    const seal = await makeSeal(store, [writer.chain])
    if (seal === undefined) throw new Error('there is a checkpoint')
    for (const trusted of [key, other, third]) {
      expect((await verifyEventProof(proof, [trusted.verifier])).by.equals(third.verifier)).toBe(true)
      expect((await verifySeal(seal, [trusted.verifier])).by.equals(third.verifier)).toBe(true)
    }
    const stranger = await SigningKey.generate('host.example/theater')
    await expect(verifyEventProof(proof, [stranger.verifier])).rejects.toEqual(code('bad-signature'))
    // Without the record of it, or with a forged one, nobody follows.
    await expect(verifySeal({ ...seal, rotations: seal.rotations.slice(1) }, [key.verifier])).rejects.toEqual(
      code('bad-signature'),
    )
    const forged = { kind: 'key', publicKey: stranger.verifier.publicKey } as const
    const swapped = seal.rotations.map((rotation, i) =>
      i === 0 ? { ...rotation, entry: encodeEntry(forged) } : rotation,
    )
    await expect(verifySeal({ ...seal, rotations: swapped }, [key.verifier])).rejects.toEqual(
      code('bad-proof'),
    )
    // The key before signs alone: a host whose key was taken cannot be handed to whoever never agreed.
    const text = parseNote(seal.rotations[0]?.note ?? '').text
    const alone = formatNote(await signNote(text, [key]))
    const unsigned = seal.rotations.map((rotation, i) => (i === 0 ? { ...rotation, note: alone } : rotation))
    await expect(verifySeal({ ...seal, rotations: unsigned }, [key.verifier])).rejects.toEqual(
      code('bad-proof', 'did not sign'),
    )
  })
})

describe('a proof of one event', () => {
  const make = async () => {
    const store = memoryStore()
    const log = await HostLog.open({ store, key })
    for (let i = 0; i < 20; i++) await grow(store, `other-${i}`, 1 + i, 10_000 * (i + 1))
    const writer = await fill(store, 60)
    await log.checkpoint()
    return { store, log, writer }
  }

  test('shows what it says and under what; or only that it is there', async () => {
    const { store, writer } = await make()
    const trusted = [await VerifierKey.parse(key.verifier.toString())]
    for (let seq = 0; seq < 60; seq++) {
      const proof = await proveEvent(store, writer.chain, seq)
      const { event, entry, checkpoint, by } = await verifyEventProof(proof, trusted)
      expect(event).toMatchObject({ seq, chain: writer.chain })
      expect(entry).toMatchObject({ size: 60, epoch: writer.epoch })
      expect(checkpoint.size).toBe(21)
      expect(by.toString()).toBe(key.verifier.toString())
      const without = await verifyEventProof(
        await proveEvent(store, writer.chain, seq, { body: false }),
        trusted,
      )
      expect(without.event).toMatchObject({ seq, kind: event.kind, hash: event.hash, content: null })
    }
  })

  test('there is none of what is not under a checkpoint', async () => {
    const { store, writer } = await make()
    await expect(proveEvent(store, writer.chain, 60)).rejects.toEqual(code('not-found'))
    writer.append('stop', encodeData(['over']))
    await writer.flush()
    await expect(proveEvent(store, writer.chain, 60)).rejects.toEqual(code('bad-proof', 'yet'))
    const fresh = await grow(store, 'fresh', 2, 900_000)
    await expect(proveEvent(store, fresh.chain, 0)).rejects.toEqual(code('bad-proof', 'yet'))
  })

  test('proves nothing with any bit of it changed', async () => {
    const { store, writer } = await make()
    const proof = await proveEvent(store, writer.chain, 31)
    const good = await verifyEventProof(proof, [key.verifier])
    for (let at = 0; at < proof.length; at++) {
      const char = proof[at] as string
      for (const to of [char === 'A' ? 'B' : 'A', '\n', '']) {
        if (to === char) continue
        const bad = proof.slice(0, at) + to + proof.slice(at + 1)
        const outcome = await verifyEventProof(bad, [key.verifier]).catch((error: unknown) => error)
        expect(outcome).toEqual(
          expect.objectContaining({ code: expect.stringMatching(/^bad-(proof|note|signature)$/) }),
        )
      }
    }
    expect(good.event.seq).toBe(31)
    await expect(verifyEventProof(proof, [])).rejects.toEqual(code('bad-signature'))
    await expect(verifyEventProof(proof, [other.verifier])).rejects.toEqual(code('bad-signature'))
    await expect(verifyEventProof('x'.repeat(5_000_000), [key.verifier])).rejects.toEqual(code('bad-proof'))
  })
})

describe('a host that signs meanwhile', () => {
  test('makes no proof and no seal fail, whichever of its entries they find', async () => {
    const store = memoryStore()
    const log = await HostLog.open({ store, key })
    const writer = await grow(store, 'a', 5, 0)
    await log.checkpoint()
    const { hostLog } = store
    for (const read of ['log', 'lastEntry', 'entry'] as const) {
      const original = hostLog[read].bind(hostLog) as (...args: unknown[]) => Promise<never>
      Object.defineProperty(hostLog, read, {
        configurable: true,
        // Another checkpoint, behind each thing that is read.
        value: async (...args: unknown[]) => {
          const answer = await original(...args)
          Reflect.deleteProperty(hostLog, read)
          await more(writer, 1)
          await log.checkpoint()
          return answer
        },
      })
      const proven = await verifyEventProof(await proveEvent(store, writer.chain, 3), [key.verifier])
      expect(proven.event.seq).toBe(3)
      const seal = await makeSeal(store, [writer.chain])
      expect(seal && (await verifySeal(seal, [key.verifier])).by.equals(key.verifier)).toBe(true)
    }
  })
})

describe('a seal', () => {
  test('comes back as it was, and any other bytes are none or prove nothing', async () => {
    const store = memoryStore()
    const log = await HostLog.open({ store, key })
    const a = await grow(store, 'a', 5, 0)
    const b = await grow(store, 'b', 7, 1000)
    expect(await makeSeal(store, [a.chain])).toBeUndefined()
    await log.checkpoint()
    const c = await grow(store, 'c', 7, 2000)
    expect(await makeSeal(store, [c.chain])).toBeUndefined()
    const seal = await makeSeal(store, [b.chain, c.chain, a.chain])
    if (seal === undefined) throw new Error('there is a checkpoint')
    expect(seal.chains.map(({ entry }) => `${hex(entry.chain)} ${entry.size}`)).toEqual([
      `${hex(b.chain)} 7`,
      `${hex(a.chain)} 5`,
    ])
    const bytes = encodeSeal(seal)
    expect(decodeSeal(bytes)).toEqual(seal)
    expect((await verifySeal(seal, [key.verifier])).checkpoint.size).toBe(2)
    for (let at = 0; at < bytes.length; at++) {
      const bad = bytes.slice()
      bad[at] = (bad[at] as number) ^ 1
      const outcome = await (async () => verifySeal(decodeSeal(bad), [key.verifier]))().catch(
        (error: unknown) => error,
      )
      expect(outcome).toEqual(
        expect.objectContaining({ code: expect.stringMatching(/^bad-(proof|note|signature)$/) }),
      )
    }
  })
})

describe('a store whose log was touched', () => {
  const damaged = async (change: string): Promise<unknown> => {
    const path = join(folder, `${n++}.db`)
    const store = sqliteStore(path)
    const log = await HostLog.open({ store, key })
    await grow(store, 'a', 5, 0)
    await log.checkpoint()
    await store.close()
    const db = new DatabaseSync(path)
    db.exec(change)
    db.close()
    await using again = sqliteStore(path)
    return await HostLog.open({ store: again, key }).catch((error: unknown) => error)
  }

  test.each([
    'DELETE FROM checkpoint',
    "UPDATE checkpoint SET note = 'nothing'",
    "UPDATE checkpoint SET note = replace(note, '\u2014', '-')",
    'UPDATE trees SET size = 2 WHERE chain = 0',
    "UPDATE trees SET edge = x'00' WHERE chain = 0",
    'UPDATE trees SET edge = zeroblob(32) WHERE chain = 0',
    'DELETE FROM trees WHERE chain = 0',
  ])('says so: %s', async (change) => {
    expect(await damaged(change)).toEqual(code('damaged'))
  })

  test('with a checkpoint that another key signed names both', async () => {
    const root = new Uint8Array(32)
    const note = formatNote(
      await signNote(checkpointText({ origin: 'host.example/theater', size: 1, root }), [other]),
    )
    expect(await damaged(`UPDATE checkpoint SET note = '${note}'`)).toEqual(
      code('bad-key', other.verifier.name),
    )
  })

  test('of an earlier schema is brought on, and can be read as it is', async () => {
    const path = join(folder, `${n++}.db`)
    const store = sqliteStore(path)
    await grow(store, 'a', 5, 0)
    await store.close()
    const db = new DatabaseSync(path)
    db.exec(
      'DROP TABLE entries; DROP TABLE trees; DROP TABLE tiles; DROP TABLE checkpoint; DROP TABLE rotations; DROP TABLE witnesses; DROP TABLE kept; DROP TABLE archives',
    )
    db.exec(
      'ALTER TABLE chains DROP COLUMN durability; ALTER TABLE chains DROP COLUMN origin; ALTER TABLE chains DROP COLUMN archived',
    )
    db.exec('PRAGMA user_version = 1')
    db.close()
    const reader = sqliteStore(path, { readOnly: true })
    expect((await reader.find('a'))?.size).toBe(5)
    expect(await latestCheckpoint(reader)).toBeUndefined()
    expect(await reader.hostLog.grown(9)).toEqual([])
    expect(await reader.caches.kept(new Uint8Array(32), 'summary')).toBeUndefined()
    expect(await reader.hostLog.witnesses()).toEqual([])
    expect(await reader.archives.notes(new Uint8Array(32))).toBeUndefined()
    await reader.close()
    await using writer = sqliteStore(path)
    const log = await HostLog.open({ store: writer, key })
    expect((await log.checkpoint())?.size).toBe(1)
    await using beside = sqliteStore(path, { readOnly: true })
    expect((await latestCheckpoint(beside))?.size).toBe(1)
    const readonly = await HostLog.open({ store: beside, key })
    await grow(writer, 'b', 5, 1000)
    await expect(readonly.checkpoint()).rejects.toEqual(code('read-only'))
  })
})
