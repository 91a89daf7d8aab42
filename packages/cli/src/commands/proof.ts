import { writeFile } from 'node:fs/promises'
import {
  latestCheckpoint,
  parseCheckpoint,
  parseNote,
  proveConsistency,
  proveEvent,
} from '@theater/event-chain/log'
import type { ProvingStore } from '@theater/event-chain/log'
import { ChainError, decodeHeader } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'
import { notSigned, readProof } from '../proof-file.ts'
import { checkOwn } from '../signed-records.ts'
import { count } from '../table.ts'
import { wholeOf } from '../whole.ts'
import type { Whole } from '../whole.ts'

/** Options of `theater proof`. */
export interface ProofOptions {
  readonly data: string
  readonly out: string
  /** Shows that the event is there, and not what it says. */
  readonly withoutBody?: true
  /** The size, or the file, of a checkpoint that the log goes on from. */
  readonly since?: string
}

/** `theater proof`: that an event is under a checkpoint of the host, or that its log goes on from an earlier one, in one file. */
export async function proof(
  actor: string | undefined,
  seq: number | undefined,
  options: ProofOptions,
  output: Output,
): Promise<number> {
  await using store = await readChains(options.data)
  if (options.since !== undefined && actor === undefined)
    return await proveLog(store, options.since, options, output)
  if (options.since !== undefined || actor === undefined || seq === undefined) {
    throw new CliError(
      'usage',
      'name an actor and an event, or with --since a checkpoint that the log goes on from',
    )
  }
  return await proveOne(store, { actor, seq }, options, output)
}

async function proveLog(
  store: LoggedStore,
  since: string,
  { out }: ProofOptions,
  output: Output,
): Promise<number> {
  const before = /^[0-9]{1,15}$/.test(since)
    ? Number(since)
    : parseCheckpoint(parseNote(await readProof(since)).text).size
  const latest = await latestCheckpoint(store)
  if (latest === undefined) throw notSigned('there is no checkpoint yet')
  const text = await proveConsistency(store, before, sha256)
  await writeFile(out, text)
  const json = {
    file: out,
    bytes: Buffer.byteLength(text),
    origin: latest.origin,
    since: before,
    size: latest.size,
  }
  await output.result(json, () => {
    const what = `${json.origin} goes on from ${count(before)} to ${count(json.size)}`
    return `${output.style('bold', out)}  ${count(json.bytes)} bytes  ${what}`
  })
  return exits.done
}

async function proveOne(
  store: LoggedStore,
  { actor, seq }: { readonly actor: string; readonly seq: number },
  { data, out, withoutBody }: ProofOptions,
  output: Output,
): Promise<number> {
  const info = await findActor(store, actor, data)
  checkOwn(info, 'a proof')
  const { chain, size } = info
  if (seq >= size) throw new CliError('usage', `${actor} has the events 0 to ${size - 1}`)
  await using opened = new AsyncDisposableStack()
  const { archived } = info
  const gone = archived !== undefined && seq >= archived.lead && seq < archived.base
  const whole = gone ? await wholeOf(store, info, opened) : undefined
  const proving = whole === undefined ? store : provingFrom(whole, store)
  // The seed tells every derived random number of the actor.
  const [event] = await Array.fromAsync(proving.read(chain, seq, seq + 1))
  const isSeed = event !== undefined && decodeHeader(event.header, seq).kind === 'seed'
  if (isSeed && withoutBody !== true)
    output.note('what the seed is stays here: the proof shows that the event is there')
  const body = withoutBody !== true && !isSeed
  const text = await proveEvent(proving, chain, seq, { body, hash: sha256 }).catch((error: unknown) => {
    if (!ChainError.is(error) || error.code !== 'bad-proof') throw error
    throw notSigned(error.message, error)
  })
  await writeFile(out, text)
  const checkpoint = parseCheckpoint(parseNote(text.slice(text.indexOf('\n\n') + 2)).text)
  const json = {
    file: out,
    actor,
    seq,
    bytes: Buffer.byteLength(text),
    origin: checkpoint.origin,
    size: checkpoint.size,
  }
  await output.result(json, () => {
    const what = `event ${seq} of ${actor}, under ${json.origin} at ${count(json.size)}`
    return `${output.style('bold', out)}  ${count(json.bytes)} bytes  ${what}`
  })
  return exits.done
}

/** The events of one place, proven from the log of another. */
function provingFrom({ store }: Whole, { hostLog }: LoggedStore): ProvingStore {
  return {
    read: (chain, from, to) => store.read(chain, from, to),
    info: (chain) => store.info(chain),
    find: (label) => store.find(label),
    list: () => store.list(),
    hostLog,
  }
}
