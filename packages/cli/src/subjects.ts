import { existsSync, statSync } from 'node:fs'
import { ChainError, hex } from '@theater/event-chain'
import type { ChainInfo, LoggedStore, Tombstone } from '@theater/event-chain'
import { openCar } from '@theater/event-chain/car'
import type { CarChain } from '@theater/event-chain/car'
import { buriedIn, compareChain } from '@theater/event-chain/log'
import type { Seal, SealedState } from '@theater/event-chain/log'
import { fileSource, sha256 } from '@theater/event-chain/node'
import type { ChainSource, Verdict } from '@theater/replay'
import { keptSnapshots } from '@theater/replay/node'
import { findActor, readChains } from './data-folder.ts'
import { CliError } from './errors.ts'
import { erasedOf, sealOf } from './signed-records.ts'
import { wholeOf } from './whole.ts'

/** A chain to be verified, or what is known of it already: a file may hold what is no chain. */
export interface Subject {
  /** For people: the actor, or what stands for it. */
  readonly name: string
  /** Where it is read from; undefined where it was judged while the file was read. */
  readonly source: ChainSource | undefined
  /** Where it can be read up to what is wrong with it. */
  readonly upTo?: ChainSource
  /** Its events, as far as they can be counted; for progress. */
  readonly size: number
  readonly verdict?: Verdict
  /** What a host says of bodies that it erased. */
  readonly tombstones: readonly Tombstone[]
  /** What a host signed of it. */
  readonly sealed: () => Promise<Sealed>
  /** What is known of it where it is read from; undefined where it was judged already. */
  readonly info?: ChainInfo
  /** Whether it is part of a record, of which other parts were archived. */
  readonly partial: boolean
}

/** What a host signed, and whether the chain is that. */
interface Sealed {
  readonly seal: Seal | null
  readonly state: SealedState | null
}

/** Finds what the command line names: CAR files, and actors of a data folder. Holds both open. */
export class Subjects implements AsyncDisposable {
  readonly #data: string
  readonly #open = new AsyncDisposableStack()
  #store: LoggedStore | undefined

  constructor(data: string) {
    this.#data = data
  }

  /** The chains of a file, or the one of an actor. @throws CliError `usage`, `no-data` */
  async find(name: string): Promise<readonly Subject[]> {
    if (existsSync(name) && statSync(name).isFile()) return this.#file(name)
    if (name.endsWith('.car') || name.includes('/')) {
      const what = existsSync(name) ? `${name} is not a file` : `there is no file ${name}`
      throw new CliError('usage', what)
    }
    if (this.#store === undefined) this.#store = this.#open.use(await readChains(this.#data))
    const store = this.#store
    const info = await findActor(store, name, this.#data)
    const { chain, label, size } = info
    const tombstones = await erasedOf(store, info)
    const sealed = (): Promise<Sealed> => sealedIn(store, info)
    const partial = info.archived !== undefined
    const source = { store, chain, snapshots: keptSnapshots(store.caches) }
    return [{ name: label, source, size, tombstones, sealed, info, partial }]
  }

  /** The same, of an actor's record that was archived in part together with its files. @throws ChainError `archived`; CliError `damaged` */
  async whole(subject: Subject): Promise<Subject> {
    const store = this.#store
    const parts = subject.info?.archived?.parts ?? []
    if (store === undefined || subject.info === undefined || parts.length === 0) return subject
    const whole = await wholeOf(store, subject.info, this.#open)
    const { source: before } = subject
    const source = { ...before, store: whole.store, chain: whole.info.chain }
    return { ...subject, source, info: whole.info, partial: false }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync()
  }

  async #file(path: string): Promise<readonly Subject[]> {
    const source = this.#open.use(await fileSource(path))
    try {
      const car = await openCar(source, { hash: sha256 })
      const tombstones = car.seal === null ? [] : buriedIn(car.seal, sha256)
      const infos = new Map((await car.list()).map((info) => [hex(info.chain), info]))
      return car.chains.map((chain): Subject => {
        const { result, size, part } = chain
        const partial = part !== null
        const name = nameOf(chain, path)
        const sealed = async (): Promise<Sealed> => ({ seal: car.seal, state: chain.sealed })
        if (result.ok) {
          const info = infos.get(hex(result.chain))
          const found = {
            name,
            source: { store: car, chain: result.chain },
            size,
            tombstones,
            sealed,
            partial,
          }
          return info === undefined ? found : { ...found, info }
        }
        const verdict = brokenVerdict(chain, result)
        const upTo = chain.chain !== null && size > 0 ? { store: car, chain: chain.chain } : undefined
        const found = { name, source: undefined, size, verdict, tombstones, sealed, partial }
        return { ...found, ...(upTo !== undefined && { upTo }) }
      })
    } catch (error) {
      if (!ChainError.is(error) || (error.code !== 'bad-car' && error.code !== 'too-large')) throw error
      const sealed = async (): Promise<Sealed> => ({ seal: null, state: null })
      const nothing = { source: undefined, size: 0, tombstones: [], partial: false }
      return [{ name: path, ...nothing, verdict: unreadable(error), sealed }]
    }
  }
}

/** What the host of a record signed of it. */
async function sealedIn(store: LoggedStore, info: ChainInfo): Promise<Sealed> {
  const seal = (await sealOf(store, [info])) ?? null
  const entry = seal?.chains[0]?.entry
  const part = seal?.parts[0]
  return { seal, state: entry === undefined ? null : await compareChain(store, entry, sha256, part) }
}

function nameOf({ label, chain }: CarChain, path: string): string {
  return label ?? (chain === null ? path : hex(chain).slice(0, 12))
}

function brokenVerdict(
  { chain, label, size }: CarChain,
  { index, reason, message }: Extract<CarChain['result'], { readonly ok: false }>,
): Verdict {
  return { verdict: 'broken', chain, actor: label, size, head: null, index, reason, message }
}

/** A file that is no CAR file of chains is broken from its first byte; one that is too large accuses nobody. */
function unreadable({ code, message }: ChainError): Verdict {
  const nothing = { chain: null, actor: null, size: 0, head: null, index: 0, message }
  return code === 'too-large'
    ? { ...nothing, verdict: 'inconclusive', code: 'limits-above-mine' }
    : { ...nothing, verdict: 'broken', reason: 'framing' }
}
