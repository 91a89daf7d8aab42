import { beforeAll, describe, expect, test } from 'vitest'
import { bytesSource, carBlocks, carHeader, readCarHeader } from '../../src/car.ts'
import { ChainError, hex, memoryStore } from '../../src/index.ts'
import { checkFile, NotAFile, signedSizes } from '../other-verifier/index.ts'
import { sha256 } from '../../src/node.ts'
import { carOf } from '../car-helpers.ts'
import { archive, fileOf, key, LEAD, open, signed, turns } from './parts.ts'

// docs/chain-format.md says all of parts that another verifier needs: one that was written from it comes to the same.

/** The first event that is not right, by this package. */
async function ours(bytes: Uint8Array): Promise<string> {
  try {
    const [one] = (await open(bytes)).chains
    return one?.result.ok === true
      ? `intact: ${one.size}`
      : `event ${one?.result.ok === false && `${one.result.index}: ${one.result.reason}`}`
  } catch (error) {
    if (ChainError.is(error)) return error.code
    throw error
  }
}

/** The same by the other verifier. */
function theirs(bytes: Uint8Array): string {
  try {
    const [one] = checkFile(bytes).chains
    return one?.broken === null
      ? `intact: ${one.size}`
      : `event ${one?.broken?.index}: ${one?.broken?.reason}`
  } catch (error) {
    if (error instanceof NotAFile) return 'bad-car'
    throw error
  }
}

let chain: Uint8Array
/** Two archives of a chain, and what is left, with how many events each is signed up to. */
let parts: (readonly [bytes: Uint8Array, signed: number])[]

beforeAll(async () => {
  const store = memoryStore()
  chain = await signed(store, 330)
  const all = await turns(store, chain)
  const [one = 0, two = 0] = [all.find((at) => at > 20), all.find((at) => at > 270)]
  const first = await archive(store, chain, one)
  const second = await archive(store, chain, two)
  parts = [
    [first, one],
    [second, two],
    [await fileOf(store, chain), 330],
  ]
})

describe('another verifier', () => {
  test('finds nothing behind a beginning for the same reason', async () => {
    const [bytes] = parts[2] ?? []
    if (bytes === undefined) throw new Error('there is a tail')
    const [seal, ...blocks] = await Array.fromAsync(carBlocks(bytesSource(bytes)))
    if (seal === undefined) throw new Error('there is a seal')
    const { roots } = await readCarHeader(bytesSource(bytes))
    const headers = blocks.filter(({ bytes: block }) => block[0] === 0x87)
    const cut = blocks.slice(0, blocks.indexOf(headers[LEAD] as (typeof blocks)[number]))
    const lead = sha256((headers[LEAD - 1] as (typeof blocks)[number]).bytes)
    const begin = checkFile(bytes).chains[0]?.part?.begin?.size
    for (const [root, reason] of [
      [lead, 'missing'],
      [roots[1] as Uint8Array, 'head'],
    ] as const) {
      const file = carOf(carHeader([roots[0] as Uint8Array, root]), [seal, ...cut])
      const broken = { index: begin, reason }
      expect((await open(file)).chains[0]?.result).toMatchObject(broken)
      expect(checkFile(file).chains[0]?.broken).toMatchObject(broken)
    }
  })

  test('finds parts intact, and signed as far as they go', async () => {
    for (const [bytes, size] of parts) {
      expect([theirs(bytes), await ours(bytes)]).toEqual([`intact: ${size}`, `intact: ${size}`])
      expect(signedSizes(checkFile(bytes), key.verifier.toString())).toEqual(new Map([[hex(chain), size]]))
    }
  })

  test('finds the same event, whichever byte is changed', async () => {
    for (const [bytes] of parts) {
      const [, genesis] = await Array.fromAsync(carBlocks(bytesSource(bytes)))
      // Behind the seal, which is right or none.
      const from = Buffer.from(bytes).indexOf(genesis?.bytes ?? '')
      for (let at = from; at < bytes.length; at += 1 + Math.floor(bytes.length / 100)) {
        const bad = bytes.map((byte, i) => (i === at ? byte ^ 0x40 : byte))
        expect([at, theirs(bad)]).toEqual([at, await ours(bad)])
      }
    }
  })
})
