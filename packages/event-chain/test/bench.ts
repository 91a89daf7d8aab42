// What an event costs: `node --conditions=theater-source packages/event-chain/test/bench.ts`. Run by Node itself, since
// vitest's module runner adds to every access of an import. Interleaved rounds, median of each.
import { Writer } from '@theater/values'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesSource, exportCar, openCar } from '../src/car.ts'
import {
  ChainLinker,
  ChainWriter,
  memoryStore,
  readEvents,
  verifyStructure,
  writeContent,
} from '../src/index.ts'
import type { Call, Durability, Store } from '../src/index.ts'
import { saltPool, sha256 } from '../src/node.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { bytesOf } from './car-helpers.ts'
import { content, genesis, values } from './helpers.ts'
import { fill } from './sample.ts'

const call: Call = {
  fn: 'wasi:clocks/wall-clock@0.2.3#now',
  args: values(1, 'a small string'),
  ask: null,
  fuel: 123_456,
  outcome: { result: values([1_790_000_000, 5]), elapsed: 0, made: [], denied: false, closed: false },
}
const bytes = content('call', call)
const folder = mkdtempSync(join(tmpdir(), 'event-chain-bench-'))
const rounds = 7

function writerTo(store: Store, durability: Durability = 'process', label = 'counter'): ChainWriter {
  const genesisContent = content('genesis', genesis())
  return ChainWriter.create({
    store,
    salts: saltPool(),
    hash: sha256,
    label,
    genesis: genesisContent,
    durability,
  })
}

function appending(store: Store, n: number, durability?: Durability, label?: string): () => Promise<void> {
  const writer = writerTo(store, durability, label)
  return async () => {
    for (let i = 0; i < n; i++) writer.append('call', bytes)
    await writer.flush()
  }
}

/** Appends by many writers at once, each of which waits for its own. */
function together(store: Store, n: number, durability: Durability): () => Promise<unknown> {
  const writers = Array.from({ length: n }, (_, i) => appending(store, 1, durability, `counter-${i}`))
  return () => Promise.all(writers.map((run) => run()))
}

const linker = new ChainLinker({ epoch: 0, salts: saltPool(), hash: sha256 })
linker.link('genesis', content('genesis', genesis()))
const header = linker.link('seed', content('seed', { seed: new Uint8Array(32) })).header
const body = linker.link('call', bytes).body
const out = new Writer()
const memory = memoryStore()
const { chain } = await fill(memory, 1000)
const sqlite = sqliteStore(join(folder, 'read.db'))
await fill(sqlite, 1000)
const car = await bytesOf(exportCar(memory, [chain], { hash: sha256 }))
const options = { blobs: memory, hash: sha256, unfinished: 'allow' } as const

interface Case {
  readonly name: string
  readonly events: number
  readonly run: () => unknown
}
const cases: Case[] = [
  {
    name: `sha-256 of a header (${header.length} bytes) and a body (${body.length}): the floor`,
    events: 1,
    run: () => [sha256(header), sha256(body)],
  },
  { name: 'ChainLinker.link', events: 1, run: () => linker.link('call', bytes) },
  {
    name: 'writeContent of a call, and link',
    events: 1,
    run() {
      out.reset()
      writeContent(out, 'call', call)
      linker.link('call', out.bytes())
    },
  },
  { name: 'append and flush to memory, 20 at a time', events: 20, run: appending(memoryStore(), 20) },
  ...(['memory', 'process', 'disk'] as const).flatMap((durability): Case[] => [
    ...[1, 20].map((n): Case => ({
      name: `append and flush to SQLite (${durability}), ${n} at a time`,
      events: n,
      run: appending(db(`${durability}-${n}`), n, durability),
    })),
    {
      name: `append and flush to SQLite (${durability}), 64 writers, each 1 at a time`,
      events: 64,
      run: together(db(`${durability}-64`), 64, durability),
    },
  ]),
  {
    name: 'verifyStructure from memory',
    events: 1000,
    run: () => verifyStructure(memory.read(chain), options),
  },
  {
    name: 'verifyStructure from SQLite',
    events: 1000,
    run: () => verifyStructure(sqlite.read(chain), options),
  },
  {
    name: 'readEvents from SQLite',
    events: 1000,
    async run() {
      for await (const event of readEvents(sqlite, chain, 0, undefined, { hash: sha256 })) void event
    },
  },
  { name: 'openCar', events: 1000, run: () => openCar(bytesSource(car), options) },
]

function db(name: string): Store {
  return sqliteStore(join(folder, `${name}.db`))
}

async function time({ run, events }: Case, seconds: number): Promise<number> {
  const start = performance.now()
  let n = 0
  while (performance.now() - start < seconds * 1000) {
    for (let i = 0; i < 32; i++) {
      const done = run()
      if (done instanceof Promise) await done
    }
    n += 32
  }
  return ((performance.now() - start) * 1000) / (n * events)
}

const times = cases.map((): number[] => [])
for (let round = -1; round < rounds; round++) {
  for (const [i, one] of cases.entries()) {
    const us = await time(one, 0.08)
    if (round >= 0) times[i]?.push(us)
  }
}
for (const [i, { name }] of cases.entries()) {
  const [min, median, max] = spread(times[i] ?? [])
  console.log(JSON.stringify({ name, us_per_event: median, min, max, rounds }))
}
rmSync(folder, { recursive: true })

function spread(all: readonly number[]): readonly (number | undefined)[] {
  const sorted = [...all].sort((a, b) => a - b).map((us) => Number(us.toFixed(2)))
  return [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)]
}
