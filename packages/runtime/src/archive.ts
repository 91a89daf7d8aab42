import { decodeHeader } from '@theater/event-chain'
import type { ChainInfo, LoggedStore } from '@theater/event-chain'
import { decodeEntry } from '@theater/event-chain/log'
import { keptSnapshot, sha256 } from '@theater/event-chain/node'
import { Arrivals } from './arrivals.ts'
import { dropMark } from './dead.ts'
import { TheaterError } from './errors.ts'
import { Moves } from './moves.ts'
import { recordedTurn } from './record.ts'
import { readUpTo, scanRecord } from './recovery.ts'
import type { Scan } from './recovery.ts'
import { encodeSummary } from './summary-bytes.ts'

/** How much of a record is to be archived. */
export interface ArchiveOptions {
  /** How many of its last events stay in the store at least. @default as few as can be */
  readonly keep?: number | undefined
  /** An event that stays, with all behind it. @default the record's end */
  readonly before?: number | undefined
}

/** What of a record can be archived. */
export interface ArchivePlan {
  readonly info: ChainInfo
  /** How many events come before the first turn: they stay. */
  readonly lead: number
  /** The first event that is archived. */
  readonly from: number
  /** The first event that stays: it begins a turn, or ends the record. */
  readonly base: number
  /** What a host has to know of what is archived, for `Removal.notes`. */
  readonly notes: Uint8Array
}

/** How many headers are looked at together. */
const PAGE = 256

/**
 * Finds out how much of an actor's record can be archived: written to a file and taken out of the store, so that what is left can still be
 * proven, and, where the actor goes on, brought back. Nobody may run the actors of the store meanwhile. Nothing is written.
 *
 * What is archived ends between two turns, under the last checkpoint; and before whatever a host still has to read: what the actor has said and
 * that has not arrived, and, where it goes on, what came after its last snapshot.
 *
 * @throws TheaterError `unknown-actor`; `cannot-archive` with what is in the way; ChainError
 */
export async function planArchive(
  store: LoggedStore,
  label: string,
  { keep, before }: ArchiveOptions = {},
): Promise<ArchivePlan> {
  const info = await store.find(label)
  if (info === undefined)
    throw new TheaterError('unknown-actor', `there is no record of an actor ${label}`, { actor: label })
  if (info.origin !== undefined)
    throw refusal(info, 'it was imported: what it is part of is for the host that recorded it')
  const limits = await limitsOf(store, info)
  const { size, archived } = info
  const lead = archived?.lead ?? (await leadOf(store, info))
  const from = archived?.base ?? lead
  if (keep !== undefined)
    limits.push({ at: Math.max(size - keep, 0), why: `its last ${keep} events are to stay` })
  if (before !== undefined)
    limits.push({ at: before, why: `event ${before} is to stay, and what is behind it` })
  const least = limits.reduce((one, other) => (other.at < one.at ? other : one))
  const base = least.at > from ? await seamBefore(store, info, from, least.at) : undefined
  if (base === undefined)
    throw refusal(info, `there is nothing to archive behind event ${from}: ${least.why}`)
  const reader = await readUpTo(store, info, base)
  if (reader.at !== 'between') throw refusal(info, `event ${base} is not between two turns of it`)
  reader.summary.sends.settleBefore(base)
  return { info, lead, from, base, notes: encodeSummary(reader.summary) }
}

/** Up to where something may be archived, and why not further. */
interface Limit {
  readonly at: number
  readonly why: string
}

async function limitsOf(store: LoggedStore, info: ChainInfo): Promise<Limit[]> {
  const { chain, size } = info
  const signed = await signedUpTo(store, chain)
  if (signed === 0)
    throw refusal(
      info,
      'no checkpoint is over it, so nothing would prove what is archived: a host signs when it ends, and every few seconds',
    )
  const limits: Limit[] = [
    { at: size - 1, why: 'its last event stays' },
    { at: signed, why: `the last checkpoint is over ${signed} of its events` },
  ]
  const scans: Scan[] = []
  for (const one of await store.list()) if (one.origin === undefined) scans.push(await scanRecord(store, one))
  const scan = scans.find((one) => one.info.label === info.label)
  if (scan === undefined) throw refusal(info, 'it cannot be read')
  if (scan.life === 'never') throw refusal(info, 'it never came to be, and its record says why')
  const waits = await underWay(store, scan, scans)
  if (waits !== undefined) limits.push(waits)
  limits.push(...(await askedOf(store, scan, scans)))
  const ended = scan.summary.end !== undefined
  return ended ? limits : [...limits, ...(await livingLimits(store, scan))]
}

