/** What a client does to an actor that answers HTTP, and to whoever else asks it. Its tests know seventy more: `packages/handler-http/test/hostile-clients.test.ts`. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { cGuest } from '@theater/guests'
import { http, type HttpOptions } from '@theater/handler-http'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { answering } from '../hostile/whole-answers.ts'
import { type Stage, stage } from '../stage.ts'

const common = { class: 'serving' } as const
const HEAD = 'Host: localhost\r\n'
const GET = `GET /count HTTP/1.1\r\n${HEAD}`

/** All that comes back on one connection until the other side ends it, or what of it fulfils a wish. */
async function says(
  port: number,
  bytes: string,
  enough: (text: string) => boolean = () => false,
): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  let text = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('data', (some) => {
    text += some.toString('latin1')
    if (enough(text)) resolve()
  })
  for (const end of ['end', 'close'] as const) socket.on(end, () => resolve())
  await once(socket, 'connect')
  socket.write(Buffer.from(bytes, 'latin1'))
  await promise
  socket.destroy()
  return text
}

const statuses = (text: string): readonly string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status ?? '')

/** An actor that answers everything, and a port that leads to it. */
async function site(
  server: HttpOptions['server'],
  attempt: (port: number, made: Stage) => Promise<Outcome>,
  guest: Uint8Array = cGuest('web'),
): Promise<Outcome> {
  await using handler = http({ ...(server !== undefined && { server }) })
  await using made = await stage(guest, {
    handlers: [handler],
    grants: { http: { serve: [{ path: '/' }] } },
  })
  const { address } = handler
  if (address === undefined) throw new Error('nobody listens')
  return await attempt(address.port, made)
}

/** Requests none of which the actor may see; the status of each. */
const unseen = (requests: readonly string[], server?: HttpOptions['server']) => (): Promise<Outcome> =>
  site(server, (port, made) =>
    variants(requests, async (bytes) => {
      const before = (await made.kinds()).length
      const [status = 'nothing'] = statuses(await says(port, bytes))
      return (await made.kinds()).length > before
        ? through(`the actor was asked, and answered ${status}`)
        : stopped(status)
    }),
  )

const posts = (lines: string, body = '0\r\n\r\n'): string =>
  `POST /echo HTTP/1.1\r\n${HEAD}${lines}\r\nConnection: close\r\n\r\n${body}`

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'serving/a-header-that-never-ends',
    guard: 'serve-header-time',
    code: '408',
    success: 'hang',
    attempt: unseen(
      ['', 'GET / HTTP/1.1\r\nHost: loc', `POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nabc`],
      {
        ...quick(),
      },
    ),
  },
  {
    ...common,
    id: 'serving/a-header-without-end',
    guard: 'serve-header-bytes',
    code: '431',
    attempt: unseen([
      `${GET}Connection: close\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`,
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
      `${GET}Connection: close\r\n${'a: b\r\n'.repeat(4000)}\r\n`,
    ]),
  },
  {
    ...common,
    id: 'serving/a-request-inside-a-request',
    guard: 'engine',
    code: '400',
    attempt: unseen(
      [
        'Content-Length: 4\r\nTransfer-Encoding: chunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 4',
        'Content-Length: 4\r\nContent-Length: 5',
        'Content-Length: +4',
        'Transfer-Encoding: xchunked',
        'Transfer-Encoding:\x0bchunked',
        'Transfer-Encoding: chunked, identity',
        'Content-Length : 4',
      ].map((line) => posts(line, `0\r\n\r\n${GET}\r\n`)),
    ),
  },
  {
    ...common,
    id: 'serving/a-line-that-is-folded',
    guard: 'engine',
    code: '400',
    attempt: unseen(
      ['X: a\r\n b', ' X: a', 'X: a\r\n\tTransfer-Encoding: chunked', 'X: a\nY: b', 'X: a\rb'].map((line) =>
        posts(line),
      ),
    ),
  },
  {
    ...common,
    id: 'serving/requests-before-answers',
    guard: 'serve-pipelined',
    code: '503',
    attempt: () =>
      site({ pipelined: 4 }, async (port) => {
        const text = await says(port, `${`${GET}\r\n`.repeat(20)}${GET}Connection: close\r\n\r\n`)
        const refused = statuses(text).find((status) => status !== '200')
        return refused === undefined ? through('all of them are under way at once') : stopped(refused)
      }),
  },
  {
    ...common,
    id: 'serving/connections-without-end',
    guard: 'serve-connections',
    code: 'closed',
    attempt: () =>
      site({ connections: 3 }, async (port) => {
        const held = await Promise.all(
          Array.from({ length: 3 }, async () => {
            const socket = connect({ host: '127.0.0.1', port })
            await once(socket, 'connect')
            return socket
          }),
        )
        // They are known to the server once it has answered one of them.
        held[0]?.write(`${GET}\r\n`)
        await once(held[0] ?? process, 'data')
        const text = await says(port, `${GET}Connection: close\r\n\r\n`)
        for (const socket of held) socket.destroy()
        return text === ''
          ? stopped('closed')
          : through(`a fourth is answered ${statuses(text).join()}, of three`)
      }),
  },
  {
    ...common,
    id: 'serving/a-body-that-is-cut-off',
    guard: 'engine',
    code: '400',
    attempt: () =>
      site(undefined, async (port, made) => {
        const before = (await made.kinds()).length
        const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
        socket.on('error', () => undefined)
        await once(socket, 'connect')
        socket.end(`POST /echo HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nabc`)
        let text = ''
        for await (const some of socket) text += String(some)
        return (await made.kinds()).length > before
          ? through('the actor has half of it')
          : stopped(statuses(text).join())
      }),
  },
  {
    ...common,
    id: 'serving/a-page-of-another-name',
    guard: 'serve-own-names',
    code: '421',
    // A page in a browser on this machine, whose name leads to it: the browser says the page's name.
    attempt: unseen(
      ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '[::2]'].map(
        (name) => `GET /count HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      ),
    ),
  },
  {
    ...common,
    id: 'serving/a-host-that-is-none',
    guard: 'serve-targets',
    code: '400',
    attempt: unseen(
      ['me@localhost', 'localhost/x', 'localhost:99999', 'a b'].map(
        (name) => `GET /count HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      ),
    ),
  },
  {
    ...common,
    id: 'serving/fields-of-an-answer-that-are-none',
    guard: 'serve-fields',
    code: '502',
    // The guest is hostile here: what it has for fields would be another answer, or the end of this one.
    attempt: async () => {
      const fields = [
        'Transfer-Encoding: chunked\r\n',
        'connection: upgrade\r\n',
        'x: a\nset-cookie: b\r\n',
        'x: a\rset-cookie: b\r\n',
        'x: a\r\n set-cookie: b\r\n',
        'x: a\r\n\r\nHTTP/1.1 200 OK\r\n',
        'transfer-encoding : chunked\r\n',
        ': b\r\n',
        'x: \0\r\n',
      ]
      const requests = fields.map(
        (_, i) => `POST / HTTP/1.1\r\n${HEAD}Connection: close\r\nContent-Length: 1\r\n\r\n${i}`,
      )
      return site(
        undefined,
        (port) =>
          variants(requests, async (bytes) => {
            const text = await says(port, bytes)
            return statuses(text).join() === '502' ? stopped('502') : through(`it is sent: ${text}`)
          }),
        await answering(fields),
      )
    },
  },
]

/** All that a slow client may take. */
function quick(): NonNullable<HttpOptions['server']> {
  return { headerMs: 40, requestMs: 80, idleMs: 40, checkMs: 20 }
}
