import { ChainWriter, encodeContent } from '@theater/event-chain'
import type { Durability, Store } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { saltPool } from '@theater/event-chain/node'
import { scanRecord } from './recovery.ts'
import type { Hung } from './watch.ts'

/**
 * Ends, in its record, what kept a thread that had to be ended: the turn that is under way, or the instantiation, so that
 * whoever brings the actor back does not go on with it. What the record does not hold, or has an end of, is left alone.
 *
 * @throws ChainError, TheaterError `cannot-resume`
 */
export async function endHung(
  {
    store,
    salts,
    durability: ofHost,
  }: {
    readonly store: Store
    readonly salts: ReturnType<typeof saltPool>
    readonly durability: Durability | undefined
  },
  { actor, doing }: Hung,
): Promise<void> {
  if (doing !== 'start' && doing !== 'turn') return
  const info = await store.find(actor)
  if (info === undefined) return
  const { at } = await scanRecord(store, info)
  if (at !== doing) return
  const epoch = await store.lease(info.chain)
  const { chain, size, head, durability = ofHost } = info
  const writer = ChainWriter.resume({ store, salts, hash: sha256, durability, chain, size, head, epoch })
  writer.append('resume', encodeContent('resume', { epoch }))
  writer.append('abort', encodeContent('abort', { code: 'unresponsive', call: null, status: null }))
  if (doing === 'start') writer.append('stop', encodeContent('stop', { reason: 'failed to start' }))
  await writer.flush()
}
