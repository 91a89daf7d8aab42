/** What a thread is made of whose checkpoints a witness is to cosign. */
import { HostLog, SigningKey, VerifierKey } from '@theater/event-chain/log'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { messaging } from '@theater/handler-messaging'
import type { ThreadSetup } from '@theater/runtime/thread'
import { cache, courierHost, World } from './courier.ts'

/** What a test starts such a thread with. */
export interface Witnessed {
  /** A folder for the records. */
  readonly folder: string
  /** The witness's key, as text, and its address. */
  readonly key: string
  readonly url: string
}

export default async function witnessed({ folder, key, url }: Witnessed): Promise<ThreadSetup> {
  const store = sqliteStore(`${folder}/chains.db`)
  const log = await HostLog.open({ store, key: await SigningKey.generate('host.example/theater') })
  return {
    store,
    handlers: [messaging(), courierHost(new World())],
    checkpoints: { log, everyTurns: 1, witnesses: [{ key: await VerifierKey.parse(key), url }] },
    cache,
  }
}
