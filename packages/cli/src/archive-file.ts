import { createWriteStream } from 'node:fs'
import { link, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ChainError, decodeBody } from '@theater/event-chain'
import type { LoggedStore, StoredEvent } from '@theater/event-chain'
import { exportCar, openCar } from '@theater/event-chain/car'
import type { CarChain } from '@theater/event-chain/car'
import { makeSeal, removalOf, verifySeal } from '@theater/event-chain/log'
import type { VerifierKey } from '@theater/event-chain/log'
import { fileSource, sha256 } from '@theater/event-chain/node'
import type { ArchivePlan } from '@theater/runtime'
import { cidOf } from '@theater/values'
import { CliError } from './errors.ts'
import { cannotWrite } from './files.ts'
import { readGenesis } from './records.ts'

/** Where part of a record goes. */
export interface ArchiveFile {
  readonly store: LoggedStore
  readonly plan: ArchivePlan
  /** The file, which is not there yet, or has just this part: it is never written over. */
  readonly out: string
  /** Whether it is there, from an earlier try that came to nothing. */
  readonly earlier?: boolean
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
 * @throws CliError `damaged` where what was written is not what is read; `usage` where the file is there, and is another; `cannot-write`;
 * ChainError
 */
export async function archiveTo(file: ArchiveFile): Promise<number> {
  const { store, plan, out, earlier = false } = file
  const { info, base, lead, notes } = plan
  try {
    await sweep(out)
    if (earlier) await checkEarlier(file)
    else await write(file)
    await sync(out)
    await sync(dirname(out))
  } catch (error) {
    throw cannotWrite(out, error, 'Nothing was taken out of the record.')
  }
  try {
    const removal = await removalOf(store, info.chain, { lead, base, file: out, notes, hash: sha256 })
    await store.archives.takeOut(info.chain, removal)
  } catch (error) {
    // Nothing was taken out: another try begins anew. What was there before stays.
    if (!earlier) await rm(out, { force: true })
    throw error
  }
  return (await stat(out)).size
}

/** The part of a record that a file has, as far as the file itself says; undefined for any other file. */
export async function partIn(path: string, chain: Uint8Array): Promise<CarChain | undefined> {
  try {
    await using source = await fileSource(path)
    const { chains } = await openCar(source, { hash: sha256 })
    const [one, another] = chains
    const right = one?.result.ok === true && Buffer.compare(one.result.chain, chain) === 0
    return right && another === undefined ? one : undefined
  } catch (error) {
    if (!ChainError.is(error) && !(error instanceof Error && 'code' in error)) throw error
    return undefined
  }
}

async function write({ store, plan: { info, base, from }, out, key, progress }: ArchiveFile): Promise<void> {
  const { chain, archived } = info
  const part = `${out}.${process.pid}.part`
  let bytes = 0
  try {
    const seal = await makeSeal(store, [chain], sha256, { to: base })
    // A later part is read together with the first, which has the component.
    const components = archived === undefined
    async function* chunks() {
      for await (const chunk of exportCar(store, [chain], { hash: sha256, seal, components })) {
        bytes += chunk.length
        progress(bytes)
        yield chunk
      }
    }
    await pipeline(Readable.from(chunks()), createWriteStream(part, { flush: true, mode: 0o600 }))
    const why = await otherThan(part, { store, info, from, base, key })
    if (why !== undefined)
      throw new CliError(
        'damaged',
        `what was written is not what is read again: ${why}. Nothing was taken out.`,
      )
    await named(part, out)
  } finally {
    await rm(part, { force: true })
  }
}

/** Removes what a process left that was ended while it wrote under this name. */
async function sweep(out: string): Promise<void> {
  const [folder, name] = [dirname(out), basename(out)]
  for (const found of await readdir(folder)) {
    const pid = found.startsWith(`${name}.`)
      ? /^\.([1-9][0-9]*)\.part$/.exec(found.slice(name.length))?.[1]
      : undefined
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, found), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** @throws CliError `usage` where a file that is there is not just what is to be archived */
async function checkEarlier({ store, plan: { info, from, base }, out, key }: ArchiveFile): Promise<void> {
  const why = await otherThan(out, { store, info, from, base, key })
  if (why === undefined) return
  throw new CliError(
    'usage',
    `${out} is there already, and not what is to be archived (${why}): name another file`,
  )
}

/** Gives the file its name, which nobody else's has, and sees to it that the disk knows it. */
async function named(part: string, out: string): Promise<void> {
  try {
    await link(part, out)
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause
    throw new CliError('usage', `${out} is there already: name another file`, { cause })
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What a file has to be. */
interface Wanted extends Pick<ArchivePlan, 'info' | 'from' | 'base'>, Pick<ArchiveFile, 'store' | 'key'> {}

/** Checks a file from the disk: structure, signature, and event by event against the store. @returns what is wrong with it */
async function otherThan(
  path: string,
  { store, info, from, base, key }: Wanted,
): Promise<string | undefined> {
  const { chain, archived } = info
  try {
    await using source = await fileSource(path)
    const car = await openCar(source, { hash: sha256 })
    const [one, another] = car.chains
    if (car.seal === null || one === undefined || another !== undefined) return 'it is not of one record'
    if (!one.result.ok) return one.result.message
    if (Buffer.compare(one.result.chain, chain) !== 0) return 'it is of another record'
    await verifySeal(car.seal, [key], sha256)
    const { begin = null, end = null } = one.part ?? {}
    if (
      one.sealed?.matches !== true ||
      end?.size !== base ||
      (begin?.size ?? null) !== (archived?.base ?? null)
    )
      return 'it is another part'
    const { component, wit } = (archived === undefined && (await readGenesis(store, chain))?.content) || {}
    for (const cid of [component, wit])
      if (cid !== undefined && (await store.has(cid)) && !(await car.has(cid)))
        return 'its component is not there'
    const written = car.read(chain, from)[Symbol.asyncIterator]()
    for await (const event of store.read(chain, from, base)) {
      const { value } = await written.next()
      if (value === undefined || !same(event, value)) return 'an event is another one'
      const link = event.body === null ? null : decodeBody(event.body).link
      const cid = link === null ? undefined : cidOf('dag-cbor', link)
      if (cid !== undefined && (await store.has(cid)) && !(await car.has(cid)))
        return 'the content of an event is not there'
    }
    return undefined
  } catch (error) {
    if (!ChainError.is(error) || !wrongFile.has(error.code)) throw error
    return error.message
  }
}

/** What is thrown of a file that is none. */
const wrongFile: ReadonlySet<string> = new Set([
  'bad-car',
  'bad-note',
  'bad-proof',
  'bad-signature',
  'broken',
  'too-large',
])

function same(a: StoredEvent, b: StoredEvent): boolean {
  if (Buffer.compare(a.header, b.header) !== 0) return false
  return a.body === null || b.body === null ? a.body === b.body : Buffer.compare(a.body, b.body) === 0
}
