import { memoryStore } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import { guest } from '@theater/guests'
import type { ChainSource } from '@theater/replay'
import { Theater } from '@theater/runtime'
import { spineHandler } from '../../../packages/runtime/test/support/spine-handler.ts'

/** A chain of 200 events of the spine guest: turns of several lengths, traps, an abort, restarts of its host, a stop. */
export async function spineChain(parts = 3): Promise<ChainSource> {
  const store = memoryStore()
  let fail = false
  const world = {
    calls: [],
    onAdd: () => {
      if (fail) throw new Error('the handler failed')
    },
  }
  const handlers = [spineHandler(world)]
  for (let part = 0; part < parts; part++) {
    await using theater = await Theater.open({ store, handlers })
    if (part === 0) await theater.spawn({ id: 'spine', component: guest('spine'), grants: { spine: {} } })
    for (let i = 0; i < 5; i++) await theater.call('spine', 'run', [i + 1])
    await theater.call('spine', 'boom', []).catch(() => undefined)
    for (let i = 0; i < 2; i++) await theater.call('spine', 'run', [i * 2])
    fail = true
    await theater.call('spine', 'run', [2]).catch(() => undefined)
    fail = false
    await theater.call('spine', 'run', [part])
    if (part === parts - 1) await theater.stop('spine', 'done')
  }
  const [info] = await store.list()
  if (info === undefined) throw new TypeError('nothing was recorded')
  return { store, chain: info.chain }
}

/** The chain as a CAR file. */
export async function carOf({ store, chain }: ChainSource): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of exportCar(store, [chain])) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}
