/** Serves the page on this machine alone. Any server of static files will do as well. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '/index.html': 'text/html; charset=utf-8',
  '/style.css': 'text/css; charset=utf-8',
  '/page.js': 'text/javascript; charset=utf-8',
  '/verifier.js': 'text/javascript; charset=utf-8',
}

/** A server that runs. */
export interface Served extends AsyncDisposable {
  readonly url: string
  /** What was asked for, in order. */
  readonly asked: readonly string[]
}

/** Serves a folder that `buildPage` made. */
export async function servePage(folder: string, port = 0): Promise<Served> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const path = request.url === '/' ? '/index.html' : (request.url ?? '')
    const type = Object.hasOwn(types, path) ? types[path] : undefined
    if (type === undefined) {
      response.writeHead(404).end()
      return
    }
    readFile(join(folder, path)).then(
      (bytes) => {
        response.writeHead(200, {
          'content-type': type,
          // What a policy in the page itself cannot say.
          'content-security-policy': "frame-ancestors 'none'",
          'x-content-type-options': 'nosniff',
        })
        response.end(bytes)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${bound}/`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
