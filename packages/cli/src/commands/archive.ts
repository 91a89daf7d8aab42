import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ChainError, hex } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { openCar, restorePart } from '@theater/event-chain/car'
import { fileSource, sha256 } from '@theater/event-chain/node'
import type { ArchivePlan } from '@theater/runtime'
import { archiveTo, partIn } from '../archive-file.ts'
import { dataPaths, findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { checkFile, checkFolderOf } from '../files.ts'
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
  if (out !== undefined) checkPlace(out)
  for (const file of restore ?? []) checkFile(file)
  await using known = await readChains(data).catch(refused(data))
  checkOwn(await findActor(known, actor, data), 'what is archived of it')
  await known.close()
  using _lock = lock(paths)
  const { sqliteStore } = await import('@theater/event-chain/sqlite')
  await using store = sqliteStore(paths.chains)
  if (restore !== undefined) return await putBack(store, { actor, data, files: restore }, output)
  const log = await openHostLog(paths, store)
  // What is archived is sealed by a checkpoint that is over all of it.
  await log.checkpoint()
  const file = resolve(out ?? '')
  const earlier = existsSync(file)
  const plan = await planned(store, { actor, data, file, keep, before })
  const { info, from, base, lead } = plan
  const bytes = plan.done
    ? statSync(file).size
    : await archiveTo({
        store,
        plan,
        out: file,
        earlier,
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
  if (earlier) output.note(`${out} was there, from an earlier try, with just these events`)
  const how =
    from === lead
      ? `\`theater verify ${actor} ${out}\` verifies both together`
      : `\`theater verify ${actor} ${out} FILE…\`, with the files of the parts before, verifies all of it together`
  output.note(`${out} is the only place now that has them: keep it. ${how}`)
  return exits.done
}

function checkPlace(out: string): void {
  const found = out === '' ? undefined : statSync(out, { throwIfNoEntry: false })
  if (out === '' || found?.isDirectory() === true)
    throw new CliError('usage', `${out || 'that'} is ${out && 'there already, and '}a folder: name a file`)
  if (found !== undefined && !found.isFile())
    throw new CliError('usage', `${out} is there already, and no file of records: name another file`)
  checkFolderOf(out)
}

/** For whoever opens a data folder that cannot be written. */
function refused(data: string): (error: unknown) => never {
  return (error) => {
    const isRefused = (CliError.is(error) || ChainError.is(error)) && error.code === 'read-only'
    if (!isRefused) throw error
    throw new CliError(
      'read-only',
      `${data} cannot be written, so nothing can be taken out of its records, or put back. Nothing in it was changed. Do it as a user who may write there, or name another folder with --data.`,
      { cause: error },
    )
  }
}

function lock({ lock: path, folder }: ReturnType<typeof dataPaths>): Disposable {
  try {
    return takeLock(path, folder)
  } catch (error) {
    return refused(folder)(error)
  }
}

/** What is to be archived, and whether an earlier try of the same did all of it. */
type Planned = Pick<ArchivePlan, 'info' | 'lead' | 'from' | 'base' | 'notes'> & { readonly done: boolean }

/**
 * What is to be archived to a file. Where the file is there an earlier try may have been ended before or after it took the events out: what it has is
 * what is archived.
 */
async function planned(
  store: LoggedStore,
  {
    actor,
    data,
    file,
    keep,
    before,
  }: {
    readonly actor: string
    readonly data: string
    readonly file: string
    readonly keep: number | undefined
    readonly before: number | undefined
  },
): Promise<Planned> {
  const { planArchive } = await import('@theater/runtime')
  const info = await findActor(store, actor, data)
  const { label, archived } = info
  if (!existsSync(file)) return { ...(await planArchive(store, label, { keep, before })), done: false }
  const there = (what: string): CliError =>
    new CliError('usage', `${file} is there already${what}: name another file`)
  const { begin = null, end = null } = (await partIn(file, info.chain))?.part ?? {}
  if (end === null) throw there('')
  const last = archived?.parts.at(-1)
  const first = begin?.size ?? archived?.lead
  if (last !== undefined && archived !== undefined && last.file === file && last.from === first) {
    if (last.to !== end.size || hex(archived.last) !== hex(end.last)) throw there('')
    const more = await planArchive(store, label, { keep, before }).catch(nothingMore)
    if (more !== undefined)
      throw there(`, with the events ${last.from} to ${last.to - 1}, which were archived to it before`)
    const { lead, base } = archived
    return { info, lead, from: last.from, base, notes: new Uint8Array(0), done: true }
  }
  const plan = await planArchive(store, label, { keep, before: Math.min(before ?? Infinity, end.size) })
  if (plan.base !== end.size || (begin?.size ?? plan.lead) !== plan.from)
    throw there(`, and has other events than those that are to be archived, ${plan.from} to ${plan.base - 1}`)
  return { ...plan, done: false }
}

/** @throws what is not that nothing can be archived */
function nothingMore(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'cannot-archive') return undefined
  throw error
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
    const done = part === undefined ? undefined : await putBackLast(store, chain, [...left])
    if (part === undefined || done === undefined || 'refused' in done) {
      const here = await takeHere(store, chain, left, { actor }, output)
      if (here) continue
      if (done !== undefined && 'refused' in done) throw done.refused
      throw new CliError(
        'usage',
        `nothing more of ${label} was archived here: ${[...left].join(', ')} is not put back`,
      )
    }
    const { file, events } = done
    left.delete(file)
    const json = { actor, file, from: part.from, to: part.to, events }
    await output.result(json, () => {
      const what = `${counted(events, 'event')} of ${actor}, ${count(part.from)} to ${count(part.to - 1)}`
      return `${output.style('bold', file)}  ${what} are back`
    })
  }
  return exits.done
}

