import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server on the loopback interface, for what actors fetch. */
export interface Site {
  readonly origin: string
  /** Lets go all requests for `/slow`, as soon as this many wait. */
  together: number
  /** Resolves when a client went away in the middle of `/half`. */
  readonly left: Promise<void>
  /** Everything that was asked for. */
  readonly seen: string[]
}

/** Starts one; it ends with the test. */
export async function site(): Promise<Site> {
  const waiting: (() => void)[] = []
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    made.seen.push(`${request.method} ${path}`)
    if (path.startsWith('/never')) return
    if (path.startsWith('/half')) {
      response.on('close', leave)
      response.write('half')
      return
    }
    if (path.startsWith('/go')) {
      response.statusCode = 302
      response.setHeader('location', path === '/go-far' ? 'http://127.0.0.2:1/' : path.slice(3))
      response.end('elsewhere')
      return
    }
    if (path.startsWith('/slow')) {
      waiting.push(() => response.end(`slow ${waiting.length}`))
      if (waiting.length === made.together) for (const go of waiting) go()
      return
    }
    if (path.startsWith('/pieces')) {
      for (const word of ['one ', 'two ', 'three']) response.write(word)
      response.end()
      return
    }
    const pieces: Uint8Array[] = []
    request.on('data', (piece: Uint8Array) => pieces.push(piece))
    request.on('end', () => {
      response.setHeader('x-kind', 'loopback')
      response.end(
        `${request.method} ${path} ${String(request.headers['x-kind'])} ${Buffer.concat(pieces).toString()}`,
      )
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const made: Site = { origin, together: 2, left, seen: [] }
  return made
}
