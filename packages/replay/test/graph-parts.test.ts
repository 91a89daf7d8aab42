import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeData } from '@theater/values'
import type { Data } from '@theater/values'
import type { Cause, ChainReader } from '@theater/event-chain'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ChainSource } from '@theater/replay'
import { checkGraph as check } from '../src/graph.ts'
import { ScratchFile } from '../src/node/scratch-file.ts'
import { Pile } from '../src/pile.ts'
import { MemoryScratch } from '../src/scratch.ts'
import { draft, Forger, withhold } from './support/forge.ts'
import type { Draft } from './support/forge.ts'
import { genesis } from './support/genesis.ts'
import { plain } from './support/graph-in-parts.ts'

const message = (text: string): Data => ['text/plain', new TextEncoder().encode(text)]

const turn = (fn: string, args: Data, sender: string | null, cause: Cause | null): Draft =>
  draft('turn', { fn, args: encodeData(args), sender, cause, time: 0, made: [] })
const say = (fn: string, to: string, text: string, intent: boolean): Draft =>
  draft('call', {
    fn: `theater:messaging/client@0.1.3#${fn}`,
    args: encodeData([to, message(text)]),
    ask: null,
    fuel: null,
    outcome: intent ? null : done([[0]]),
  })
const done = (result: Data): { result: Uint8Array; elapsed: 0; made: []; denied: false; closed: false } => ({
  result: encodeData(result),
  elapsed: 0,
  made: [],
  denied: false,
  closed: false,
})
const ends = {
  return: draft('return', { result: encodeData([[0]]), fuel: null }),
  refused: draft('return', { result: encodeData([[1, 0]]), fuel: null }),
  trap: draft('trap', { code: 'guest', fuel: null }),
  abort: draft('abort', { code: 'handler-fault', call: null, status: null }),
}

const actors = ['a', 'b', 'c'] as const
type End = keyof typeof ends
const end = fc.constantFrom<End>('return', 'return', 'return', 'refused', 'trap', 'abort')
const who = fc.nat(actors.length - 1)
const seldom = fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: who })
/** An actor says something to others in one turn. */
const saying = fc.record({
  kind: fc.constant('say'),
  from: who,
  said: fc.array(fc.record({ to: who, text: fc.constantFrom('x', 'y'), asks: fc.boolean() }), {
    maxLength: 3,
  }),
  end,
})
/** Something that was said arrives, or something near it. */
const arriving = fc.record({
  kind: fc.constant('arrive'),
  which: fc.nat(30),
  at: seldom,
  wrong: fc.constantFrom(
    null,
    null,
    null,
    null,
    null,
    'text',
    'seq',
    'hash',
    'sender',
    'named',
    'fn',
    'none',
  ),
  end,
})
const graph = fc.record({
  steps: fc.array(fc.oneof(saying, arriving, arriving), { maxLength: 40 }),
  hidden: fc.array(fc.nat(40), { maxLength: 2 }),
  absent: seldom,
})
type Plan = typeof graph extends fc.Arbitrary<infer T> ? T : never

interface Said {
  readonly cause: Cause
  readonly from: string
  readonly to: number
  readonly text: string
  readonly asks: boolean
}

/** The chains of a few actors that talk with each other, and not all of what they say of it is right. */
async function build({ steps, hidden, absent }: Plan): Promise<ChainSource[]> {
  const forgers = actors.map(() => new Forger())
  for (const [i, forger] of forgers.entries()) {
    await forger.add(genesis(actors[i]!))
    await forger.add(draft('seed', { seed: new Uint8Array(32) }))
  }
  const letters: Said[] = []
  for (const step of steps) {
    if (step.kind === 'say') {
      const forger = forgers[step.from]!
      await forger.add(turn('go', [], null, null))
      for (const { to, text, asks } of step.said) {
        const call = await forger.add(say(asks ? 'request' : 'send', actors[to]!, text, asks))
        const next = asks
          ? draft('result', { call: call.seq, outcome: done([[1]]) })
          : draft('send', { call: call.seq })
        const after = await forger.add(next)
        letters.push({ cause: asks ? call : after, from: actors[step.from]!, to, text, asks })
      }
      await forger.add(ends[step.end])
      continue
    }
    const letter = letters[step.which % Math.max(1, letters.length)]
    if (letter === undefined) continue
    await forgers[step.at ?? letter.to]!.add(arrivalOf(letter, step.wrong))
    await forgers[step.at ?? letter.to]!.add(ends[step.end])
  }
  const sources = await Promise.all(forgers.map((forger) => forger.source()))
  return sources
    .filter((_, i) => i !== absent)
    .map((source) => withhold(source, (seq) => hidden.some((at) => at === seq && seq > 1)))
}

