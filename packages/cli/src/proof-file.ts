import { readFile, stat } from 'node:fs/promises'
import { ChainError, hex } from '@theater/event-chain'
import { verifyEventProof } from '@theater/event-chain/log'
import type { VerifierKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import { Describer } from '@theater/replay'
import { CliError } from './errors.ts'
import { EventSayer } from './event-json.ts'
import { eventLine } from './event-line.ts'
import type { Output } from './output.ts'
import { count } from './table.ts'

/** No proof is as long. */
const MAX_BYTES = 4 * 1024 * 1024

/** Whether the command line names the proof of one event. */
export function isProof(name: string): boolean {
  return name.endsWith('.tlog-proof')
}

/**
 * Checks the proof of one event, and says what it proves.
 *
 * @throws CliError `usage`; ChainError `bad-proof`, `bad-note`, `bad-signature`
 */
export async function verifyProofFile(
  file: string,
  keys: readonly VerifierKey[],
  output: Output,
): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() !== true) throw new CliError('usage', `there is no file ${file}`)
  if (keys.length === 0) {
    throw new CliError(
      'usage',
      `a proof is checked against the key of whoever signed it: --key KEY, as that host's \`theater key\` prints it`,
    )
  }
  if (found.size > MAX_BYTES) throw new ChainError('bad-proof', `${file} is too large to be a proof`)
  const { event, entry, checkpoint, by } = await verifyEventProof(await readFile(file, 'utf8'), keys, sha256)
  const said = new EventSayer(new Describer()).say(event)
  const json = {
    proof: file,
    chain: hex(entry.chain),
    events: entry.size,
    origin: checkpoint.origin,
    size: checkpoint.size,
    by: by.toString(),
    event: said,
  }
  await output.result(json, () =>
    [
      `${output.style('green', 'proven')}  event ${event.seq} of chain ${hex(entry.chain).slice(0, 12)}, which had ${count(entry.size)} events`,
      `        signed by ${printable(checkpoint.origin)}, key ${by.id}`,
      eventLine(said, 1, output),
    ].join('\n'),
  )
}
