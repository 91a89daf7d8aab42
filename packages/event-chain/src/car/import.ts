import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { decodeBody } from '../body.ts'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import { encodeSeal } from '../log/seal.ts'
import { movedMark } from '../moved.ts'
import type { Block, ChainInfo, IncomingChain, IncomingEvent, LoggedStore, StoredEvent } from '../store.ts'
import { checkEvents } from '../verify.ts'
import type { Intact } from '../verify.ts'
import type { CarChain, CarFile } from './open.ts'

/** How chains are imported. */
export interface ImportOptions {
  /** The label that a chain gets. @default the actor's id in genesis, or the chain's id where that is withheld */
  readonly label?: ((chain: CarChain) => string) | undefined
  /**
   * Whether the host of the store goes on with these actors: then it brings them back when it is opened next, and signs what they
   * come to. The host that they came from MUST NOT go on with them, and what they said there arrives here only at those that are adopted too
   * ({@link movedMark}). Else they are history: read, verified and exported, and no more.
   *
   * @default false
   */
  readonly adopt?: boolean | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/** A chain of a file that is in the store now. */
export interface Imported extends ChainInfo {
  /** False where the store had it before, event for event. */
  readonly added: boolean
}

/**
 * Copies the chains of an open CAR file into a store, with the blocks that they link to and the file's seal: all of them, or none. A
 * chain that is there already, with the same head, is left as it is. To only check or re-run a chain nothing need be imported: a
 * {@link CarFile} is read like a store.
 *
 * Memory does not grow with the chains, where the store is not itself in memory.
 *
 * @returns What the store now knows of the chains, in the file's order
 * @throws ChainError `broken`; `archived` for a file that has a part of a chain; `exists` where another record of a chain, or a label, is already there
 */
export function importCar(
  car: CarFile,
  store: LoggedStore,
  options: ImportOptions = {},
): Promise<Imported[]> {
  return importCars([car], store, options)
}

/** The same of several files, all of them or none: where chains are there in parts, what {@link joinCars} makes of their files. */
export async function importCars(
  cars: readonly CarFile[],
  store: LoggedStore,
  options: ImportOptions = {},
): Promise<Imported[]> {
  const imported: Imported[] = []
  const incoming: IncomingChain[] = []
  for (const car of cars) await addCar(car, store, options, { imported, incoming })
  if (incoming.length > 0) await store.take(incoming)
  return imported
}

async function addCar(
  car: CarFile,
  store: LoggedStore,
  { label = labelOf, adopt = false, hash = sha256 }: ImportOptions,
  { imported, incoming }: { readonly imported: Imported[]; readonly incoming: IncomingChain[] },
): Promise<void> {
  const seal = car.seal === null ? null : encodeSeal(car.seal)
  const sealBlock = seal === null ? null : { cid: cidOf('dag-cbor', hash(seal)), bytes: seal }
  const origin = adopt ? null : (sealBlock?.cid.subarray(4) ?? new Uint8Array(0))
  let sealed = adopt || sealBlock === null
  for (const chain of car.chains) {
    const { result } = chain
    if (!result.ok) throw broken(result.reason, result.message, result.index)
    if (chain.part !== null) throw inPart(chain)
    const known = await store.info(result.chain)
    if (known !== undefined) {
      imported.push({ ...same(known, result), added: false })
      continue
    }
    const { chain: id, size, head, epoch } = result
    const info = { chain: id, label: label(chain), size, head, epoch }
    const moved = adopt ? [movedMark(id, null, hash), movedMark(id, size, hash)] : []
    const kept = sealed || sealBlock === null ? [] : [sealBlock]
    sealed = true
    const events = eventsOf(car, result, [...kept, ...moved], hash)
    incoming.push({ ...info, origin, events })
    imported.push({ ...info, ...(origin !== null && { origin }), added: true })
  }
}

function inPart({ part, size, label }: CarChain): ChainError {
  const from = part?.begin?.size ?? 0
  return new ChainError(
    'archived',
    `the file has the events ${from} to ${size - 1} of ${label ?? 'a record'}, and not all of it`,
    { index: from === 0 ? size : from },
  )
}

/** @throws ChainError `exists` where the store has another record of the chain */
function same(known: ChainInfo, { size, head }: Intact): ChainInfo {
  if (sameBytes(known.head, head)) return known
  const here = known.size > size ? 'longer than' : known.size < size ? 'shorter than' : 'another than'
  throw new ChainError('exists', `the chain of ${known.label} is already here, and ${here} in the file`)
}

/** The events of a chain, each with what it links to, and with the first what is kept of the chain; checked once more, for the file may have been changed since it was opened. */
async function* eventsOf(
  car: CarFile,
  { chain, head }: Intact,
  first: readonly Block[],
  hash: Hash,
): AsyncGenerator<IncomingEvent> {
  let last: StoredEvent | undefined
  async function* noted(): AsyncGenerator<StoredEvent> {
    for await (const stored of car.read(chain)) yield (last = stored)
  }
  const checked = checkEvents(noted(), { chain, head, blobs: car, unfinished: 'allow', hash })
  for (;;) {
    const step = await checked.next()
    if (step.done === true || last === undefined) return
    const event = step.value
    const blobs: Block[] = event.seq === 0 ? [...first] : []
    const take = async (cid: Uint8Array): Promise<void> => {
      const bytes = await car.get(cid)
      if (bytes !== undefined) blobs.push({ cid, bytes })
    }
    if (event.content !== null && event.kind === 'genesis') {
      await take(event.content.wit)
      await take(event.content.component)
    }
    const link = last.body === null ? null : decodeBody(last.body, event.seq).link
    if (link !== null) await take(cidOf('dag-cbor', link))
    // What comes from a file are views into chunks of it.
    yield { header: last.header.slice(), body: last.body?.slice() ?? null, blobs }
  }
}

function labelOf({ label, chain }: CarChain): string {
  return label ?? (chain === null ? '' : hex(chain))
}
