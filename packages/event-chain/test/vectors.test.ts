import { decode, encode } from '@ipld/dag-cbor'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import {
  decodeBody,
  decodeContent,
  decodeHeader,
  encodeContent,
  encodeHeader,
  hex,
  memoryStore,
} from '../src/index.ts'
import type { BrokenReason, Kind } from '../src/index.ts'
import { exported } from './car-helpers.ts'
import { fill, sampleChain } from './sample.ts'
import { fromDagJson } from './vectors/dag-json.ts'

interface Vectors {
  readonly headers: readonly {
    readonly kind: Kind
    readonly dagJson: unknown
    readonly hex: string
    readonly hash: string
  }[]
  readonly contents: readonly { readonly kind: Kind; readonly dagJson: unknown; readonly hex: string }[]
  readonly chain: readonly {
    readonly kind: Kind
    readonly header: string
    readonly body: string
    readonly hash: string
    readonly content: unknown
    readonly blob: { readonly cid: string; readonly length: number } | null
  }[]
  readonly car: { readonly length: number; readonly sha256: string }
  readonly invalid: {
    readonly headers: readonly { readonly why: string; readonly hex: string; readonly reason: BrokenReason }[]
    readonly contents: readonly { readonly kind: Kind; readonly why: string; readonly hex: string }[]
  }
}

const vectors = JSON.parse(readFileSync(new URL('./vectors/v1.json', import.meta.url), 'utf8')) as Vectors
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

describe('known answers, which another implementation agrees with', () => {
  test.each(vectors.headers)('a header: $kind', ({ kind, dagJson, hex: expected, hash }) => {
    expect(hex(encode(fromDagJson(dagJson)))).toBe(expected)
    const header = decodeHeader(bytes(expected))
    expect(header.kind).toBe(kind)
    expect(hex(encodeHeader(header))).toBe(expected)
    expect(sha256(bytes(expected))).toBe(hash)
  })

  test.each(vectors.contents)('a content: $kind $hex', ({ kind, dagJson, hex: expected }) => {
    expect(hex(encode(fromDagJson(dagJson)))).toBe(expected)
    expect(hex(encodeContent(kind, decodeContent(kind, bytes(expected))))).toBe(expected)
  })

  test('a chain', () => {
    const chain = sampleChain(vectors.chain.length)
    for (const [i, one] of vectors.chain.entries()) {
      const event = chain[i]
      expect([
        hex(event?.header ?? bytes('')),
        hex(event?.body ?? bytes('')),
        hex(event?.hash ?? bytes('')),
      ]).toEqual([one.header, one.body, one.hash])
      // From the outside in, with nothing of ours: header, its links, body, content.
      const [version, chainId, , seq, , prev, body] = decode<
        [number, Uint8Array, number, number, number, CID | null, CID]
      >(bytes(one.header))
      expect([version, seq, hex(chainId)]).toEqual([1, i, sha256(bytes(vectors.chain[0]?.body ?? ''))])
      expect(sha256(bytes(one.header))).toBe(one.hash)
      expect(prev === null ? null : hex(prev.multihash.digest)).toBe(vectors.chain[i - 1]?.hash ?? null)
      expect(hex(body.multihash.digest)).toBe(sha256(bytes(one.body)))
      const [salt, content] = decode<[Uint8Array, unknown]>(bytes(one.body))
      const expected = one.blob === null ? fromDagJson(one.content) : CID.decode(bytes(one.blob.cid))
      expect(hex(encode([salt, content]))).toBe(hex(encode([salt, expected])))
      expect(decodeBody(bytes(one.body)).link === null).toBe(one.blob === null)
    }
    expect(new Set(vectors.chain.map(({ kind }) => kind)).size).toBe(13)
  })

  test('a CAR file', async () => {
    const store = memoryStore()
    const { chain } = await fill(store, vectors.chain.length)
    const car = await exported(store, chain)
    expect({ length: car.length, sha256: sha256(car) }).toEqual(vectors.car)
  })
})

describe('what is not one', () => {
  test.each(vectors.invalid.headers)('a header: $why', ({ hex: text, reason }) => {
    expect(() => decodeHeader(bytes(text))).toThrow(expect.objectContaining({ code: 'broken', reason }))
  })

  test.each(vectors.invalid.contents)('a $kind: $why', ({ kind, hex: text }) => {
    expect(() => decodeContent(kind, bytes(text))).toThrow(
      expect.objectContaining({ code: 'broken', reason: 'content' }),
    )
  })
})
