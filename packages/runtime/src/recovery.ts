import { trackName } from '@theater/boundary'
import type { BlobReader, ChainInfo, ChainReader, Genesis, Store } from '@theater/event-chain'
import { readEvents } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Cause, Spawned } from '@theater/handler'
import { decodeData, decodeModel } from '@theater/values'
import type { ComponentModel } from '@theater/values'
import { birthOf } from './birth.ts'
import type { Birth } from './birth.ts'
import { TheaterError } from './errors.ts'
import { reasonOf } from './failures.ts'
import { INIT } from './lifecycle.ts'
import type { TimerInfo } from './options.ts'
import { packed } from './packed.ts'
import { RecordReader } from './record-reader.ts'
import type { Life } from './record-reader.ts'
import type { RequestId } from './request.ts'
import { decodeSummary } from './summary-bytes.ts'
import type { Summary } from './summary.ts'

/** What summaries are called among what is kept beside chains. */
export const SUMMARY = 'summary'

/** What one record says before it is re-run. */
export interface Scan {
  readonly info: ChainInfo
  readonly genesis: Genesis
  /** The types of its component, where its first turn has not ended well, or something that left it may be under way. */
  readonly model: ComponentModel | undefined
  readonly seed: Uint8Array | undefined
  /** The first event whose content is not here; `undefined` where all is. */
  readonly gap: number | undefined
  readonly life: Life
  readonly summary: Summary
  /** How much of the record the summary stands for that is beside it; 0 for none. */
  readonly kept: number
  /** Where the last host but one took it over; -1 where there was none. */
  readonly lastResume: number
  /** Where hosts took it over, as far as it was read. */
  readonly resumes: readonly number[]
  /** Requests of a turn that it breaks off, which the guest has still to finish, by sequence number of the intent. */
  readonly asked: ReadonlyMap<number, RequestId>
  /** Where it comes from; `undefined` where the host made it. */
  readonly birth: Birth | undefined
  /** Where it ends: within a turn, before the first one, or anywhere else. */
  readonly at: RecordReader['at']
  /** The cause of a turn that it breaks off. */
  readonly cause: Cause | undefined
  /** The intent without result that its unfinished turn breaks off at; `undefined` for none. */
  readonly intent: number | undefined
}

/** Hears why a summary that was kept is of no use. */
type Lost = (why: string) => void

/** What reading records takes. */
type Records = ChainReader & BlobReader & Pick<Store, 'caches' | 'archives'>

/**
 * Reads a record once, without running anything: what came after its summary, or all of it where there is none that fits.
 *
 * @param models of the components of other records, by the links that genesis has to them
 * @throws TheaterError `cannot-resume`
 */
export async function scanRecord(
  store: Records,
  info: ChainInfo,
  { lost, models = new Map() }: { readonly lost?: Lost; readonly models?: Models } = {},
): Promise<Scan> {
  const { reader, kept } = await readRecord(store, info, lost)
  const { genesis, seed, summary, asked, intent, at, cause } = reader
  // It is archived only when all that it says came to its end: nobody may look for it here again.
  if (info.archived !== undefined) summary.sends.settleBefore(info.archived.base)
  if (genesis === undefined) throw lacks(info, 'no genesis')
  // To read the types takes longer than a short record: of an actor that has come to be, and of which nothing is under way, nobody asks for them.
  const asks = summary.first !== 'well' || asked.size > 0 || summary.sends.size > 0
  const model = asks ? await modelOf(store, genesis, models) : undefined
  if (model === undefined && (asks || !(await isThere(store, genesis.wit, models))))
    throw lacks(info, 'the types of no component')
  return {
    info,
    genesis,
    model,
    seed,
    gap: summary.gap,
    life: reader.life(model !== undefined && exportsInit(model)),
    summary,
    kept,
    lastResume: summary.lastResume,
    resumes: reader.resumes,
    asked: new Map([...asked.values()].map((id) => [id.seq, id])),
    birth: birthOf(genesis),
    at,
    cause,
    intent,
  }
}

/** Models of components, by the links that genesis has to them; null: one that nobody has read yet. */
export type Models = Map<string, ComponentModel | null>

async function isThere(store: BlobReader, cid: Uint8Array, models: Models): Promise<boolean> {
  const key = packed(cid)
  if (models.has(key)) return true
  if (!(await store.has(cid))) return false
  models.set(key, null)
  return true
}

async function modelOf(
  store: BlobReader,
  { wit: cid }: Genesis,
  models: Models,
): Promise<ComponentModel | undefined> {
  const key = packed(cid)
  const known = models.get(key) ?? undefined
  if (known !== undefined) return known
  const wit = await store.get(cid)
  if (wit === undefined) return undefined
  const model = decodeModel(wit)
  models.set(key, model)
  return model
}

