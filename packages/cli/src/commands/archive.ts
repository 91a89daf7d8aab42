import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ChainError, hex } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { openCar, restorePart } from '@theater/event-chain/car'
import { fileSource, sha256 } from '@theater/event-chain/node'
import { archiveTo } from '../archive-file.ts'
import { dataPaths, findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { openHostLog } from '../host-key.ts'
import { takeLock } from '../lock.ts'
import type { Output } from '../output.ts'
import { checkOwn } from '../signed-records.ts'
import { count, counted } from '../table.ts'

/** Options of `theater archive`. */
export interface ArchiveCommandOptions {
  readonly data: string
  readonly out?: string
  /** How many events stay at least. */
  readonly keep?: number
  /** An event that stays, with all behind it. */
  readonly before?: number
  /** Puts back what these files have. */
  readonly restore?: readonly string[]
}

/** `theater archive`: writes the older part of a record to a file and takes it out of the data folder; or puts such parts back. */
export async function archive(
  actor: string,
  options: ArchiveCommandOptions,
  output: Output,
): Promise<number> {
  const { data, restore, out, keep, before } = options
  const paths = dataPaths(data)
  if ((out === undefined) === (restore === undefined))
    throw new CliError(
      'usage',
      'name the file that is to be written, with -o FILE.car, or those that are put back, with --restore FILE.car…',
    )
  if (keep !== undefined && before !== undefined)
    throw new CliError('usage', '--keep and --before both say what stays: give one of them')
  if (restore !== undefined && (keep ?? before) !== undefined)
    throw new CliError('usage', '--restore puts a part back as it is: --keep and --before say nothing there')
  if (out !== undefined) checkFree(out)
  for (const file of restore ?? [])
    if (!existsSync(file)) throw new CliError('usage', `there is no file ${file}`)
  await using known = await readChains(data)
  checkOwn(await findActor(known, actor, data), 'what is archived of it')
  await known.close()
  using _lock = takeLock(paths.lock, paths.folder)
  const { sqliteStore } = await import('@theater/event-chain/sqlite')
  await using store = sqliteStore(paths.chains)
  if (restore !== undefined) return await putBack(store, { actor, data, files: restore }, output)
  const { planArchive } = await import('@theater/runtime')
  const log = await openHostLog(paths, store)
  // What is archived is sealed by a checkpoint that is over all of it.
  await log.checkpoint()
  const { label } = await findActor(store, actor, data)
  const plan = await planArchive(store, label, { keep, before })
  const { info, from, base, lead } = plan
  const file = resolve(out ?? '')
  const bytes = await archiveTo({
    store,
    plan,
    out: file,
    key: log.key,
    progress: (written) => output.status(`writing ${out} · ${count(written)} bytes`),
  }).finally(() => output.endStatus())
  await shrink(store, output)
  const json = {
    actor,
    chain: hex(info.chain),
    file: out ?? '',
    bytes,
    from,
    to: base,
    events: base - from,
    kept: info.size - base + lead,
    size: info.size,
  }
  await output.result(json, () => {
    const what = `${counted(json.events, 'event')} of ${actor}, ${count(from)} to ${count(base - 1)}`
    return `${output.style('bold', out ?? '')}  ${count(bytes)} bytes  ${what}`
  })
  output.note(
    `${out} is the only place now that has them: keep it. \`theater verify ${actor} ${out}\` verifies both together`,
  )
  return exits.done
}

function checkFree(out: string): void {
  if (existsSync(out)) throw new CliError('usage', `${out} is there already: name another file`)
  if (!existsSync(dirname(resolve(out))))
    throw new CliError('usage', `there is no folder ${dirname(out)} to write into`)
}

async function putBack(
  store: LoggedStore,
  {
    actor,
    data,
    files,
  }: { readonly actor: string; readonly data: string; readonly files: readonly string[] },
  output: Output,
): Promise<number> {
  const { label, chain } = await findActor(store, actor, data)
  const left = new Set(files)
  while (left.size > 0) {
    const part = (await store.info(chain))?.archived?.parts.at(-1)
    if (part === undefined)
      throw new CliError(
        'usage',
        `nothing more of ${label} was archived here: ${[...left].join(', ')} is not put back`,
      )
    const { file, events } = await putBackLast(store, chain, [...left])
    left.delete(file)
    const json = { actor, file, from: part.from, to: part.to, events }
    await output.result(json, () => {
      const what = `${counted(events, 'event')} of ${actor}, ${count(part.from)} to ${count(part.to - 1)}`
      return `${output.style('bold', file)}  ${what} are back`
    })
  }
  return exits.done
}

/** Puts back the part that was taken out last, of whichever file has it. @throws ChainError that says which part is due */
async function putBackLast(
  store: LoggedStore,
  chain: Uint8Array,
  files: readonly string[],
): Promise<{ readonly file: string; readonly events: number }> {
  let refused: unknown
  for (const file of files) {
    await using source = await fileSource(file)
    const car = await openCar(source, { hash: sha256 })
    const one =
      car.chains.find((other) => other.chain !== null && hex(other.chain) === hex(chain)) ?? car.chains[0]
    if (one === undefined) continue
    try {
      return { file, events: await restorePart(car, one, store, { hash: sha256 }) }
    } catch (error) {
      if (!ChainError.is(error) || (error.code !== 'conflict' && error.code !== 'not-found')) throw error
      refused ??= new CliError('usage', `${file}: ${error.message}`, { cause: error })
    }
  }
  throw refused
}

/** What is taken out leaves pages that are free: the file gets smaller by that. */
async function shrink(store: LoggedStore, output: Output): Promise<void> {
  try {
    await store.hostLog.scrub()
  } catch (error) {
    if (!ChainError.is(error) || (error.code !== 'busy' && error.code !== 'full')) throw error
    output.note(
      output.styleNote(
        'yellow',
        `the database is as large as before, for now: ${error.code === 'busy' ? 'another process reads it' : 'there is no room to write it anew'}`,
      ),
    )
  }
}
