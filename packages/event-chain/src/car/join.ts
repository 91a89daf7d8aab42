import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { goneAt } from '../archived.ts'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import type { BlobReader, ChainInfo, ChainReader, StoredEvent } from '../store.ts'

/** Something that has a chain, or a part of it: an open CAR file, or a store. */
export interface JoinedFrom {
  readonly store: ChainReader & BlobReader
  readonly info: ChainInfo
}

/** Parts of one chain, read as one. */
export interface JoinedChain {
  readonly store: ChainReader & BlobReader
  /** All of the chain; where parts are missing between, `archived` says which. */
  readonly info: ChainInfo
  /** The place, among what was given, of what has the chain's end: what was signed of that is signed of all before it. */
  readonly last: number
}

/** Events that stand in one place, one after the other. */
interface Run {
  readonly from: number
  readonly to: number
  readonly of: JoinedFrom
}

/**
 * Reads parts of one chain as one: what was archived, and what comes behind it. They may have events in common. Nothing is believed that
 * `verifyStructure` of the whole would not find; that parts do not contradict each other where they overlap is checked here.
 *
 * @throws ChainError `broken` at the event at which two of them are not of one chain; `invalid` for none, or for parts of several chains
 *
 * @example
 * ```ts
 * const parts = await Promise.all(files.map(async (store) => ({ store, info: await store.info(chain) })))
 * const joined = await joinParts(parts)
 * const result = await verifyStructure(joined.store.read(chain), { blobs: joined.store })
 * ```
 */
export async function joinParts(
  parts: readonly JoinedFrom[],
  { hash = sha256 }: { readonly hash?: Hash | undefined } = {},
): Promise<JoinedChain> {
  const [first] = parts
  if (first === undefined || parts.some(({ info }) => !sameBytes(info.chain, first.info.chain)))
    throw new ChainError('invalid', 'parts of one chain are joined, and of one at a time')
  const size = Math.max(...parts.map(({ info }) => info.size))
  const last = parts.findIndex(({ info }) => info.size === size)
  const { runs, lead, base } = cover(parts, size)
  const { archived: _a, origin: _o, ...own } = (parts[last] as JoinedFrom).info
  const before = parts.find(({ info }) => info.archived?.base === base)?.info.archived
  const info = before === undefined ? own : { ...own, archived: { lead, base, last: before.last, parts: [] } }
  const store = new Joined(info, parts, runs)
  for (const { info, store: own } of parts) {
    const { archived } = info
    if (archived !== undefined) {
      await store.check(archived.base - 1, archived.last, hash)
      const { lead } = archived
      for await (const { header } of own.read(info.chain, lead - 1, lead))
        await store.check(lead - 1, hash(header), hash)
    }
    await store.check(info.size - 1, info.head, hash)
  }
  return { store, info, last }
}

/** What is read where, and how far the first events and the last ones go that have no gap. */
function cover(
  parts: readonly JoinedFrom[],
  size: number,
): { readonly runs: readonly Run[]; readonly lead: number; readonly base: number } {
  const all = parts.flatMap((of): Run[] => {
    const { archived, size: to } = of.info
    if (archived === undefined) return [{ from: 0, to, of }]
    return [
      { from: 0, to: archived.lead, of },
      { from: archived.base, to, of },
    ]
  })
  const runs: Run[] = []
  let lead = 0
  while (lead < size) {
    const next = all.filter(({ from, to }) => from <= lead && to > lead).toSorted((a, b) => b.to - a.to)[0]
    if (next === undefined) break
    runs.push({ ...next, from: lead })
    lead = next.to
  }
  let base = size
  while (base > lead) {
    const next = all
      .filter(({ from, to }) => to >= base && from < base)
      .toSorted((a, b) => a.from - b.from)[0]
    if (next === undefined) break
    runs.push({ ...next, to: base })
    base = next.from
  }
  return { runs, lead, base }
}

/** One chain, in several places. */
class Joined implements ChainReader, BlobReader {
  readonly #info: ChainInfo
  readonly #parts: readonly JoinedFrom[]
  readonly #runs: readonly Run[]

  constructor(info: ChainInfo, parts: readonly JoinedFrom[], runs: readonly Run[]) {
    this.#info = info
    this.#parts = parts
    this.#runs = runs
  }

  /** Checks that an event is what somebody says, where it is here. @throws ChainError `broken` */
  async check(seq: number, name: Uint8Array, hash: Hash): Promise<void> {
    if (this.#runAt(seq) === undefined) return
    for await (const { header } of this.read(this.#info.chain, seq, seq + 1))
      if (!sameBytes(hash(header), name))
        throw broken('prev', 'what was given has two different events here, so it is not of one chain', seq)
  }

  async *read(chain: Uint8Array, from = 0, to?: number): AsyncIterable<StoredEvent> {
    const { size, label, archived } = this.#info
    if (!this.#is(chain)) throw new ChainError('not-found', `chain ${hex(chain)} is not here`)
    const end = Math.min(to ?? size, size)
    for (let at = Math.max(from, 0); at < end;) {
      const run = this.#runAt(at)
      if (run === undefined)
        throw goneAt(label, archived, at) ?? broken('missing', 'the event is in none of the parts', at)
      const until = Math.min(run.to, end)
      yield* run.of.store.read(chain, at, until)
      at = until
    }
  }

  async info(chain: Uint8Array): Promise<ChainInfo | undefined> {
    return this.#is(chain) ? this.#info : undefined
  }

  async find(label: string): Promise<ChainInfo | undefined> {
    return label === this.#info.label ? this.#info : undefined
  }

  async list(): Promise<readonly ChainInfo[]> {
    return [this.#info]
  }

  async get(cid: Uint8Array): Promise<Uint8Array | undefined> {
    for (const { store } of this.#parts) {
      const bytes = await store.get(cid)
      if (bytes !== undefined) return bytes
    }
    return undefined
  }

  async has(cid: Uint8Array): Promise<boolean> {
    for (const { store } of this.#parts) if (await store.has(cid)) return true
    return false
  }

  #is(chain: Uint8Array): boolean {
    return sameBytes(chain, this.#info.chain)
  }

  #runAt(seq: number): Run | undefined {
    return this.#runs.find(({ from, to }) => seq >= from && seq < to)
  }
}
