import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComponentCache } from '@theater/component'
import type { LoggedStore } from '@theater/event-chain'
import type { AnyHandler } from '@theater/handler'
import type { Connection } from '@theater/handler-cli'
import type { DeadLetter, LogLine, SpawnOptions, Theater } from '@theater/runtime'
import type { TheaterThread } from '@theater/runtime/thread'
import { splitCid } from '@theater/values'
import { ComponentMaps } from './component-maps.ts'
import { dataPaths, makeDataFolder } from './data-folder.ts'
import type { DataPaths } from './data-folder.ts'
import type { Contributed } from './contributed.ts'
import { disposeHandlers, makeHandlers } from './handlers.ts'
import type { Listening } from './handlers.ts'
import { takeLock } from './lock.ts'
import type { Residing } from './manifest.ts'
import type { Output } from './output.ts'
import { secretsOf } from './secrets.ts'
import type { SecretSources } from './secrets.ts'
import { rerunStore } from './progress.ts'
import { componentName, readGenesis } from './records.ts'
import { tellResidency } from './residency.ts'
import { startThread } from './start-thread.ts'
import { checkpointsOf, keepWitnesses } from './witnesses.ts'
import type { WitnessSource } from './witnesses.ts'

/** The actors of a host: in the thread of the command, or in one of their own. */
export type Running = Theater | TheaterThread

/** How a host is opened over a data folder. */
export interface HostOptions {
  readonly data: string
  /** Forgets every record of the folder first. */
  readonly fresh?: boolean
  readonly connect?: (actor: string) => Connection | undefined
  readonly listen?: Listening
  /** Where secrets come from beside `THEATER_SECRET_NAME` of the environment. */
  readonly secrets?: SecretSources
  /** How many actors there are at once. @default that of the runtime */
  readonly maxActors?: number | undefined
  /** When actors leave memory, and how they come back. @default as the runtime has it */
  readonly residing?: Residing
  /** Who cosigns what the host signs. @default those of the last time */
  readonly witnesses?: readonly WitnessSource[]
  /** Handlers of others, beside those of `theater`. @default none */
  readonly others?: Contributed | undefined
  readonly log: (line: LogLine, maps: ComponentMaps) => void
  readonly deadLetter: (letter: DeadLetter) => void
}

/** A data folder that this process alone runs the actors of. */
export class Host implements AsyncDisposable {
  readonly paths: DataPaths
  /** The folder's chains. */
  readonly store: LoggedStore
  /** Where in their sources the actors are that say where they are. */
  readonly maps: ComponentMaps
  readonly #options: HostOptions & { readonly isNew: boolean }
  /** Rejects when another host has taken the folder over. */
  readonly lost: Promise<never>
  readonly #lost = Promise.withResolvers<never>()
  readonly #lock: Disposable
  #handlers: readonly AnyHandler[] = []
  #theater: Running | undefined
  #telling: Disposable | undefined

  private constructor(
    paths: DataPaths,
    store: LoggedStore,
    options: HostOptions & { readonly isNew: boolean },
    lock: Disposable,
  ) {
    this.paths = paths
    this.store = store
    this.maps = new ComponentMaps(paths.maps)
    this.#options = options
    this.#lock = lock
    this.lost = this.#lost.promise
    // Whoever waits for something else is told by that.
    this.lost.catch(() => undefined)
  }

  /**
   * Takes a data folder, and makes it where there is none. No actor runs before {@link start}.
   *
   * @throws CliError `busy`; ChainError
   */
  static async open(options: HostOptions): Promise<Host> {
    const paths = dataPaths(options.data)
    const isNew = await makeDataFolder(paths)
    const lock = takeLock(paths.lock, paths.folder)
    try {
      const { sqliteStore } = await import('@theater/event-chain/sqlite')
      let store = sqliteStore(paths.chains)
      if (options.fresh === true) {
        // Opening it has shown that it is one of ours, and has taken the lease from whoever holds it still.
        await store.close()
        await forget(paths)
        store = sqliteStore(paths.chains)
      }
      if (options.witnesses !== undefined) await keepWitnesses(store, options.witnesses)
      return new Host(paths, store, { ...options, isNew }, lock)
    } catch (error) {
      lock[Symbol.dispose]()
      throw error
    }
  }

  /** What actors reach the outside by; none before {@link start}. */
  get handlers(): readonly AnyHandler[] {
    return this.#handlers
  }

  /** The folder's cache of transpiled components. */
  async cache(): Promise<ComponentCache> {
    const { diskCache } = await import('@theater/component/node')
    return diskCache(this.paths.cache)
  }

