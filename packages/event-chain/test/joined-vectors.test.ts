import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { joinCars, joinParts } from '../src/car.ts'
import type { CarFile } from '../src/car.ts'
import { ChainError, hex, verifyStructure } from '../src/index.ts'
import { buriedIn, compareChain, VerifierKey, verifySeal } from '../src/log.ts'
import { sha256 } from '../src/node.ts'
import { open } from './car-helpers.ts'
import { checkFile, readTogether } from './other-verifier/index.ts'

/** What files are together: a chain, or where and why it is broken. */
type Says =
  | {
      readonly ok: true
      readonly size: number
      /** Whether the chain ends there, as far as is signed. */
      readonly end: boolean
      /** The first event that is in none of the files. */
      readonly missing: number | null
      readonly signed: number | null
      readonly withheld: number | null
      readonly redacted: readonly number[]
    }
  | { readonly ok: false; readonly index: number; readonly reason: string }
type Vector = Says & { readonly what: string; readonly files: readonly string[] }

const { key, chain, files, together } = JSON.parse(
  readFileSync(new URL('./vectors/joined-v1.json', import.meta.url), 'utf8'),
) as {
  readonly key: string
  readonly chain: string
  readonly files: Readonly<Record<string, string>>
  readonly together: readonly Vector[]
}
const bytesOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(files[name] ?? '', 'hex'))

/** By this package. */
async function ours(cars: readonly CarFile[]): Promise<Says> {
  const right = cars.filter(({ chains }) => chains.every(({ result }) => result.ok))
  if (right.length === 0) {
    const result = cars[0]?.chains[0]?.result
    if (result === undefined || result.ok) throw new Error('one of them is broken')
    return { ok: false, index: result.index, reason: result.reason }
  }
  const parts = await Promise.all(
    right.map(async (car) => ({ store: car, info: (await car.list())[0] as never })),
  )
  const joined = await joinParts(parts, { hash: sha256 }).catch((error: unknown) => error)
  if (ChainError.is(joined)) return { ok: false, index: joined.index ?? -1, reason: joined.reason ?? '' }
  const { store, info, last } = joined as Awaited<ReturnType<typeof joinParts>>
  const car = right[last] as CarFile
  const { seal } = car
  const [one] = car.chains
  if (seal === null || one === undefined) throw new Error('each has a seal')
  const tombstones = buriedIn(seal, sha256)
  const { archived, size } = info
  const events = async function* () {
    yield* store.read(info.chain, 0, archived?.lead)
    if (archived !== undefined) yield* store.read(info.chain, archived.base)
  }
  const result = await verifyStructure(events(), { blobs: store, tombstones, archived })
  if (!result.ok) return { ok: false, index: result.index, reason: result.reason }
  const end = one.part?.end?.size ?? null
  const entry = one.sealed?.entry as NonNullable<typeof one.sealed>['entry']
  const grown = end === null && archived === undefined ? await compareChain(store, entry, sha256) : one.sealed
  const by = await verifySeal(seal, [await VerifierKey.parse(key)], sha256).catch(() => null)
  return {
    ok: true,
    size,
    end: end === null,
    missing: archived?.lead ?? null,
    signed: by !== null && grown?.matches === true ? (end ?? entry.size) : null,
    withheld: result.withheld,
    redacted: result.redacted,
  }
}

/** By the other verifier. */
function theirs(given: readonly Uint8Array[]): Says {
  const checked = given.map((bytes) => checkFile(bytes))
  const right = checked.filter(({ chains }) => chains.every(({ broken }) => broken === null))
  const [one] = readTogether(right)
  const broken = one === undefined ? checked[0]?.chains[0]?.broken : one.broken
  if (broken) return { ok: false, index: broken.index, reason: broken.reason }
  if (one === undefined) throw new Error('there is a chain')
  const { size, missing, withheld, redacted, end } = one
  return { ok: true, size, end, missing, signed: one.signed(key) ?? null, withheld, redacted }
}

/** The whole, as it is imported: what it is, or the error. */
async function imported(cars: readonly CarFile[]): Promise<unknown> {
  const right = cars.filter(({ chains }) => chains.every(({ result }) => result.ok))
  try {
    const whole = await joinCars(right, { hash: sha256 })
    const [one] = whole.flatMap(({ chains }) => chains)
    if (one === undefined) return 'nothing'
    const { result, part, sealed } = one
    if (!result.ok) return { index: result.index, reason: result.reason }
    const { size, withheld, redacted } = result
    return { chain: hex(result.chain), size, withheld, redacted, part, matches: sealed?.matches }
  } catch (error) {
    if (!ChainError.is(error)) throw error
    return { code: error.code, index: error.index }
  }
}

/** What is to come of that. */
function toImport({ files: names, ...says }: Vector): unknown {
  if (says.ok) {
    const { size, end, missing, signed, withheld, redacted } = says
    if (!end || missing !== null) return { code: 'archived', index: missing ?? size }
    const matches = signed !== null || names.some((name) => name.includes('stranger'))
    return { chain, size, withheld, redacted, part: null, matches }
  }
  if (names.length === 1) return 'nothing'
  const { index, reason } = says
  return reason === 'prev' ? { code: 'broken', index } : { index, reason }
}

describe('files with parts of a chain', () => {
  test.each(together)('$what', async (vector) => {
    const { what: _what, files: names, ...says } = vector
    const given = names.map(bytesOf)
    const cars = await Promise.all(given.map((bytes) => open(bytes)))
    expect(theirs(given)).toEqual(says)
    expect(await ours(cars)).toEqual(says)
    expect(await imported(cars)).toEqual(toImport(vector))
  })

  test.each(together.filter(({ files: names }) => names.length > 1))(
    'the other way round: $what',
    ({ what: _what, files: names, ...says }) => {
      expect(theirs(names.map(bytesOf).toReversed())).toEqual(says)
    },
  )
})
