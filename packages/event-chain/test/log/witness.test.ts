import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encodeData } from '@theater/values'
import { ChainWriter, memoryStore } from '../../src/index.ts'
import type { LoggedStore } from '../../src/index.ts'
import {
  checkpointText,
  cosign,
  formatAddition,
  formatNote,
  formatSignature,
  HostLog,
  latestCheckpoint,
  makeSeal,
  parseAddition,
  parseCheckpoint,
  parseNote,
  proveConsistency,
  proveEvent,
  signedCheckpoints,
  signNote,
  SigningKey,
  VerifierKey,
  verifyConsistency,
  verifyCosignatures,
  verifyEventProof,
  verifySeal,
  WitnessClient,
} from '../../src/log.ts'
import type { WitnessClientOptions } from '../../src/log.ts'
import { sqliteStore } from '../../src/sqlite.ts'
import { content, countingSalts, genesis } from '../helpers.ts'
import { TestWitness } from './support/witness.ts'

const folder = mkdtempSync(join(tmpdir(), 'theater-witness-'))
afterAll(() => rmSync(folder, { recursive: true }))
let n = 0
const key = await SigningKey.generate('host.example/theater')
const other = await SigningKey.generate('host.example/theater')
const witnessKey = await SigningKey.generate('witness.example/w1', 'cosignature')
const code = (code: string, message = '') =>
  expect.objectContaining({ name: 'ChainError', code, message: expect.stringContaining(message) })

/** A host whose log grows by an entry a time. */
async function host(store: LoggedStore = memoryStore(), salt = 0) {
  const log = await HostLog.open({ store, key })
  const writer = ChainWriter.create({
    store,
    salts: countingSalts(salt),
    label: 'a',
    genesis: content('genesis', genesis({ actor: 'a' })),
  })
  await writer.flush()
  const grow = async (times = 1): Promise<string> => {
    for (let i = 0; i < times; i++) {
      writer.append('stop', encodeData(['over']))
      await writer.flush()
      await log.checkpoint()
    }
    return log.latest?.note ?? ''
  }
  return { store, log, writer, grow }
}

const clientOf = (log: HostLog, witness: TestWitness, options: Partial<WitnessClientOptions> = {}) =>
  log.witness({
    key: witnessKey.verifier,
    url: 'https://witness.example/w/',
    fetch: witness.fetch(),
    now: () => witness.time * 1000,
    ...options,
  })

describe('a cosignature', () => {
  test('has the form that C2SP gives it', async () => {
    const text = checkpointText({ origin: 'example.com/log', size: 7, root: new Uint8Array(32) })
    const { name, id, bytes } = await cosign(text, witnessKey, 1_679_315_147)
    expect([name, id, bytes.length]).toEqual(['witness.example/w1', witnessKey.verifier.id, 72])
    expect(Buffer.from(bytes).readBigUInt64BE()).toBe(1_679_315_147n)
    const signed = `cosignature/v1\ntime 1679315147\n${text}`
    expect(await witnessKey.verifier.verifies(new TextEncoder().encode(signed), bytes.subarray(8))).toBe(true)
    expect(witnessKey.verifier.toString().split('+')[2]?.startsWith('B')).toBe(true)
  })

  test('is of a witness alone, at a time', async () => {
    await expect(cosign('x\n', key, 1)).rejects.toEqual(code('bad-key'))
    for (const time of [0, -1, 1.5, 2 ** 53])
      await expect(cosign('x\n', witnessKey, time)).rejects.toEqual(code('invalid'))
  })

  test('is passed over where nobody trusts it, and refused with any bit of it changed', async () => {
    const note = await signNote('example.com/log\n7\nAAAA\n', [key])
    const signature = await cosign(note.text, witnessKey, 1_800_000_000)
    const cosigned = { ...note, signatures: [...note.signatures, signature] }
    expect(await verifyCosignatures(parseNote(formatNote(cosigned)), [witnessKey.verifier])).toEqual([
      { by: witnessKey.verifier, time: 1_800_000_000 },
    ])
    expect(await verifyCosignatures(cosigned, [])).toEqual([])
    expect(await verifyCosignatures(cosigned, [key.verifier])).toEqual([])
    expect(await verifyCosignatures(note, [witnessKey.verifier])).toEqual([])
    // The same key as that of a log signs something else.
    const asLog = await VerifierKey.of(witnessKey.verifier.name, witnessKey.verifier.publicKey)
    expect(await verifyCosignatures(cosigned, [asLog])).toEqual([])
    for (let at = 0; at < 72; at++) {
      const bytes = signature.bytes.slice()
      bytes[at] = (bytes[at] ?? 0) ^ 1
      const bad = { ...note, signatures: [{ ...signature, bytes }] }
      await expect(verifyCosignatures(bad, [witnessKey.verifier])).rejects.toEqual(code('bad-signature'))
    }
    const short = { ...note, signatures: [{ ...signature, bytes: signature.bytes.subarray(0, 71) }] }
    await expect(verifyCosignatures(short, [witnessKey.verifier])).rejects.toEqual(code('bad-signature'))
  })
})

