import { ChainWriter, encodeContent, goneAt, hex } from '@theater/event-chain'
import type { ChainInfo, Store } from '@theater/event-chain'
import { MAX_REASON } from '@theater/event-chain/log'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { dataPaths, findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { openHostLog } from '../host-key.ts'
import { takeLock } from '../lock.ts'
import type { Output } from '../output.ts'
import { lastStep } from '../records.ts'
import { checkOwn } from '../signed-records.ts'
import { count } from '../table.ts'

/** Options of `theater redact`. */
export interface RedactOptions {
  readonly data: string
  /** For whoever reads the record. */
  readonly reason: string
  /** Ends the actor first, where it has not ended. */
  readonly stop?: true
}

/** `theater redact`: erases what events of a record say, and signs that it did. */
export async function redact(
  actor: string,
  seqs: readonly number[],
  { data, reason, stop }: RedactOptions,
  output: Output,
): Promise<number> {
  const paths = dataPaths(data)
  await using known = await readChains(data)
  check(await findActor(known, actor, data), seqs, reason)
  await known.close()
  using _lock = takeLock(paths.lock, paths.folder)
  const { sqliteStore } = await import('@theater/event-chain/sqlite')
  await using store = sqliteStore(paths.chains)
  const info = await findActor(store, actor, data)
  const ended = (await lastStep(store, info)) === 'stop'
  if (!ended && stop !== true) {
    throw new CliError(
      'not-ended',
      `${actor} has not ended, and an actor whose record has lost an event cannot be brought back. With --stop it is ended first, for good.`,
    )
  }
  const log = await openHostLog(paths, store)
  if (!ended) await end(store, info)
  const { erased, checkpoint } = await log.redact(info.chain, seqs, { reason })
  const json = {
    actor,
    chain: hex(info.chain),
    erased: erased.toSorted((a, b) => a - b),
    reason,
    stopped: !ended,
    origin: checkpoint.origin,
    size: checkpoint.size,
  }
  await output.result(json, () => {
    const what = erased.length === 0 ? 'nothing that was there' : `event ${json.erased.join(', ')}`
    return `erased ${what} of ${output.style('bold', actor)}, under ${json.origin} at ${count(json.size)}`
  })
  const first = Math.min(...seqs)
  output.note(
    `a re-run of ${actor} goes as far as event ${first}; files that were exported before, and records of those that it talked to, have what they have`,
  )
  return exits.done
}

function check(info: ChainInfo, seqs: readonly number[], reason: string): void {
  checkOwn(info, 'a tombstone')
  const { label, size, archived } = info
  for (const seq of seqs) {
    const gone = goneAt(label, archived, seq)
    if (gone !== undefined) throw gone
  }
  if (Buffer.byteLength(reason) > MAX_REASON)
    throw new CliError(
      'usage',
      `--reason has more than ${MAX_REASON} bytes: it is signed, and goes with the record`,
    )
  const beyond = seqs.find((seq) => seq >= size)
  if (beyond !== undefined)
    throw new CliError('usage', `there is no event ${beyond}: ${label} has the events 0 to ${size - 1}`)
  if (seqs.includes(0))
    throw new CliError(
      'usage',
      `event 0 says what ${label} is, and is never erased: name what comes after it`,
    )
}

/** Ends the record of an actor that nobody runs: its turn, where it is within one, and then itself. */
async function end(store: Store, info: ChainInfo): Promise<void> {
  const { chain, size, head } = info
  const inTurn = (await lastStep(store, info)) === 'turn'
  const epoch = await store.lease(chain)
  const writer = ChainWriter.resume({ store, salts: saltPool(), hash: sha256, chain, size, head, epoch })
  writer.append('resume', encodeContent('resume', { epoch }))
  if (inTurn) writer.append('abort', encodeContent('abort', { code: 'stopped', call: null, status: null }))
  writer.append('stop', encodeContent('stop', { reason: 'redacted' }))
  await writer.flush()
}
