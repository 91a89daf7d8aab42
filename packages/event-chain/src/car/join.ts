import { sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { goneAt } from '../archived.ts'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import type { BlobReader, ChainInfo, ChainReader, StoredEvent } from '../store.ts'
import { checkAgreement, cover } from './agreement.ts'

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
export interface Run {
  readonly from: number
  readonly to: number
  readonly of: JoinedFrom
}

/**
 * Reads parts of one chain as one: what was archived, and what comes behind it. They may have events in common, and a body is there where one
 * of them has it. Nothing is believed that `verifyStructure` of the whole would not find; that parts do not contradict each other where they
 * overlap is checked here.
 *
 * @throws ChainError `broken` at the first event of which two of them say different things; `invalid` for none, or for parts of several chains
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
  const all = parts.flatMap(runsOf)
  const { runs, lead, base } = ends(cover(all), size)
  const { archived: _a, origin: _o, ...own } = (parts[last] as JoinedFrom).info
  const before = parts.find(({ info }) => info.archived?.base === base)?.info.archived
  const info = before === undefined ? own : { ...own, archived: { lead, base, last: before.last, parts: [] } }
  await checkAgreement(all, hash)
  const store = new Joined(info, parts, { runs, all })
  return { store, info, last }
}

/** What a part has: the chain's beginning, and what comes behind an archive. */
function runsOf(of: JoinedFrom): Run[] {
  const { archived, size: to } = of.info
  if (archived === undefined) return [{ from: 0, to, of }]
  return [
    { from: 0, to: archived.lead, of },
    { from: archived.base, to, of },
  ]
}

/** How far the first events and the last ones go that have no gap, and what of those is read where. */
function ends(
  runs: readonly Run[],
  size: number,
): { readonly runs: readonly Run[]; readonly lead: number; readonly base: number } {
  let lead = 0
  for (const { from, to } of runs) if (from === lead) lead = to
  let base = size
  for (const { from, to } of runs.toReversed()) if (to === base && base > lead) base = from
  return { runs: runs.filter(({ from, to }) => to <= lead || from >= base), lead, base }
}

/** One chain, in several places. */
class Joined implements ChainReader, BlobReader {
  readonly #info: ChainInfo
  readonly #parts: readonly JoinedFrom[]
  readonly #runs: readonly Run[]
  /** All that there is, of which `#runs` have each event once. */
  readonly #all: readonly Run[]

  constructor(
    info: ChainInfo,
    parts: readonly JoinedFrom[],
    { runs, all }: { readonly runs: readonly Run[]; readonly all: readonly Run[] },
  ) {
    this.#info = info
    this.#parts = parts
    this.#runs = runs
    this.#all = all
  }

  async *read(chain: Uint8Array, from = 0, to?: number): AsyncIterable<StoredEvent> {
    const { size, label, archived } = this.#info
    if (!this.#is(chain)) throw new ChainError('not-found', `chain ${hex(chain)} is not here`)
    const end = Math.min(to ?? size, size)
    for (let at = Math.max(from, 0); at < end;) {
      const run = this.#runAt(at)
      if (run === undefined)
        throw goneAt(label, archived, at) ?? broken('missing', 'the event is in none of the parts', at)
      const also: Run[] = []
      // Up to where the same parts have it; most have only the beginning in common.
      let until = Math.min(run.to, end)
      for (const other of this.#all) {
        if (other.of === run.of) continue
        if (at >= other.from && at < other.to) also.push(other)
        for (const seam of [other.from, other.to]) if (seam > at && seam < until) until = seam
      }
      if (also.length === 0) yield* run.of.store.read(chain, at, until)
      else
        for await (const event of run.of.store.read(chain, at, until))
          yield event.body === null ? await withBody(event, chain, at++, also) : (at++, event)
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

/** An event with the body that another part has of it. */
async function withBody(
  event: StoredEvent,
  chain: Uint8Array,
  seq: number,
  others: readonly Run[],
): Promise<StoredEvent> {
  for (const { of, from, to } of others) {
    if (seq < from || seq >= to) continue
    for await (const { body } of of.store.read(chain, seq, seq + 1))
      if (body !== null) return { ...event, body }
  }
  return event
}