describe('what a witness is asked', () => {
  test('comes back as it was', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(hash, { maxLength: 63 }), fc.string(), (before, path, note) => {
        expect(parseAddition(formatAddition({ before, path, note }))).toEqual({ before, path, note })
      }),
    )
  })

  test('is the example of C2SP', () => {
    const { before, path, note } = parseAddition(`old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`)
    expect([before, path.length]).toEqual([20852014, 4])
    expect(parseCheckpoint(parseNote(note).text)).toMatchObject({
      origin: 'example.com/behind-the-sofa',
      size: 20852163,
    })
  })

  const line = `${Buffer.alloc(32).toString('base64')}\n`
  test.each([
    ['', 'empty line'],
    ['old 1\nnote', 'empty line'],
    ['old 01\n\nnote', 'old size'],
    ['old -1\n\nnote', 'old size'],
    ['old 9007199254740992\n\nnote', 'old size'],
    ['new 1\n\nnote', 'old size'],
    [`old 1\n${line.slice(4)}\nnote`, 'no hash'],
    [`old 1\n${line.replace('A', '-')}\nnote`, 'no hash'],
    [`old 1\n${line.repeat(64)}\nnote`, '63'],
    [`old 1\n\n${'x'.repeat(80_000)}`, 'bytes'],
  ])('%j is none', (bad, why) => {
    expect(() => parseAddition(bad)).toThrow(code('bad-proof', why))
  })
})

describe.each([
  ['memory', () => memoryStore()],
  ['SQLite', () => sqliteStore(join(folder, `${n++}.db`))],
] as const)('a host with a witness, in %s', (_, open) => {
  test('has what it signs cosigned, one checkpoint going on from the other', async () => {
    const { store, log, grow } = await host(open())
    const witness = new TestWitness(witnessKey)
    const client = clientOf(log, witness)
    expect(await client.ask()).toEqual({ size: 0, time: undefined, of: 0, fault: null })
    await grow()
    expect(await client.ask()).toEqual({ size: 1, time: witness.time, of: 1, fault: null })
    // It is not asked again about what it has cosigned.
    expect(await client.ask()).toMatchObject({ size: 1, fault: null })
    await grow(9)
    witness.time += 60
    expect(await client.ask()).toEqual({ size: 10, time: witness.time, of: 10, fault: null })
    expect(witness.asked.map(({ before }) => before)).toEqual([0, 1])
    expect(client.asked).toBe(2)
    const latest = await latestCheckpoint(store)
    const note = parseNote(latest?.note ?? '')
    expect(await verifyCosignatures(note, [witnessKey.verifier])).toMatchObject([{ time: witness.time }])
    const onwards = await verifyConsistency(await proveConsistency(store, 10), latest?.note ?? '', [log.key])
    expect(await verifyCosignatures(parseNote(onwards.note), [witnessKey.verifier])).toHaveLength(1)
    // The log goes on with a store that knows of it, and another client of the same witness does too.
    expect(await clientOf(await HostLog.open({ store, key }), witness).ask()).toMatchObject({ size: 10 })
    expect(client.asked).toBe(2)
    await store.close()
  })

  test('goes on from what the witness says that it saw', async () => {
    const { store, log, grow } = await host(open())
    const witness = new TestWitness(witnessKey)
    await grow(3)
    await clientOf(log, witness).ask()
    await grow(4)
    // As of a host whose answer was lost.
    await store.hostLog.keepWitness({
      key: witnessKey.verifier.toString(),
      url: null,
      note: null,
      fault: null,
    })
    expect(await clientOf(log, witness).ask()).toMatchObject({ size: 7, fault: null })
    expect(witness.asked.map(({ before }) => before)).toEqual([0, 0, 3])
    await store.close()
  })

  test('keeps what a witness says no with, until it cosigns', async () => {
    const { store, log, grow } = await host(open())
    const witness = new TestWitness(witnessKey)
    await grow(2)
    const down = clientOf(log, witness, { fetch: () => Promise.reject(new Error('nobody is there')) })
    expect(await down.ask()).toMatchObject({ size: 0, of: 2, fault: { code: 'unreachable' } })
    expect(await store.hostLog.witnesses()).toMatchObject([
      {
        note: null,
        fault: { code: 'unreachable', message: 'nobody is there' },
        url: 'https://witness.example/w/',
      },
    ])
    expect(await clientOf(log, witness).ask()).toMatchObject({ size: 2, fault: null })
    expect(await store.hostLog.witnesses()).toMatchObject([{ fault: null }])
    await store.close()
  })
})

