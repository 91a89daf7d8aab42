import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkpointText,
  formatNote,
  parseCheckpoint,
  parseNote,
  signNote,
  SigningKey,
  VerifierKey,
  verifyNote,
} from '../../src/log.ts'

// The key, text and signature that Go's golang.org/x/mod/sumdb/note is tested with.
const skey = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const signed = `${text}
\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`
const code = (name: string) => expect.objectContaining({ name: 'ChainError', code: name })

describe('a note', () => {
  test('is signed and verified as the other implementation does', async () => {
    const key = await SigningKey.parse(skey)
    expect(key.verifier.toString()).toBe(vkey)
    expect(key.secret()).toBe(skey)
    expect(formatNote(await signNote(text, [key]))).toBe(signed)
    const trusted = await VerifierKey.parse(`${vkey}\n`)
    expect(trusted.equals(key.verifier)).toBe(true)
    expect(await verifyNote(parseNote(signed), [trusted])).toEqual([trusted])
  })

  test('is by nobody who is not trusted, and refused where a trusted name is used by another', async () => {
    const [a, b, c] = await Promise.all(
      ['a.example', 'b.example', 'a.example'].map((name) => SigningKey.generate(name)),
    )
    if (!a || !b || !c) throw new Error('three keys')
    const note = await signNote('text\n', [a, b])
    expect(await verifyNote(note, [])).toEqual([])
    expect(await verifyNote(note, [c.verifier])).toEqual([])
    expect(await verifyNote(note, [b.verifier, a.verifier])).toEqual([a.verifier, b.verifier])
    // Whoever wants to can give a signature the id of a key.
    const forged = {
      ...note,
      signatures: [{ ...(await signNote('text\n', [c])).signatures[0]!, id: a.verifier.id }],
    }
    await expect(verifyNote(forged, [a.verifier])).rejects.toEqual(code('bad-signature'))
    await expect(verifyNote({ ...note, text: 'test\n' }, [b.verifier])).rejects.toEqual(code('bad-signature'))
    // A key of a witness signs something else.
    const witness = await VerifierKey.of('a.example', a.verifier.publicKey, 'cosignature')
    expect(witness.id).not.toBe(a.verifier.id)
    expect(await verifyNote(note, [witness])).toEqual([])
  })

  test('comes back as it was', async () => {
    const key = await SigningKey.generate('host.example/theater')
    const line = fc.stringMatching(/^\P{Cc}{0,20}$/u).filter((line) => line.isWellFormed())
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), async (lines) => {
        const note = await signNote(`${lines.join('\n')}\n`, [key, key])
        expect(parseNote(formatNote(note))).toEqual(note)
      }),
    )
  })

  test.each([
    ['', 'no empty line'],
    ['text', 'no empty line'],
    ['text\n\n\u2014 a AAAAAAE=', 'newline'],
    ['text\n\n- a AAAAAAE=\n', 'none'],
    ['text\n\n\u2014 a AAAAAA==\n', 'none'],
    ['text\n\n\u2014 a AAAAAAF=\n', 'none'],
    ['text\n\n\u2014 a+b AAAAAAE=\n', 'name'],
    ['text\n\n\u2014 a AAAAAAE= b\n', 'none'],
    ['te\rxt\n\n\u2014 a AAAAAAE=\n', 'control'],
    ['te\ud800xt\n\n\u2014 a AAAAAAE=\n', 'control'],
    [`text\n\n${'\u2014 a AAAAAAE=\n'.repeat(65)}`, 'signatures'],
    [`${'x'.repeat(65_536)}\n\n\u2014 a AAAAAAE=\n`, 'bytes'],
  ])('%j is none', (bad, why) => {
    expect(() => parseNote(bad)).toThrow(code('bad-note'))
    expect(() => parseNote(bad)).toThrow(why)
  })
})

describe('a key', () => {
  test.each([
    ['', 'not a public key'],
    ['a', 'not a public key'],
    ['a+12345678+!', 'not a public key'],
    [vkey.replace('c74f20a3', 'c74f20a4'), 'id'],
    [vkey.replace('PeterNeumann', 'Peter Neumann'), 'name'],
    [vkey.replace('+AR', '+AS'), 'id'],
    [`${vkey.slice(0, -4)}10Q=`, 'Ed25519'],
    ['a+00000000+Ag==', 'Ed25519'],
  ])('%j is none', async (bad, why) => {
    await expect(VerifierKey.parse(bad)).rejects.toEqual(code('bad-key'))
    await expect(VerifierKey.parse(bad)).rejects.toThrow(why)
  })

  test.each(['', vkey, 'PRIVATE+KEY', skey.replace('c74f', 'c74e'), skey.slice(0, -4), `${skey}+`])(
    '%j is no private one, and no error shows it',
    async (bad) => {
      const error = await SigningKey.parse(bad).catch((error: unknown) => error)
      expect(error).toEqual(code('bad-key'))
      expect(String(error)).not.toContain('AYEKFALV')
    },
  )

  test('has a name without spaces and plus signs', async () => {
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\u0007', '\ud800', 'x'.repeat(256)]) {
      await expect(SigningKey.generate(name)).rejects.toEqual(code('bad-key'))
    }
    const key = await SigningKey.generate('b\u00fccher.example/\u4e16')
    expect((await SigningKey.parse(key.secret())).verifier.equals(key.verifier)).toBe(true)
  })
})

describe('a checkpoint', () => {
  const root = new Uint8Array(32).fill(7)

  test('comes back as it was', () => {
    for (const size of [0, 1, 20_852_163, Number.MAX_SAFE_INTEGER]) {
      const checkpoint = { origin: 'host.example/theater', size, root }
      expect(parseCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint)
    }
    expect(parseCheckpoint(`${checkpointText({ origin: 'a', size: 1, root })}more\n`).size).toBe(1)
  })

  const good = checkpointText({ origin: 'a', size: 12, root })
  test.each([
    '',
    'a\n12\n',
    good.slice(0, -1),
    good.replace('a\n', '\n'),
    good.replace('12', '012'),
    good.replace('12', '-1'),
    good.replace('12', '1e3'),
    good.replace('12', '9007199254740993'),
    good.replace('Bw', 'B'),
    `${good}\n`,
  ])('%j is none', (bad) => {
    expect(() => parseCheckpoint(bad)).toThrow(code('bad-note'))
  })
})
