// `node --conditions=theater-source tooling/soak/src/large-record.ts [--mib N] [--heap MIB] [--messages] [-o FILE.car]`: makes a
// record of that size by running an actor, or two that do nothing but say something to each other, exports it, and has a process with a
// small heap verify it.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { exportCar } from '@theater/event-chain/car'
import { HostLog, makeSeal, SigningKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { guest } from '@theater/guests'
import { relayed, relayGuest } from '@theater/guests/relay'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { Theater } from '@theater/runtime'

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '2048' },
    messages: { type: 'boolean', default: false },
    heap: { type: 'string', default: '256' },
    out: { type: 'string', short: 'o' },
  },
})
const target = Number(values.mib) * 2 ** 20
if (!(target > 0)) throw new Error('--mib is how large the record is to be')

const folder = mkdtempSync(join(tmpdir(), 'theater-large-'))
const out = values.out === undefined ? join(folder, 'large.car') : resolve(values.out)
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

/** Of the bytes of the record most are in bodies of this size, some in blocks of their own, and a few in events that are as small as can be. */
const message = (bytes: number): { format: string; body: Uint8Array } => ({
  format: 'application/json',
  body: new Uint8Array(bytes).fill(0x20),
})
const middle = message(1000)
const large = message(40_000)

/** One actor that answers. */
async function echo(theater: Theater): Promise<void> {
  await theater.spawn({ id: 'echo', component: guest('echo'), grants: { log: {} } })
  for (let bytes = 0; bytes < target;) {
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < 49; i++) calls.push(theater.request('echo', middle))
    for (let i = 0; i < 50; i++) calls.push(theater.call('echo', 'divide', [7, 2]))
    calls.push(theater.request('echo', large))
    await Promise.all(calls)
    // What was said and answered, and some 250 bytes for each event around it.
    bytes += 49 * 2 * (middle.body.length + 250) + 50 * 2 * 250 + 2 * (large.body.length + 300)
  }
}

/** Two actors, each of which says as many words to the other, so small that the record is little else than messages. */
async function talk(theater: Theater): Promise<void> {
  const actors = ['left', 'right']
  const component = relayGuest('messaging')
  const grants = { messaging: { to: actors } }
  for (const id of actors) await theater.spawn({ id, component, grants })
  const say = relayed('theater:messaging/client@0.1#send')
  const small = message(10)
  for (let bytes = 0; bytes < target;) {
    const calls = Array.from({ length: 100 }, (_, i) =>
      theater.call(actors[i % 2] ?? '', say, [actors[(i + 1) % 2] ?? '', small]),
    )
    await Promise.all(calls)
    // A turn of four events, and the one of two in which it arrives.
    bytes += calls.length * 6 * 250
  }
  await theater.idle()
}

try {
  const began = performance.now()
  await using store = sqliteStore(join(folder, 'large.db'))
  const key = await SigningKey.generate('soak.example/theater')
  {
    await using theater = await Theater.open({ store, handlers: [log(), messaging()], durability: 'memory' })
    await (values.messages ? talk(theater) : echo(theater))
  }
  const chains = await store.list()
  const ids = chains.map(({ chain }) => chain)
  await (await HostLog.open({ store, key, hash: sha256 })).checkpoint()
  const seal = await makeSeal(store, ids, sha256)
  await pipeline(Readable.from(exportCar(store, ids, { hash: sha256, seal })), createWriteStream(out))
  say({
    made: out,
    bytes: statSync(out).size,
    events: chains.reduce((sum, { size }) => sum + size, 0),
    seconds: (performance.now() - began) / 1000,
    rss: process.resourceUsage().maxRSS / 1024,
  })
  await store.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `large.db${suffix}`), { force: true })
  const pub = join(folder, 'key.pub')
  writeFileSync(pub, key.verifier.toString())
  const started = performance.now()
  const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))
  const memory = `data:text/javascript,process.on('exit',()=>process.stderr.write(JSON.stringify({rss:process.resourceUsage().maxRSS/1024})+'\\n'))`
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${values.heap}`,
      `--import=${memory}`,
      '--conditions=theater-source',
      main,
      'verify',
      out,
      '--key',
      pub,
      '--json',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const code = await new Promise((done) => child.on('close', done))
  say({ exit: code, seconds: (performance.now() - started) / 1000 })
  process.exitCode = code === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
