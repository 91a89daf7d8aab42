import type { Durability, Store } from '@theater/event-chain'

/** How durable an actor can be, weakest first. */
export const durabilities: readonly Durability[] = ['memory', 'process', 'disk']

/**
 * Has an actor that is in the store be as durable from here on as somebody says now; its record does not say it, so that changes nothing else.
 * Nothing said leaves it as it is.
 *
 * @throws ChainError
 */
export async function keepDurability(
  store: Store,
  id: string,
  durability: Durability | undefined,
): Promise<void> {
  const info = await store.find(id)
  if (info === undefined || durability === undefined || info.durability === durability) return
  await store.setDurability(info.chain, durability)
}
