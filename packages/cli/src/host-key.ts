import { existsSync } from 'node:fs'
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChainError } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import { HostLog, SigningKey, VerifierKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import type { DataPaths } from './data-folder.ts'
import { CliError } from './errors.ts'

/** A private key is for its owner alone. */
const MODE = 0o600

/**
 * The key that a data folder signs with; the first time it is made. Its name has random digits of its own, so that no two
 * folders ever speak as one.
 *
 * @throws CliError `damaged`
 */
export async function hostKey({ key }: DataPaths): Promise<SigningKey> {
  if (!existsSync(key)) {
    const made = await SigningKey.generate(`theater/${crypto.getRandomValues(new Uint8Array(8)).toHex()}`)
    await keep(key, made)
  }
  return readKey(key)
}

async function readKey(path: string): Promise<SigningKey> {
  try {
    return await SigningKey.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    if (!ChainError.is(cause)) throw cause
    const what = `${path} does not hold the host's key (${cause.message})`
    throw new CliError('damaged', `${what}. Put it back, or start over with \`theater run --fresh\`.`, {
      cause,
    })
  }
}

/** Writes a key, whole or not at all, and never over another one. It is on the disk before anything is signed with it. */
async function keep(path: string, key: SigningKey): Promise<void> {
  const part = `${path}.${process.pid}.part`
  // Of a process that had this number before, and ended in the middle of this.
  await rm(part, { force: true })
  try {
    await writeFile(part, `${key.secret()}\n`, { mode: MODE, flag: 'wx', flush: true })
    await link(part, path).catch((error: unknown) => {
      // Another process was sooner.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } finally {
    await rm(part, { force: true })
  }
  await syncFolder(dirname(path))
}

/** Has the disk take the names of a folder, where the system can be asked for that. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

/**
 * The log of a data folder. Whoever calls it holds the folder's lock.
 *
 * @throws CliError `damaged`; ChainError
 */
export async function openHostLog(paths: DataPaths, store: LoggedStore): Promise<HostLog> {
  const key = await hostKey(paths)
  try {
    return await HostLog.open({ store, key, hash: sha256 })
  } catch (error) {
    if (!ChainError.is(error) || error.code !== 'bad-key' || !existsSync(paths.nextKey)) throw error
    // The process that handed over ended before it had put the new key in its place.
    const log = await HostLog.open({ store, key: await readKey(paths.nextKey), hash: sha256 })
    await rename(paths.nextKey, paths.key)
    return log
  }
}

/** Hands the log of a data folder over to a new key. Whoever calls it holds the folder's lock. @throws ChainError */
export async function rotateKey(paths: DataPaths, store: LoggedStore): Promise<VerifierKey> {
  const log = await openHostLog(paths, store)
  const next = await SigningKey.generate(log.key.name)
  // One that was never handed over to is nobody's.
  await rm(paths.nextKey, { force: true })
  await keep(paths.nextKey, next)
  await log.rotate(next)
  await rename(paths.nextKey, paths.key)
  return next.verifier
}

/** Public keys, as the command line gives them: the key itself, or a file that it stands in. @throws CliError `usage` */
export async function publicKeys(given: readonly string[], option = '--key'): Promise<VerifierKey[]> {
  return Promise.all(
    given.map(async (key) => {
      const isFile = existsSync(key)
      try {
        return await VerifierKey.parse(isFile ? await readFile(key, 'utf8') : key)
      } catch (cause) {
        if (isFile && !ChainError.is(cause)) throw cause
        const why = ChainError.is(cause) ? cause.message : String(cause)
        throw new CliError('usage', `${option} ${key}: ${why}`, { cause })
      }
    }),
  )
}

/** Public keys of witnesses, as the command line gives them. @throws CliError `usage` */
export async function witnessKeys(given: readonly string[]): Promise<VerifierKey[]> {
  const keys = await publicKeys(given, '--witness')
  const log = keys.find(({ type }) => type !== 'cosignature')
  if (log === undefined) return keys
  throw new CliError('usage', `--witness: ${log.name} (${log.id}) is the key of a log; --key takes that`)
}
