import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_ADDITION } from '@theater/event-chain/log'
import type { Witness } from './witness.ts'

/** A witness that listens. */
export interface Serving extends AsyncDisposable {
  /** What hosts are told: `add-checkpoint` stands behind it. */
  readonly url: string
}

/**
 * Serves a witness over HTTP: `POST /add-checkpoint`, and `GET /HASH/checkpoint` for whoever watches a log.
 *
 * @param say takes a line for each request
 */
export async function serve(
  witness: Witness,
  { host, port }: { readonly host: string; readonly port: number },
  say: (line: string) => void = () => undefined,
): Promise<Serving> {
  const server = createServer((request, response) => {
    answer(witness, request, response, say).catch((error: unknown) => {
      say(`a request failed: ${error instanceof Error ? error.message : String(error)}`)
      if (response.headersSent) response.destroy()
      else end(response, 500, 'the witness cannot now\n')
    })
  })
  server.requestTimeout = 10_000
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
  say: (line: string) => void,
): Promise<void> {
  const { method, url = '' } = request
  const hash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(url)?.[1]
  if (hash !== undefined) {
    if (method !== 'GET') return end(response, 405, 'GET\n', { allow: 'GET' })
    const note = await witness.checkpoint(hash)
    return note === undefined
      ? end(response, 404, 'nothing was cosigned of this log\n')
      : end(response, 200, note)
  }
  if (url !== '/add-checkpoint') return end(response, 404, 'POST /add-checkpoint\n')
  if (method !== 'POST') return end(response, 405, 'POST\n', { allow: 'POST' })
  const body = await textOf(request)
  if (body === undefined)
    return end(response, 413, 'this is more than a checkpoint is\n', { connection: 'close' })
  const { status, type, body: text, said } = await witness.add(body)
  say(said)
  end(response, status, text, { 'content-type': type })
}

/** The body of a request; undefined where it is more than anybody has to say here. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ADDITION) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function end(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
  response.end(body)
}
