import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hex } from '../src/index.ts'
import {
  decodeSeal,
  encodeSeal,
  formatAddition,
  formatNote,
  parseAddition,
  parseNote,
  SigningKey,
  VerifierKey,
  verifyCheckpoint,
  verifyConsistency,
  verifyCosignatures,
  verifyEventProof,
  verifySeal,
} from '../src/log.ts'

const vectors = JSON.parse(readFileSync(new URL('vectors/signed-v1.json', import.meta.url), 'utf8'))
const keys: Record<string, VerifierKey> = {}
for (const [name, text] of Object.entries<string>(vectors.keys.public))
  keys[name] = await VerifierKey.parse(text)
const key = (name: string): VerifierKey => keys[name] as VerifierKey
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** What is refused is refused with the code that stands there. */
async function refused(run: () => unknown): Promise<unknown> {
  try {
    await run()
    return 'taken'
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

/** A signature, by nothing of ours. */
function signs({ name, publicKey, type }: VerifierKey, text: string, line: string): boolean {
  const said = Buffer.from(line.split(' ')[2] ?? '', 'base64')
  const typed = Buffer.concat([Buffer.of(type === 'note' ? 1 : 4), publicKey])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  const message = type === 'note' ? text : `cosignature/v1\ntime ${said.readBigUInt64BE(4)}\n${text}`
  const signature = said.subarray(type === 'note' ? 4 : 12)
  return (
    id.equals(said.subarray(0, 4)) &&
    verify(null, Buffer.from(message), createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature)
  )
}

describe('known answers of what is signed', () => {
  test.each(Object.entries<string>(vectors.keys.secrets))('the key %s', async (name, secret) => {
    const signing = await SigningKey.parse(secret)
    expect(signing.secret()).toBe(secret)
    expect(signing.verifier.toString()).toBe(vectors.keys.public[name])
  })

  test.each<any>(vectors.checkpoints)('a checkpoint of $size', async ({ note, origin, size, root, by }) => {
    expect(formatNote(parseNote(note))).toBe(note)
    const found = await verifyCheckpoint(note, [], [key('first'), key('second')])
    expect([found.checkpoint.origin, found.checkpoint.size, hex(found.checkpoint.root)]).toEqual([
      origin,
      size,
      root,
    ])
    expect(found.by.equals(key(by))).toBe(true)
    const [text, lines] = note.split('\n\n')
    expect(signs(key(by), `${text}\n`, lines.trim())).toBe(true)
  })

  test.each<any>(vectors.cosignatures)('a cosignature of $time', async ({ note, by, time, line }) => {
    expect(await verifyCosignatures(parseNote(note), [key(by)])).toEqual([{ by: key(by), time }])
    expect(note.endsWith(line)).toBe(true)
    expect(signs(key(by), `${note.split('\n\n')[0]}\n`, line.trim())).toBe(true)
  })

  test.each<any>(vectors.seals)('a seal under $size entries', async ({ hex: text, size, sizes, trusted }) => {
    const seal = decodeSeal(bytes(text))
    expect(hex(encodeSeal(seal))).toBe(text)
    expect(seal.chains.map(({ entry }) => entry.size)).toEqual(sizes)
    for (const name of trusted) expect((await verifySeal(seal, [key(name)])).checkpoint.size).toBe(size)
    expect(await refused(() => verifySeal(seal, [key('stranger')]))).toBe('bad-signature')
  })

  test.each<any>(vectors.proofs)('a proof of event $seq', async ({ text, seq, chain, events, trusted }) => {
    for (const name of trusted) {
      const { event, entry } = await verifyEventProof(text, [key(name)])
      expect([event.seq, hex(event.chain), entry.size]).toEqual([seq, chain, events])
    }
  })

  test.each<any>(vectors.consistency)('that a log goes on from $since to $size', async (one) => {
    const { text, kept, since, size, trusted } = one
    for (const name of trusted) {
      const { before, checkpoint } = await verifyConsistency(text, kept, [key(name)])
      expect([before.size, checkpoint.size]).toEqual([since, size])
    }
  })

  test.each<any>(vectors.additions)('what a witness is asked after $before', ({ text, before, note }) => {
    expect(parseAddition(text)).toMatchObject({ before, note })
    expect(formatAddition(parseAddition(text))).toBe(text)
  })
})

describe('what is not signed so', () => {
  const first = [key('first')]
  const { invalid } = vectors

  test.each<any>(invalid.keys)('a key: $why', async ({ text, code }) => {
    expect(await refused(() => VerifierKey.parse(text))).toBe(code)
  })

  test.each<any>(invalid.checkpoints)('a checkpoint: $why', async ({ note, code }) => {
    expect(await refused(() => verifyCheckpoint(note, [], first))).toBe(code)
  })

  test.each<any>(invalid.cosignatures)('a cosignature: $why', async ({ note, code }) => {
    expect(await refused(() => verifyCosignatures(parseNote(note), [key('witness')]))).toBe(code)
  })

  test.each<any>(invalid.seals)('a seal: $why', async ({ hex: text, code }) => {
    expect(await refused(() => verifySeal(decodeSeal(bytes(text)), first))).toBe(code)
  })

  test.each<any>(invalid.proofs)('a proof: $why', async ({ text, code }) => {
    expect(await refused(() => verifyEventProof(text, first))).toBe(code)
  })

  test.each<any>(invalid.consistency)('that a log goes on: $why', async ({ text, kept, code }) => {
    expect(await refused(() => verifyConsistency(text, kept, first))).toBe(code)
  })

  test.each<any>(invalid.additions)('what a witness is asked: $why', async ({ text, code }) => {
    expect(await refused(() => parseAddition(text))).toBe(code)
  })
})
