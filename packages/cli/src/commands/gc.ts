import { existsSync } from 'node:fs'
import type { LoggedStore } from '@theater/event-chain'
import { printable } from '@theater/handler-log'
import type { Collected } from '@theater/handler-store'
import { dataPaths, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { takeLock } from '../lock.ts'
import { findMentions } from '../mentions.ts'
import type { Output } from '../output.ts'
import { count, counted, table } from '../table.ts'

/** Options of `theater gc`. */
export interface GcOptions {
  readonly data: string
  /** Says what would be freed, and frees nothing. */
  readonly dryRun?: true
  /** Hours for which everything stays that was put, and every upload that was written to. */
  readonly grace: number
}

const HOUR = 60 * 60 * 1000

/** `theater gc`: frees what actors have put into their store and nobody can ask for any more. */
export async function gc({ data, grace, dryRun }: GcOptions, output: Output): Promise<number> {
  const paths = dataPaths(data)
  await using chains = await readChains(data)
  // An actor that runs meanwhile could learn of a hash after its record was read.
  using _lock = takeLock(paths.lock, paths.folder)
  if (!existsSync(paths.store)) return say({ freed: [], kept: 0, uploads: 0, damaged: [] }, dryRun, output)
  const [{ collect }, { sqlite }] = await Promise.all([
    import('@theater/handler-store'),
    import('@theater/handler-store/sqlite'),
  ])
  const backend = sqlite(paths.store)
  try {
    const keep = (hashes: ReadonlySet<string>) => held(chains, hashes, output)
    const before = Date.now() - grace * HOUR
    return await say(await collect(backend, { keep, before, dryRun: dryRun === true }), dryRun, output)
  } finally {
    await backend[Symbol.asyncDispose]?.()
  }
}

/** Of hashes, those that stand in some record of the folder. */
async function held(
  chains: LoggedStore,
  hashes: ReadonlySet<string>,
  output: Output,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  if (hashes.size === 0) return found
  for (const info of await chains.list()) {
    // What another host recorded is of another store.
    if (info.origin !== undefined) continue
    output.status(`reading ${info.label}`)
    await findMentions(chains, info, hashes, found)
  }
  output.endStatus()
  return found
}

async function say(
  { freed, kept, uploads, damaged: [damaged] }: Collected,
  dryRun: true | undefined,
  output: Output,
): Promise<number> {
  if (damaged !== undefined) {
    throw new CliError(
      'damaged',
      `blob ${hex(damaged.hash)} of ${damaged.namespace} is damaged, and may have been a directory of others: nothing was freed. Put it again, or remove the labels that name it.`,
    )
  }
  const bytes = freed.reduce((sum, { size }) => sum + size, 0)
  if (output.json) {
    for (const { namespace, hash, size } of freed)
      await output.result({ namespace, hash: hex(hash), bytes: size }, () => '')
  } else if (freed.length > 0) {
    const rows = freed.map(({ namespace, hash, size }) => [printable(namespace), hex(hash), count(size)])
    const columns = [{ title: 'NAMESPACE' }, { title: 'BLOB' }, { title: 'BYTES', align: 'right' }] as const
    await output.text(table(columns, rows, (text) => output.style('dim', text)))
  }
  const summary = { freed: freed.length, bytes, kept, uploads, dryRun: dryRun === true }
  await output.result({ summary }, () => {
    const will = dryRun === true ? 'would be freed' : 'freed'
    const rest = `${counted(kept, 'blob')} kept, ${counted(uploads, 'upload')} given up`
    return `${counted(freed.length, 'blob')} ${will}, ${counted(bytes, 'byte')}; ${rest}`
  })
  return exits.done
}

function hex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex')
}
