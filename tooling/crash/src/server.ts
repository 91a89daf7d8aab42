/** The world outside of the actors: an HTTP server on loopback that remembers what it was asked to do. It outlives every host. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Something that a host asked for. */
export interface Deed {
  /** `mark` may be done again, `once` may not, `pay` may with the same key. */
  readonly what: 'mark' | 'once' | 'pay'
  readonly n: number
  /** Whose it is: the intent, or the `Idempotency-Key`. */
  readonly key: string
}

/** What one life of hosts did to the world. */
export class World implements AsyncDisposable {
  readonly #server = createServer((request, response) => this.#answer(request, response))
  readonly #deeds = new Map<string, Deed[]>()

  static async open(): Promise<World> {
    const world = new World()
    world.#server.listen(0, '127.0.0.1')
    await once(world.#server, 'listening')
    return world
  }

  /** Where a life of hosts reaches it; no two see each other. */
  origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What a life did, in the order in which it came. */
  deeds(life: string): readonly Deed[] {
    return this.#deeds.get(life) ?? []
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // /LIFE/what?n=NUMBER, and the key in a field.
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://world')
    const [, life = '', what = ''] = pathname.split('/')
    const key = String(request.headers['x-intent'] ?? request.headers['idempotency-key'] ?? '')
    const deeds = this.#deeds.get(life) ?? []
    if (request.method === 'GET') {
      // Whoever lost an answer asks whether it was done.
      const done = deeds.some((deed) => deed.what === what && deed.key === key)
      response.writeHead(done ? 200 : 404).end()
      return
    }
    this.#deeds.set(life, deeds)
    deeds.push({ what: what as Deed['what'], n: Number(searchParams.get('n')), key })
    request.resume().once('end', () => response.end('done'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
