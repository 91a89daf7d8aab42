import { readFileSync } from 'node:fs'
import { cidOf, decodeData, encodeData, ValueError } from '@theater/values'
import { describe, expect, test } from 'vitest'
import { ChainError, memoryStore, verifyStructure } from '../src/index.ts'
import { sha256 } from '../src/node.ts'
import { open } from './car-helpers.ts'
import { checkChain, checkFile, decode, NotAFile, NotCanonical } from './other-verifier/index.ts'
import { asyncOf } from './sample.ts'

type Broken = {
  readonly ok: false
  readonly index: number
  readonly reason: string
  /** Which of several. */
  readonly chain?: number
}
interface Vectors {
  readonly items: {
    readonly valid: readonly string[]
    readonly invalid: readonly { readonly why: string; readonly hex: string }[]
  }
  /** Events one by one; `finished` says whether the chain may end there. */
  readonly chains: readonly ((
    | { readonly ok: true; readonly finished: boolean; readonly withheld: number | null }
    | Broken
  ) & {
    readonly what: string
    readonly events: readonly {
      readonly header: string
      readonly body: string | null
      /** The block that its content stands in. */
      readonly blob: string | null
    }[]
  })[]
  readonly files: readonly ((
    | { readonly ok: true; readonly size: number; readonly withheld: number | null }
    | Broken
    | { readonly ok: false; readonly error: 'bad-car' }
  ) & { readonly what: string; readonly hex: string })[]
}

const { items, chains, files } = JSON.parse(
  readFileSync(new URL('./vectors/chains-v1.json', import.meta.url), 'utf8'),
) as Vectors
/** Hexadecimal, in which `(78*32764)` is so many times this byte. */
const bytes = (text: string): Uint8Array =>
  new Uint8Array(
    Buffer.from(
      text.replace(/\((..)\*(\d+)\)/g, (_, byte: string, times: string) => byte.repeat(Number(times))),
      'hex',
    ),
  )

describe('values', () => {
  test.each(items.valid)('%s', (hex) => {
    expect(Buffer.from(encodeData(decodeData(bytes(hex)))).toString('hex')).toBe(hex)
    expect(() => decode(bytes(hex))).not.toThrow()
  })

  test.each(items.invalid)('that are none: $why', ({ hex }) => {
    expect(() => decodeData(bytes(hex))).toThrow(ValueError)
    expect(() => decode(bytes(hex))).toThrow(NotCanonical)
  })
})

describe('chains', () => {
  test.each(chains)('$what', async ({ what: _what, events, ...says }) => {
    const all = events.map(({ header, body }) => ({
      header: bytes(header),
      body: body === null ? null : bytes(body),
    }))
    const blobs = memoryStore()
    const outside = new Map<string, Uint8Array>()
    for (const { blob, body } of events) {
      if (blob === null || body === null) continue
      // By the name that the body has for it, also where it is another.
      const name = bytes(body).subarray(-32)
      outside.set(Buffer.from(name).toString('hex'), bytes(blob))
      await blobs.put(cidOf('dag-cbor', name), bytes(blob))
    }
    const get = (cid: Uint8Array) =>
      Promise.resolve(outside.get(Buffer.from(cid.subarray(4)).toString('hex')))
    const ours = async (unfinished: 'allow' | 'refuse') => {
      const result = await verifyStructure(asyncOf(all), {
        blobs: { get, has: async (cid) => (await get(cid)) !== undefined },
        unfinished,
        hash: sha256,
      })
      if (!result.ok) return { ok: false, index: result.index, reason: result.reason }
      return { ok: true, finished: result.finished, withheld: result.withheld }
    }
    const theirs = (unfinished: boolean) => {
      try {
        const { withheld } = checkChain(all, (digest) => outside.get(digest.toString('hex')), unfinished)
        return { ok: true, finished: says.ok && says.finished, withheld }
      } catch (error) {
        const { index, reason } = error as Broken
        return { ok: false, index, reason }
      }
    }
    expect([await ours('allow'), theirs(true)]).toEqual([says, says])
    const strict =
      says.ok && !says.finished ? { ok: false, index: all.length, reason: 'unfinished-turn' } : says
    expect([await ours('refuse'), theirs(false)]).toEqual([strict, strict])
  })
})

describe('files', () => {
  test.each(files)('$what', async ({ what: _what, hex, ...says }) => {
    const ours = async () => {
      try {
        const { chains: all } = await open(bytes(hex))
        const at = all.findIndex(({ result: { ok } }) => !ok)
        const result = all[Math.max(at, 0)]?.result
        if (result?.ok === true) return { ok: true, size: result.size, withheld: result.withheld }
        return { ok: false, index: result?.index, reason: result?.reason, ...(at > 0 && { chain: at }) }
      } catch (error) {
        return { ok: false, error: ChainError.is(error) ? error.code : error }
      }
    }
    const theirs = () => {
      try {
        const all = checkFile(bytes(hex)).chains
        const at = all.findIndex(({ broken }) => broken !== null)
        const { index, reason } = all[at]?.broken ?? {}
        if (at >= 0) return { ok: false, index, reason, ...(at > 0 && { chain: at }) }
        return { ok: true, size: all[0]?.size, withheld: all[0]?.checked?.withheld ?? null }
      } catch (error) {
        return { ok: false, error: error instanceof NotAFile ? 'bad-car' : error }
      }
    }
    expect([await ours(), theirs()]).toEqual([says, says])
  })
})
