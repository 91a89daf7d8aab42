import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { cGuest } from '@theater/guests'
import { memoryStore, type Store } from '@theater/event-chain'
import { Theater, type LogLine, type SpawnOptions, type TheaterOptions } from '@theater/runtime'
import { componentLoader, verify } from '@theater/replay/node'
import { http, type HttpGrant, type HttpHandler, type HttpOptions, type ServerLimits } from '../src/index.ts'

/** The guest that answers: what it does with a request, its path says. */
const web = cGuest('web')

const transpiled = new Map<string, Uint8Array>()
/** The guest is transpiled once. */
const cache: NonNullable<TheaterOptions['cache']> = {
  get: async (key) => transpiled.get(key),
  put: async (key, bytes) => void transpiled.set(key, bytes),
}

const load = componentLoader({ cache })

/** More than clients take of whom a test expects no haste, on any machine. */
const PATIENCE = 200_000
const patient: Partial<ServerLimits> = {
  headerMs: PATIENCE,
  requestMs: PATIENCE,
  idleMs: PATIENCE,
  sendMs: PATIENCE,
  stopMs: PATIENCE,
}

/** A host whose actors answer requests. */
export class Site implements AsyncDisposable {
  readonly handler: HttpHandler
  readonly theater: Theater
  readonly store: Store
  readonly lines: readonly LogLine[]
  readonly #wires = new Set<Wire>()

  private constructor(handler: HttpHandler, theater: Theater, store: Store, lines: readonly LogLine[]) {
    this.handler = handler
    this.theater = theater
    this.store = store
    this.lines = lines
  }

  /** Opens a host; without a store of before, one whose actor `web` answers everything. */
  static async open(
    options: HttpOptions = {},
    grant: HttpGrant = { serve: [{ path: '/' }] },
    more: Partial<SpawnOptions> & { readonly store?: Store } = {},
  ): Promise<Site> {
    const { store = memoryStore(), ...spawn } = more
    const handler = http({ ...options, server: { ...patient, ...options.server } })
    const lines: LogLine[] = []
    const theater = await Theater.open({ store, cache, handlers: [handler], log: (line) => lines.push(line) })
    const site = new Site(handler, theater, store, lines)
    if (theater.actors().length === 0) await site.spawn('web', grant, spawn)
    return site
  }

  async spawn(id: string, grant: HttpGrant, more: Partial<SpawnOptions> = {}): Promise<void> {
    await this.theater.spawn({ id, component: web, grants: { http: grant }, ...more })
  }

  get port(): number {
    const { address } = this.handler
    if (address === undefined) throw new Error('it does not listen')
    return address.port
  }

  /** Asks as a client would, on a connection of its own. */
  async fetch(path: string, init: RequestInit & { readonly duplex?: 'half' } = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('connection', 'close')
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, headers })
  }

  /** Asks, and answers the status and the text. */
  async ask(path: string, init: RequestInit & { readonly duplex?: 'half' } = {}): Promise<[number, string]> {
    const response = await this.fetch(path, init)
    return [response.status, await response.text()]
  }

  /** A connection on which a test says every byte. */
  async wire(): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port: this.port, allowHalfOpen: true })
    const wire = new Wire(socket)
    this.#wires.add(wire)
    await once(socket, 'connect')
    return wire
  }

  /** How many events the first actor has. */
  get events(): number {
    return this.theater.actors()[0]?.events ?? 0
  }

  /** What a stranger makes of the records, when all is over. */
  async verdicts(): Promise<Record<string, string>> {
    await this.theater.close()
    const verdicts: Record<string, string> = {}
    for (const { chain, label } of await this.store.list()) {
      verdicts[label] = (await verify({ store: this.store, chain }, { load })).verdict
    }
    return verdicts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire.socket.destroy()
    await this.theater.close()
    await this.handler[Symbol.asyncDispose]()
  }
}

/** One TCP connection of a client. */
export class Wire {
  readonly socket: Socket
  #received = ''
  #ended = false
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      this.#received += bytes.toString('latin1')
      this.#look()
    })
    for (const end of ['end', 'close'] as const) {
      socket.on(end, () => {
        this.#ended = true
        this.#look()
      })
    }
  }

  /** What came so far. */
  get received(): string {
    return this.#received
  }

  /** Sends bytes as they are; resolves when they are out. */
  async send(text: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, () => resolve())
    })
  }

  /** Resolves when what came fulfils a wish; rejects when the connection ends before. */
  async until(holds: (received: string) => boolean): Promise<string> {
    await this.#wait(() => holds(this.#received) || this.#ended)
    if (!holds(this.#received))
      throw new Error(`the connection ended after ${JSON.stringify(this.#received)}`)
    return this.#received
  }

  /** Resolves with all that came when the other side ends the connection. */
  async ended(): Promise<string> {
    await this.#wait(() => this.#ended)
    return this.#received
  }

  /** The status lines that came. */
  get statuses(): number[] {
    return [...this.#received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  }

  async #wait(holds: () => boolean): Promise<void> {
    if (holds()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (holds()) resolve()
    }
    this.#waiting.add(look)
    await promise
    this.#waiting.delete(look)
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}

/** Resolves when something holds that only the event loop brings about. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
