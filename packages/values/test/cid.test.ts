import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { cidOf, formatCid, hashInto, isCid, Link, link, parseCid, sha256, splitCid } from '../src/index.ts'
import { sha256 as nodeSha256 } from '../src/node.ts'
import { fromHex, refusal, toHex } from './support.ts'

describe('sha256', () => {
  it('is the known one', () => {
    const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    const abc = new TextEncoder().encode('abc')
    expect(toHex(sha256(abc))).toBe(known)
    expect(toHex(nodeSha256(abc))).toBe(known)
  })

  it('is the same by either implementation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(nodeSha256(bytes)).toEqual(sha256(bytes))
        for (const hash of [sha256, nodeSha256]) {
          // Also over the bytes themselves, as a chain's writer does.
          const over = new Uint8Array(Math.max(40, bytes.length + 3))
          over.set(bytes, 1)
          hashInto(hash, over.subarray(1, 1 + bytes.length), over, 2)
          expect(over.subarray(2, 34)).toEqual(sha256(bytes))
        }
      }),
    )
  })
})

describe('a CID', () => {
  const digest = sha256(new Uint8Array())

  it('is the one of multiformats', () => {
    for (const codec of ['dag-cbor', 'raw'] as const) {
      const cid = cidOf(codec, digest)
      const other = CID.decode(cid)
      expect(other.version).toBe(1)
      expect(other.code).toBe(codec === 'raw' ? 0x55 : 0x71)
      expect(other.multihash.digest).toEqual(digest)
      expect(formatCid(cid)).toBe(other.toString())
      expect(parseCid(other.toString())).toEqual(cid)
      expect(splitCid(cid)).toEqual({ codec, digest })
      expect(isCid(cid)).toBe(true)
    }
    expect(formatCid(cidOf('raw', digest))).toBe(
      'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    )
  })

  it('of another kind is refused', () => {
    const cid = cidOf('raw', digest)
    for (const [at, byte] of [
      [0, 2],
      [1, 0x70],
      [2, 0x13],
      [3, 0x21],
    ] as const) {
      const other = cid.slice()
      other[at] = byte
      expect(refusal(() => splitCid(other)).code).toBe('bad-cid')
      expect(refusal(() => formatCid(other)).code).toBe('bad-cid')
      expect(refusal(() => link(other)).code).toBe('bad-cid')
    }
    expect(refusal(() => splitCid(cid.subarray(0, 35))).code).toBe('bad-cid')
    expect(refusal(() => cidOf('raw', fromHex('00'))).code).toBe('bad-cid')
  })

  it('has one text', () => {
    const text = formatCid(cidOf('raw', digest))
    for (const other of [
      '',
      'b',
      text.slice(1),
      text.toUpperCase(),
      `${text}=`,
      `${text}a`,
      text.slice(0, -1),
      'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
      `${text.slice(0, -1)}v`,
    ]) {
      expect(refusal(() => parseCid(other)).code).toBe('bad-cid')
    }
  })

  it('in a link is known by its brand', () => {
    const it = link(cidOf('raw', digest))
    expect(Link.is(it)).toBe(true)
    expect(Link.is({ cid: it.cid })).toBe(false)
    expect(String(it)).toBe(formatCid(it.cid))
  })
})
