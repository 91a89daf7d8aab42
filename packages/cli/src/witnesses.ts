import { ChainError } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { parseNote, VerifierKey, verifyCosignatures } from '@theater/event-chain/log'
import type { Cosignature } from '@theater/event-chain/log'
import type { CheckpointOptions, WitnessOptions } from '@theater/runtime'
import type { DataPaths } from './data-folder.ts'
import { CliError } from './errors.ts'
import { openHostLog } from './host-key.ts'

/** Who cosigns what a host signs, as a manifest says it. */
export interface WitnessSource {
  /** Its public key, `NAME+ID+KEY`. */
  readonly key: string
  /** Where it is asked. */
  readonly url: string
}

/**
 * Notes in a data folder which witnesses are asked from now on: every command that runs its actors asks them. Whoever calls it holds
 * the folder's lock.
 *
 * @throws CliError `usage`; ChainError
 */
export async function keepWitnesses(
  { hostLog }: LoggedStore,
  sources: readonly WitnessSource[],
): Promise<void> {
  const known = await hostLog.witnesses()
  const wanted = new Map<string, string>()
  for (const { key, url } of sources) wanted.set((await witnessKey(key)).toString(), url)
  for (const record of known) {
    if (record.url === null || wanted.has(record.key)) continue
    await hostLog.keepWitness({ ...record, url: null, fault: null })
  }
  for (const [key, url] of wanted) {
    const record = known.find((one) => one.key === key)
    if (record?.url === url) continue
    await hostLog.keepWitness({ key, url, note: record?.note ?? null, fault: null })
  }
}

async function witnessKey(text: string): Promise<VerifierKey> {
  const key = await VerifierKey.parse(text).catch((cause: unknown) => {
    if (!ChainError.is(cause)) throw cause
    throw new CliError('usage', `host.witnesses: ${cause.message}`, { cause })
  })
  if (key.type === 'cosignature') return key
  throw new CliError(
    'usage',
    `host.witnesses: ${key.name} (${key.id}) is the key of a log, and not of a witness`,
  )
}

/** What a host over a data folder signs with, and who cosigns. Whoever calls it holds the folder's lock. @throws CliError, ChainError */
export async function checkpointsOf(paths: DataPaths, store: LoggedStore): Promise<CheckpointOptions> {
  const log = await openHostLog(paths, store)
  const witnesses: WitnessOptions[] = []
  for (const { key, url } of await store.hostLog.witnesses()) {
    if (url !== null) witnesses.push({ key: await VerifierKey.parse(key), url })
  }
  return { log, witnesses }
}

/**
 * The cosignatures of all witnesses that were named, of the checkpoint that something is proven under.
 *
 * @param what for people: what is under it
 * @throws CliError `unwitnessed` where one did not cosign; ChainError `bad-signature`
 */
export async function demanded(
  note: string,
  witnesses: readonly VerifierKey[],
  what: string,
): Promise<Cosignature[]> {
  const cosigned = await verifyCosignatures(parseNote(note), witnesses)
  const missing = witnesses.find((witness) => !cosigned.some(({ by }) => by.equals(witness)))
  if (missing === undefined) return cosigned
  throw new CliError(
    'unwitnessed',
    `${what}: ${missing.name} (${missing.id}) did not cosign the checkpoint. It may have since: ask for a newer one.`,
  )
}