describe('a witness that does not cosign', () => {
  const answers = async (
    change: (body: string, status: number) => { status?: number; body?: string },
    clock = 0,
  ): Promise<unknown> => {
    const { log, grow } = await host()
    const witness = new TestWitness(witnessKey)
    await grow(2)
    const fetch = witness.fetch(({ status, body }) => ({ status, body, ...change(body, status) }))
    return (await clientOf(log, witness, { fetch, now: () => (witness.time + clock) * 1000 }).ask()).fault
  }
  const fault = (code: string, message: string) => ({ code, message: expect.stringContaining(message) })

  test.each([
    [503, 'unreachable', '503'],
    [429, 'unreachable', '429'],
    [302, 'unreachable', '302'],
    [404, 'refused', 'add its key'],
    [403, 'refused', 'signs with now'],
    [400, 'refused', '400'],
    [422, 'other-log', 'written anew'],
  ])('because of %d is %s', async (status, code, message) => {
    expect(await answers(() => ({ status, body: 'no\u001b[31m\n' }))).toEqual(fault(code, message))
  })

  test('or not this, or not now, is found out', async () => {
    const stranger = await SigningKey.generate('witness.example/w1', 'cosignature')
    const line = async (signing: SigningKey, size: number): Promise<string> => {
      const text = checkpointText({ origin: 'host.example/theater', size, root: new Uint8Array(32) })
      return formatSignature(await cosign(text, signing, 1_800_000_000))
    }
    expect(await answers(() => ({ body: '' }))).toEqual(fault('bad-answer', 'no cosignature'))
    expect(await answers(() => ({ body: 'thank you\n' }))).toEqual(fault('bad-answer', 'signed note'))
    expect(await answers(() => ({ body: 'x'.repeat(70_000) }))).toEqual(fault('unreachable', 'more than'))
    const strange = await line(stranger, 2)
    expect(await answers(() => ({ body: strange }))).toEqual(fault('bad-answer', 'no cosignature'))
    const wrongSize = await line(witnessKey, 3)
    expect(await answers(() => ({ body: wrongSize }))).toEqual(fault('bad-answer', 'not of this checkpoint'))
    expect(await answers(() => ({}), 4000)).toEqual(fault('bad-answer', 'second 1800000000'))
    expect(await answers(() => ({}), -4000)).toEqual(fault('bad-answer', 'second 1800000000'))
    expect(await answers(() => ({}), 3000)).toBeNull()
    // Others may cosign too.
    expect(await answers((body) => ({ body: strange + body }))).toBeNull()
    expect(await answers(() => ({ status: 409, body: '0\n' }))).toEqual(fault('bad-answer', '409'))
    expect(await answers(() => ({ status: 409, body: 'zero' }))).toEqual(fault('bad-answer', '409'))
  })

  test('a second time earlier than the first is found out', async () => {
    const { log, grow } = await host()
    const witness = new TestWitness(witnessKey)
    const now = (): number => 1_800_000_000_000
    await grow()
    await clientOf(log, witness, { now }).ask()
    await grow()
    witness.time--
    const state = await clientOf(log, witness, { now }).ask()
    expect(state).toMatchObject({ size: 1, of: 2, fault: fault('bad-answer', 'before the one') })
  })

  test('of this kind there is none', async () => {
    const { log } = await host()
    const witness = new TestWitness(witnessKey)
    expect(() => clientOf(log, witness, { key: key.verifier })).toThrow(code('bad-key', 'of a log'))
    for (const url of ['', 'witness.example', 'file:///w'])
      expect(() => clientOf(log, witness, { url })).toThrow(code('invalid', 'http'))
    expect(clientOf(log, witness)).toBeInstanceOf(WitnessClient)
  })
})

