import { readFile, stat } from 'node:fs/promises'
import { ChainError, hex } from '@theater/event-chain'
import { verifyConsistency, verifyEventProof } from '@theater/event-chain/log'
import type { Cosignature, VerifierKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import { Describer } from '@theater/replay'
import { CliError } from './errors.ts'
import { EventSayer } from './event-json.ts'
import { eventLine } from './event-line.ts'
import type { Output } from './output.ts'
import { count } from './table.ts'
import { stamp } from './timers.ts'
import { witnessedJson } from './verdict.ts'
import { demanded } from './witnesses.ts'

/** No proof is as long. */
const MAX_BYTES = 4 * 1024 * 1024
/** What the name of a proof ends with that a log goes on from a checkpoint. */
const CONSISTENCY = '.tlog-consistency'

/** What is trusted, and asked for, when a proof is checked. */
export interface ProofDemands {
  readonly keys: readonly VerifierKey[]
  /** Who has to have cosigned its checkpoint. */
  readonly witnesses: readonly VerifierKey[]
  /** The file of a checkpoint that somebody kept. */
  readonly since: string | undefined
}

/** Whether the command line names a proof: of one event, or that a log goes on from a checkpoint. */
export function isProof(name: string): boolean {
  return name.endsWith('.tlog-proof') || name.endsWith(CONSISTENCY)
}

/** What nothing is proven of, because no checkpoint is over it. */
export function notSigned(message: string, cause?: unknown): CliError {
  const then = 'A running host signs every few seconds, and when it ends; after a crash `theater run` does.'
  return new CliError('incomplete', `${message}. ${then}`, { cause })
}

/**
 * Checks a proof, and says what it proves.
 *
 * @throws CliError `usage`, `unwitnessed`; ChainError `bad-proof`, `bad-note`, `bad-signature`
 */
export async function verifyProofFile(file: string, demands: ProofDemands, output: Output): Promise<void> {
  const text = await readProof(file)
  if (demands.keys.length === 0) {
    throw new CliError(
      'usage',
      `a proof is checked against the key of whoever signed it: --key KEY, as that host's \`theater key\` prints it`,
    )
  }
  if (file.endsWith(CONSISTENCY)) await verifyLog(file, text, demands, output)
  else await verifyEvent(file, text, demands, output)
}

/** The text of a proof, or of a checkpoint. @throws CliError `usage`; ChainError `bad-proof` */
export async function readProof(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true) throw new CliError('usage', `there is no file ${file}`)
  if (found.size > MAX_BYTES) throw new ChainError('bad-proof', `${file} is too large to be a proof`)
  return readFile(file, 'utf8')
}

async function verifyLog(
  file: string,
  text: string,
  { keys, witnesses, since }: ProofDemands,
  output: Output,
): Promise<void> {
  if (since === undefined) {
    throw new CliError(
      'usage',
      `${file} proves that a log goes on from a checkpoint: --since FILE is the one that was kept`,
    )
  }
  const { before, checkpoint, by, note } = await verifyConsistency(text, await readProof(since), keys, sha256)
  const cosigned = await demanded(note, witnesses, file)
  const json = {
    proof: file,
    origin: checkpoint.origin,
    since: before.size,
    size: checkpoint.size,
    root: hex(checkpoint.root),
    by: by.toString(),
    witnessed: cosigned.map(witnessedJson),
  }
  await output.result(json, () =>
    [
      `${output.style('green', 'proven')}  the log of ${printable(checkpoint.origin)} goes on from ${since}: its ${count(before.size)} entries are the first of ${count(checkpoint.size)}`,
      `        signed by ${printable(checkpoint.origin)}, key ${by.id}`,
      ...cosigned.map(cosignedLine),
    ].join('\n'),
  )
}

function cosignedLine({ by, time }: Cosignature): string {
  return `        cosigned by ${printable(by.name)}, key ${by.id}, ${stamp(time * 1000)}`
}

async function verifyEvent(
  file: string,
  text: string,
  { keys, witnesses }: ProofDemands,
  output: Output,
): Promise<void> {
  const { event, entry, checkpoint, by, note } = await verifyEventProof(text, keys, sha256)
  const cosigned = await demanded(note, witnesses, file)
  const said = new EventSayer(new Describer()).say(event)
  const json = {
    proof: file,
    chain: hex(entry.chain),
    events: entry.size,
    origin: checkpoint.origin,
    size: checkpoint.size,
    by: by.toString(),
    witnessed: cosigned.map(witnessedJson),
    event: said,
  }
  await output.result(json, () =>
    [
      `${output.style('green', 'proven')}  event ${event.seq} of chain ${hex(entry.chain).slice(0, 12)}, which had ${count(entry.size)} events`,
      `        signed by ${printable(checkpoint.origin)}, key ${by.id}`,
      ...cosigned.map(cosignedLine),
      eventLine(said, 1, output),
    ].join('\n'),
  )
}
