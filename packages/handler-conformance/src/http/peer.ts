import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** The end of a header. */
export const END = '\r\n\r\n'

/** A connection as whoever is at its other end sees it: what was read, byte for byte, and what is said. */
export class Line {
  readonly #socket: Socket
  #read = ''
  #ended = false
  #changed: () => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      this.#read += chunk.toString('latin1')
      this.#changed()
    })
    const end = (): void => {
      this.#ended = true
      this.#changed()
    }
    socket.on('end', end).on('close', end)
  }

  /** Everything that came so far, bytes as code points. */
  get read(): string {
    return this.#read
  }

  /** Resolves when a text has come; `times`: so often. Rejects where the connection ends before. */
  async until(text: string, times = 1): Promise<this> {
    while (this.#read.split(text).length <= times) {
      assert.ok(!this.#ended, `the connection ended after ${JSON.stringify(this.#read)}`)
      await this.#change()
    }
    return this
  }

  /** Resolves when the other side has ended the connection. All that it wrote was read before. */
  async ended(): Promise<this> {
    while (!this.#ended) await this.#change()
    return this
  }

  say(text: string): this {
    this.#socket.write(text, 'latin1')
    return this
  }

  hangUp(): void {
    this.#socket.end()
  }

  cut(): void {
    this.#socket.destroy()
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#changed = resolve
    return promise
  }
}

/** A server on loopback that says what it is told, so that a law sees exactly what leaves and decides what comes. */
export class Peer implements AsyncDisposable {
  readonly authority: string
  readonly #server: Server
  readonly #sockets: Socket[] = []
  readonly #lines: Line[] = []
  /** How many requests of each connection were taken. */
  readonly #taken = new Map<Line, number>()
  #changed: () => void = () => undefined

  private constructor(server: Server, answers: string | undefined) {
    this.#server = server
    const { port } = server.address() as AddressInfo
    this.authority = `127.0.0.1:${port}`
    server.on('connection', (socket) => {
      const line = new Line(socket)
      this.#sockets.push(socket)
      this.#lines.push(line)
      socket.on('data', () => {
        if (answers !== undefined && line.read.endsWith(END)) line.say(answers)
        this.#changed()
      })
      this.#changed()
    })
  }

  /** @param answers what every request is answered with, of those that have no body. @default what a law says */
  static async open(answers?: string): Promise<Peer> {
    const server = createServer({ noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Peer(server, answers)
  }

  get origin(): string {
    return `http://${this.authority}`
  }

  /** Every connection that was made, in order. */
  get lines(): readonly Line[] {
    return this.#lines
  }

  /** The headers of all requests that came, connection by connection. */
  get heads(): readonly string[] {
    return this.#lines.flatMap(({ read }) =>
      read
        .split(END)
        .slice(0, -1)
        .map((one) => `${one}\r\n`)
        .filter((one) => / HTTP\/1\.1\r\n/.test(one)),
    )
  }

  /** Their paths. */
  get paths(): readonly string[] {
    return this.heads.map((one) => one.split(' ')[1] ?? '')
  }

  /** The next connection that is made. */
  async next(): Promise<Line> {
    for (;;) {
      const line = this.#lines.find((one) => !this.#taken.has(one))
      if (line !== undefined) {
        this.#taken.set(line, 0)
        return line
      }
      await this.#change()
    }
  }

  /** The connection of the next request without a body, when its header has come. */
  async asked(): Promise<Line> {
    for (;;) {
      for (const line of this.#lines) {
        const taken = this.#taken.get(line) ?? 0
        if (line.read.split(END).length - 1 <= taken) continue
        this.#taken.set(line, taken + 1)
        return line
      }
      await this.#change()
    }
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#changed = resolve
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

/** Connects to a port of this machine. */
export async function dial(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1')
  const line = new Line(socket)
  await once(socket, 'connect')
  return line
}
