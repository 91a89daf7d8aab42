import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import { buriedIn } from '../log/seal.ts'
import type { Seal } from '../log/seal.ts'
import { compareChain } from '../log/sealed-state.ts'
import type { BlobReader, ChainInfo, ChainReader, StoredEvent } from '../store.ts'
import { verifyStructure } from '../verify.ts'
import { joinParts } from './join.ts'
import type { JoinedChain } from './join.ts'
import type { CarChain, CarFile } from './open.ts'

/** A chain of one of the files, or part of one. */
interface Found {
  readonly car: CarFile
  readonly one: CarChain
  readonly info: ChainInfo
}

/**
 * Reads CAR files together: the parts of each chain as one, which is then checked as any chain is, by its structure and against what is signed of
 * it, and stands in the file that has its end. A file that has the end of none is not among those that are given back. What is broken in its
 * own file stays in that.
 *
 * @throws ChainError `archived` with the first event that is in no file; `broken` where parts are not of one chain
 *
 * @example
 * ```ts
 * const cars = await Promise.all(files.map(async (file) => openCar(await fileSource(file))))
 * for (const car of await joinCars(cars)) await importCar(car, store)
 * ```
 */
export async function joinCars(
  cars: readonly CarFile[],
  { hash = sha256 }: { readonly hash?: Hash | undefined } = {},
): Promise<readonly CarFile[]> {
  const byChain = new Map<string, Found[]>()
  for (const car of cars)
    for (const one of car.chains) {
      const info = one.result.ok ? await car.info(one.result.chain) : undefined
      if (info === undefined) continue
      const key = hex(info.chain)
      byChain.set(key, [...(byChain.get(key) ?? []), { car, one, info }])
    }
  const joined = new Map<CarChain, Whole | undefined>()
  for (const found of byChain.values()) {
    const [first, ...others] = found
    if (first === undefined || (others.length === 0 && first.one.part === null)) continue
    const whole = await joinParts(
      found.map(({ car, info }) => ({ store: car, info })),
      { hash },
    )
    const last = found[whole.last] ?? first
    for (const { one } of found) joined.set(one, undefined)
    joined.set(last.one, await check(whole, last, hash))
  }
  return cars.flatMap((car) => {
    const all = car.chains.filter((one) => !joined.has(one) || joined.get(one) !== undefined)
    return all.length === 0 ? [] : new JoinedCar(car, all, joined)
  })
}

/** A chain that was put together, and what it was found to be. */
interface Whole {
  readonly chain: CarChain
  readonly info: ChainInfo
  readonly store: ChainReader & BlobReader
}

async function check({ store, info }: JoinedChain, { car, one }: Found, hash: Hash): Promise<Whole> {
  const { chain, label, archived, size } = info
  const end = one.part?.end ?? null
  const missing =
    archived !== undefined
      ? { at: archived.lead, what: `the events ${archived.lead} to ${archived.base - 1}` }
      : end !== null
        ? { at: size, what: `what comes behind event ${size - 1}` }
        : undefined
  if (missing !== undefined)
    throw new ChainError(
      'archived',
      `${missing.what} of ${label} is in none of these files: the record was archived in parts, and all of them have to be given together`,
      { index: missing.at },
    )
  // Of all parts the last one's seal tells, which is the one that is kept, and held against keys: any other may be anybody's.
  const tombstones = car.seal === null ? [] : buriedIn(car.seal, hash)
  const result = await verifyStructure(store.read(chain), {
    chain,
    blobs: store,
    tombstones,
    unfinished: 'allow',
    hash,
  })
  const entry = car.seal?.chains.find((sealed) => sameBytes(sealed.entry.chain, chain))?.entry
  const sealed = entry === undefined || !result.ok ? null : await compareChain(store, entry, hash)
  const read = result.ok ? result.size : result.index
  return { chain: { ...one, result, size: read, part: null, sealed }, info, store }
}

/** A file, with what others have of its chains. */
class JoinedCar implements CarFile {
  readonly chains: readonly CarChain[]
  readonly seal: Seal | null
  readonly #car: CarFile
  readonly #wholes: readonly Whole[]

  constructor(car: CarFile, chains: readonly CarChain[], joined: ReadonlyMap<CarChain, Whole | undefined>) {
    this.#car = car
    this.chains = chains.map((one) => joined.get(one)?.chain ?? one)
    this.#wholes = chains.flatMap((one) => joined.get(one) ?? [])
    // Nothing is here in part any more; what is signed is the same.
    this.seal = car.seal === null ? null : { ...car.seal, parts: [] }
  }

  read(chain: Uint8Array, from?: number, to?: number): AsyncIterable<StoredEvent> {
    return (this.#of(chain)?.store ?? this.#car).read(chain, from, to)
  }

  async info(chain: Uint8Array): Promise<ChainInfo | undefined> {
    return this.#of(chain)?.info ?? this.#car.info(chain)
  }

  async find(label: string): Promise<ChainInfo | undefined> {
    return (await this.list()).find((info) => info.label === label)
  }

  async list(): Promise<readonly ChainInfo[]> {
    const all = await this.#car.list()
    return all.map((info) => this.#of(info.chain)?.info ?? info)
  }

  async get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    for (const { store } of this.#wholes) {
      const bytes = await store.get(cid)
      if (bytes !== undefined) return bytes
    }
    return this.#car.get(cid)
  }

  async has(cid: Uint8Array): Promise<boolean> {
    for (const { store } of this.#wholes) if (await store.has(cid)) return true
    return this.#car.has(cid)
  }

  #of(chain: Uint8Array): Whole | undefined {
    return this.#wholes.find(({ info }) => sameBytes(info.chain, chain))
  }
}
