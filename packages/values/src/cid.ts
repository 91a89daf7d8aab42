import { base32 } from 'multiformats/bases/base32'
import { ValueError } from './errors.ts'

/** What the bytes under a CID are: a DAG-CBOR block, or just bytes. */
export type Codec = 'dag-cbor' | 'raw'

/** The length of a binary CID: version, codec, hash function, hash length, 32 bytes. */
export const CID_LENGTH = 36

const CODEC_BYTE = { 'dag-cbor': 0x71, raw: 0x55 } as const

/**
 * Returns the binary CIDv1 (36 bytes) of the block with this sha-256 `digest`.
 *
 * @throws ValueError `bad-cid` when the digest is not 32 bytes.
 */
export function cidOf(codec: Codec, digest: Uint8Array): Uint8Array {
  if (digest.length !== 32)
    throw new ValueError('bad-cid', `a sha-256 digest has 32 bytes, not ${digest.length}`)
  const cid = new Uint8Array(CID_LENGTH)
  cid[0] = 1
  cid[1] = CODEC_BYTE[codec]
  cid[2] = 0x12
  cid[3] = 0x20
  cid.set(digest, 4)
  return cid
}

/** Whether `bytes` is a CID of this package: CIDv1, `raw` or `dag-cbor`, sha2-256. */
export function isCid(bytes: Uint8Array): boolean {
  return (
    bytes.length === CID_LENGTH &&
    bytes[0] === 1 &&
    (bytes[1] === CODEC_BYTE['dag-cbor'] || bytes[1] === CODEC_BYTE.raw) &&
    bytes[2] === 0x12 &&
    bytes[3] === 0x20
  )
}

/**
 * Takes a CID apart. The digest is a view into `cid`.
 *
 * @throws ValueError `bad-cid` for anything but a CIDv1 of sha2-256 over `raw` or `dag-cbor`.
 */
export function splitCid(cid: Uint8Array): { readonly codec: Codec; readonly digest: Uint8Array } {
  if (!isCid(cid)) throw new ValueError('bad-cid', 'not a CIDv1 of sha2-256 over raw or dag-cbor')
  return { codec: cid[1] === CODEC_BYTE.raw ? 'raw' : 'dag-cbor', digest: cid.subarray(4) }
}

/**
 * Returns the text of a CID in base32: `bafyrei…` for dag-cbor, `bafkrei…` for raw.
 *
 * @throws ValueError `bad-cid`.
 */
export function formatCid(cid: Uint8Array): string {
  splitCid(cid)
  return base32.encode(cid)
}

/**
 * Reads the text of a CID; only the one text `formatCid` would write is taken.
 *
 * @throws ValueError `bad-cid`.
 */
export function parseCid(text: string): Uint8Array {
  let cid: Uint8Array
  try {
    cid = base32.decode(text)
  } catch (cause) {
    throw new ValueError('bad-cid', 'not base32', { cause })
  }
  if (formatCid(cid) !== text) throw new ValueError('bad-cid', 'not the canonical text of a CID')
  return cid
}

const linkBrand = '@theater/values/Link'

/** A reference to another block inside plain data: CBOR tag 42. */
export class Link {
  readonly brand = linkBrand
  /** The binary CID, 36 bytes. */
  readonly cid: Uint8Array

  constructor(cid: Uint8Array) {
    splitCid(cid)
    this.cid = cid
  }

  /** Whether `value` is a Link, of this or another copy of the package. */
  static is(value: unknown): value is Link {
    return typeof value === 'object' && value !== null && 'brand' in value && value.brand === linkBrand
  }

  /** The text of the CID. */
  toString(): string {
    return formatCid(this.cid)
  }

  /** The form that DAG-JSON gives a link. */
  toJSON(): { readonly '/': string } {
    return { '/': this.toString() }
  }
}

/**
 * Makes a link to the block with this CID, for `encodeData`.
 *
 * @throws ValueError `bad-cid`.
 */
export function link(cid: Uint8Array): Link {
  return new Link(cid)
}