/** Says of files whose events are here already, because an earlier try put them back, that they are. @returns whether there was one */
async function takeHere(
  store: LoggedStore,
  chain: Uint8Array,
  left: Set<string>,
  { actor }: { readonly actor: string },
  output: Output,
): Promise<boolean> {
  const { archived } = (await store.info(chain)) ?? {}
  let found = false
  for (const file of left) {
    const { begin = null, end = null } = (await partIn(file, chain))?.part ?? {}
    if (end === null || (archived !== undefined && (begin?.size ?? archived.lead) < archived.base)) continue
    const here = await Array.fromAsync(store.read(chain, end.size - 1, end.size))
    if (!here.some(({ header }) => hex(sha256(header)) === hex(end.last))) continue
    left.delete(file)
    found = true
    const json = { actor, file, from: begin?.size ?? 0, to: end.size, events: 0 }
    await output.result(
      json,
      () => `${output.style('bold', file)}  its events of ${actor} are here, up to ${count(end.size - 1)}`,
    )
  }
  return found
}

/** Puts back the part that was taken out last, of whichever file has it; `refused`: no file has, which says what is due. @throws ChainError */
async function putBackLast(
  store: LoggedStore,
  chain: Uint8Array,
  files: readonly string[],
): Promise<{ readonly file: string; readonly events: number } | { readonly refused: unknown }> {
  let due: unknown
  for (const file of files) {
    await using source = await fileSource(file)
    const car = await openCar(source, { hash: sha256 }).catch((error: unknown) => {
      throw noParts(file, error)
    })
    const one =
      car.chains.find((other) => other.chain !== null && hex(other.chain) === hex(chain)) ?? car.chains[0]
    if (one === undefined) continue
    try {
      return { file, events: await restorePart(car, one, store, { hash: sha256 }) }
    } catch (error) {
      if (!ChainError.is(error) || (error.code !== 'conflict' && error.code !== 'not-found'))
        throw noParts(file, error)
      due ??= new CliError('usage', `${file}: ${error.message}`, { cause: error })
    }
  }
  return { refused: due }
}

/** What is wrong with a file, with its name: several may have been given. */
function noParts(file: string, error: unknown): unknown {
  if (!ChainError.is(error) || !ofFiles.has(error.code)) return error
  const { code, message, index, reason, cause } = error
  const data = { cause, ...(index !== undefined && { index }), ...(reason !== undefined && { reason }) }
  return new ChainError(code, `${file}: ${message}. Nothing of it was put back`, data)
}

const ofFiles: ReadonlySet<string> = new Set(['bad-car', 'broken', 'archived', 'too-large'])

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
