import { decode, encode } from '@ipld/dag-cbor'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ChainError } from '../src/index.ts'
import { parseNote, VerifierKey, verifyCosignatures, verifyEventProof } from '../src/log.ts'
import {
  cosignedAt,
  goesOn,
  provenEvent,
  readAddition,
  readKey,
  readNote,
  readSeal,
  Refused,
  trustedNote,
} from './other-verifier/index.ts'
import { isUnder } from './other-verifier/notes.ts'

// What is signed, by the other verifier: the same known answers as signed-vectors.test.ts.

const { invalid, ...vectors } = JSON.parse(
  readFileSync(new URL('vectors/signed-v1.json', import.meta.url), 'utf8'),
)
const key = (name: string) => readKey(vectors.keys.public[name])
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const [first, witness] = [[key('first')], key('witness')]

/** A seal under a checkpoint that a key signed. */
function sealBy(text: string, name: string) {
  const seal = readSeal(bytes(text))
  const note = trustedNote(seal.note, seal.rotations, [key(name)])
  if (![...seal.chains, ...seal.erased].every((sealed) => isUnder(sealed, note)))
    throw new Refused('not under it')
  return { seal, note }
}

describe('another verifier takes', () => {
  test.each<any>(vectors.checkpoints)('a checkpoint of $size', ({ note, origin, size, root, by }) => {
    const found = trustedNote(note, [], [key(by)])
    expect([found.origin, found.size, found.root.toString('hex')]).toEqual([origin, size, root])
    expect(() => trustedNote(note, [], [key('stranger')])).toThrow(Refused)
  })

  test.each<any>(vectors.cosignatures)('a cosignature of $time', ({ note, by, time }) => {
    expect(cosignedAt(readNote(note), key(by))).toBe(time)
  })

  test.each<any>(vectors.seals)('a seal under $size entries', ({ hex: text, size, sizes, trusted }) => {
    for (const name of trusted) {
      const { seal, note } = sealBy(text, name)
      expect([note.size, seal.chains.map(({ entry }) => entry[3])]).toEqual([size, sizes])
    }
    expect(() => sealBy(text, 'stranger')).toThrow(Refused)
  })

  test.each<any>(vectors.proofs)('a proof of event $seq', ({ text, seq, chain, events, trusted }) => {
    for (const name of trusted) {
      const { header, size } = provenEvent(text, [key(name)])
      expect([header.seq, header.chain.toString('hex'), size]).toEqual([seq, chain, events])
    }
  })

  test.each<any>(vectors.consistency)('that a log goes on from $since to $size', (one) => {
    for (const name of one.trusted) {
      const { before, now } = goesOn(one.text, one.kept, [key(name)])
      expect([before.size, now.size]).toEqual([one.since, one.size])
    }
  })

  test.each<any>(vectors.additions)('what a witness is asked after $before', ({ text, before, note }) => {
    expect(readAddition(text)).toMatchObject({ before, note })
  })
})

describe('as this package does', () => {
  const trusted = async (name: string) => VerifierKey.parse(vectors.keys.public[name])

  test('each cosignature that claims to be of a key that is trusted has to be', async () => {
    const [{ note, line, by }] = vectors.cosignatures
    const said = Buffer.from(line.trim().split(' ')[2], 'base64')
    said.writeUInt8(said.readUInt8(20) ^ 1, 20)
    const again = `${note}${line.split(' ').slice(0, 2).join(' ')} ${said.toString('base64')}\n`
    await expect(verifyCosignatures(parseNote(again), [await trusted(by)])).rejects.toMatchObject({
      code: 'bad-signature',
    })
    expect(() => cosignedAt(readNote(again), key(by))).toThrow(Refused)
  })

  test('a body of a proof is bytes, or null', async () => {
    const [{ text, trusted: names }] = vectors.proofs
    for (const [body, right] of [
      [null, true],
      [7, false],
      ['', false],
    ]) {
      const changed = text.replace(/extra (.*)/, (_: string, extra: string) => {
        const data: unknown[] = decode(Buffer.from(extra, 'base64'))
        return `extra ${Buffer.from(encode(data.with(2, body))).toString('base64')}`
      })
      const ours = await verifyEventProof(changed, [await trusted(names[0])]).then(
        () => true,
        (error: unknown) => ChainError.is(error) && error.code !== 'bad-proof',
      )
      const theirs = (() => {
        try {
          return provenEvent(changed, [key(names[0])]).size > 0
        } catch (error) {
          return !(error instanceof Refused)
        }
      })()
      expect([body, ours, theirs]).toEqual([body, right, right])
    }
  })
})

describe('another verifier refuses', () => {
  const cases: readonly (readonly [string, (one: any) => unknown])[] = [
    ['keys', ({ text }) => readKey(text)],
    ['checkpoints', ({ note }) => trustedNote(note, [], first)],
    ['cosignatures', ({ note }) => cosignedAt(readNote(note), witness) ?? 'none'],
    ['seals', ({ hex: text }) => sealBy(text, 'first')],
    ['proofs', ({ text }) => provenEvent(text, first)],
    ['consistency', ({ text, kept }) => goesOn(text, kept, first)],
    ['additions', ({ text }) => readAddition(text)],
  ]
  const all = cases.flatMap(([of, read]) => invalid[of].map((one: any) => [`${of}: ${one.why}`, one, read]))

  test.each<[string, any, (one: any) => unknown]>(all)('%s', (_what, one, read) => {
    expect(() => read(one)).toThrow(Refused)
  })
})
