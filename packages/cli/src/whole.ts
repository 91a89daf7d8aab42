import { existsSync } from 'node:fs'
import { ChainError, goneAt, hex } from '@theater/event-chain'
import type { BlobReader, ChainInfo, ChainReader, LoggedStore } from '@theater/event-chain'
import { joinParts, openCar } from '@theater/event-chain/car'
import type { JoinedFrom } from '@theater/event-chain/car'
import { fileSource, sha256 } from '@theater/event-chain/node'
import { CliError } from './errors.ts'

/** A record, and where it is read from. */
export interface Whole {
  readonly store: ChainReader & BlobReader
  readonly info: ChainInfo
}

/**
 * All of a record: of one that was archived in part, together with the files that were written, where they still are.
 *
 * @param opened closes the files
 * @throws ChainError `archived` where a file is not there; CliError `damaged` where it is not the one that was written
 */
export async function wholeOf(
  store: LoggedStore,
  info: ChainInfo,
  opened: AsyncDisposableStack,
): Promise<Whole> {
  const { archived, chain, label } = info
  if (archived === undefined) return { store, info }
  const parts: JoinedFrom[] = [{ store, info }]
  for (const { file, from } of archived.parts) {
    if (!existsSync(file)) throw goneAt(label, archived, from)
    const source = opened.use(await fileSource(file))
    const found = await partIn(source, chain)
    if (found === undefined) throw notIt(file, label)
    parts.push(found)
  }
  try {
    const whole = await joinParts(parts, { hash: sha256 })
    if (whole.info.archived === undefined) return whole
  } catch (error) {
    if (!ChainError.is(error)) throw error
  }
  throw notIt(archived.parts.map(({ file }) => file).join(', '), label)
}

async function partIn(
  source: Awaited<ReturnType<typeof fileSource>>,
  chain: Uint8Array,
): Promise<JoinedFrom | undefined> {
  try {
    const car = await openCar(source, { hash: sha256 })
    const info = await car.info(chain)
    const right = car.chains.some((one) => one.result.ok && hex(one.result.chain) === hex(chain))
    return info === undefined || !right ? undefined : { store: car, info }
  } catch (error) {
    if (ChainError.is(error)) return undefined
    throw error
  }
}

function notIt(file: string, label: string): CliError {
  return new CliError('damaged', `${file} is not what was archived of ${label}, or not any more`)
}
