import { cidOf, encodeData } from '@theater/values'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { bytesSource, carBlocks, carHeader, joinParts, readCarHeader, restorePart } from '../../src/car.ts'
import type { CarFile } from '../../src/car.ts'
import { ChainError, ChainWriter, memoryStore, verifyStructure } from '../../src/index.ts'
import type { LoggedStore } from '../../src/index.ts'
import { decodeSeal, encodeSeal, HostLog, makeSeal, SigningKey, verifySeal } from '../../src/log.ts'
import type { Begin, Seal, SealedPart, Seam } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { carOf } from '../car-helpers.ts'
import { content, countingSalts, genesis, seed, values } from '../helpers.ts'
import { fill } from '../sample.ts'
import { archive, fileOf, key, LEAD, notes, open, signed, textOf, turns } from './parts.ts'

const LENGTH = 320
let chain: Uint8Array
let whole: Uint8Array
/** The parts of a chain: two archives, and what is left. */
let parts: [first: Uint8Array, second: Uint8Array, tail: Uint8Array]
let bases: [number, number]
let store: LoggedStore

beforeAll(async () => {
  store = memoryStore()
  chain = await signed(store, LENGTH)
  whole = await fileOf(store, chain)
  const all = await turns(store, chain)
  const [one, two] = [all.findLast((at) => at <= 150), all.findLast((at) => at <= 290)]
  if (one === undefined || two === undefined) throw new Error('there are turns')
  bases = [one, two]
  parts = [await archive(store, chain, one), await archive(store, chain, two), await fileOf(store, chain)]
})

/** What a reader makes of bytes: a code of an error, or of the only chain its reason and index, or that all is well. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const { chains } = await open(bytes)
    const [one] = chains
    if (chains.length !== 1 || one === undefined) return 'chains'
    return one.result.ok ? `ok ${one.sealed?.matches}` : `${one.result.reason} ${one.result.index}`
  } catch (error) {
    if (!ChainError.is(error)) throw error
    return error.code
  }
}

/** The same file under another seal, with its right name and as its first root. */
async function resealed(car: Uint8Array, change: (seal: Seal) => Seal | undefined): Promise<Uint8Array> {
  const source = bytesSource(car)
  const [first, ...blocks] = await Array.fromAsync(carBlocks(source))
  const [, ...heads] = (await readCarHeader(source)).roots
  if (first === undefined) throw new Error('there is a seal')
  const seal = change(decodeSeal(first.bytes))
  const bytes = seal === undefined ? [] : [encodeSeal(seal)]
  const sealed = bytes.map((one) => ({ cid: cidOf('dag-cbor', sha256(one)), bytes: one }))
  return carOf(carHeader([...bytes.map((one) => sha256(one)), ...heads]), [...sealed, ...blocks])
}

const flip = (bytes: Uint8Array, at: number, mask = 1): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ mask : byte))

/** A seal whose only part is changed. */
function withPart(change: (part: SealedPart) => Partial<SealedPart>): (seal: Seal) => Seal {
  return (seal) => ({ ...seal, parts: seal.parts.map((part) => ({ ...part, ...change(part) })) })
}

const begins = (change: (begin: Begin) => Partial<Begin>): ((seal: Seal) => Seal) =>
  withPart(({ begin }) => ({ begin: begin && { ...begin, ...change(begin) } }))
const ends = (change: (end: Seam) => Partial<Seam>): ((seal: Seal) => Seal) =>
  withPart(({ end }) => ({ end: end && { ...end, ...change(end) } }))

