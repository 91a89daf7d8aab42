// A client in a thread of its own: what it costs falls on nobody's figures but its own, the same for all.
// It writes to sockets: `node:http` takes four times the processor for a request, on a machine where the host has to have it.
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { Asked } from './http-thread.ts'

/** A connection that one client has, with what it waits for. */
class Connection {
  readonly #socket: Socket
  #read = ''
  #settle: PromiseWithResolvers<void> | undefined

  constructor({ hostname, port }: URL) {
    this.#socket = connect(Number(port), hostname)
    this.#socket.setNoDelay(true)
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#more(text))
    this.#socket.on('close', () => this.#settle?.reject(new Error(`${hostname}:${port} closed a connection`)))
    this.#socket.on('error', (error) => this.#settle?.reject(error))
  }

  /** One request. Resolves when the answer is whole. */
  get(bytes: Buffer): Promise<void> {
    this.#settle = Promise.withResolvers()
    this.#socket.write(bytes)
    return this.#settle.promise
  }

  end(): void {
    this.#socket.destroy()
  }

  #more(text: string): void {
    this.#read += text
    const head = this.#read.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.#read)?.[1]
    const whole =
      length === undefined
        ? this.#read.endsWith('\r\n0\r\n\r\n')
        : this.#read.length === head + 4 + Number(length)
    if (!whole) return
    const settle = this.#settle
    const ok = this.#read.startsWith('HTTP/1.1 200 ')
    const line = this.#read.slice(0, this.#read.indexOf('\r\n'))
    this.#read = ''
    this.#settle = undefined
    if (ok) settle?.resolve()
    else settle?.reject(new Error(`a request was answered with ${line}`))
  }
}

parentPort?.on('message', (asked: Asked) => {
  if (asked.tag === 'listen') {
    const body = 'x'.repeat(1024)
    const server = createServer((_request, response) => response.end(body))
    server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
    return
  }
  const { n, clients } = asked
  const urls = asked.urls.map((url) => new URL(url))
  const requests = urls.map(({ host, pathname }) =>
    Buffer.from(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n\r\n`),
  )
  const latencies: number[] = []
  let left = n
  const client = async (connection: Connection): Promise<void> => {
    while (left-- > 0) {
      const started = performance.now()
      await connection.get(requests[left % requests.length] ?? Buffer.alloc(0))
      latencies.push(performance.now() - started)
    }
  }
  // Connections of a run before would have been closed while others ran.
  const [first] = urls
  const connections = first === undefined ? [] : Array.from({ length: clients }, () => new Connection(first))
  const started = performance.now()
  Promise.all(connections.map(client)).then(
    () => {
      parentPort?.postMessage({ ms: performance.now() - started, latencies })
      for (const connection of connections) connection.end()
    },
    (error: unknown) => {
      throw error
    },
  )
})
