import { readFileSync } from 'node:fs'
import { encodeData } from '@theater/values'
import { describe, expect, test } from 'vitest'
import { bytesSource, exportCar, openCar } from '../src/car.ts'
import { ChainError, ChainWriter, memoryStore } from '../src/index.ts'
import { HostLog, makeSeal, SigningKey, verifySeal } from '../src/log.ts'
import type { VerifierKey } from '../src/log.ts'
import { sha256 } from '../src/node.ts'
import { blocksOf, bytesOf, carOf } from './car-helpers.ts'
import { content, countingSalts, genesis, seed } from './helpers.ts'
import {
  checkChain,
  checkFile,
  isContent,
  NotAFile,
  readHeader,
  signedSizes,
} from './other-verifier/index.ts'
import { fill } from './sample.ts'

// docs/chain-format.md says all that another verifier needs: one that was written from it comes to the same.

/** The first event that is not right, by this package. */
async function ours(bytes: Uint8Array): Promise<string> {
  try {
    const { chains } = await openCar(bytesSource(bytes), { hash: sha256, unfinished: 'allow' })
    const at = chains.findIndex(({ result }) => !result.ok)
    const { result } = chains[at] ?? {}
    return result === undefined || result.ok
      ? `intact: ${chains.map(({ size }) => size).join()}`
      : `chain ${at}, event ${result.index}: ${result.reason}`
  } catch (error) {
    if (ChainError.is(error)) return error.code
    throw error
  }
}

/** The same by the other verifier. */
function theirs(bytes: Uint8Array): string {
  try {
    const { chains } = checkFile(bytes)
    const at = chains.findIndex(({ broken }) => broken !== null)
    const found = chains[at]?.broken
    return found
      ? `chain ${at}, event ${found.index}: ${found.reason}`
      : `intact: ${chains.map(({ size }) => size).join()}`
  } catch (error) {
    if (error instanceof NotAFile) return 'bad-car'
    throw error
  }
}

const key = await SigningKey.generate('host.example/theater')
const next = await SigningKey.generate('host.example/theater')

/** Two chains, of which the second grew after it was signed, and a log that another key signs by then. */
async function sealed(): Promise<{ readonly bytes: Uint8Array; readonly ids: readonly string[] }> {
  const store = memoryStore()
  const log = await HostLog.open({ store, key })
  const { chain } = await fill(store, 60)
  await log.checkpoint()
  await log.rotate(next)
  const salts = countingSalts(9000)
  const other = ChainWriter.create({
    store,
    salts,
    label: 'b',
    genesis: content('genesis', genesis({ actor: 'b' })),
  })
  other.append('seed', content('seed', seed))
  await other.flush()
  await log.checkpoint()
  other.append('stop', encodeData(['over']))
  await other.flush()
  const chains = [chain, other.chain]
  const parts = exportCar(store, chains, { hash: sha256, seal: await makeSeal(store, chains) })
  return { bytes: await bytesOf(parts), ids: chains.map((id) => Buffer.from(id).toString('hex')) }
}

describe('another verifier', () => {
  test('finds the same event of a recorded chain, whichever byte is changed', async () => {
    const good = readFileSync(new URL('../../replay/test/spine.car', import.meta.url))
    expect([await ours(good), theirs(good)]).toEqual(['intact: 21', 'intact: 21'])
    for (let at = 0; at < good.length; at += 3) {
      const bad = new Uint8Array(good)
      bad[at] = (bad[at] as number) ^ (1 << (at % 8))
      expect(`${at}: ${theirs(bad)}`).toBe(`${at}: ${await ours(bad)}`)
    }
  })

  test('finds the same event where blocks are left out, doubled or exchanged', async () => {
    const store = memoryStore()
    const { chain } = await fill(store, 60)
    const good = await bytesOf(exportCar(store, [chain], { hash: sha256 }))
    const { start, blocks } = await blocksOf(good)
    for (let i = 0; i < blocks.length; i++) {
      for (const changed of [
        blocks.toSpliced(i, 1),
        blocks.toSpliced(i, 0, blocks[i] as (typeof blocks)[number]),
        blocks.with(i, blocks[(i + 7) % blocks.length] as (typeof blocks)[number]),
      ]) {
        const bad = carOf(start, changed)
        expect(`${i}: ${theirs(bad)}`).toBe(`${i}: ${await ours(bad)}`)
      }
    }
  })

  test('comes to the same signatures, and follows the same keys', async () => {
    const { bytes, ids } = await sealed()
    const file = checkFile(bytes)
    const car = await openCar(bytesSource(bytes), { hash: sha256, unfinished: 'allow' })
    expect(car.chains.map(({ sealed }) => sealed?.matches)).toEqual([true, true])
    const signed = async (trusted: VerifierKey): Promise<unknown> => {
      if (car.seal === null) return undefined
      const verified = await verifySeal(car.seal, [trusted]).catch(() => undefined)
      return verified && car.chains.map(({ sealed }) => sealed?.entry.size)
    }
    const stranger = await SigningKey.generate('host.example/theater')
    for (const { verifier } of [key, next, stranger]) {
      const theirSizes = signedSizes(file, verifier.toString())
      expect(theirSizes && ids.map((id) => theirSizes.get(id))).toEqual(await signed(verifier))
    }
    expect(await signed(key.verifier)).toEqual([60, 2])
    expect(await signed(stranger.verifier)).toBeUndefined()
  })

  test('takes and refuses the same vectors', () => {
    const vectors = JSON.parse(readFileSync(new URL('vectors/v1.json', import.meta.url), 'utf8'))
    for (const { kind, hex } of vectors.headers)
      expect(readHeader(Buffer.from(hex, 'hex'), 0).kind).toBe(kind)
    for (const { hex, reason } of vectors.invalid.headers) {
      const read = (): unknown => readHeader(Buffer.from(hex, 'hex'), 0)
      expect(read).toThrow(expect.objectContaining({ reason }))
    }
    for (const { kind, hex } of vectors.contents)
      expect([kind, isContent(kind, Buffer.from(hex, 'hex'))]).toEqual([kind, true])
    for (const { why, kind, hex } of vectors.invalid.contents) {
      expect([why, isContent(kind, Buffer.from(hex, 'hex'))]).toEqual([why, false])
    }
    const { chain } = vectors
    const events = chain.map(({ header, body }: any) => ({
      header: Buffer.from(header, 'hex'),
      body: Buffer.from(body, 'hex'),
    }))
    const blobs = new Map<string, Uint8Array>(
      chain.flatMap(({ blob }: any) =>
        blob === null ? [] : [[sha256(Buffer.from(blob, 'hex')).toHex(), Buffer.from(blob, 'hex')]],
      ),
    )
    const { hashes } = checkChain(events, (digest) => blobs.get(digest.toString('hex')), true)
    expect(hashes.map((hash) => hash.toString('hex'))).toEqual(chain.map(({ hash }: any) => hash))
  })
})
