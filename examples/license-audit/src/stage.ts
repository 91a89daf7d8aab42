import { mkdirSync, rmSync } from 'node:fs'
import { decodeReply, encodeMessage } from '@theater/actor/message'
import { diskCache } from '@theater/component/node'
import type { ComponentCache } from '@theater/component'
import { readEvents } from '@theater/event-chain'
import type { ChainInfo, Genesis, LoggedStore } from '@theater/event-chain'
import type { HostLog } from '@theater/event-chain/log'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { fs } from '@theater/handler-fs'
import { http } from '@theater/handler-http'
import type { HttpHandler } from '@theater/handler-http'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import type { AnyHandler } from '@theater/handler'
import { store as blobsAndLabels } from '@theater/handler-store'
import { sqlite } from '@theater/handler-store/sqlite'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { takeLock } from '@theater/example-kit/lock'
import { dataFiles } from './paths.ts'
import { hostLog } from './sign.ts'

/** A theater over a data folder, and the record under it. */
export class Stage implements AsyncDisposable {
  readonly files: ReturnType<typeof dataFiles>
  readonly cache: ComponentCache
  /** Gets what the actors log. */
  log: (line: LogLine) => void = () => {}
  readonly #lock: Disposable
  #store: LoggedStore
  #hostLog: HostLog | undefined
  #handlers: AnyHandler[] = []
  #http: HttpHandler | undefined
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
  get store(): LoggedStore {
    return this.#store
  }

  /** What is signed of them. */
  get hostLog(): HostLog {
    if (this.#hostLog === undefined) throw new Error('the theater is not open')
    return this.#hostLog
  }

  /** Forgets everything that is recorded here. */
  async forget(): Promise<void> {
    await this.rest()
    await this.#store.close()
    remove(this.files)
    this.#store = sqliteStore(this.files.chains)
  }

  /**
   * Brings back whoever is in the record.
   *
   * @param port of the loopback interface, for requests to whoever is granted to answer some; 0 is one that is free
   */
  async open(port = 0): Promise<Theater> {
    const backend = sqlite(this.files.store)
    this.#http = http({ listen: { host: '127.0.0.1', port } })
    // All that any actor here could be granted. What one is granted is in theater.toml.
    this.#handlers = [fs(), this.#http, log(), messaging(), blobsAndLabels({ backend })]
    this.#hostLog = await hostLog(this.#store, this.files.key)
    this.#theater = await Theater.open({
      store: this.#store,
      checkpoints: { log: this.#hostLog },
      handlers: this.#handlers,
      cache: this.cache,
      log: (line) => this.log(line),
    })
    return this.#theater
  }

  /** Where requests come in. */
  get url(): string {
    const { url } = this.#http?.address ?? {}
    if (url === undefined) throw new Error('nobody here answers HTTP requests')
    return url
  }

  /** Takes no more requests; those under way are answered. */
  async closeDoor(): Promise<void> {
    await this.#http?.[Symbol.asyncDispose]()
  }

  /** Resolves when no actor has anything to do. */
  async idle(): Promise<void> {
    await this.#theater?.idle()
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
  async rest(): Promise<void> {
    await this.closeDoor()
    await this.#theater?.close()
    this.#theater = undefined
    for (const handler of this.#handlers.splice(0)) await handler[Symbol.asyncDispose]?.()
  }

  /** Lets go of everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.rest()
    await this.#store.close()
    this.#lock[Symbol.dispose]()
  }
}

function remove({ chains, store, key, finished }: Stage['files']): void {
  for (const file of [chains, store]) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
  }
  // A log that begins anew has a key of its own: the one before has signed another beginning.
  for (const file of [finished, key]) rmSync(file, { force: true })
}
