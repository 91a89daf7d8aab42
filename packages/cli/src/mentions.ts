import { readEvents, Tombstones } from '@theater/event-chain'
import type { ChainInfo, LoggedStore } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { CliError } from './errors.ts'
import { erasedOf } from './signed-records.ts'
import { wholeOf } from './whole.ts'

/** How a byte string of 32 bytes begins in CBOR, which is what events are in. */
const HASH_HEAD = Uint8Array.of(0x58, 0x20)

/**
 * Looks for hashes in an actor's record: what it put, got, named, or told somebody of. A hash that stands anywhere, as bytes of their
 * own or in hexadecimal digits, is one that the actor may ask for: more than it has asked for, and never less. What was erased mentions
 * nothing any more: its actor has ended.
 *
 * @param wanted hashes as hexadecimal digits
 * @param found those of them that are there are added to it
 * @throws CliError `incomplete` where part of the record is withheld; ChainError, `archived` where part of it is in a file that is not there
 */
export async function findMentions(
  store: LoggedStore,
  info: ChainInfo,
  wanted: ReadonlySet<string>,
  found: Set<string>,
): Promise<void> {
  const { chain, label } = info
  const erased = new Tombstones(await erasedOf(store, info))
  await using opened = new AsyncDisposableStack()
  const whole = await wholeOf(store, info, opened)
  for await (const event of readEvents(whole.store, chain, 0, undefined, { hash: sha256 })) {
    const { kind, seq, contentBytes } = event
    if (contentBytes !== null) {
      for (const hash of mentions(contentBytes)) if (wanted.has(hash)) found.add(hash)
      // Without its seed a record says as much of blobs as with it.
    } else if (kind !== 'seed' && erased.of(event) === undefined) {
      throw new CliError(
        'incomplete',
        `event ${seq} of ${label} is withheld, so nobody knows which blobs it is of: nothing was freed. Bring the record back whole.`,
      )
    }
  }
}

/** The hashes that stand in an event's content, and what looks like one. */
export function* mentions(content: Uint8Array): Generator<string> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  for (let at = bytes.indexOf(HASH_HEAD); at !== -1; at = bytes.indexOf(HASH_HEAD, at + 1)) {
    const hash = bytes.subarray(at + 2, at + 34)
    if (hash.byteLength === 32) yield hash.toString('hex')
  }
  for (const [run] of bytes.toString('latin1').matchAll(/[0-9a-fA-F]{64,}/g)) {
    // In a longer run of digits it may stand at any place.
    for (let at = 0; at + 64 <= run.length; at++) yield run.slice(at, at + 64).toLowerCase()
  }
}
