import { existsSync } from 'node:fs'
import { ChainError, goneAt, hex } from '@theater/event-chain'
import type { BlobReader, ChainInfo, ChainReader, LoggedStore } from '@theater/event-chain'
import { joinParts, openCar } from '@theater/event-chain/car'
import type { JoinedFrom } from '@theater/event-chain/car'
import { fileSource, sha256 } from '@theater/event-chain/node'
import { CliError } from './errors.ts'
import { checkFile } from './files.ts'

/** A record, and where it is read from. */
export interface Whole {
  readonly store: ChainReader & BlobReader
  readonly info: ChainInfo
}

/** Reads what files have of records, which somebody named. @param opened closes them @throws CliError `usage` for a file that is not there */
export async function readParts(
  files: readonly string[],
  opened: AsyncDisposableStack,
): Promise<readonly JoinedFrom[]> {
  const parts: JoinedFrom[] = []
  for (const file of files) {
    checkFile(file)
    const car = await openCar(opened.use(await fileSource(file)), { hash: sha256 })
    for (const { result } of car.chains) {
      if (!result.ok) throw new CliError('damaged', `${file} is no file of records: ${result.message}`)
      const info = await car.info(result.chain)
      if (info !== undefined) parts.push({ store: car, info })
    }
  }
  return parts
}

/**
 * All of a record: of one that was archived in part, together with the files that were written, where they still are.
 *
 * @param opened closes the files
 * @param given what stands for files that are not where they were written
 * @throws ChainError `archived` where a file is not there; CliError `damaged` where it is not the one that was written
 */
export async function wholeOf(
  store: LoggedStore,
  info: ChainInfo,
  opened: AsyncDisposableStack,
  given: readonly JoinedFrom[] = [],
): Promise<Whole> {
  const { archived, chain, label } = info
  if (archived === undefined) return { store, info }
  const parts: JoinedFrom[] = [{ store, info }]
  const others = given.filter((one) => hex(one.info.chain) === hex(chain))
  parts.push(...others)
  for (const { file, from, to } of archived.parts) {
    if (others.some((one) => (one.info.archived?.base ?? 0) <= from && one.info.size >= to)) continue
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
