import { sha256 } from '@theater/values'
import { describe, expect, test } from 'vitest'
import { EventLog } from '../src/event-log.ts'
import { ChainLinker, ChainWriter, decodeHeader, memoryStore } from '../src/index.ts'
import type { Kind, Linked, StoredEvent } from '../src/index.ts'
import { held } from './held.ts'
import { content, countingSalts, genesis } from './helpers.ts'

const plain = ({ header, body }: StoredEvent): StoredEvent => ({
  header: header.slice(),
  body: body?.slice() ?? null,
})

/** Events of one writer, of many lengths, in several slabs. */
function events(count: number, saltStart = 0, epoch = 0): Linked[] {
  const linker = new ChainLinker({ epoch, salts: countingSalts(saltStart) })
  return Array.from({ length: count }, (_, i) => {
    const kind: Kind = i === 0 ? 'genesis' : i % 3 === 0 ? 'drop' : 'send'
    return i === 0
      ? linker.link(kind, content('genesis', genesis()))
      : linker.link(kind, new Uint8Array((i * 37) % 700).fill(i))
  })
}

function logOf(list: readonly StoredEvent[]): EventLog {
  const log = new EventLog()
  for (const event of list) log.push(event)
  return log
}

const all = (log: EventLog): (StoredEvent | undefined)[] =>
  Array.from({ length: log.size }, (_, seq) => log.at(seq))

describe('events in memory', () => {
  const [a, b] = [events(400), events(400, 1000)]

  test('are the same, kept where they were made or copied', () => {
    expect(all(logOf(a))).toEqual(a.map(plain))
    expect(all(logOf(a.map(plain)))).toEqual(a.map(plain))
  })

  test('name the digest of their body, whatever its length, and the hash of the header before', () => {
    const linker = new ChainLinker({ epoch: 0, salts: countingSalts() })
    const made = Array.from({ length: 1200 }, (_, i) =>
      i === 0
        ? linker.link('genesis', content('genesis', genesis()))
        : linker.link('send', new Uint8Array(i % 300).fill(i)),
    )
    let prev: Uint8Array | null = null
    for (const { header, body, hash } of made) {
      const said = decodeHeader(header)
      expect(said.body).toEqual(sha256(body))
      expect(said.prev).toEqual(prev)
      expect(hash).toEqual(sha256(header))
      prev = hash
    }
  })

  test('may be of several writers, some where they were made, and begin anywhere in their chains', () => {
    const mixed = [
      ...a.slice(0, 5),
      ...b.slice(300).map(plain),
      ...a.slice(200, 350),
      ...a.slice(30, 32),
      ...a.slice(34, 40),
      ...b.slice(7),
      { header: (a[0] as Linked).header, body: null },
    ]
    expect(all(logOf(mixed))).toEqual(mixed.map(plain))
  })

  test.each([
    ['where they were made', (list: readonly Linked[]): StoredEvent[] => [...list]],
    ['copied', (list: readonly Linked[]): StoredEvent[] => list.map(plain)],
  ])('lose bodies that are erased, and nothing else, kept %s', (_name, kept) => {
    const own = events(300, 5000)
    const [before, log] = [own.map(plain), logOf(kept(own))]
    const { body } = before[77] as StoredEvent
    const still = log.at(77)?.body
    expect(log.erase(77)).toEqual(body)
    expect(log.erase(77)).toBeNull()
    expect(log.erase(300)).toBeNull()
    expect(still?.every((byte) => byte === 0)).toBe(true)
    expect(all(log)).toEqual(before.with(77, { header: (before[77] as StoredEvent).header, body: null }))
  })

  test('headers that were read stay as they were', () => {
    const log = logOf(a)
    const first = log.at(3)
    const copied = plain(first as StoredEvent)
    for (let i = 0; i < a.length; i++) log.at(i)
    expect(first).toEqual(copied)
  })

  test('take two digests and their place, beside what they say', async () => {
    const count = 40_000
    const store = memoryStore()
    const body = new Uint8Array(50).fill(7)
    const writer = ChainWriter.create({
      store,
      salts: countingSalts(),
      label: 'a',
      genesis: content('genesis', genesis()),
    })
    await writer.flush()
    const before = held()
    for (let i = 0; i < count; i++) {
      writer.append('send', body)
      if (i % 1000 === 0) await writer.flush()
    }
    await writer.flush()
    // 18 bytes of the body's head and 64 of digests, and 12 for its place; the rest is room for what comes.
    expect((held() - before) / count).toBeLessThan(50 + 18 + 64 + 12 + 30)
  })
})
