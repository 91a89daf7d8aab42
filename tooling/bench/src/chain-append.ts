import { createHash, hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { encode } from '@ipld/dag-cbor'
import { ChainWriter, encodeContent, FORMAT, memoryStore, verifyStructure } from '@theater/event-chain'
import type { Durability, Kind, LoggedStore } from '@theater/event-chain'
import { HostLog, SigningKey } from '@theater/event-chain/log'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cidOf, encodeData, Writer } from '@theater/values'
import type { Subject } from './measure.ts'

/** Events of one turn: its begin, three imports, its return. */
const TURN = 5
/** Turns between two checkpoints: what the host's log takes in at once. */
const SEALED = 200
const FN = 'test:three/host@0.1.0#put'
const EMPTY = new Uint8Array()

/** Events of a turn as the boundary writes them: into one buffer, positional, with values of a few bytes. */
class Turns {
  readonly #out = new Writer(256)
  readonly #args = encodeData(['balance', 41])
  readonly #answer = encodeData([[0, 42]])

  /** Appends the events of the next turn. */
  write(append: (kind: Kind, content: Uint8Array) => unknown, time: number): void {
    const out = this.#out
    out.reset()
    out.array(6)
    out.text('test:three/guest@0.1.0#call')
    out.raw(this.#args)
    out.null()
    out.null()
    out.uint(time)
    out.array(0)
    append('turn', out.bytes())
    for (let i = 0; i < TURN - 2; i++) {
      out.reset()
      out.array(5)
      out.text(FN)
      out.raw(this.#args)
      out.null()
      out.uint(1000 + i)
      out.array(4)
      out.raw(this.#answer)
      out.uint(0)
      out.array(0)
      out.uint(0)
      append('call', out.bytes())
    }
    out.reset()
    out.array(2)
    out.raw(this.#answer)
    out.uint(5000)
    append('return', out.bytes())
  }
}

function genesis(actor: string): Uint8Array {
  return encodeContent('genesis', {
    actor,
    cause: null,
    component: cidOf('raw', sha256(EMPTY)),
    derive: 1,
    format: FORMAT,
    grants: {},
    jco: '0.0.0',
    limits: {},
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0.0.0',
    time: Date.now(),
    wit: cidOf('dag-cbor', sha256(EMPTY)),
  })
}

function newWriter(store: LoggedStore, label: string, durability: Durability = 'process'): ChainWriter {
  const writer = ChainWriter.create({
    store,
    salts: saltPool(),
    hash: sha256,
    label,
    durability,
    genesis: genesis(label),
  })
  writer.append('seed', encodeContent('seed', { seed: new Uint8Array(32) }))
  return writer
}

/** Where the subjects of appending are measured, and what their records came to. */
export interface Appending {
  /** What the machine can do, then ours; each operation is one event. */
  readonly subjects: readonly Subject[]
  /** Bytes that the database takes for an event. */
  readonly bytesPerEvent: () => number
}

/** Appends in memory and to SQLite, with everything: encode, body, header, store, and the trees of the host's log. */
export async function appending(stack: AsyncDisposableStack): Promise<Appending> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'grouped.db')
  const open = (store: LoggedStore): LoggedStore => stack.use(store)
  const grouped = await actors('SQLite, 64 actors at once, tree', open(sqliteStore(path)), 64)
  return {
    subjects: [
      hashing(),
      cbor(),
      linking(),
      await actors('memory, tree', open(memoryStore()), 1),
      await actors('SQLite, one actor, tree', open(sqliteStore(join(folder, 'one.db'))), 1),
      grouped,
      await actors(
        'SQLite on the disk, 64 actors at once, tree',
        open(sqliteStore(join(folder, 'disk.db'))),
        64,
        'disk',
      ),
    ],
    bytesPerEvent: () => sizeOf(path) / grouped.events(),
  }
}

/** Bytes of a database, with what is in its log. */
function sizeOf(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true })
  const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
  const size = pragma('page_count') * pragma('page_size')
  db.close()
  return size
}

/** The hashes that an event takes, of its sizes and nothing else: body, header, leaf of the tree, and a node above it. */
function hashing(): Subject {
  const [body, header, leaf, node] = [98, 123, 33, 65].map((length) => new Uint8Array(length).fill(7))
  return {
    name: 'sha-256 of four such blocks alone',
    run(n) {
      for (let i = 0; i < n; i++)
        for (const block of [body, header, leaf, node]) hash('sha256', block as Uint8Array, 'latin1')
    },
  }
}

/** The event through the usual library: its body and its header. */
function cbor(): Subject {
  const salt = new Uint8Array(16)
  const digest = createHash('sha256').update('').digest()
  return {
    name: '@ipld/dag-cbor of its two blocks alone',
    run(n) {
      for (let i = 0; i < n; i++) {
        encode([salt, [FN, ['balance', 41], null, i, [[[0, 42]], 0, [], 0]]])
        encode([1, digest, 0, i, 3, digest, digest])
      }
    },
  }
}

/** The chain alone: encode, body, header, hashes; stored nowhere. */
function linking(): Subject {
  const nowhere = memoryStore()
  const turns = new Turns()
  return {
    name: 'encode, body and header alone',
    async run(n) {
      const writer = newWriter(nowhere, `alone ${Math.random()}`)
      for (let i = 0; i < n; i += TURN) turns.write((kind, content) => writer.append(kind, content).seq, i)
      // Its hashes are made when the last one is asked for.
      if (writer.head.length !== 32) throw new Error('no head')
    },
  }
}

/** So many actors that take turns at once: each turn is flushed before the next one begins, and the host's log takes them in. */
async function actors(
  name: string,
  store: LoggedStore,
  count: number,
  durability: Durability = 'process',
): Promise<Subject & { events(): number }> {
  const writers = Array.from({ length: count }, (_, i) => newWriter(store, `actor-${i}`, durability))
  const log = await HostLog.open({ store, key: await SigningKey.generate('bench.example'), hash: sha256 })
  const turns = new Turns()
  let taken = 0
  return {
    name,
    events: () => writers.reduce((sum, { size }) => sum + size, 0),
    async run(n) {
      let left = Math.ceil(n / TURN)
      const one = async (writer: ChainWriter): Promise<void> => {
        while (left-- > 0) {
          turns.write((kind, content) => writer.append(kind, content), taken)
          await writer.flush()
          if (++taken % SEALED === 0) await log.checkpoint()
        }
      }
      await Promise.all(writers.map(one))
      await log.checkpoint()
    },
  }
}

/** The structure of a record of so many events, read from SQLite, and from memory. */
export async function verifying(stack: AsyncDisposableStack, events: number): Promise<readonly Subject[]> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const of = async (name: string, store: LoggedStore): Promise<Subject> => {
    stack.use(store)
    const writer = newWriter(store, 'long')
    const turns = new Turns()
    while (writer.size < events) {
      turns.write((kind, content) => writer.append(kind, content), writer.size)
      if (writer.size % 5000 < TURN) await writer.flush()
    }
    await writer.flush()
    return {
      name,
      async run(n) {
        for (let done = 0; done < n;) {
          const to = Math.min(n - done, writer.size)
          const checked = await verifyStructure(store.read(writer.chain, 0, to), {
            blobs: store,
            hash: sha256,
            unfinished: 'allow',
          })
          if (!checked.ok) throw new Error(`broken at ${checked.index}: ${checked.reason}`)
          done += to
        }
      },
    }
  }
  return [
    await of('structure verified, from memory', memoryStore()),
    await of('structure verified, from SQLite', sqliteStore(join(folder, 'long.db'))),
  ]
}
