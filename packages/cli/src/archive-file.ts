import { createWriteStream } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { decodeBody } from '@theater/event-chain'
import type { LoggedStore, StoredEvent } from '@theater/event-chain'
import { exportCar, openCar } from '@theater/event-chain/car'
import { makeSeal, removalOf, verifySeal } from '@theater/event-chain/log'
import type { VerifierKey } from '@theater/event-chain/log'
import { fileSource, sha256 } from '@theater/event-chain/node'
import type { ArchivePlan } from '@theater/runtime'
import { cidOf } from '@theater/values'
import { CliError } from './errors.ts'

/** Where part of a record goes. */
export interface ArchiveFile {
  readonly store: LoggedStore
  readonly plan: ArchivePlan
  /** The file, which is not there yet. */
  readonly out: string
  /** The host's own key: what was written has to be signed by it. */
  readonly key: VerifierKey
  /** Is told how far it is. */
  readonly progress: (bytes: number) => void
}

/**
 * Writes part of a record to a file, and takes it out of the store when the file is on the disk, and was read again and found to be the same.
 * At whatever moment it ends, one of both has it: the file gets its name when it is whole, and what the store has goes in one transaction.
 *
 * @returns how long the file is
 * @throws CliError `damaged` where what was written is not what is read; `usage` where the file is there; ChainError
 */
export async function archiveTo({ store, plan, out, key, progress }: ArchiveFile): Promise<number> {
  const { info, base, lead, notes } = plan
  const { chain } = info
  const part = `${out}.${process.pid}.part`
  let bytes = 0
  try {
    const seal = await makeSeal(store, [chain], sha256, { to: base })
    // A later part is read together with the first, which has the component.
    const components = info.archived === undefined
    async function* chunks() {
      for await (const chunk of exportCar(store, [chain], { hash: sha256, seal, components })) {
        bytes += chunk.length
        progress(bytes)
        yield chunk
      }
    }
    await pipeline(Readable.from(chunks()), createWriteStream(part, { flush: true, mode: 0o600 }))
    await readAgain(part, { store, plan, key })
    await named(part, out)
  } finally {
    await rm(part, { force: true })
  }
  try {
    const removal = await removalOf(store, chain, { lead, base, file: out, notes, hash: sha256 })
    await store.archives.takeOut(chain, removal)
  } catch (error) {
    // Nothing was taken out: another try begins anew.
    await rm(out, { force: true })
    throw error
  }
  return bytes
}

/** Gives the file its name, which nobody else's has, and sees to it that the disk knows it. */
async function named(part: string, out: string): Promise<void> {
  try {
    await link(part, out)
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause
    throw new CliError('usage', `${out} is there already: name another file`, { cause })
  }
  const folder = await open(dirname(out), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Checks a file from the disk: structure, signature, and event by event against the store. @throws CliError `damaged` */
async function readAgain(
  path: string,
  { store, plan: { info, from, base }, key }: Pick<ArchiveFile, 'store' | 'plan' | 'key'>,
): Promise<void> {
  const wrong = (why: string): CliError =>
    new CliError('damaged', `what was written is not what is read again: ${why}. Nothing was taken out.`)
  await using source = await fileSource(path)
  const car = await openCar(source, { hash: sha256 })
  const [one] = car.chains
  if (car.seal === null || one === undefined) throw wrong('there is no record in it')
  if (!one.result.ok) throw wrong(one.result.message)
  await verifySeal(car.seal, [key], sha256)
  if (one.sealed?.matches !== true || one.size !== base) throw wrong('it is not what is signed')
  const written = car.read(info.chain, from)[Symbol.asyncIterator]()
  for await (const event of store.read(info.chain, from, base)) {
    const { value } = await written.next()
    if (value === undefined || !same(event, value)) throw wrong('an event is another one')
    const link = event.body === null ? null : decodeBody(event.body).link
    const cid = link === null ? undefined : cidOf('dag-cbor', link)
    if (cid !== undefined && (await store.has(cid)) && !(await car.has(cid)))
      throw wrong('the content of an event is not there')
  }
}

function same(a: StoredEvent, b: StoredEvent): boolean {
  if (Buffer.compare(a.header, b.header) !== 0) return false
  return a.body === null || b.body === null ? a.body === b.body : Buffer.compare(a.body, b.body) === 0
}
