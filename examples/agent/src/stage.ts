import { mkdirSync, rmSync } from 'node:fs'
import { decodeReply, encodeMessage } from '@theater/actor/message'
import { diskCache } from '@theater/component/node'
import type { ComponentCache } from '@theater/component'
import { readEvents } from '@theater/event-chain'
import type { ChainInfo, Genesis, Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { takeLock } from '@theater/example-kit/lock'
import type { AnyHandler } from '@theater/handler'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { http } from '@theater/handler-http'
import type { Secrets } from '@theater/handler-http'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { store as blobsAndLabels } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { Theater } from '@theater/runtime'
import type { DeadLetter, LogLine } from '@theater/runtime'
import { dataFiles } from './paths.ts'

/** Who wants to know what happens on a stage. */
export interface Listener {
  readonly log: (line: LogLine) => void
  readonly deadLetter: (letter: DeadLetter) => void
}

/** A theater over a data folder, and the record under it. */
export class Stage implements AsyncDisposable {
  readonly files: ReturnType<typeof dataFiles>
  readonly cache: ComponentCache
  readonly #lock: Disposable
  #store: Store
  #handlers: AnyHandler[] = []
  #theater: Theater | undefined

  private constructor(files: Stage['files'], cache: ComponentCache, lock: Disposable) {
    this.files = files
    this.cache = cache
    this.#lock = lock
    this.#store = sqliteStore(files.chains)
  }

  /** Takes a data folder, and forgets first what is in it where `fresh` says so; `undefined` while another process has it. */
  static async take(folder: string, fresh: boolean): Promise<Stage | undefined> {
    const files = dataFiles(folder)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = takeLock(files.lock)
    if (lock === undefined) return undefined
    if (fresh) remove(files)
    return new Stage(files, await diskCache(files.cache), lock)
  }

  /** Where the chains are. */
  get store(): Store {
    return this.#store
  }

  /** Forgets everything that is recorded here. */
  async forget(): Promise<void> {
    await this.close()
    remove(this.files)
    this.#store = sqliteStore(this.files.chains)
  }

  /** Brings back whoever is in the record. The secrets are the host's: no actor is given one. */
  async open(secrets: Secrets, listener: Listener): Promise<Theater> {
    const backend = sqlite(this.files.store)
    // All that any actor here could be granted. What one is granted is in theater.toml.
    this.#handlers = [
      cli(),
      fs(),
      http({ secrets, listen: false }),
      log(),
      messaging(),
      blobsAndLabels({ backend }),
    ]
    this.#theater = await Theater.open({
      store: this.#store,
      handlers: this.#handlers,
      cache: this.cache,
      log: listener.log,
      deadLetter: listener.deadLetter,
    })
    return this.#theater
  }

  /** Asks an actor, as the host. Throws where it refuses. */
  async ask(actor: string, type: string, body?: unknown): Promise<unknown> {
    if (this.#theater === undefined) throw new Error('the theater is not open')
    const reply = await this.#theater.request(actor, encodeMessage(type, body))
    if ('err' in reply) throw new Error(`${actor} refuses ${type}: ${reply.err.message}`)
    return decodeReply(reply.ok)
  }

  /** The chain of an actor; `undefined` where there is none. */
  async chain(actor: string): Promise<ChainInfo | undefined> {
    return this.#store.find(actor)
  }

  /** What an actor was made with; `undefined` where there is no record of it. */
  async genesis(actor: string): Promise<Genesis | undefined> {
    const info = await this.chain(actor)
    if (info === undefined) return undefined
    for await (const event of readEvents(this.#store, info.chain, 0, 1)) {
      if (event.kind === 'genesis' && event.content !== null) return event.content
    }
    return undefined
  }

  /** Lets the actors rest: their records stay. */
  async close(): Promise<void> {
    await this.#theater?.close()
    this.#theater = undefined
    for (const handler of this.#handlers.splice(0)) await handler[Symbol.asyncDispose]?.()
    await this.#store.close()
  }

  /** Lets go of everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    this.#lock[Symbol.dispose]()
  }
}

function remove({ chains, store, car, finished }: Stage['files']): void {
  for (const file of [chains, store]) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
  }
  for (const file of [car, finished]) rmSync(file, { force: true })
}