describe('a hostile part', () => {
  test('each byte of a small one, flipped, is found', async () => {
    const small = memoryStore()
    const id = await signed(small, 14)
    const [base] = await turns(small, id)
    if (base === undefined) throw new Error('there is a turn')
    for (const bytes of [await archive(small, id, base), await fileOf(small, id)]) {
      expect(await outcome(bytes)).toBe('ok true')
      for (let at = 0; at < bytes.length; at++)
        expect([at, await outcome(flip(bytes, at, 1 << (at % 8)))]).not.toEqual([at, 'ok true'])
    }
  })

  test('cannot say that it begins, or ends, anywhere but where it was signed', async () => {
    const [first, second, tail] = parts
    const cases: [string, Uint8Array, (seal: Seal) => Seal | undefined, string][] = [
      ['the hash before it', tail, begins(({ last }) => ({ last: flip(last, 3) })), 'bad-car'],
      ['its number', tail, begins(({ size }) => ({ size: size + 1 })), 'bad-car'],
      ['its path', tail, begins(({ path }) => ({ path: path.map((one) => flip(one, 0)) })), 'bad-car'],
      ['a path that is too short', tail, begins(({ path }) => ({ path: path.slice(1) })), 'bad-car'],
      ['its beginning', tail, begins(({ lead }) => ({ lead: lead - 1 })), `prev ${LEAD - 2}`],
      ['more of a beginning', tail, begins(({ lead }) => ({ lead: lead + 1 })), `seq ${LEAD}`],
      ['the path of its beginning', tail, begins(({ path }) => ({ leadPath: path })), `prev ${LEAD - 1}`],
      ['that it is no part', tail, (seal) => ({ ...seal, parts: [] }), `seq ${LEAD}`],
      ['nothing', tail, () => undefined, `seq ${LEAD}`],
      ['that it ends', tail, withPart(({ begin }) => ({ begin: null, end: begin })), `seq ${LEAD}`],
      ['the hash of its end', first, ends(({ last }) => ({ last: flip(last, 3) })), 'bad-car'],
      ['where it ends', first, ends(({ size }) => ({ size: size - 1 })), 'bad-car'],
      ['that it does not end', second, withPart(() => ({ end: null })), 'ok false'],
      [
        'that it has a beginning',
        first,
        withPart(({ end }) => ({ begin: end && { ...end, lead: LEAD, leadPath: end.path }, end: null })),
        `prev ${LEAD - 1}`,
      ],
    ]
    for (const [what, bytes, change, expected] of cases)
      expect([what, await outcome(await resealed(bytes, change))]).toEqual([what, expected])
  })

  test('that somebody else sealed is not signed by the host', async () => {
    const other = memoryStore()
    const theirs = await SigningKey.generate(key.verifier.name)
    await fill(other, LENGTH)
    await (await HostLog.open({ store: other, key: theirs })).checkpoint()
    const seal = await makeSeal(other, [chain], sha256, { to: bases[0] })
    if (seal === undefined) throw new Error('it is signed')
    await expect(verifySeal(seal, [key.verifier])).rejects.toMatchObject({ code: 'bad-signature' })
    await expect(verifySeal(seal, [theirs.verifier])).resolves.toBeDefined()
    const wrong = { ...seal, parts: seal.parts.map((part) => ({ ...part, chain: new Uint8Array(32) })) }
    await expect(verifySeal(wrong, [theirs.verifier])).rejects.toMatchObject({ code: 'bad-proof' })
  })

  test('pieces of parts in any order: an error of ours, or what was written', async () => {
    const written = await textOf(await open(whole), chain)
    // A body that is left out is withheld.
    const text = new Set(written.flatMap((line) => [line, `${line.split(' ')[0]} `]))
    const blocks = await Promise.all(parts.map((part) => Array.fromAsync(carBlocks(bytesSource(part)))))
    const roots = await Promise.all(parts.map(async (part) => (await readCarHeader(bytesSource(part))).roots))
    const all = blocks.flat()
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 2 }),
        fc.nat({ max: 40 }),
        fc.array(fc.constantFrom(...all), { maxLength: 12 }),
        async (which, cut, more) => {
          const own = blocks[which] ?? []
          const file = carOf(carHeader(roots[which] ?? []), [...own.slice(0, own.length - cut), ...more])
          const car = await open(file).catch((error: unknown) => {
            if (ChainError.is(error)) return undefined
            throw error
          })
          for (const one of car?.chains ?? []) {
            if (!one.result.ok || one.chain === null || car === undefined) continue
            for (const line of await textOf(car, one.chain, one.part?.begin?.size))
              expect(text.has(line)).toBe(true)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a part in a seal that is written otherwise is no seal', () => {
    const part = (begin: unknown, end: unknown) => [chain, begin, end]
    const seam = [9, new Uint8Array(32), []]
    const wrong: unknown[] = [
      part(null, null),
      part(null, [9, new Uint8Array(31), []]),
      part(null, [1, new Uint8Array(32), []]),
      part(null, [...seam, 1]),
      part(seam, null),
      part([...seam, 1, []], null),
      part([...seam, 9, []], null),
      part([...seam, 2, []], seam),
      [chain, null],
      'x',
    ]
    for (const one of wrong) {
      const bytes = encodeData({
        chains: [],
        erased: [],
        note: '',
        parts: [one],
        rotations: [],
        seal: 3,
      } as never)
      expect(() => decodeSeal(bytes)).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    }
    for (const fields of [
      { parts: [], erased: [], seal: 3 },
      { parts: [], seal: 3 },
      { erased: [], seal: 3 },
      { parts: [part(null, seam)], seal: 1 },
    ]) {
      const bytes = encodeData({ chains: [], note: '', rotations: [], ...fields } as never)
      expect(() => decodeSeal(bytes)).toThrow(expect.objectContaining({ code: 'bad-proof' }))
    }
  })
})

