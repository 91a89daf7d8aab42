import { hex } from '@theater/event-chain'
import type { ChainInfo, LoggedStore, Tombstone } from '@theater/event-chain'
import { buriedIn, makeSeal, originSeal, tombstonesOf } from '@theater/event-chain/log'
import type { Seal, SealOptions } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { CliError } from './errors.ts'

/** What the host of a record says of bodies that it erased. */
export async function erasedOf(store: LoggedStore, info: ChainInfo): Promise<readonly Tombstone[]> {
  if (info.origin === undefined) return (await tombstonesOf(store, info.chain)).map(({ entry }) => entry)
  const seal = await originSeal(store, info, sha256)
  return seal === undefined ? [] : buriedIn(seal, sha256)
}

/**
 * What the host of some records signed of them; `undefined` where that is nothing.
 *
 * @throws CliError `usage` where they are of more than one host
 */
export async function sealOf(
  store: LoggedStore,
  infos: readonly ChainInfo[],
  options?: SealOptions,
): Promise<Seal | undefined> {
  const origins = new Set(infos.map(({ origin }) => (origin === undefined ? 'own' : hex(origin))))
  if (origins.size > 1) {
    const of = infos.map(({ label }) => label).join(', ')
    throw new CliError(
      'usage',
      `${of} are of different hosts, and a file has the signature of one: export them apart`,
    )
  }
  if (origins.has('own')) {
    const chains = infos.map(({ chain }) => chain)
    return makeSeal(store, chains, sha256, options)
  }
  const seals: Seal[] = []
  for (const info of infos) {
    const seal = await originSeal(store, info, sha256)
    if (seal !== undefined) seals.push(seal)
  }
  const [first] = seals
  if (first === undefined) return undefined
  return {
    ...first,
    chains: seals.flatMap(({ chains }) => chains),
    erased: seals.flatMap(({ erased }) => erased),
  }
}

/** Refuses what only the host of a record can do. @throws CliError `usage` */
export function checkOwn({ label, origin }: ChainInfo, what: string): void {
  if (origin !== undefined)
    throw new CliError('usage', `${label} was imported: ${what} is for the host that recorded it`)
}
