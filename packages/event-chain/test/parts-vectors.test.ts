import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { joinParts } from '../src/car.ts'
import { ChainError, hex, verifyStructure } from '../src/index.ts'
import { decodeSeal, encodeSeal, VerifierKey, verifySeal } from '../src/log.ts'
import { open } from './car-helpers.ts'
import { checkFile, NotAFile, readSeal, Refused, signedSizes } from './other-verifier/index.ts'

interface Vectors {
  readonly key: string
  readonly chain: string
  readonly files: readonly (
    | {
        readonly what: string
        readonly ok: true
        readonly from: number
        readonly to: number
        readonly hex: string
      }
    | {
        readonly what: string
        readonly ok: false
        /** Where and why the chain is broken. */
        readonly index?: number
        readonly reason?: string
        /** Why it is no file of chains. */
        readonly error?: string
        readonly hex: string
      }
  )[]
  readonly invalid: readonly { readonly why: string; readonly hex: string }[]
}

const { key, chain, files, invalid } = JSON.parse(
  readFileSync(new URL('./vectors/parts-v1.json', import.meta.url), 'utf8'),
) as Vectors
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const good = files.filter((file) => file.ok)
const bad = files.filter((file) => !file.ok)

describe('parts', () => {
  test.each(good)('$what', async ({ from, to, hex: text }) => {
    const car = await open(bytes(text))
    const [one] = car.chains
    expect(one).toMatchObject({ result: { ok: true, size: to }, sealed: { matches: true } })
    expect([one?.part?.begin?.size ?? 0, hex(one?.chain ?? new Uint8Array(0))]).toEqual([from, chain])
    const { seal } = car
    if (seal === null) throw new Error('it has a seal')
    await verifySeal(seal, [await VerifierKey.parse(key)])
    expect(decodeSeal(encodeSeal(seal))).toEqual(seal)
    expect(signedSizes(checkFile(bytes(text)), key)).toEqual(new Map([[chain, to]]))
  })

  test('are the whole together', async () => {
    const cars = await Promise.all(good.map(({ hex: text }) => open(bytes(text))))
    const parts = await Promise.all(
      cars.map(async (store) => ({ store, info: (await store.list())[0] as never })),
    )
    const { store, info } = await joinParts(parts)
    expect(await verifyStructure(store.read(info.chain))).toMatchObject({ ok: true, size: 14 })
  })

  test.each(bad)('that are none: $what', async ({ index, reason, error, hex: text }) => {
    const ours = await open(bytes(text)).then(
      ({ chains: [one] }) => one?.result,
      (cause: unknown) => (ChainError.is(cause) ? { error: cause.code } : cause),
    )
    expect(ours).toMatchObject(error === undefined ? { ok: false, index, reason } : { error })
    const theirs = (): number | undefined => checkFile(bytes(text)).chains[0]?.broken?.index
    const other = (() => {
      try {
        return theirs()
      } catch (cause) {
        return cause instanceof NotAFile ? 'bad-car' : cause
      }
    })()
    expect(other).toBe(error ?? index)
  })

  test.each(invalid)('in a seal that is none: $why', ({ hex: text }) => {
    expect(() => decodeSeal(bytes(text))).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    expect(() => readSeal(bytes(text))).toThrow(Refused)
  })
})