describe('parts that are joined', () => {
  const given = async (...files: Uint8Array[]) => {
    const cars = await Promise.all(files.map(open))
    return Promise.all(cars.map(async (store) => ({ store, info: (await store.list())[0] as never })))
  }
  const checked = async (...files: Uint8Array[]): Promise<string> => {
    try {
      const { store: all, info } = await joinParts(await given(...files), { hash: sha256 })
      if (info.archived !== undefined) return `missing ${info.archived.lead} to ${info.archived.base - 1}`
      const result = await verifyStructure(all.read(info.chain), { blobs: all, unfinished: 'allow' })
      return result.ok ? `ok ${result.size}` : `${result.reason} ${result.index}`
    } catch (error) {
      if (!ChainError.is(error)) throw error
      return `${error.code} ${error.index ?? ''}`.trim()
    }
  }

  /** A record of the same beginning that went on otherwise, as its host could have signed it. */
  async function another(): Promise<LoggedStore> {
    const made = memoryStore()
    const writer = await fill(made, LEAD)
    const goOn = ChainWriter.resume({
      store: made,
      salts: countingSalts(9000),
      chain: writer.chain,
      size: writer.size,
      head: writer.head,
      epoch: await made.lease(writer.chain),
    })
    goOn.append('resume', content('resume', { epoch: 1 }))
    for (let i = 0; goOn.size < LENGTH; i++) {
      goOn.append(
        'turn',
        content('turn', { fn: 'run', args: values(i), sender: null, cause: null, time: i, made: [] }),
      )
      goOn.append('return', content('return', { result: values(), fuel: 1 }))
    }
    await goOn.flush()
    await (await HostLog.open({ store: made, key })).checkpoint()
    return made
  }

  test('are the whole in any order, and with what they have in common', async () => {
    const [first, second, tail] = parts
    expect(await checked(first, second, tail)).toBe(`ok ${LENGTH}`)
    expect(await checked(tail, second, first)).toBe(`ok ${LENGTH}`)
    expect(await checked(second, whole)).toBe(`ok ${LENGTH}`)
    expect(await checked(whole, tail, second, first, tail)).toBe(`ok ${LENGTH}`)
  })

  test('are not the whole where one is missing, which is said', async () => {
    const [first, second, tail] = parts
    expect(await checked(first, tail)).toBe(`missing ${bases[0]} to ${bases[1] - 1}`)
    expect(await checked(tail)).toBe(`missing ${LEAD} to ${bases[1] - 1}`)
    expect(await checked(second, tail)).toBe(`missing ${LEAD} to ${bases[0] - 1}`)
    expect(await checked(first)).toBe(`ok ${bases[0]}`)
  })

  test('of two records that parted are found where they do not fit, also where they overlap', async () => {
    const [first, second, tail] = parts
    const made = await another()
    const theirs = await fileOf(made, chain)
    const forged = await fileOf(
      made,
      chain,
      (await turns(made, chain)).find((at) => at > bases[0]),
    )
    expect((await open(forged)).chains[0]).toMatchObject({ result: { ok: true }, sealed: { matches: true } })
    const all = [
      [forged, second, tail],
      [theirs, tail],
      [first, theirs],
      [forged, whole],
    ] as const
    for (const files of all) expect(await checked(...files)).toMatch(/^broken [0-9]+$/)
    await expect(
      given(whole, await fileOf(await freshChain(), await idOf())).then((two) => joinParts(two)),
    ).rejects.toMatchObject({ code: 'invalid' })
  })

  let fresh: { readonly store: LoggedStore; readonly id: Uint8Array } | undefined
  async function freshOne() {
    if (fresh === undefined) {
      const made = memoryStore()
      const writer = ChainWriter.create({
        store: made,
        salts: countingSalts(77),
        label: 'x',
        genesis: content('genesis', genesis({ actor: 'x' })),
      })
      writer.append('seed', content('seed', seed))
      await writer.flush()
      await (await HostLog.open({ store: made, key })).checkpoint()
      fresh = { store: made, id: writer.chain }
    }
    return fresh
  }
  const freshChain = async (): Promise<LoggedStore> => (await freshOne()).store
  const idOf = async (): Promise<Uint8Array> => (await freshOne()).id

  test('are put back only where they were taken out, last first, and whole', async () => {
    const [first, second, tail] = parts
    const chainOf = async (bytes: Uint8Array): Promise<[CarFile, CarFile['chains'][number]]> => {
      const car = await open(bytes)
      return [car, car.chains[0] as CarFile['chains'][number]]
    }
    const made = await another()
    const forged = await fileOf(
      made,
      chain,
      (await turns(made, chain)).find((at) => at > bases[1]),
    )
    for (const bytes of [first, tail, whole, forged])
      await expect(restorePart(...(await chainOf(bytes)), store)).rejects.toMatchObject({ code: 'conflict' })
    await expect(
      restorePart(...(await chainOf(flip(second, second.length - 9))), store),
    ).rejects.toMatchObject({ code: 'broken' })
    await expect(restorePart(...(await chainOf(first)), made)).rejects.toMatchObject({ code: 'not-found' })
    expect(await restorePart(...(await chainOf(second)), store)).toBe(bases[1] - bases[0])
    expect(await store.archives.notes(chain)).toEqual(notes)
    expect(await restorePart(...(await chainOf(first)), store)).toBe(bases[0] - LEAD)
    expect(Buffer.compare(await fileOf(store, chain), whole)).toBe(0)
  })
})
