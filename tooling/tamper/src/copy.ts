import { ChainError, ChainLinker, decodeEvent } from '@theater/event-chain'
import type { BlobReader, ChainInfo, ChainReader, Kind, StoredEvent } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { ChainSource } from '@theater/replay'
import { cidOf } from '@theater/values'

/** One event of a chain that is about to be changed. */
export interface Draft {
  readonly kind: Kind
  readonly epoch: number
  readonly salt: Uint8Array
  /** The whole content, also where it stands in a block of its own. */
  readonly content: Uint8Array
  /** As it was stored. */
  readonly stored: StoredEvent
  /** The CID of the block that the content stands in; null where it stands in the body. */
  readonly blob: Uint8Array | null
}

/** A chain in memory, to be changed. */
export interface Copy {
  readonly source: ChainSource
  readonly drafts: readonly Draft[]
}

/** Copies a chain into memory. Nothing of it may be withheld: what is not here cannot be hashed again. */
export async function copyChain(source: ChainSource): Promise<Copy> {
  const { store, chain } = source
  const drafts: Draft[] = []
  for await (const { header, body } of store.read(chain)) {
    const stored = { header: header.slice(), body: body?.slice() ?? null }
    const event = await decodeEvent(stored, drafts.length, { blobs: store, hash: sha256 })
    const { kind, epoch, seq } = event
    if (event.content === null)
      throw new TypeError(`event ${seq} is withheld: this chain cannot be hashed again`)
    const inline = stored.body !== null && stored.body.length === event.contentBytes.length + 18
    const blob = inline ? null : cidOf('dag-cbor', sha256(event.contentBytes))
    const content = event.contentBytes.slice()
    drafts.push({ kind, epoch, salt: event.salt.slice(), content, stored, blob })
  }
  return { source, drafts }
}

/** A source over events in memory; blocks come from `blobs` first, then from another source. */
export function sourceOf(
  chain: Uint8Array,
  events: readonly StoredEvent[],
  below: BlobReader,
  blobs: ReadonlyMap<string, Uint8Array> = new Map(),
): ChainSource {
  return { chain, store: new Events(chain, events, below, blobs) }
}

class Events implements ChainReader, BlobReader {
  readonly #chain: Uint8Array
  readonly events: readonly StoredEvent[]
  readonly #below: BlobReader
  readonly #blobs: ReadonlyMap<string, Uint8Array>

  constructor(
    chain: Uint8Array,
    events: readonly StoredEvent[],
    below: BlobReader,
    blobs: ReadonlyMap<string, Uint8Array>,
  ) {
    this.#chain = chain
    this.events = events
    this.#below = below
    this.#blobs = blobs
  }

  async *read(_chain: Uint8Array, from = 0, to = this.events.length): AsyncIterable<StoredEvent> {
    yield* this.events.slice(from, to)
  }

  async info(): Promise<ChainInfo> {
    const head = sha256(this.events.at(-1)?.header ?? new Uint8Array(0))
    return { chain: this.#chain, label: 'tampered', size: this.events.length, head, epoch: 0 }
  }

  async find(): Promise<undefined> {
    return undefined
  }

  async list(): Promise<readonly ChainInfo[]> {
    return [await this.info()]
  }

  async get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#blobs.get(cid.toHex()) ?? this.#below.get(cid)
  }

  async has(cid: Uint8Array): Promise<boolean> {
    return (await this.get(cid)) !== undefined
  }
}

/** What a chain is hashed again from. */
export type Change = Pick<Draft, 'kind' | 'epoch' | 'salt' | 'content'>

/**
 * Hashes a chain again from its contents, with the recorded salts: what someone does who wants a changed record to look
 * untouched. Without a checkpoint nobody can tell by the hashes.
 */
export function relink(
  changes: readonly Change[],
  below: BlobReader,
  extra: readonly Uint8Array[] = [],
): ChainSource {
  const blobs = new Map<string, Uint8Array>()
  for (const bytes of extra) {
    const digest = sha256(bytes)
    blobs.set(cidOf('raw', digest).toHex(), bytes)
    blobs.set(cidOf('dag-cbor', digest).toHex(), bytes)
  }
  const events: StoredEvent[] = []
  let linker: ChainLinker | undefined
  let salt: Uint8Array | undefined
  for (const change of changes) {
    salt = change.salt
    if (linker === undefined || linker.epoch !== change.epoch) {
      const head: Uint8Array | null = linker?.head ?? null
      const at =
        linker === undefined || head === null ? null : { chain: linker.chain, size: linker.size, head }
      linker = new ChainLinker({
        epoch: change.epoch,
        salts: () => salt ?? new Uint8Array(16),
        at,
        hash: sha256,
      })
    }
    const { header, body, blob } = linker.link(change.kind, change.content)
    events.push({ header, body })
    if (blob !== null) blobs.set(blob.cid.toHex(), blob.bytes)
  }
  if (linker === undefined) throw new ChainError('invalid', 'there is nothing to hash')
  return sourceOf(linker.chain, events, below, blobs)
}

/** The same contents under other salts: another chain that says the same. */
export function twin({ source, drafts }: Copy): readonly StoredEvent[] {
  const other = drafts.map((draft) => ({ ...draft, salt: draft.salt.map((byte) => byte ^ 0xff) }))
  const store = relink(other, source.store).store as Events
  return store.events
}
