import { encodeMessage } from '@theater/actor/message'
import { guest } from '@theater/guests'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { http } from '@theater/handler-http'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import type { SpawnOptions } from '@theater/runtime'

/** Where a scenario's world is. */
interface Place {
  /** A folder with a file `small.txt` in it. */
  readonly folder: string
  /** A server on loopback that answers every GET with a short text. */
  readonly origin: string
}

/** One kind of call, over and over. */
export interface Scenario {
  readonly name: string
  /** What is called: the source of a TypeScript actor, or a committed guest. */
  readonly actor: { readonly source: string } | { readonly guest: string }
  /** How the engine runs it: as `docs/soak.md` has it. */
  readonly engine: 'StarlingMonkey' | 'compiled'
  readonly mode: 'sync' | 'JSPI'
  readonly handlers: readonly AnyHandler[]
  readonly grants: (place: Place) => NonNullable<SpawnOptions['grants']>
  readonly fn: string
  readonly args: (place: Place) => readonly unknown[]
}

const responder = 'theater:messaging/responder@0.1#handle-request'
const ask = (type: string, body: unknown): readonly unknown[] => [{ tag: 'host' }, encodeMessage(type, body)]

/** The host of the guest `three`: three functions that do next to nothing. */
function three(mode: 'sync' | 'async'): AnyHandler {
  let balance = 0
  const track = 'test:three/host'
  const put = (_key: string, value: number): void => {
    balance = value
  }
  const answer = <T>(value: T): T | Promise<T> => (mode === 'async' ? Promise.resolve(value) : value)
  const read = (of: 'sync' | 'async') => ({ mode: of, effect: 'read' as const })
  return defineHandler({
    name: 'three',
    interfaces: [track],
    grant: { type: 'object', additionalProperties: false },
    functions: {
      [`${track}#get`]: read(mode),
      [`${track}#put`]: read('sync'),
      [`${track}#note`]: read('sync'),
    },
    within: () => true as const,
    authorize: () => true as const,
    bind: () => ({ imports: { [track]: { get: () => answer(balance), put, note: () => undefined } } }),
  })
}

const compiled = (mode: 'sync' | 'async'): Scenario => ({
  name: mode === 'sync' ? '3 imports' : '3 imports, one waits',
  actor: { guest: 'three' },
  engine: 'compiled',
  mode: mode === 'sync' ? 'sync' : 'JSPI',
  handlers: [three(mode)],
  grants: () => ({ three: {} }),
  fn: 'call',
  args: () => [1],
})

const echo = (length: number, mode: 'sync' | 'JSPI'): Scenario => ({
  name: `strings of ${length === 10 ? '10 bytes' : '10 kB'}`,
  actor: { source: mode === 'sync' ? 'echo.ts' : 'echo-waiting.ts' },
  engine: 'StarlingMonkey',
  mode,
  handlers: [messaging(), log(), cli()],
  grants: (): NonNullable<SpawnOptions['grants']> =>
    mode === 'sync' ? {} : { messaging: { to: ['other'] } },
  fn: responder,
  args: () => ask('echo', { text: 'x'.repeat(length) }),
})

/** Everything that is soaked. */
export const scenarios: readonly Scenario[] = [
  compiled('sync'),
  compiled('async'),
  echo(10, 'sync'),
  echo(10, 'JSPI'),
  echo(10_000, 'sync'),
  echo(10_000, 'JSPI'),
  {
    name: 'a file read',
    actor: { source: 'files.ts' },
    engine: 'StarlingMonkey',
    mode: 'JSPI',
    handlers: [fs(), log(), cli()],
    grants: ({ folder }) => ({ fs: { mounts: { '/data': { host: folder, rights: 'r' } } } }),
    fn: responder,
    args: () => ask('read', { path: '/data/small.txt' }),
  },
  {
    name: 'a fetch',
    actor: { source: 'http.ts' },
    engine: 'StarlingMonkey',
    mode: 'JSPI',
    handlers: [http(), log(), cli()],
    grants: ({ origin }) => ({
      http: { out: [{ origin, methods: ['GET'], paths: ['/'], 'private-network': true }] },
    }),
    fn: responder,
    args: ({ origin }) => ask('get', { url: `${origin}/` }),
  },
  {
    name: 'an HTTP request to it',
    actor: { source: 'site.ts' },
    engine: 'StarlingMonkey',
    mode: 'sync',
    handlers: [http(), log(), cli()],
    grants: () => ({ http: { serve: [{ path: '/' }] } }),
    fn: 'theater:http/request-handler@0.1#handle',
    args: () => [
      {
        method: 'POST',
        url: 'http://localhost/visits?by=soak',
        headers: Buffer.from('host: localhost\r\naccept: */*\r\ncontent-type: application/json\r\n'),
        body: Buffer.from('{"seen":1}'),
      },
    ],
  },
]

/** The bytes of a committed guest. */
export const committed = (name: string): Uint8Array => guest(name)

/** What a scenario is called on a command line: letters, digits and hyphens. */
export function slugOf({ name, mode }: Scenario): string {
  return `${name} ${mode}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}
