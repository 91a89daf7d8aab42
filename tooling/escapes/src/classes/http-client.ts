/** What a guest does to reach what it was not granted over `theater:http/client`. */
import { type Escape, stopped, through, variants } from '../escape.ts'
import { resolving, within, World } from '../hostile/http-world.ts'
import { outcomeOf } from '../stage.ts'

const common = { class: 'http' } as const

/** Everything at the server, and nothing else. */
const here = (port: number) => ({
  out: [{ origin: `http://127.0.0.1:${port}`, methods: ['*'], paths: ['/'], 'private-network': true }],
})

export const overTheClient: readonly Escape[] = [
  {
    ...common,
    id: 'http/a-private-address-over-the-client',
    guard: 'http-addresses',
    code: 'address-denied',
    attempt: () =>
      within(
        World.make((port) => ({ out: [{ origin: `http://*:${port}`, methods: ['*'], paths: ['/'] }] }), {
          lookup: resolving('127.0.0.1'),
        }),
        async (world) => outcomeOf(await world.client({ url: `http://rebind.example.com:${world.port}/` })),
      ),
  },
  {
    ...common,
    id: 'http/a-url-that-two-read-differently',
    guard: 'http-client-url',
    code: 'bad-request',
    attempt: () =>
      within(World.make(here), (world) =>
        variants(['/a HTTP/1.1\r\nx-injected: 1', '/a b', '/a#b', '\\@evil.example/'], async (rest) => {
          const came = await world.client({ url: `http://127.0.0.1:${world.port}${rest}` })
          return came.err === 'bad-request'
            ? stopped(came.err)
            : through(`${JSON.stringify(rest)} was taken for a place: ${came.err ?? String(came.failed)}`)
        }),
      ),
  },
  {
    ...common,
    id: 'http/a-header-of-the-host-over-the-client',
    guard: 'http-client-fields',
    code: 'bad-request',
    attempt: () =>
      within(World.make(here), (world) =>
        variants(
          [
            ['Host', 'evil.example'],
            ['Proxy-Authorization', 'Basic x'],
            ['Trailer', 'x-a'],
          ] as const,
          async (header) => {
            const came = await world.client({ url: `http://127.0.0.1:${world.port}/`, headers: [header] })
            const last = world.reached.at(-1)
            return last === undefined
              ? outcomeOf(came)
              : through(`the server got ${header[0]}: ${String(last.headers[header[0].toLowerCase()])}`)
          },
        ),
      ),
  },
  {
    ...common,
    id: 'http/more-than-the-client-may-be-answered',
    guard: 'http-client-bytes',
    code: 'response-too-large',
    attempt: () =>
      within(
        World.make((port) => ({ ...here(port), limits: { 'response-bytes': 3 } })),
        async (world) =>
          outcomeOf(
            await world.client({
              url: `http://127.0.0.1:${world.port}/`,
              bounds: { bodyBytes: 0xffff_ffff },
            }),
          ),
      ),
  },
]
