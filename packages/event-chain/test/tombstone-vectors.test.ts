import { encode } from '@ipld/dag-cbor'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hex } from '../src/index.ts'
import { decodeEntry, decodeSeal, encodeEntry, VerifierKey, verifySeal } from '../src/log.ts'
import { open } from './car-helpers.ts'
import {
  checkFile,
  readEntry,
  readSeal,
  redactedEvents,
  Refused,
  signedSizes,
} from './other-verifier/index.ts'
import { fromDagJson } from './vectors/dag-json.ts'

interface Vectors {
  readonly key: string
  readonly entries: readonly { readonly dagJson: unknown; readonly hex: string }[]
  readonly files: readonly {
    readonly what: string
    readonly withheld: number | null
    readonly redacted: readonly number[]
    /** Whether the seal is one of the key; null where there is none. */
    readonly signed: boolean | null
    readonly hex: string
  }[]
  readonly invalid: {
    readonly entries: readonly { readonly why: string; readonly hex: string }[]
    readonly seals: readonly { readonly why: string; readonly hex: string }[]
  }
}

const { key, entries, files, invalid } = JSON.parse(
  readFileSync(new URL('./vectors/tombstones-v1.json', import.meta.url), 'utf8'),
) as Vectors
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

describe('tombstones', () => {
  test.each(entries)('$hex', ({ dagJson, hex: expected }) => {
    expect(hex(encode(fromDagJson(dagJson)))).toBe(expected)
    expect(hex(encodeEntry(decodeEntry(bytes(expected))))).toBe(expected)
  })

  test.each(files)('in a file: $what', async ({ withheld, redacted, signed, hex: text }) => {
    const car = await open(bytes(text))
    const result = car.chains[0]?.result
    const trusted = await VerifierKey.parse(key)
    const by =
      car.seal === null
        ? null
        : await verifySeal(car.seal, [trusted]).then(
            () => true,
            () => false,
          )
    expect(by).toBe(signed)
    expect(result).toMatchObject({ ok: true, withheld, redacted })
    const theirs = checkFile(bytes(text))
    expect(redactedEvents(theirs, 0)).toEqual(redacted)
    expect(theirs.chains[0]?.checked).toMatchObject({ withheld: 3, missing: [3] })
    expect(signedSizes(theirs, key)?.size).toBe(signed === true ? 1 : undefined)
  })

  test.each(invalid.entries)('that are none: $why', ({ hex: text }) => {
    expect(() => decodeEntry(bytes(text))).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    expect(() => readEntry(bytes(text))).toThrow(Refused)
  })

  test.each(invalid.seals)('in a seal that is none: $why', ({ hex: text }) => {
    expect(() => decodeSeal(bytes(text))).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    expect(() => readSeal(bytes(text))).toThrow(Refused)
  })
})