describe('a host whose log is another one than the witness saw', () => {
  test('cut back, gets no cosignature before it has gone on past it, and none then', async () => {
    const { log, grow } = await host()
    const witness = new TestWitness(witnessKey)
    await grow(5)
    await clientOf(log, witness).ask()
    // The store of three entries, as out of a backup.
    const back = await host()
    await back.grow(3)
    expect(await clientOf(back.log, witness).ask()).toMatchObject({
      size: 0,
      of: 3,
      fault: { code: 'other-log', message: expect.stringContaining('cut back') },
    })
    back.writer.append('stop', encodeData(['another end']))
    await back.grow(4)
    expect(await clientOf(back.log, witness).ask()).toMatchObject({
      of: 7,
      fault: { code: 'other-log', message: expect.stringContaining('written anew') },
    })
  })
})

describe('what is proven', () => {
  const witnessed = async () => {
    const one = await host()
    const witness = new TestWitness(witnessKey)
    await one.grow(3)
    await clientOf(one.log, witness).ask()
    return { ...one, witness }
  }
  const by = async (note: string): Promise<number[]> =>
    (await verifyCosignatures(parseNote(note), [witnessKey.verifier])).map(({ time }) => time)
  const noteOf = (proof: string): string => proof.slice(proof.indexOf('\n\n') + 2)

  test('is proven under what the witness cosigned, where that is over it', async () => {
    const { store, log, writer, grow } = await witnessed()
    await grow(2)
    expect((await signedCheckpoints(store.hostLog)).map(({ size }) => size)).toEqual([3, 5])
    expect((await latestCheckpoint(store))?.size).toBe(5)
    // Events 0 to 3 were there when it was.
    for (const [seq, cosigned] of [
      [0, 1],
      [3, 1],
      [4, 0],
      [5, 0],
    ] as const) {
      const proof = await proveEvent(store, writer.chain, seq)
      const { checkpoint, event } = await verifyEventProof(proof, [log.key])
      expect([event.seq, checkpoint.size, (await by(noteOf(proof))).length]).toEqual([
        seq,
        cosigned === 1 ? 3 : 5,
        cosigned,
      ])
    }
    const seal = await makeSeal(store, [writer.chain])
    expect([seal?.chains[0]?.entry.size, await by(seal?.note ?? '')]).toEqual([6, []])
    const older = await makeSeal(store, [writer.chain], undefined, { witnessed: true })
    expect([older?.chains[0]?.entry.size, (await by(older?.note ?? '')).length]).toEqual([4, 1])
    expect(older && (await verifySeal(older, [log.key])).checkpoint.size).toBe(3)
    // A chain that has no more since then is sealed under it anyway.
    await log.checkpoint()
  })

  test('is under no checkpoint of a key that was handed over from', async () => {
    const { store, log, writer } = await witnessed()
    await log.rotate(other)
    expect((await signedCheckpoints(store.hostLog)).map(({ size }) => size)).toEqual([4])
    const seal = await makeSeal(store, [writer.chain], undefined, { witnessed: true })
    expect(seal && (await verifySeal(seal, [other.verifier])).checkpoint.size).toBe(4)
  })

  test('together by the witnesses of one checkpoint', async () => {
    const { store, log, witness } = await witnessed()
    const second = await SigningKey.generate('witness.example/w2', 'cosignature')
    const two = new TestWitness(second)
    two.time = witness.time + 5
    await clientOf(log, two, { key: second.verifier, fetch: two.fetch() }).ask()
    const latest = await latestCheckpoint(store)
    const keys = [witnessKey.verifier, second.verifier]
    expect((await verifyCosignatures(parseNote(latest?.note ?? ''), keys)).map(({ by }) => by)).toEqual(keys)
    expect(parseNote(latest?.note ?? '').signatures).toHaveLength(3)
  })
})

