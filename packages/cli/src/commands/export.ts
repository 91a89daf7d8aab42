import { createWriteStream, statSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hex } from '@theater/event-chain'
import type { ChainInfo, Kind } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import type { Seal } from '@theater/event-chain/log'
import { sha256, snapshotFile } from '@theater/event-chain/node'
import { findActor, readChains } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { cannotWrite, checkFolderOf } from '../files.ts'
import type { Output } from '../output.ts'
import { actorRow } from '../records.ts'
import { sealOf } from '../signed-records.ts'
import { count, counted } from '../table.ts'

/** Options of `theater export`. */
export interface ExportCommandOptions {
  readonly data: string
  readonly out: string
  /** Whether the seeds stay here, and with them what they tell: every derived random number. */
  readonly withoutSeed: boolean
  /** Seals them under the last checkpoint that the witnesses cosigned, also where the host has signed more. */
  readonly witnessed: boolean
  /** Where the last snapshots of the actors are written. */
  readonly snapshot?: string | undefined
}

/** `theater export`: chains, bodies, blobs, types and components of some actors in one CAR v1 file. */
export async function exportActors(
  actors: readonly string[],
  { data, out, withoutSeed, witnessed, snapshot }: ExportCommandOptions,
  output: Output,
): Promise<number> {
  const twice = actors.find((actor, i) => actors.indexOf(actor) !== i)
  if (twice !== undefined) throw new CliError('usage', `${twice} is named twice`)
  checkPlace(out, '-o', 'FILE.car')
  if (snapshot !== undefined) checkPlace(snapshot, '--snapshot', 'FILE')
  if (snapshot !== undefined && resolve(snapshot) === resolve(out))
    throw new CliError(
      'usage',
      `snapshots are no part of a record: they do not go into ${out}, but a file of their own`,
    )
  await using store = await readChains(data)
  const named: ChainInfo[] = []
  for (const actor of actors) named.push(await findActor(store, actor, data))
  // Before it is known how long the records are: a snapshot is of no more than is exported.
  const carried =
    snapshot === undefined
      ? undefined
      : await snapshotFile(
          store.caches,
          named.map(({ chain }) => chain),
        )
  const infos: ChainInfo[] = []
  for (const actor of actors) infos.push(await findActor(store, actor, data))
  for (const info of infos) {
    if ((await actorRow(store, info, false)).state !== 'unfinished') continue
    output.note(
      output.styleNote(
        'yellow',
        `${info.label} is within a turn: its record ends there, and a verifier calls it broken. \`theater run\` finishes the turn.`,
      ),
    )
  }
  let bytes = 0
  const chains = infos.map(({ chain }) => chain)
  const withhold = withoutSeed ? ({ kind }: { readonly kind: Kind }): boolean => kind === 'seed' : undefined
  const seal = await sealOf(store, infos, { witnessed })
  async function* chunks() {
    for await (const chunk of exportCar(store, chains, { hash: sha256, withhold, seal })) {
      bytes += chunk.length
      output.status(`writing ${out} · ${count(bytes)} bytes`)
      yield chunk
    }
  }
  // Nobody finds half a file under the name.
  const part = `${out}.${process.pid}.part`
  try {
    await pipeline(Readable.from(chunks()), createWriteStream(part))
    await rename(part, out)
  } catch (error) {
    throw cannotWrite(out, error)
  } finally {
    output.endStatus()
    await rm(part, { force: true })
  }
  if (snapshot !== undefined && carried !== undefined) await writeSnapshots(snapshot, carried, infos, output)
  for (const { label, archived } of infos)
    if (archived !== undefined)
      output.note(
        `the events ${archived.lead} to ${archived.base - 1} of ${label} are not in it: they were archived, to ${archived.parts.map(({ file }) => file).join(', ')}. Whoever verifies or imports it needs those files too.`,
      )
  const left = infos.filter(
    ({ chain, size, origin }) => origin === undefined && signedSize(seal, chain) < size,
  )
  if (left.length > 0) {
    const of = left.map(({ label }) => label).join(', ')
    output.note(
      witnessed
        ? `the last events of ${of} are under no checkpoint that the witnesses cosigned`
        : `the last events of ${of} are under no checkpoint yet: a running host signs every few seconds, and when it ends`,
    )
  }
  const json = {
    file: out,
    bytes,
    chains: infos.map(({ chain, label, size, head, archived }, i) => ({
      actor: label,
      events: size,
      from: archived?.base ?? 0,
      head: hex(head),
      signed: signedSize(seal, chain),
      snapshot: carried?.sizes[i] ?? null,
    })),
  }
  await output.result(json, () => {
    const what = infos.map(({ label, size }) => `${label} (${counted(size, 'event')})`).join(', ')
    return `${output.style('bold', out)}  ${count(bytes)} bytes  ${what}`
  })
  return exits.done
}

/** @throws CliError `usage` where no file can be written under a name */
function checkPlace(path: string, option: string, file: string): void {
  checkFolderOf(path)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new CliError('usage', `${path} is a folder. Name the file: ${option} ${join(path, file)}`)
}

/** A memory may have what was kept back of the record. */
async function writeSnapshots(
  path: string,
  { bytes, sizes }: Awaited<ReturnType<typeof snapshotFile>>,
  infos: readonly ChainInfo[],
  output: Output,
): Promise<void> {
  const part = `${path}.${process.pid}.part`
  try {
    await writeFile(part, bytes, { mode: 0o600 })
    await rename(part, path)
  } catch (error) {
    throw cannotWrite(path, error)
  } finally {
    await rm(part, { force: true })
  }
  const without = infos.filter((_, i) => sizes[i] === null).map(({ label }) => label)
  if (without.length > 0)
    output.note(output.styleNote('yellow', `there is no snapshot of ${without.join(', ')}`))
}

/** How many events of a chain are under the checkpoint of a seal. */
function signedSize(seal: Seal | undefined, chain: Uint8Array): number {
  return seal?.chains.find(({ entry }) => hex(entry.chain) === hex(chain))?.entry.size ?? 0
}
