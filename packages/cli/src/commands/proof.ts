import { writeFile } from 'node:fs/promises'
import { latestCheckpoint, proveEvent } from '@theater/event-chain/log'
import { ChainError, decodeHeader } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'
import { count } from '../table.ts'

/** Options of `theater proof`. */
export interface ProofOptions {
  readonly data: string
  readonly out: string
  /** Shows that the event is there, and not what it says. */
  readonly withoutBody?: true
}

/** `theater proof`: the proof that an event is under the host's last checkpoint, in one file. */
export async function proof(
  actor: string,
  seq: number,
  { data, out, withoutBody }: ProofOptions,
  output: Output,
): Promise<number> {
  await using store = await readChains(data)
  const { chain, size } = await findActor(store, actor, data)
  if (seq >= size) throw new CliError('usage', `${actor} has the events 0 to ${size - 1}`)
  // The seed tells every derived random number of the actor.
  const [event] = await Array.fromAsync(store.read(chain, seq, seq + 1))
  const isSeed = event !== undefined && decodeHeader(event.header, seq).kind === 'seed'
  if (isSeed && withoutBody !== true)
    output.note('what the seed is stays here: the proof shows that the event is there')
  const body = withoutBody !== true && !isSeed
  const text = await proveEvent(store, chain, seq, { body, hash: sha256 }).catch((error: unknown) => {
    if (!ChainError.is(error) || error.code !== 'bad-proof') throw error
    const then = 'A running host signs every few seconds, and when it ends; after a crash `theater run` does.'
    throw new CliError('incomplete', `${error.message}. ${then}`, { cause: error })
  })
  await writeFile(out, text)
  const checkpoint = await latestCheckpoint(store)
  const json = {
    file: out,
    actor,
    seq,
    bytes: Buffer.byteLength(text),
    origin: checkpoint?.origin ?? '',
    size: checkpoint?.size ?? 0,
  }
  await output.result(json, () => {
    const what = `event ${seq} of ${actor}, under ${json.origin} at ${count(json.size)}`
    return `${output.style('bold', out)}  ${count(json.bytes)} bytes  ${what}`
  })
  return exits.done
}
