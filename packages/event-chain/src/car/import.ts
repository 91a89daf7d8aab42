import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { decodeBody } from '../body.ts'
import { hex } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import type { Block, ChainInfo, Store, StoredEvent } from '../store.ts'
import { checkEvents } from '../verify.ts'
import type { CarChain, CarFile } from './open.ts'

/** How chains are imported. */
export interface ImportOptions {
  /** The label that a chain gets. @default the actor's id in genesis, or the chain's id where that is withheld */
  readonly label?: ((chain: CarChain) => string) | undefined
  /** The most events of one chain: they are in memory until the store has them. @default 1_000_000 */
  readonly maxEvents?: number | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

/**
 * Copies every chain of an open CAR file into a store, each atomically, with the blocks that it links to. A file with a
 * broken chain is refused as a whole. To only check or re-run a chain nothing need be imported: a {@link CarFile} is
 * read like a store.
 *
 * @returns What the store now knows of the chains, in the file's order
 * @throws ChainError `broken`; `exists` where a chain or a label is already there; `too-large`
 */
export async function importCar(
  car: CarFile,
  store: Store,
  options: ImportOptions = {},
): Promise<ChainInfo[]> {
  const { label = labelOf, maxEvents = 1_000_000, hash = sha256 } = options
  for (const { result, size } of car.chains) {
    if (!result.ok) throw broken(result.reason, result.message, result.index)
    if (size > maxEvents)
      throw new ChainError('too-large', `a chain of ${size} events; the limit is ${maxEvents}`)
  }
  const imported: ChainInfo[] = []
  for (const chain of car.chains) {
    const { result } = chain
    if (!result.ok) continue
    const events: StoredEvent[] = []
    const blobs: Block[] = []
    const take = async (cid: Uint8Array): Promise<void> => {
      const bytes = await car.get(cid)
      if (bytes !== undefined && !(await store.has(cid))) blobs.push({ cid, bytes })
    }
    // Checked once more: the file may have been changed since it was opened.
    const raw = keep(car.read(result.chain), events)
    const { chain: id, head: expected } = result
    for await (const event of checkEvents(raw, {
      chain: id,
      head: expected,
      blobs: car,
      unfinished: 'allow',
      hash,
    })) {
      if (event.content !== null && event.kind === 'genesis') {
        await take(event.content.wit)
        await take(event.content.component)
      }
      const body = events.at(-1)?.body ?? null
      const link = body === null ? null : decodeBody(body, event.seq).link
      if (link !== null) await take(cidOf('dag-cbor', link))
    }
    const name = label(chain)
    const { size, head, epoch } = result
    await store.create(result.chain, name, { epoch, events, head, blobs })
    imported.push({ chain: result.chain, label: name, size, head, epoch })
  }
  return imported
}

async function* keep(source: AsyncIterable<StoredEvent>, kept: StoredEvent[]): AsyncGenerator<StoredEvent> {
  for await (const event of source) {
    // What comes from a file are views into chunks of it.
    kept.push({ header: event.header.slice(), body: event.body?.slice() ?? null })
    yield event
  }
}

function labelOf({ label, chain }: CarChain): string {
  return label ?? (chain === null ? '' : hex(chain))
}
