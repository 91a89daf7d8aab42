import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainInfo, LoggedStore, Store } from '@theater/event-chain'
import { CliError } from './errors.ts'
import { nearest } from './nearest.ts'

/** Where things are in a data folder. */
export interface DataPaths {
  readonly folder: string
  /** Chains, components and large contents. */
  readonly chains: string
  /** What actors keep with `theater:store`. */
  readonly store: string
  /** Transpiled components; where `THEATER_CACHE` says. Who can write here owns the host. */
  readonly cache: string
  /** Source maps of components, for showing. */
  readonly maps: string
  /** Components by what they were built of. Who can write here decides what is run. */
  readonly builds: string
  /** What `theater certify` found out, by component. */
  readonly certificates: string
  /** The private key that checkpoints are signed with. Who can read it can sign in this host's name. */
  readonly key: string
  /** The one that is being handed over to. */
  readonly nextKey: string
  /** Held by the one process that runs actors. */
  readonly lock: string
}

/** The layout of a data folder. */
export function dataPaths(folder: string): DataPaths {
  return {
    folder,
    chains: join(folder, 'theater.db'),
    store: join(folder, 'store.db'),
    cache: sharedCache() ?? join(folder, 'cache'),
    maps: join(folder, 'maps'),
    builds: join(folder, 'cache', 'builds'),
    certificates: join(folder, 'certificates'),
    key: join(folder, 'host.key'),
    nextKey: join(folder, 'host.key.next'),
    lock: join(folder, 'lock'),
  }
}

/** The folder of transpiled components that data folders share; none unless the environment names one. */
export function sharedCache(): string | undefined {
  return process.env['THEATER_CACHE'] || undefined
}

/** The error for a data folder that this user, or nobody, may write. */
export function unwritable(folder: string, cause: unknown): CliError {
  const message = `${folder} cannot be written, so none of its actors can be run here. Nothing in it was changed. Run it as a user who may write there, or name another folder with --data.`
  return new CliError('read-only', message, { cause })
}

/**
 * Makes a data folder where there is none, for its owner alone.
 *
 * @returns whether it did
 * @throws CliError `usage` where something else is in its place, `read-only` where it may not be made
 */
export async function makeDataFolder(paths: DataPaths): Promise<boolean> {
  try {
    return (await mkdir(paths.folder, { recursive: true, mode: 0o700 })) !== undefined
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') throw unwritable(paths.folder, cause)
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw cause
    throw new CliError('usage', `${paths.folder} is not a folder`, { cause })
  }
}

/**
 * Opens the chains of a data folder for reading, beside whoever writes them.
 *
 * @throws CliError `no-data`; ChainError
 */
export async function readChains(folder: string): Promise<LoggedStore> {
  const { chains } = dataPaths(folder)
  if (!existsSync(chains)) {
    throw new CliError(
      'no-data',
      `there are no actors in ${folder}. \`theater run\` makes some; --data DIR names another folder.`,
    )
  }
  const { sqliteStore } = await import('@theater/event-chain/sqlite')
  return sqliteStore(chains, { readOnly: true })
}

/**
 * The chain of an actor; where there is none of that id, the only one that was imported of it.
 *
 * @throws CliError `usage` that names the nearest, or all there are
 */
export async function findActor(store: Store, id: string, folder: string): Promise<ChainInfo> {
  const info = await store.find(id)
  if (info !== undefined) return info
  const all = await store.list()
  const imported = all.filter(({ label, origin }) => origin !== undefined && isRecordOf(label, id))
  const [one, another] = imported
  if (one !== undefined && another === undefined) return one
  if (one !== undefined) {
    const names = imported.map(({ label }) => label).join(', ')
    throw new CliError('usage', `more than one record of ${id} was imported: name one of ${names}`)
  }
  const labels = all.map(({ label }) => label)
  const near = nearest(id, labels)
  const some = labels.length > 12 ? `${labels.slice(0, 12).join(', ')}, …` : labels.join(', ')
  const right = near === undefined ? `Actors: ${some || 'none'}.` : `Did you mean ${near}?`
  throw new CliError('usage', `there is no actor ${JSON.stringify(id)} in ${folder}. ${right}`)
}

/** Whether a label is one of a record of an actor that has not its name: `ID~1`, `ID~2` and so on. */
function isRecordOf(label: string, id: string): boolean {
  return label.startsWith(`${id}~`) && /^[0-9]+$/.test(label.slice(id.length + 1))
}