async function readRecord(
  store: Records,
  info: ChainInfo,
  lost?: Lost,
): Promise<{ readonly reader: RecordReader; readonly kept: number }> {
  const { chain } = info
  try {
    const found = await store.caches?.kept(chain, SUMMARY)
    // What was noted of an archived part is as good, where nothing comes after.
    const { archived } = info
    const kept =
      archived !== undefined && found !== undefined && found.size <= archived.base ? undefined : found
    const reader = kept && (await readOn(store, info, kept))
    if (kept !== undefined && reader !== undefined) return { reader, kept: kept.size }
    if (kept !== undefined) lost?.('what is kept beside its record is of another record')
  } catch (error) {
    // Also where it cannot even be read: where the record cannot be either, that is said of the record.
    lost?.(`what is kept beside its record cannot be used: ${reasonOf(error)}`)
  }
  return { reader: await readUpTo(store, info), kept: 0 }
}

/**
 * Reads a record without what is kept beside it: all of it, or what comes behind what was archived, on top of what was noted of that.
 *
 * @param to the event before which it stops. @default the record's end
 * @throws TheaterError `cannot-resume`
 */
export async function readUpTo(store: Records, info: ChainInfo, to?: number): Promise<RecordReader> {
  const { chain, label, archived } = info
  if (archived === undefined) {
    const reader = new RecordReader(chain)
    for await (const event of readEvents(store, chain, 0, to, { hash: sha256 })) reader.take(event)
    return reader
  }
  const notes = await store.archives?.notes(chain)
  if (notes === undefined) throw lacks(info, 'no notes of what was archived of it')
  let summary: Summary
  try {
    summary = decodeSummary(notes, chain)
  } catch (cause) {
    const message = `what is noted of the archived part of the record of ${label} cannot be used: ${reasonOf(cause)}`
    throw new TheaterError('cannot-resume', message, { actor: label, cause })
  }
  const reader = new RecordReader(chain, summary)
  for await (const event of readEvents(store, chain, 0, 2, { hash: sha256 })) reader.take(event)
  for await (const event of readEvents(store, chain, archived.base, to, { hash: sha256 })) reader.take(event)
  return reader
}

/** Goes on from a summary; `undefined`: it is not of this record. */
async function readOn(
  store: Records,
  info: ChainInfo,
  { size, head, bytes }: { readonly size: number; readonly head: Uint8Array; readonly bytes: Uint8Array },
): Promise<RecordReader | undefined> {
  const { chain } = info
  if (size < 2 || size > info.size) return undefined
  const reader = new RecordReader(chain, decodeSummary(bytes, chain))
  for await (const event of readEvents(store, chain, 0, 2, { hash: sha256 })) reader.take(event)
  if (size === info.size) return same(head, info.head) ? reader : undefined
  let before = true
  for await (const event of readEvents(store, chain, size - 1, undefined, { hash: sha256 })) {
    if (!before) reader.take(event)
    else if (!same(head, event.hash)) return undefined
    before = false
  }
  return reader
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.length).equals(b)
}

function lacks({ label }: ChainInfo, what: string): TheaterError {
  return new TheaterError('cannot-resume', `the record of ${label} has ${what}`, { actor: label })
}

function exportsInit({ exports }: ComponentModel): boolean {
  return exports.some(({ functions }) => functions.some((fn) => trackName(fn) === INIT))
}

/**
 * The timers of every actor of a store that has not ended, by actor and id, as the records have them.
 *
 * @param actor of which alone. @default all
 * @throws ChainError
 */
export async function recordedTimers(store: Records, actor?: string): Promise<readonly TimerInfo[]> {
  const found: TimerInfo[] = []
  for (const info of await store.list()) {
    if (info.origin !== undefined || (actor !== undefined && info.label !== actor)) continue
    const { reader } = await readRecord(store, info)
    const { summary } = reader
    if (summary.end === undefined) found.push(...summary.standing.infos(info.label))
  }
  return found
}

/** Why an actor did not come to be, by its record. */
export async function howItNeverStarted(store: Store, { info }: Scan): Promise<Spawned> {
  for await (const event of readEvents(store, info.chain, 0, undefined, { hash: sha256 })) {
    if (event.kind !== 'return' || event.content === null) continue
    const failure = failureIn(event.content.result)
    if (failure !== undefined) return { tag: 'init', val: failure }
  }
  return { tag: 'trapped' }
}

/** The failure that an `init` answered with. */
function failureIn(result: Uint8Array): Extract<Spawned, { readonly tag: 'init' }>['val'] | undefined {
  const decoded = decodeData(result) as [[number, [string, string, [[string, Uint8Array]?]]?]]
  const [[, failure]] = decoded
  if (failure === undefined) return undefined
  const [code, message, [detail]] = failure
  return { code, message, detail: detail && { format: detail[0], body: detail[1] } }
}