  /**
   * Where components are kept that are built of sources; `undefined` where they cannot be. Only who can seal what the cache keeps knows
   * the name: what came with a folder that somebody sent is not taken for built of its sources, but thrown away.
   */
  async builds(): Promise<string | undefined> {
    const { seal } = await this.cache()
    if (seal === undefined) return undefined
    const { builds } = this.paths
    const name = Buffer.from(seal(Buffer.from('builds'))).toString('hex', 0, 16)
    const others = (await readdir(builds).catch(() => [])).filter((other) => other !== name)
    for (const other of others) await rm(join(builds, other), { recursive: true, force: true })
    return join(builds, name)
  }

  /**
   * Brings the actors of the folder back, in a thread of their own.
   *
   * @param answerMs milliseconds within which it has to answer; `undefined`: in this thread
   * @throws TheaterError
   */
  async startApart(answerMs: number | undefined, output: Output): Promise<Running> {
    if (answerMs === undefined) return await this.start(output)
    // Those of the thread are its own; these say what they serve.
    this.#handlers = await makeHandlers({
      store: this.paths.store,
      contributed: this.#options.others?.handlers,
    })
    await this.#knowActors()
    output.status('bringing actors back')
    try {
      this.#theater = await startThread(
        { ...this.#options, paths: this.paths, maps: this.maps, answerMs, lost: this.#lost.reject },
        output,
      )
      this.#telling = tellResidency(this.paths, this.#theater)
      return this.#theater
    } finally {
      output.endStatus()
    }
  }

  /**
   * Brings the actors of the folder back, and shows how far that is.
   *
   * @throws TheaterError
   */
  async start(output: Output): Promise<Theater> {
    const { connect, listen, secrets: sources, maxActors, residing, others, log, deadLetter } = this.#options
    const { Theater } = await import('@theater/runtime')
    const secrets = secretsOf(process.env, sources)
    const contributed = others?.handlers
    this.#handlers = await makeHandlers({ store: this.paths.store, connect, listen, secrets, contributed })
    const cache = await this.cache()
    await this.#knowActors()
    let going = true
    output.status('bringing actors back')
    try {
      const store = await rerunStore(this.store, output, () => going)
      const theater = await Theater.open({
        store,
        handlers: this.#handlers,
        cache,
        checkpoints: await checkpointsOf(this.paths, this.store),
        ...(maxActors !== undefined && { maxActors }),
        ...residing,
        log: (line) => log(line, this.maps),
        lost: this.#lost.reject,
        deadLetter,
      })
      this.#theater = theater
      this.#telling = tellResidency(this.paths, theater)
      return theater
    } finally {
      going = false
      output.endStatus()
    }
  }

  /**
   * Makes an actor with the same handlers where nothing is kept, and lets it go again.
   *
   * @throws TheaterError
   */
  async rehearse(options: SpawnOptions): Promise<void> {
    const [{ Theater }, { memoryStore }, cache] = await Promise.all([
      import('@theater/runtime'),
      import('@theater/event-chain'),
      this.cache(),
    ])
    await using store = memoryStore()
    await using theater = await Theater.open({ store, handlers: this.#handlers, cache })
    await theater.spawn(options)
  }

  /** An actor may say something while it is brought back. */
  async #knowActors(): Promise<void> {
    for (const { label, chain } of await this.store.list()) {
      const genesis = await readGenesis(this.store, chain)
      if (genesis !== undefined)
        this.maps.know(label, componentName(splitCid(genesis.content.component).digest))
    }
  }

  /** Waits until running turns are over and lets go of the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#telling?.[Symbol.dispose]()
    try {
      // Requests under way are answered before the actors go.
      await disposeHandlers(this.#handlers.filter(({ name }) => name === 'http'))
      await this.#theater?.close()
      await disposeHandlers(this.#handlers)
    } finally {
      // Where nobody came to be, as of a component that was refused, it is as if nothing had been begun.
      const idle = this.#options.isNew && (await this.store.list().catch(() => undefined))?.length === 0
      await this.store.close()
      // Some systems keep a file that is open, and so the folder.
      if (idle) await rm(this.paths.folder, { recursive: true, force: true }).catch(() => undefined)
      this.#lock[Symbol.dispose]()
    }
  }
}

async function forget(paths: DataPaths): Promise<void> {
  // A log that begins anew needs a key of its own: the one before has signed another beginning.
  for (const file of [paths.key, paths.nextKey]) await rm(file, { force: true })
  for (const file of [paths.chains, paths.store]) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true })
  }
}
