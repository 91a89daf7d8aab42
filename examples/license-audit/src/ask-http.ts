import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'

/** One HTTP request, exactly as it is to go out: a path is not tidied up, and the host can be a lie. */
export interface Asked {
  readonly method?: string
  readonly path: string
  readonly host?: string
}

/** What came back. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Makes a request of its own connection. A client of URLs would not send half of what has to be tried. */
export function askHttp(url: string, { method = 'GET', path, host }: Asked): Promise<Answered> {
  const { hostname, port } = new URL(url)
  const headers = host === undefined ? {} : { host }
  return new Promise((resolve, reject) => {
    const asking = request(
      { hostname, port, method, path, headers, agent: false, timeout: 60_000 },
      (answer) => {
        const pieces: Buffer[] = []
        answer.on('data', (piece: Buffer) => pieces.push(piece))
        answer.on('error', reject)
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) })
        })
      },
    )
    asking.on('error', reject)
    asking.on('timeout', () => asking.destroy(new Error(`${url} does not answer`)))
    asking.end()
  })
}
