import { openCar, bytesSource, exportCar } from '../../src/car.ts'
import type { CarFile } from '../../src/car.ts'
import { decodeHeader, hex } from '../../src/index.ts'
import type { LoggedStore } from '../../src/index.ts'
import { HostLog, makeSeal, removalOf, SigningKey } from '../../src/log.ts'
import type { Seal } from '../../src/log.ts'
import { sha256 } from '../../src/node.ts'
import { bytesOf } from '../car-helpers.ts'
import { fill } from '../sample.ts'

export const key = await SigningKey.generate('host.example/theater')
/** How many events of the story come before its first turn. */
export const LEAD = 4
export const notes = Uint8Array.of(1, 2, 3)

/** A signed chain of the story. */
export async function signed(
  store: LoggedStore,
  length: number,
  label = 'counter',
  salts = 0,
): Promise<Uint8Array> {
  const { chain } = await fill(store, length, label, salts)
  await (await HostLog.open({ store, key })).checkpoint()
  return chain
}

/** The events that begin a turn, but for the first. */
export async function turns(store: LoggedStore, chain: Uint8Array): Promise<number[]> {
  const found: number[] = []
  let seq = 0
  const from = (await store.info(chain))?.archived?.base
  for await (const { header } of store.read(chain, from)) {
    if (decodeHeader(header).kind === 'turn') found.push((from ?? 0) + seq)
    seq++
  }
  return found.slice(1)
}

export async function sealOf(store: LoggedStore, chain: Uint8Array, to?: number): Promise<Seal> {
  const seal = await makeSeal(store, [chain], sha256, { to })
  if (seal === undefined) throw new Error('there is a checkpoint')
  return seal
}

/** What a store has of a chain, as a file, up to an event. */
export async function fileOf(store: LoggedStore, chain: Uint8Array, to?: number): Promise<Uint8Array> {
  return bytesOf(exportCar(store, [chain], { hash: sha256, seal: await sealOf(store, chain, to) }))
}

/** Takes the events before one out of a store. @returns the file that has them */
export async function archive(store: LoggedStore, chain: Uint8Array, base: number): Promise<Uint8Array> {
  const file = await fileOf(store, chain, base)
  const removal = await removalOf(store, chain, {
    lead: LEAD,
    base,
    file: `to-${base}.car`,
    notes,
    hash: sha256,
  })
  await store.archives.takeOut(chain, removal)
  return file
}

export const open = (bytes: Uint8Array): Promise<CarFile> =>
  openCar(bytesSource(bytes), { hash: sha256, unfinished: 'allow' })

/** All that can be read of a chain, as text. */
export async function textOf(
  store: Pick<LoggedStore, 'read'>,
  chain: Uint8Array,
  from = 0,
): Promise<string[]> {
  const all = await Array.fromAsync(store.read(chain, from))
  return all.map(({ header, body }) => `${hex(header)} ${body === null ? '' : hex(body)}`)
}
