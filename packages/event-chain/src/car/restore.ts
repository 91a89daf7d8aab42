import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { decodeBody } from '../body.ts'
import { sameBytes } from '../cbor-bytes.ts'
import { broken, ChainError } from '../errors.ts'
import { decodeEvent } from '../event.ts'
import { tombstonesOf } from '../log/seal.ts'
import { Tombstones } from '../tombstones.ts'
import type { IncomingEvent, LoggedStore } from '../store.ts'
import type { CarChain, CarFile } from './open.ts'

/**
 * Puts a part of a chain back into the store that it was taken out of: the one that was taken out last, of an open CAR file. A body that the host
 * erased stays so, also where the file is from before that and has it.
 *
 * @returns how many events were put back
 * @throws ChainError `not-found` where the store has no such chain, or all of it; `conflict` where the file has another part than the one that
 * was taken out last, or another chain's; `archived` where something of it is withheld; `broken`
 */
export async function restorePart(
  car: CarFile,
  { chain, part, result, label }: CarChain,
  store: LoggedStore,
  { hash = sha256 }: { readonly hash?: Hash | undefined } = {},
): Promise<number> {
  const name = label ?? 'the record'
  if (!result.ok)
    throw new ChainError('broken', result.message, { index: result.index, reason: result.reason })
  const info = chain === null ? undefined : await store.info(chain)
  const last = info?.archived?.parts.at(-1)
  if (chain === null || info?.archived === undefined || last === undefined)
    throw new ChainError('not-found', `nothing of ${name} was archived here`)
  const { archived } = info
  const from = part?.begin?.size ?? archived.lead
  const end = part?.end ?? null
  if (end === null || from !== last.from || end.size !== last.to || !sameBytes(end.last, archived.last)) {
    const has = end === null ? `from ${from} to its end` : `${from} to ${end.size - 1}`
    throw new ChainError(
      'conflict',
      `the file has the events ${has} of a record of ${name}, and what was taken out of ${info.label} last are the events ${last.from} to ${last.to - 1}, in ${last.file}`,
    )
  }
  if (result.withheld !== null && result.withheld >= from) throw withheld(name, result.withheld)
  const erased = new Tombstones((await tombstonesOf(store, chain)).map(({ entry }) => entry))
  await store.archives.putBack(chain, eventsOf(car, chain, { from, last: end.last, erased }, hash))
  return end.size - from
}

/** The events of a part, with the blocks that they link to; checked once more, for the file may have been changed since it was opened. */
async function* eventsOf(
  car: CarFile,
  chain: Uint8Array,
  { from, last, erased }: { readonly from: number; readonly last: Uint8Array; readonly erased: Tombstones },
  hash: Hash,
): AsyncGenerator<IncomingEvent> {
  let head: Uint8Array | undefined
  let seq = from
  for await (const stored of car.read(chain, from)) {
    const event = await decodeEvent(stored, seq, { blobs: car, hash })
    if (head !== undefined && (event.prev === null || !sameBytes(event.prev, head)))
      throw broken('prev', 'the event does not link to the one before', seq)
    head = event.hash
    // What the file says of bodies that were erased may be anybody's word: only the host's own is believed, for afterwards nothing is archived any more.
    if (event.content === null && erased.of(event) === undefined) throw withheld('the record', seq)
    const { header } = stored
    const body = erased.of(event) === undefined ? stored.body : null
    const link = body === null ? null : decodeBody(body, seq).link
    const cid = link === null ? undefined : cidOf('dag-cbor', link)
    const bytes = cid && (await car.get(cid))
    const blobs = cid === undefined || bytes === undefined ? [] : [{ cid, bytes }]
    // What comes from a file are views into chunks of it.
    yield { header: header.slice(), body: body?.slice() ?? null, blobs }
    seq++
  }
  if (head === undefined || !sameBytes(head, last))
    throw broken('head', 'the file was changed after it was opened', seq)
}

function withheld(name: string, index: number): ChainError {
  return new ChainError('archived', `event ${index} of ${name} is withheld in the file`, { index })
}
