import { existsSync } from 'node:fs'
import type { VerifierKey } from '@theater/event-chain/log'
import { dataPaths } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { hostKey, rotateKey } from '../host-key.ts'
import { takeLock } from '../lock.ts'
import type { Output } from '../output.ts'

/** Options of `theater key`. */
export interface KeyOptions {
  readonly data: string
  /** Hands over to a new key. */
  readonly rotate?: true
}

/** `theater key`: the public key that the host of a data folder signs with. */
export async function key({ data, rotate }: KeyOptions, output: Output): Promise<number> {
  const paths = dataPaths(data)
  if (!existsSync(paths.key)) {
    throw new CliError(
      'no-data',
      `there is no key in ${data}. \`theater run\` makes one with the folder; --data DIR names another.`,
    )
  }
  const now = rotate === true ? await next() : (await hostKey(paths)).verifier
  await output.result({ key: now.toString(), name: now.name, id: now.id }, () => now.toString())
  return exits.done

  async function next(): Promise<VerifierKey> {
    using _lock = takeLock(paths.lock, paths.folder)
    const { sqliteStore } = await import('@theater/event-chain/sqlite')
    await using store = sqliteStore(paths.chains)
    return await rotateKey(paths, store)
  }
}
