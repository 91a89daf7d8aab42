import { ChainError, hex } from '@theater/event-chain'
import type { ChainInfo, LoggedStore } from '@theater/event-chain'
import { importCars, joinCars, openCar } from '@theater/event-chain/car'
import type { CarChain, CarFile } from '@theater/event-chain/car'
import type { VerifierKey } from '@theater/event-chain/log'
import { fileSource, sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import { checkSeal, withSignature } from '@theater/replay'
import type { Verdict } from '@theater/replay'
import { dataPaths, makeDataFolder } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import { checkFile } from '../files.ts'
import { publicKeys } from '../host-key.ts'
import { takeLock } from '../lock.ts'
import { actorId, isActorId } from '../options.ts'
import type { Output } from '../output.ts'
import { readGenesis } from '../records.ts'
import { counted } from '../table.ts'

/** Options of `theater import`. */
export interface ImportCommandOptions {
  readonly data: string
  /** Keys that have to have signed all of it. */
  readonly key: readonly string[]
  /** Goes on with the actors here. */
  readonly adopt?: true
}

/** `theater import`: takes the records of files into a data folder, checked, and all of them or none. */
export async function importRecords(
  files: readonly string[],
  options: ImportCommandOptions,
  output: Output,
): Promise<number> {
  const { data, key } = options
  const adopt = options.adopt === true
  for (const file of files) checkFile(file)
  const keys = await publicKeys(key)
  await using opened = new AsyncDisposableStack()
  const parts: CarFile[] = []
  for (const file of files) {
    output.status(`reading ${file}`)
    const car = await openCar(opened.use(await fileSource(file)), { hash: sha256, unfinished: 'allow' })
    checkIntact(car)
    parts.push(car)
  }
  const cars = await joinCars(parts, { hash: sha256 })
  output.endStatus()
  const signed = (await Promise.all(cars.map((car) => checkAll(car, keys)))).flat()
  if (adopt) for (const car of cars) await checkWhole(car)
  const paths = dataPaths(data)
  await makeDataFolder(paths)
  using _lock = takeLock(paths.lock, paths.folder)
  const { sqliteStore } = await import('@theater/event-chain/sqlite')
  await using store = sqliteStore(paths.chains)
  const labels = await labelsFor(cars, store, adopt)
  const imported = await importCars(cars, store, {
    adopt,
    hash: sha256,
    label: (chain) => labels.get(chain) ?? '',
  })
  const chains = cars.flatMap((car) => car.chains)
  for (const [i, { chain, label, size, head, origin, added }] of imported.entries()) {
    const actor = chains[i]?.label ?? null
    const json = {
      actor,
      record: label,
      chain: hex(chain),
      events: size,
      head: hex(head),
      added,
      adopted: origin === undefined,
      signed: signed[i] ?? null,
    }
    await output.result(json, () => {
      const what = added ? (origin === undefined ? 'goes on here' : 'imported') : 'is here already'
      return `${output.style('bold', printable(label))}  ${counted(size, 'event')}  ${what}`
    })
  }
  for (const { chain, label, added } of imported) {
    const grants = adopt && added ? (await readGenesis(store, chain))?.content.grants : undefined
    // Nobody here wrote them: whoever takes the actor over has to know what it may do from now on.
    if (grants !== undefined)
      output.note(`${printable(label)} may do here what its record grants it: ${JSON.stringify(grants)}`)
  }
  if (!adopt && imported.some(({ added }) => added))
    output.note('nobody here goes on with these records: they can be read, verified and exported')
  return exits.done
}

/** @throws ChainError `broken` */
function checkIntact({ chains }: CarFile): void {
  for (const { label, result } of chains)
    if (!result.ok)
      throw new ChainError('broken', `${printable(label ?? 'a record')}: ${result.message}`, result)
}

/** Checks structure and signatures. @returns how many events of each chain are signed; null without keys @throws ChainError; CliError `unsigned` */
async function checkAll(car: CarFile, keys: readonly VerifierKey[]): Promise<readonly (number | null)[]> {
  const check = keys.length === 0 ? undefined : await checkSeal(car.seal, keys, sha256)
  checkIntact(car)
  return car.chains.map(({ chain, label, result, sealed, size }) => {
    const name = printable(label ?? 'a record')
    if (keys.length === 0 || !result.ok) return null
    const { head } = result
    const intact: Verdict = {
      verdict: 'verified',
      chain,
      actor: label,
      size,
      head,
      turns: 0,
      undone: 0,
      finished: true,
    }
    const { level, verdict, size: so } = withSignature(intact, check, sealed)
    if (level === 'pass') return so
    const why = verdict.verdict === 'verified' ? '' : verdict.message
    if (level === 'fail') throw new ChainError('bad-signature', `${name}: ${why}`)
    throw new CliError('unsigned', `${name}, from event ${so} on: ${why}. Nothing was imported.`)
  })
}

/** Whether a host can go on with all that the file has. @throws CliError `incomplete` */
async function checkWhole(car: CarFile): Promise<void> {
  for (const { chain, label, result } of car.chains) {
    if (!result.ok || chain === null) continue
    const genesis = await readGenesis(car, chain)
    const missing = [result.withheld, ...result.redacted].find((seq) => seq !== null)
    const what =
      genesis === undefined || missing !== undefined
        ? `event ${missing ?? 0}`
        : (await car.has(genesis.content.component))
          ? undefined
          : 'the component'
    if (what !== undefined) {
      throw new CliError(
        'incomplete',
        `${printable(label ?? 'a record')} cannot be gone on with: the file has not ${what}. Without --adopt it is imported as history.`,
      )
    }
  }
}

/** What each record is called here. @throws CliError `usage` */
async function labelsFor(
  cars: readonly CarFile[],
  store: LoggedStore,
  adopt: boolean,
): Promise<ReadonlyMap<CarChain, string>> {
  const labels = new Map<CarChain, string>()
  const given = new Set<string>()
  const names = new Names(store)
  for (const car of cars)
    for (const one of car.chains) {
      if (one.chain === null) continue
      const known = await store.info(one.chain)
      if (adopt) checkNoHistory(known, one)
      if (known !== undefined) continue
      if (adopt) await checkParent(cars, car, store, one.chain)
      const label = adopt
        ? await own(store, one.label ?? '')
        : await names.free(one.label !== null && isActorId(one.label) ? one.label : hex(one.chain))
      if (adopt && given.has(label))
        throw new CliError('usage', `there is more than one record of ${label} in what is imported`)
      given.add(label)
      labels.set(one, label)
    }
  return labels
}

/** What was imported as history stays so. @throws CliError `usage` */
function checkNoHistory(known: ChainInfo | undefined, { label }: CarChain): void {
  if (known?.origin === undefined) return
  throw new CliError(
    'usage',
    `${printable(label ?? 'a record')} is here already as history, ${printable(known.label)}, which nobody goes on with. Take it over into another data folder: --data DIR.`,
  )
}

/** Whoever made an actor is there too, or goes with it: else the next host ends the actor for good. @throws CliError `incomplete` */
async function checkParent(
  cars: readonly CarFile[],
  car: CarFile,
  store: LoggedStore,
  chain: Uint8Array,
): Promise<void> {
  const { actor, parent, cause } = (await readGenesis(car, chain))?.content ?? {}
  if (actor === undefined || typeof parent !== 'string' || cause === null || cause === undefined) return
  const known = await store.info(cause.chain)
  const here = known !== undefined && known.origin === undefined && known.label === parent
  const all = cars.flatMap((one) => one.chains)
  if (here || all.some((one) => one.chain !== null && hex(one.chain) === hex(cause.chain))) return
  throw new CliError(
    'incomplete',
    `${printable(actor)} ends with ${printable(parent)}, which made it and is neither in the file nor here. Export both into one file; without --adopt it is imported as history.`,
  )
}

async function own(store: LoggedStore, actor: string): Promise<string> {
  const id = actorId(actor)
  if ((await store.find(id)) === undefined) return id
  throw new CliError(
    'usage',
    `there is an actor ${id} here already: it cannot be another one. Without --adopt the record is imported as history.`,
  )
}

/** `ID~1`, `ID~2` and so on: no actor can be called that, so nobody is in its way. */
class Names {
  readonly #store: LoggedStore
  /** By id, the last number that was given. */
  readonly #last = new Map<string, number>()

  constructor(store: LoggedStore) {
    this.#store = store
  }

  async free(actor: string): Promise<string> {
    for (let n = (this.#last.get(actor) ?? 0) + 1; ; n++) {
      const label = `${actor}~${n}`
      if ((await this.#store.find(label)) !== undefined) continue
      this.#last.set(actor, n)
      return label
    }
  }
}