function arrivalOf({ cause, from, text, asks }: Said, wrong: string | null): Draft {
  const fn = asks !== (wrong === 'fn') ? 'responder@0.1.0#handle-request' : 'receiver@0.1.0#handle-send'
  const named = wrong === 'named' ? 'z' : from
  const sender = wrong === 'sender' ? 'z' : from
  const args: Data = [[1, named], message(wrong === 'text' ? 'z' : text)]
  const of = { ...cause }
  if (wrong === 'seq') of.seq += 2
  if (wrong === 'hash') of.hash = new Uint8Array(32)
  return turn(`theater:messaging/${fn}`, args, sender, wrong === 'none' ? null : of)
}

it('finds the same, however few messages fit into memory', async () => {
  await fc.assert(
    fc.asyncProperty(graph, async (plan) => {
      const sources = await build(plan)
      const whole = plain(await check(sources))
      for (const maxLinks of [1, 4]) expect(plain(await check(sources, { maxLinks }))).toEqual(whole)
    }),
    { numRuns: 60 },
  )
})

/** `a` says something to `b` so many times. */
const talk = async (times: number): Promise<ChainSource[]> =>
  await build({
    steps: Array.from({ length: times }, (_, which): Plan['steps'] => [
      { kind: 'say', from: 0, said: [{ to: 1, text: 'x', asks: false }], end: 'return' },
      { kind: 'arrive', which, at: null, wrong: null, end: 'return' },
    ]).flat(),
    hidden: [],
    absent: 2,
  })

it('reads each chain once, however few messages fit into memory', async () => {
  const times = 200
  const read = new Map<ChainSource, number>()
  const sources = (await talk(times)).map((source) => {
    const counted: ChainSource = { ...source, store: { ...source.store, read: counting } }
    async function* counting(...args: Parameters<ChainReader['read']>): ReturnType<ChainReader['read']> {
      for await (const stored of source.store.read(...args)) {
        read.set(counted, (read.get(counted) ?? 0) + 1)
        yield stored
      }
    }
    return counted
  })
  for (const maxLinks of [10 * times, 7, 1]) {
    read.clear()
    expect(await check(sources, { maxLinks })).toMatchObject({ held: times, faults: [] })
    expect(sources.map((source) => read.get(source))).toEqual([2 + 4 * times, 2 + 2 * times])
  }
})

it('puts aside what does not fit, and reads it once', async () => {
  const b = new Forger()
  await b.add(genesis('b'))
  await b.add(draft('seed', { seed: new Uint8Array(32) }))
  const cause = { chain: new Uint8Array(32), seq: 3, hash: new Uint8Array(32) }
  // Guest-controlled: the first argument of a turn is kept whole.
  const long = 'x'.repeat(20_000)
  for (let i = 0; i < 50; i++) {
    await b.add(turn('go', [long], null, cause))
    await b.add(ends.return)
  }
  const bytes = { written: 0, read: 0 }
  class Counting extends MemoryScratch {
    override write(piece: Uint8Array): Promise<number> {
      bytes.written += piece.length
      return super.write(piece)
    }
    override read(at: number, into: Uint8Array): Promise<void> {
      bytes.read += into.length
      return super.read(at, into)
    }
  }
  const { unchecked } = await check([await b.source()], { scratch: () => new Counting() })
  expect(unchecked).toHaveLength(50)
  expect(bytes.written).toBeGreaterThan(49 * long.length)
  expect(bytes.read).toBe(bytes.written)
})

it.each<[string, () => MemoryScratch | ScratchFile]>([
  ['memory', () => new MemoryScratch()],
  ['a file', () => new ScratchFile({ inMemory: 0 })],
  ['both', () => new ScratchFile({ inMemory: 70_000 })],
  ['memory, where no file can be made', () => new ScratchFile({ inMemory: 0, folder: '/nowhere at all' })],
])('gives back what was put aside, in its order: %s', async (_where, scratch) => {
  const record = fc.oneof(fc.nat(300), fc.nat(300), fc.nat(50_000))
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 60 }), async (lengths) => {
      await using aside = scratch()
      const piles = [new Pile(aside), new Pile(aside)]
      const bytes = (length: number, i: number): Uint8Array => new Uint8Array(length).fill(i + 1)
      for (const [i, length] of lengths.entries()) await piles[i % 2]!.add(bytes(length, i))
      const found = [[], []] as Uint8Array[][]
      for (const [i, pile] of piles.entries())
        for await (const one of pile.records()) found[i]!.push(one.slice())
      const expected = lengths.map(bytes)
      expect(found).toEqual([0, 1].map((side) => expected.filter((_, i) => i % 2 === side)))
    }),
    { numRuns: 20 },
  )
})

it('leaves no file behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'theater-scratch-'))
  {
    await using aside = new ScratchFile({ inMemory: 0, folder })
    const at = await aside.write(Uint8Array.of(1, 2, 3))
    const into = new Uint8Array(3)
    await aside.read(at, into)
    expect([...into]).toEqual([1, 2, 3])
  }
  expect(readdirSync(folder)).toEqual([])
  rmSync(folder, { recursive: true })
})
