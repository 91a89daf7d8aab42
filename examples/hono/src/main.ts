import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildApp } from './build.ts'
import { serve, theater } from './theater.ts'

const folder = process.argv[2] ?? join(import.meta.dirname, '../.theater')
const app = join(folder, 'app.wasm')
const data = join(folder, 'data')

await mkdir(folder, { recursive: true })
console.log(`built      ${(await buildApp(app)).toLocaleString('en')} bytes`)

await using server = await serve([
  app,
  '--instances',
  '2',
  '--listen',
  '127.0.0.1:0',
  '--data',
  data,
  '--fresh',
])
console.log('listening  two actors')
for (const [method, path, body] of [
  ['GET', '/'],
  ['GET', '/books/0'],
  ['GET', '/books/7'],
  ['POST', '/orders', { title: 'Emma', copies: 3 }],
  ['POST', '/orders', { title: 'Emma' }],
  ['GET', '/seen'],
  ['GET', '/prices'],
  ['GET', '/nowhere'],
] as const) {
  const response = await fetch(server.url + path, {
    method,
    headers: { connection: 'close', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  console.log(`${`${method} ${path}`.padEnd(14)} ${response.status}  ${await response.text()}`)
}
await server.stop()

for (const actor of ['app', 'app-2']) {
  for (const line of (await theater(['chain', actor, '--data', data, '--json'])).split('\n')) {
    const event =
      line === ''
        ? undefined
        : (JSON.parse(line) as { ask?: unknown; detail?: { denied?: true } } | undefined)
    if (event?.detail?.denied === true)
      console.log(`refused    ${actor} asked for ${JSON.stringify(event.ask)}`)
  }
}
for (const line of (await theater(['verify', 'app', 'app-2', '--data', data, '--json']))
  .trimEnd()
  .split('\n')) {
  const { actor, verdict, events } = JSON.parse(line) as { actor: string; verdict: string; events: number }
  console.log(`${verdict.padEnd(10)} ${actor}, ${events} events`)
}
