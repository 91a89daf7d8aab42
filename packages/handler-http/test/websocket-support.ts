import { once } from 'node:events'
import { connect } from 'node:net'
import { cGuest } from '@theater/guests'
import { defineHandler } from '@theater/handler'
import { memoryStore, readEvents, type Store } from '@theater/event-chain'
import { decodeData } from '@theater/values'
import { Theater, type LogLine, type SpawnOptions, type TheaterOptions } from '@theater/runtime'
import { componentLoader, verify } from '@theater/replay/node'
import { WebSocket, type ClientOptions } from 'ws'
import { http, type HttpGrant, type HttpHandler, type HttpOptions } from '../src/index.ts'
import { Wire } from './serving-support.ts'

/** The guest that has connections: what it does, their messages say. */
const talker = cGuest('talker')

const transpiled = new Map<string, Uint8Array>()
/** The guest is transpiled once. */
const cache: NonNullable<TheaterOptions['cache']> = {
  get: async (key) => transpiled.get(key),
  put: async (key, bytes) => void transpiled.set(key, bytes),
}

const load = componentLoader({ cache })

/** What the guest's other imports do. */
interface Outside {
  mark(n: number): Promise<number>
  peek(n: number): Promise<number>
}

const HOST = 'test:talker/host'

/** A grant for everybody. */
export const everybody: HttpGrant = { websocket: [{ path: '/', origins: ['none', 'self'] }] }

/** How a host is opened. */
export interface ParlourOptions {
  readonly http?: HttpOptions
  readonly grant?: HttpGrant
  readonly store?: Store
  readonly outside?: Partial<Outside>
  readonly spawn?: Partial<SpawnOptions>
}

/** A host whose actor `talker` has WebSocket connections. */
export class Parlour implements AsyncDisposable {
  readonly handler: HttpHandler
  readonly theater: Theater
  readonly store: Store
  readonly lines: readonly LogLine[]
  readonly #clients = new Set<{ close(): void }>()

  private constructor(handler: HttpHandler, theater: Theater, store: Store, lines: readonly LogLine[]) {
    this.handler = handler
    this.theater = theater
    this.store = store
    this.lines = lines
  }

  /** Opens a host; without a store of before, one with the actor. */
  static async open(options: ParlourOptions = {}): Promise<Parlour> {
    const { store = memoryStore(), outside = {}, grant = everybody } = options
    const handler = http(options.http ?? {})
    const imports: Outside = { mark: async (n) => n, peek: async (n) => n, ...outside }
    const host = defineHandler({
      name: 'talker-host',
      interfaces: [HOST],
      grant: { type: 'object', additionalProperties: false },
      functions: {
        [`${HOST}#mark`]: { mode: 'async', effect: 'idempotent' },
        [`${HOST}#peek`]: { mode: 'async', effect: 'read' },
      },
      within: () => true,
      authorize: () => true,
      bind: () => ({ imports: { [HOST]: imports } }),
    })
    const lines: LogLine[] = []
    const handlers = [handler, host]
    const theater = await Theater.open({ store, cache, handlers, log: (line) => lines.push(line) })
    const parlour = new Parlour(handler, theater, store, lines)
    if (theater.actors().length === 0) await parlour.spawn('talker', grant, options.spawn)
    return parlour
  }

  async spawn(id: string, grant: HttpGrant, more: Partial<SpawnOptions> = {}): Promise<void> {
    await this.theater.spawn({ id, component: talker, grants: { http: grant, 'talker-host': {} }, ...more })
  }

  /** How many events the first actor has. */
  get events(): number {
    return this.theater.actors()[0]?.events ?? 0
  }

  get port(): number {
    const { address } = this.handler
    if (address === undefined) throw new Error('it does not listen')
    return address.port
  }

  /** A client that is accepted. */
  async client(path = '/', options: ClientOptions & { readonly protocols?: string[] } = {}): Promise<Client> {
    const { protocols = [], ...more } = options
    const client = new Client(
      new WebSocket(`ws://127.0.0.1:${this.port}${path}`, protocols, { perMessageDeflate: true, ...more }),
    )
    this.#clients.add({ close: () => client.socket.terminate() })
    await client.opened
    return client
  }