/** The first event that sent something which has not come to its end. */
async function underWay(store: LoggedStore, scan: Scan, scans: readonly Scan[]): Promise<Limit | undefined> {
  const { info, resumes, summary } = scan
  const { chain, size } = info
  new Arrivals(scans).settle(scan)
  const moves = new Moves(store)
  const mover = { chain, ends: [...resumes, size] }
  for (const [seq, { to }] of summary.sends.all)
    for (const receiver of to) {
      if (await store.has(dropMark({ chain, seq, to: receiver, turn: undefined }))) continue
      const other = scans.find((one) => one.info.label === receiver)?.info.chain
      if (await moves.elsewhere(mover, seq, other)) continue
      return {
        at: seq,
        why: `what event ${seq} sent to ${receiver} has not arrived; \`theater dead\` shows it`,
      }
    }
  return undefined
}

/** The turns of it that others have still to hear of: whoever goes on with a turn that waits for an answer asks for it again. */
async function askedOf(store: LoggedStore, scan: Scan, scans: readonly Scan[]): Promise<Limit[]> {
  const { info, summary } = scan
  const limits: Limit[] = []
  for (const one of scans)
    for (const seq of one.asked.keys()) {
      const cause = { chain: one.info.chain, seq }
      const known = summary.received.turnOf(cause)
      const turn = known === 'forgotten' ? await recordedTurn(store, info.chain, cause) : known
      if (typeof turn !== 'number') continue
      limits.push({ at: turn, why: `${one.info.label} has still to hear what came of event ${turn}` })
    }
  return limits
}

/** What has to stay for an actor to be brought back. */
async function livingLimits(store: LoggedStore, { info, genesis, summary, life }: Scan): Promise<Limit[]> {
  if (life !== 'started') throw refusal(info, 'it has not begun yet')
  if (genesis.instance === 'turn')
    return [{ at: summary.lastReturn ?? 0, why: 'its last turn that returned stays' }]
  const kept = await keptSnapshot(store.caches, info.chain)
  if (kept === undefined || kept.size > info.size || !(await isOf(store, info, kept)))
    throw refusal(
      info,
      'it goes on, and there is no snapshot from which it could be brought back without what is archived: stop it first, or let it run on until there is one',
    )
  return [{ at: kept.size - 1, why: `its last snapshot is of ${kept.size} events` }]
}

/** Whether something is of a record, as far as its last event says so. */
async function isOf(
  store: LoggedStore,
  { chain }: ChainInfo,
  { size, head }: { readonly size: number; readonly head: Uint8Array },
): Promise<boolean> {
  for await (const { header } of store.read(chain, size - 1, size))
    return Buffer.from(head).equals(sha256(header))
  return false
}

/** How many events of a chain are under the last checkpoint. */
async function signedUpTo({ hostLog }: LoggedStore, chain: Uint8Array): Promise<number> {
  const index = await hostLog.lastEntry(chain)
  const bytes = index === undefined ? undefined : await hostLog.entry(index)
  const entry = bytes === undefined ? undefined : decodeEntry(bytes)
  return entry?.kind === 'chain' ? entry.size : 0
}

/** How many events come before the first turn. */
async function leadOf(store: LoggedStore, { chain, size }: ChainInfo): Promise<number> {
  let seq = 0
  for await (const { header } of store.read(chain)) {
    if (decodeHeader(header).kind === 'turn') return seq
    seq++
  }
  return size
}

/**
 * The last event up to a limit that a part may end before: one that begins a turn, or that ends the record behind one. Undefined where none is
 * behind `from`.
 */
async function seamBefore(
  store: LoggedStore,
  { chain }: ChainInfo,
  from: number,
  limit: number,
): Promise<number | undefined> {
  for (let to = limit + 1; to > from; to -= PAGE) {
    const start = Math.max(from, to - PAGE - 1)
    const kinds = []
    for await (const { header } of store.read(chain, start, to)) kinds.push(decodeHeader(header).kind)
    for (let i = kinds.length - 1; i > 0; i--) {
      const [kind, last] = [kinds[i], kinds[i - 1]]
      const ends = last === 'return' || last === 'trap' || last === 'abort' || last === 'grant'
      if (kind === 'turn' || (kind === 'stop' && ends)) return start + i
    }
  }
  return undefined
}

function refusal({ label }: ChainInfo, why: string): TheaterError {
  return new TheaterError('cannot-archive', `${label} cannot be archived: ${why}`, { actor: label })
}
