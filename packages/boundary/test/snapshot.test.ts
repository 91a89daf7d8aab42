import { ImageRoom } from '@theater/component'
import type { Component } from '@theater/component'
import { guest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '@theater/values'
import { Boundary, decodeSnapshot, encodeSnapshot, segments, snapshotPieces } from '../src/index.ts'
import type { NoSnapshot, Snapshot, TheaterEvent } from '../src/index.ts'
import { identity, load, restore, show, TestActor } from './support/actor.ts'
import type { TestHost } from './support/actor.ts'
import { script } from './support/script.ts'
import type { Step } from './support/script.ts'
import { HOST, scriptComponent } from './support/scripted.ts'

let component: Component
beforeAll(async () => {
  component = await scriptComponent()
})

class Counter {
  value: number
  constructor(value: number) {
    this.value = value
  }
  bump(by: number): number {
    return (this.value += by)
  }
}

/** A host of counters that can be brought back, and of waits. */
const host: TestHost = {
  functions: {
    [`${HOST}#wait`]: { mode: 'async', effect: 'read' },
    [`${HOST}#effect`]: { mode: 'async', effect: 'idempotent' },
  },
  imports: {
    [HOST]: {
      '[constructor]counter': (n: number) => new Counter(n),
      give: (n: number) => new Counter(n),
      take: (counter: Counter) => counter.value,
      look: (counter: Counter) => counter.value,
      wait: async (ms: number) => ms,
      effect: async (n: number) => n,
    },
  },
  describe: (_type, object) => ({ value: (object as Counter).value }),
  resume: (_type, description) => new Counter((description as { value: number }).value),
}

/** Registers that hold counters, those that hold timers, and none. */
type Registers = ('counter' | 'pollable' | undefined)[]

/** One instruction that the registers allow, chosen by numbers. */
function stepOf(registers: Registers, [which, register, n]: readonly [number, number, number]): Step {
  const held = registers[register]
  const set = (what: Registers[number], step: Step): Step => {
    registers[register] = what
    return step
  }
  if (held === 'counter') {
    if (which < 3) return ['bump', register, n]
    return which < 6 ? set(undefined, ['dropCounter', register]) : set(undefined, ['take', register])
  }
  if (held === 'pollable') {
    return which < 5 ? ['ready', register] : set(undefined, ['dropPollable', register])
  }
  switch (which) {
    case 0:
    case 1:
      return set('counter', ['counter', n, register])
    case 2:
      return set('counter', ['give', n, register])
    case 3:
      return set('pollable', ['after', n, register])
    case 4:
      return ['wait', n]
    case 5:
      return ['effect', n]
    case 6:
      return ['draw']
    case 7:
      return ['wall']
    default:
      return ['now']
  }
}

const turns = fc
  .array(fc.array(fc.tuple(fc.nat(9), fc.nat(3), fc.nat(50)), { maxLength: 6 }), {
    minLength: 2,
    maxLength: 6,
  })
  .map((all) => {
    const registers: Registers = []
    return all.map((steps) => steps.map((one) => stepOf(registers, one)))
  })

function bytesOf(boundary: Boundary, first = undefined as Parameters<Boundary['snapshot']>[0]): Uint8Array {
  const snapshot = boundary.snapshot(first)
  if ('none' in snapshot) throw new Error(`${snapshot.none}: ${snapshot.message}`)
  return encodeSnapshot(snapshot)
}

/** A boundary for a re-run alone, instantiated over a record. */
async function again(events: readonly TheaterEvent[], plan: 'sync' | 'jspi'): Promise<Boundary> {
  const asyncImports = [`${HOST}#wait`, `${HOST}#effect`]
  const prepared = await component.prepare(plan === 'sync' ? { mode: plan } : { mode: plan, asyncImports })
  const boundary = new Boundary({ component, prepared, ...identity({}) })
  const [start] = await Array.fromAsync(segments([...events]))
  await boundary.instantiate(start?.kind === 'start' ? start.events : [], { complete: true })
  return boundary
}

async function rerun(
  boundary: Boundary,
  events: readonly TheaterEvent[],
  from: number,
  to = Infinity,
): Promise<void> {
  for await (const segment of segments([...events])) {
    if (segment.kind !== 'turn' || segment.turn.seq < from || segment.turn.seq >= to) continue
    const end = await boundary.rerun(segment.turn, segment.events)
    if (end.tag !== 'return') throw new Error(String(show(end)))
  }
}

describe('a snapshot', () => {
  it('is a function of the record, on any plan, and what goes on from it is what goes on from a re-run', async () => {
    const first = (await again([], 'sync')).firstMemory()
    expect(first.shared).toBe(true)
    await fc.assert(
      fc.asyncProperty(turns, fc.nat(5), async (steps, at) => {
        const actor = await TestActor.start(component, host)
        const taken: { readonly bytes: Uint8Array; readonly seq: number }[] = []
        for (const turn of steps) {
          taken.push({ bytes: bytesOf(actor.boundary, first), seq: actor.log.events.length })
          await actor.value('run', script(...turn))
        }
        const last = bytesOf(actor.boundary, first)
        const { events } = actor.log
        const from = taken[at % taken.length] as (typeof taken)[number]
        for (const plan of ['sync', 'jspi'] as const) {
          // The record up to there gives it again; and from there on it is the same, to the end of the record.
          const straight = await again(events, plan)
          await rerun(straight, events, 0, from.seq)
          expect(bytesOf(straight, first)).toEqual(from.bytes)
          const restored = await again(events, plan)
          restore(restored, from.bytes, actor.parts)
          expect(bytesOf(restored, first)).toEqual(from.bytes)
          expect(restored.notBefore).toBe(straight.notBefore)
          await rerun(restored, events, from.seq)
          expect(bytesOf(restored, first)).toEqual(last)
        }
        // Live, with handles that are resumed.
        const next: Step[] = [
          ['counter', 7, 8],
          ['bump', 8, 1],
          ['wait', 3],
          ['now'],
          ['draw'],
          ['after', 5, 9],
        ]
        const { actor: whole } = await actor.revive(host)
        const { actor: short } = await actor.revive(host, events.length, from)
        for (const one of [whole, short]) await one.value('run', script(...next))
        expect(short.log.print).toBe(whole.log.print)
        expect(bytesOf(short.boundary, first)).toEqual(bytesOf(whole.boundary, first))
        expect(await short.differs()).toBeUndefined()
      }),
      { numRuns: 25 },
    )
  })

  it('has handles whose objects are resumed when they are first used, and what a stream permits', async () => {
    const written: number[] = []
    const stream = {
      checkWrite: () => 10,
      write: (bytes: Uint8Array) => void written.push(bytes.length),
      flush: () => undefined,
      blockingFlush: async () => undefined,
      pollable: { ready: () => true, wait: async () => undefined },
    }
    const resumed: unknown[] = []
    const streams: TestHost = {
      imports: { [HOST]: { out: () => stream } },
      describe: () => ({ a: 'stream' }),
      resume: (type, description) => {
        resumed.push([type, description])
        return stream
      },
    }
    const actor = await TestActor.start(component, streams)
    await actor.value('run', script(['out', 0, 0], ['check', 0]))
    const from = { bytes: bytesOf(actor.boundary), seq: actor.log.events.length }
    const { actor: other } = await actor.revive(streams, from.seq, from)
    expect(resumed).toEqual([])
    await other.value('run', script(['write', 0, 10]))
    expect([resumed, written]).toEqual([[['wasi:io/streams@0.2#output-stream', { a: 'stream' }]], [10]])
    expect(await other.differs()).toBeUndefined()
  })

  it('is refused while a turn runs, by an instance that is finished, and where each turn has its own', async () => {
    let during: Snapshot | NoSnapshot | undefined
    const actor: TestActor = await TestActor.start(component, {
      ...host,
      imports: { [HOST]: { wait: async () => ((during = actor.boundary.snapshot()), 1) } },
    })
    await actor.value('run', script(['wait', 1]))
    expect(during).toMatchObject({ none: 'busy' })
    await actor.turn('run', script(['trap']))
    expect(actor.boundary.snapshot()).toMatchObject({ none: 'finished' })
    const prepared = await component.prepare({ mode: 'sync' })
    const perTurn = new Boundary({ component, prepared, ...identity({}), instance: 'turn' })
    perTurn.instantiateSync([])
    expect(perTurn.snapshot()).toMatchObject({ none: 'per-turn' })
    const free = await component.prepare({ mode: 'sync', metering: 'none' })
    const unmetered = new Boundary({ component, prepared: free, ...identity({}) })
    unmetered.instantiateSync([])
    expect(unmetered.snapshot()).toMatchObject({ none: 'not-metered' })
  })

  it('is laid over an instance that is just made, and over no other', async () => {
    const actor = await TestActor.start(component, host)
    const snapshot = actor.boundary.snapshot() as Snapshot
    expect(() => new Boundary({ ...actor.parts, ...identity({}) }).restore(snapshot)).toThrow('just made')
    await actor.value('run', script(['now']))
    expect(() => actor.boundary.restore(snapshot)).toThrow('just made')
    expect(() => actor.boundary.firstMemory()).toThrow('just made')
    const fresh = await again([], 'sync')
    fresh.restore(snapshot)
    expect(() => fresh.restore(snapshot)).toThrow('just made')
  })

  it('is of one component, one meter and one jco', async () => {
    const boundary = await again([], 'sync')
    const snapshot = boundary.snapshot() as Snapshot
    const bytes = encodeSnapshot(snapshot)
    const prepared = await component.prepare({ mode: 'sync' })
    const native = await component.prepare({ mode: 'sync', metering: 'native' })
    const bank = await load(guest('bank'))
    const parts = { component: bank, prepared: await bank.prepare({ mode: 'sync' }) }
    expect(decodeSnapshot(bytes, parts)).toMatchObject({ none: 'other-component' })
    expect(decodeSnapshot(bytes, { component, prepared: native })).toMatchObject({ none: 'other-meter' })
    const newer = encodeSnapshot({ ...snapshot, key: { ...snapshot.key, jco: '99.0.0' } })
    expect(decodeSnapshot(newer, { component, prepared })).toMatchObject({ none: 'other-jco' })
    const format = bytes.slice()
    format[new TextEncoder().encode('theater snapshot ').length] = 0x34
    expect(decodeSnapshot(format, { component, prepared })).toMatchObject({ none: 'other-format' })
    // In memory it is held against the same.
    const other = new Boundary({ component, prepared: native, ...identity({}) })
    other.instantiateSync([])
    expect(other.restore(snapshot)).toMatchObject({ none: 'other-meter' })
    expect(other.ended).toMatchObject({ tag: 'lost' })
  })

  it('that is damaged in any byte, or cut, is refused', async () => {
    const actor = await TestActor.start(component, host)
    await actor.value('run', script(['counter', 1, 0], ['after', 9, 1], ['wait', 2], ['now']))
    const bytes = bytesOf(actor.boundary, (await again([], 'sync')).firstMemory())
    expect(decodeSnapshot(bytes, actor.parts)).not.toHaveProperty('none')
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.slice()
        if (!cut) damaged[at] = (damaged[at] ?? 0) ^ by
        expect(decodeSnapshot(damaged, actor.parts)).toHaveProperty('none')
      }),
      { numRuns: 300 },
    )
  })

  it('is the same bytes in pieces, its pages where they were put, one snapshot after the other', async () => {
    const first = (await again([], 'sync')).firstMemory()
    const room = new ImageRoom()
    const actors = [await TestActor.start(component, host), await TestActor.start(component, host)]
    for (let n = 0; n < 6; n++) {
      const actor = actors[n % 2] as TestActor
      await actor.value('run', script(['counter', n, n], ['bump', n, 3], ['wait', n], ['draw']))
      room.clear()
      const snapshot = actor.boundary.snapshot(n === 4 ? undefined : first, room) as Snapshot
      const { pieces, digested, digest } = snapshotPieces(snapshot)
      expect(pieces.length).toBeLessThanOrEqual(2)
      digest.set(sha256(Buffer.concat(digested)))
      const bytes = Buffer.concat(pieces)
      expect(bytes.equals(encodeSnapshot(snapshot))).toBe(true)
      expect(bytes.equals(bytesOf(actor.boundary, n === 4 ? undefined : first))).toBe(true)
      expect(decodeSnapshot(bytes, actor.parts)).not.toHaveProperty('none')
    }
  })

  it('is written against memory that is one actor’s alone where the instantiation called out', async () => {
    const starter = await load(
      await assemble(`(component
        (import "test:starter/host" (instance $host (export "note" (func (result u32)))))
        (core func $note (canon lower (func $host "note")))
        (core module $m (import "h" "note" (func $note (result i32))) (memory 1)
          (func $s (i32.store (i32.const 8) (call $note))) (start $s)
          (func (export "run") (result i32) (i32.load (i32.const 8))))
        (core instance $i (instantiate $m (with "h" (instance (export "note" (func $note))))))
        (func (export "run") (result u32) (canon lift (core func $i "run"))))`),
    )
    const said = (n: number): TestHost => ({ imports: { 'test:starter/host': { note: () => n } } })
    const actor = await TestActor.start(starter, said(5))
    expect(actor.boundary.firstMemory().shared).toBe(false)
    const from = {
      bytes: bytesOf(actor.boundary, actor.boundary.firstMemory()),
      seq: actor.log.events.length,
    }
    const { actor: short } = await actor.revive(said(6), from.seq, from)
    expect(await short.value('run')).toBe(5)
    const quiet = new Boundary({ ...(await TestActor.start(component)).parts, ...identity({}) })
    quiet.instantiateSync([])
    expect(quiet.firstMemory().shared).toBe(true)
  })
})