  /** The status that a client is refused with. */
  async refused(path = '/', options: ClientOptions = {}): Promise<number> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, options)
    socket.on('error', () => undefined)
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { readonly statusCode: number; resume(): void },
    ]
    response.resume()
    return response.statusCode
  }

  /** A connection on which a test says every byte. */
  async wire(): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port: this.port, allowHalfOpen: true })
    const wire = new Wire(socket)
    this.#clients.add({ close: () => socket.destroy() })
    await once(socket, 'connect')
    return wire
  }

  /** One that has become a WebSocket connection. */
  async frames(path = '/'): Promise<Wire> {
    const wire = await this.wire()
    await wire.send(handshake(path))
    await wire.until((text) => text.includes('\r\n\r\n'))
    return wire
  }

  /** What the actor has noted of connections, without the one that is opened to ask. */
  async notes(): Promise<string[]> {
    const client = await this.client('/notes')
    client.say('l')
    const text = String(await client.next())
    client.socket.terminate()
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('open /notes'))
  }

  /** The paths of the connections that the actor was asked for, by their names, as the record has them. */
  async #asked(): Promise<Map<string, string>> {
    const paths = new Map<string, string>()
    for (const { fn, args } of await this.#turns())
      if (fn.endsWith('#handle-open')) paths.set(String(args[0]), String((args[1] as unknown[])[0]))
    return paths
  }

  async #turns(): Promise<{ readonly fn: string; readonly args: readonly unknown[] }[]> {
    const turns: { readonly fn: string; readonly args: readonly unknown[] }[] = []
    const [info] = await this.store.list()
    if (info === undefined) return turns
    for await (const { kind, content } of readEvents(this.store, info.chain, 0))
      if (kind === 'turn' && content !== null)
        turns.push({ fn: content.fn, args: decodeData(content.args) as readonly unknown[] })
    return turns
  }

  /** The paths of the connections that the actor was asked for, as the record has them. */
  async turns(): Promise<string[]> {
    return [...(await this.#asked()).values()]
  }

  /** How the connection at a path ended, as the record has it. */
  async heard(path: string): Promise<string | undefined> {
    const asked = await this.#asked()
    for (const { fn, args } of await this.#turns()) {
      if (!fn.endsWith('#handle-close') || asked.get(String(args[0])) !== path) continue
      return ['client', 'lost', 'violated', 'slow', 'trapped', 'restarted'][Number((args[1] as unknown[])[0])]
    }
    return undefined
  }

  /** What a stranger makes of the records, when all is over. */
  async verdicts(): Promise<Record<string, string>> {
    await this.theater.close()
    const verdicts: Record<string, string> = {}
    for (const { chain, label } of await this.store.list())
      verdicts[label] = (await verify({ store: this.store, chain }, { load })).verdict
    return verdicts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.theater.close()
    await this.handler[Symbol.asyncDispose]()
  }
}

/** The request of a client. */
export function handshake(path = '/', more: readonly string[] = []): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
    '\r\n',
  ].join('\r\n')
}

/** A frame as a client sends it: the first byte, and what it carries. */
export function frame(first: number, payload: string | Uint8Array = '', claimed?: number): Uint8Array {
  const bytes = Buffer.from(payload as string)
  const length = claimed ?? bytes.length
  const head =
    length < 126
      ? [0x80 | length]
      : length < 65_536
        ? [0xfe, length >> 8, length & 255]
        : [0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255)]
  // A mask of zeros changes nothing.
  return Uint8Array.from([first, ...head, 0, 0, 0, 0, ...bytes])
}

/** A client that speaks the protocol well. */
export class Client {
  readonly socket: WebSocket
  readonly opened: Promise<void>
  /** How it ended: the code and the reason. */
  readonly closed: Promise<readonly [number, string]>
  readonly #received: (string | Buffer)[] = []
  readonly #waiting: (() => void)[] = []

  constructor(socket: WebSocket) {
    this.socket = socket
    this.opened = once(socket, 'open').then(() => undefined)
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve([code, reason.toString()]))
    })
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer, isBinary) => {
      this.#received.push(isBinary ? data : data.toString())
      for (const wake of this.#waiting.splice(0)) wake()
    })
    socket.on('close', () => {
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  say(text: string | Uint8Array): void {
    this.socket.send(text)
  }

  /** The next message; rejects when the connection ends before. */
  async next(): Promise<string | Buffer> {
    for (;;) {
      const message = this.#received.shift()
      if (message !== undefined) return message
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the connection is closed')
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  /** So many messages. */
  async some(count: number): Promise<(string | Buffer)[]> {
    const messages: (string | Buffer)[] = []
    while (messages.length < count) messages.push(await this.next())
    return messages
  }
}
