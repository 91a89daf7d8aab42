import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cGuest } from '@theater/guests'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { HttpThread } from './http-thread.ts'
import type { Run } from './http-thread.ts'
import type { Budget } from './measure.ts'

/** One way to do the same work. The first of a group is the baseline. */
export interface Way {
  readonly name: string
  run(n: number, clients: number): Promise<Run>
}

/** One line of the outcome. */
export interface HttpRow {
  readonly name: string
  readonly baseline: number
  readonly ours: number
  readonly ratio: number
  readonly n: number
}

const CLIENTS = [1, 16] as const

/** Requests through an actor, and requests that actors make, against the same in plain Node. */
export async function httpRows(
  { rounds, seconds }: Budget,
  show: (row: HttpRow) => void,
): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack()
  const thread = stack.use(new HttpThread())
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const groups = [
    { name: 'in', ways: await incoming(stack, thread, folder) },
    { name: 'out', ways: await outgoing(stack, thread, folder) },
  ]
  const summary: Record<string, number> = { rounds }
  for (const { name, ways } of groups) {
    for (const clients of CLIENTS) {
      const share = seconds / groups.length / CLIENTS.length
      for (const row of await compare(`${name}, ${clients} at once`, ways, clients, {
        rounds,
        seconds: share,
      })) {
        show(row)
        if (row.name.endsWith('requests per second'))
          summary[row.name.replace(': requests per second', '')] = row.ratio
      }
    }
  }
  return summary
}

/** Runs the ways in turns, so that a slow moment of the machine falls on all of them. */
export async function compare(
  name: string,
  ways: readonly Way[],
  clients: number,
  { rounds, seconds }: Budget,
): Promise<HttpRow[]> {
  let ms = 0
  for (const way of ways) ms += (await way.run(200, clients)).ms / 200
  const n = Math.max(200, Math.min(20_000, Math.floor((seconds * 1000) / ms / (rounds + 1))))
  const runs = ways.map((): Run[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, way] of ways.entries()) {
      globalThis.gc?.()
      const run = await way.run(n, clients)
      if (round >= 0) runs[i]?.push(run)
    }
  }
  const figures = runs.map((of) => figuresOf(of, n))
  const [baseline, ...others] = figures
  const kinds = ['requests per second', 'p50 ms', 'p99 ms'] as const
  return others.flatMap((ours, i) =>
    kinds.map((kind, at) => {
      const [base = Number.NaN, mine = Number.NaN] = [baseline?.[at], ours[at]]
      return {
        name: `${name}, ${ways[i + 1]?.name}: ${kind}`,
        baseline: base,
        ours: mine,
        ratio: mine / base,
        n: n * rounds,
      }
    }),
  )
}

/** Requests per second as the median of the rounds; p50 and p99 of all requests. */
function figuresOf(runs: readonly Run[], n: number): readonly [number, number, number] {
  const rates = runs.map(({ ms }) => (n * 1000) / ms).toSorted((a, b) => a - b)
  const latencies = runs.flatMap((run) => run.latencies).toSorted((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return [rates[rates.length >> 1] ?? Number.NaN, at(0.5), at(0.99)]
}

async function incoming(stack: AsyncDisposableStack, thread: HttpThread, folder: string): Promise<Way[]> {
  let count = 0
  const server = createServer((_request, response) => {
    count += 1
    response.writeHead(200, { 'content-type': 'text/plain' }).end(String(count))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const asked = (name: string, port: number): Way => ({
    name,
    run: (n, clients) => thread.ask([`http://127.0.0.1:${port}/count`], n, clients),
  })
  const through = async (name: string, store: Store): Promise<Way> => {
    const handler = stack.use(http())
    const theater = await theaterOf(stack, store, handler)
    await theater.spawn({ id: 'web', component: cGuest('web'), grants: { http: { serve: [{ path: '/' }] } } })
    return asked(name, handler.address?.port ?? 0)
  }
  return [
    asked('plain', (server.address() as AddressInfo).port),
    await through('an actor recorded in memory', memoryStore()),
    await through('an actor recorded to SQLite', sqliteStore(join(folder, 'in.db'))),
  ]
}

async function outgoing(stack: AsyncDisposableStack, thread: HttpThread, folder: string): Promise<Way[]> {
  const authority = `127.0.0.1:${await thread.listen()}`
  const plain = async (): Promise<void> => {
    const response = await fetch(`http://${authority}/`)
    if ((await response.bytes()).length !== 1024) throw new Error('the answer is not whole')
  }
  const through = async (name: string, store: Store): Promise<Way> => {
    const handler = stack.use(http())
    const theater = await theaterOf(stack, store, handler)
    const out = [{ origin: `http://${authority}`, methods: ['GET'], paths: ['/'], 'private-network': true }]
    const most = Math.max(...CLIENTS)
    for (let i = 0; i < most; i++)
      await theater.spawn({ id: `fetcher-${i}`, component: cGuest('fetcher'), grants: { http: { out } } })
    return timed(name, async (client) => {
      const answer = await theater.call(`fetcher-${client}`, 'get', [authority, '/'])
      const { tag, val } = answer as { tag: string; val: readonly [number, number] }
      if (tag !== 'ok' || val[1] !== 1024) throw new Error('the answer is not whole')
    })
  }
  return [
    timed('plain', plain),
    await through('actors recorded in memory', memoryStore()),
    await through('actors recorded to SQLite', sqliteStore(join(folder, 'out.db'))),
  ]
}

async function theaterOf(
  stack: AsyncDisposableStack,
  store: Store,
  handler: ReturnType<typeof http>,
): Promise<Theater> {
  stack.use(store)
  return stack.use(await Theater.open({ store, handlers: [handler] }))
}

/** So many at once, each one after the other. */
function timed(name: string, one: (client: number) => Promise<void>): Way {
  return {
    name,
    async run(n, clients) {
      const latencies: number[] = []
      let left = n
      const client = async (i: number): Promise<void> => {
        while (left-- > 0) {
          const started = performance.now()
          await one(i)
          latencies.push(performance.now() - started)
        }
      }
      const started = performance.now()
      await Promise.all(Array.from({ length: clients }, (_, i) => client(i)))
      return { ms: performance.now() - started, latencies }
    },
  }
}