describe('a log goes on from a checkpoint that somebody kept', () => {
  test('which is proven for every two sizes', async () => {
    const { store, grow } = await host()
    const kept: string[] = []
    for (let size = 1; size <= 20; size++) {
      kept.push(await grow())
      for (const [i, note] of kept.entries()) {
        const proof = await proveConsistency(store, i + 1)
        const { before, checkpoint, by } = await verifyConsistency(proof, note, [key.verifier])
        expect([before.size, checkpoint.size, by]).toEqual([i + 1, size, key.verifier])
      }
    }
    // Behind its two lines it is what a witness is asked.
    const proof = await proveConsistency(store, 7)
    expect(parseAddition(proof.split('\n').slice(2).join('\n'))).toMatchObject({
      before: 7,
      note: kept.at(-1),
    })
  })

  test('through a change of keys', async () => {
    const { store, log, grow } = await host()
    const kept = await grow(3)
    await log.rotate(other)
    await grow(3)
    const { before, checkpoint, by } = await verifyConsistency(await proveConsistency(store, 3), kept, [
      key.verifier,
    ])
    expect([before.size, checkpoint.size, by.equals(other.verifier)]).toEqual([3, 7, true])
  })

  test('or does not, which shows', async () => {
    const { store, grow } = await host()
    const kept = await grow(3)
    const same = await grow(3)
    const proof = await proveConsistency(store, 3)
    const keys = [key.verifier]
    await expect(proveConsistency(store, 7)).rejects.toEqual(code('bad-proof', 'cut off'))
    await expect(proveConsistency(memoryStore(), 0)).rejects.toEqual(code('bad-proof', 'no checkpoint'))
    await expect(verifyConsistency(proof, same, keys)).rejects.toEqual(code('bad-proof', 'goes on from 3'))
    await expect(verifyConsistency(proof, kept, [])).rejects.toEqual(code('bad-signature'))
    await expect(verifyConsistency(proof, kept, [other.verifier])).rejects.toEqual(code('bad-signature'))
    await expect(verifyConsistency('x'.repeat(5_000_000), kept, keys)).rejects.toEqual(code('bad-proof'))
    // The same host with another history.
    const another = await host(memoryStore(), 1000)
    const theirs = await another.grow(3)
    await another.grow(3)
    await expect(verifyConsistency(proof, theirs, keys)).rejects.toEqual(code('bad-proof', 'does not begin'))
    const sixth = await another.grow(0)
    const mine = await proveConsistency(store, 6)
    await expect(verifyConsistency(mine, sixth, keys)).rejects.toEqual(code('bad-proof', 'contradict'))
    const later = await another.grow(1)
    await expect(verifyConsistency(mine.replace('old 6', 'old 7'), later, keys)).rejects.toEqual(
      code('bad-proof', 'it has 6 entries'),
    )
    const elsewhere = await SigningKey.generate('other.example')
    const root = new Uint8Array(32)
    const foreign = formatNote(
      await signNote(checkpointText({ origin: 'other.example', size: 3, root }), [elsewhere]),
    )
    await expect(verifyConsistency(proof, foreign, [...keys, elsewhere.verifier])).rejects.toEqual(
      code('bad-proof', 'other.example'),
    )
  })

  test('and with any character of it changed it proves nothing', async () => {
    const { store, log, grow } = await host()
    const kept = await grow(3)
    await log.rotate(other)
    await grow(8)
    const proof = await proveConsistency(store, 3)
    for (let at = 0; at < proof.length; at++) {
      const char = proof[at] as string
      for (const to of at % 5 === 0 ? ['\n', ''] : [char === 'A' ? 'B' : 'A']) {
        if (to === char) continue
        const bad = proof.slice(0, at) + to + proof.slice(at + 1)
        const outcome = await verifyConsistency(bad, kept, [key.verifier]).catch((error: unknown) => error)
        expect(outcome).toEqual(
          expect.objectContaining({ code: expect.stringMatching(/^bad-(proof|note|signature)$/) }),
        )
      }
    }
  })
})
