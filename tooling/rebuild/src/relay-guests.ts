import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { relay } from './relay/generate.ts'
import { guests, type Made, type Result, settle } from './result.ts'

/** What the relays import, one for each handler and one for an actor with children: of the versions in `wit/`, or of the package in a file beside the relay. */
const RELAYS: Readonly<Record<string, readonly string[]>> = {
  box: ['test:box/boxes@0.1.0'],
  channels: ['theater:messaging/channels@0.1.0'],
  cli: [
    ...['environment', 'exit', 'stdin', 'stdout', 'stderr'].map((name) => `wasi:cli/${name}@0.2.12`),
    ...['stdin', 'stdout', 'stderr'].map((name) => `wasi:cli/terminal-${name}@0.2.12`),
  ],
  clocks: ['wasi:clocks/wall-clock@0.2.12', 'wasi:clocks/monotonic-clock@0.2.12'],
  fs: ['wasi:filesystem/preopens@0.2.12', 'wasi:filesystem/types@0.2.12'],
  http: [
    'wasi:http/types@0.2.12',
    'wasi:http/outgoing-handler@0.2.12',
    'theater:http/client@0.1.0',
    'theater:http/websocket@0.1.0',
  ],
  log: ['theater:actor/log@0.1.0'],
  messaging: ['client', 'topics', 'channels'].map((name) => `theater:messaging/${name}@0.1.0`),
  parent: ['theater:supervisor/children@0.1.0', 'theater:messaging/client@0.1.0', 'wasi:cli/exit@0.2.12'],
  process: ['theater:process/programs@0.1.0'],
  random: ['random', 'insecure', 'insecure-seed'].map((name) => `wasi:random/${name}@0.2.12`),
  store: [
    ...['blobs', 'labels', 'transfers'].map((name) => `theater:store/${name}@0.1.0`),
    ...['store', 'atomics', 'batch'].map((name) => `wasi:keyvalue/${name}@0.2.0-draft2`),
  ],
  supervisor: ['theater:supervisor/children@0.1.0'],
  timer: ['theater:timer/timers@0.1.0'],
  timers: ['theater:timer/timers@0.1.0'],
  topics: ['theater:messaging/topics@0.1.0'],
}

/** What the relays export besides, and do nothing in: they answer with nothing but zeros. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  messaging: ['receiver', 'responder', 'subscriber', 'channel-peer'].map(
    (name) => `theater:messaging/${name}@0.1.0`,
  ),
  parent: ['theater:supervisor/watcher@0.1.0', 'theater:messaging/responder@0.1.0'],
  timer: ['theater:timer/target@0.1.0'],
}

/** Generates the relays. */
export async function relayGuests(write: boolean): Promise<readonly Result[]> {
  const made: Made[] = []
  const folder = join(guests, 'relay')
  for (const [name, imports] of Object.entries(RELAYS)) {
    const wit = join(folder, `${name}.wit`)
    const more = existsSync(wit) ? readFileSync(wit, 'utf8') : ''
    made.push({ name, bytes: await relay(imports, { more, exports: EXPORTS[name] ?? [] }) })
  }
  return settle(folder, made, write)
}
