import { readFileSync } from 'node:fs'
import { memoryStore, readEvents } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { assemble } from '@theater/guests/wat'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { defaultLimits, maxLimits, Theater } from '@theater/runtime'
import type { Limits, LogLine, TheaterOptions } from '@theater/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { cache } from './support/kept.ts'

const track = 'test:limits/host'

/** A host whose functions are as greedy as they are asked to be. `wait` never answers. */
const greed: AnyHandler = defineHandler({
  name: 'greed',
  interfaces: [track],
  grant: { type: 'object', additionalProperties: false },
  functions: {
    [`${track}#note`]: { mode: 'sync', effect: 'read' },
    [`${track}#give`]: { mode: 'sync', effect: 'read' },
    [`${track}#wait`]: { mode: 'async', effect: 'read' },
    [`${track}#log`]: { mode: 'sync', effect: 'none' },
    [`${track}#make`]: { mode: 'sync', effect: 'none' },
  },
  within: () => true,
  authorize: () => true,
  bind: (actor) => ({
    imports: {
      [track]: {
        note: () => undefined,
        give: (length: number) => new Uint8Array(length),
        wait: () => new Promise(() => undefined),
        log: () => actor.log('info', 'again'),
        make: () => ({}),
      },
    },
    describe: () => ({}),
  }),
})

/** Each export wants more of one thing than it is given, `n` times. */
const hog = `(component
  (import "${track}" (instance $host
    (export "thing" (type $t (sub resource)))
    (export "note" (func))
    (export "give" (func (param "length" u32) (result (list u8))))
    (export "wait" (func))
    (export "log" (func))
    (export "make" (func (result (own $t))))))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $note (canon lower (func $host "note")))
  (core func $give (canon lower (func $host "give") (memory $memory) (realloc $realloc)))
  (core func $wait (canon lower (func $host "wait")))
  (core func $log (canon lower (func $host "log")))
  (core func $make (canon lower (func $host "make")))
  (core module $m
    (import "h" "note" (func $note))
    (import "h" "give" (func $give (param i32 i32)))
    (import "h" "wait" (func $wait))
    (import "h" "log" (func $log))
    (import "h" "make" (func $make (result i32)))
    (memory 1)
    (table $t 1 funcref)
    (func (export "ok") (result i32) (i32.const 1))
    (func (export "spin") (loop $l (br $l)))
    (func $sink (export "sink") (call $sink) (call $sink))
    (func (export "grow") (drop (memory.grow (i32.const 100))))
    (func (export "spread") (drop (table.grow $t (ref.null func) (i32.const 1000))))
    (func (export "notes") (param $n i32)
      (loop $l (call $note) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "takes") (param $n i32)
      (loop $l (call $give (i32.const 1000) (i32.const 16)) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "waits") (call $wait))
    (func (export "logs") (param $n i32)
      (loop $l (call $log) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "makes") (param $n i32)
      (loop $l (drop (call $make)) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "heed") (param i32 i32)))
  (core instance $i (instantiate $m (with "h" (instance
    (export "note" (func $note)) (export "give" (func $give)) (export "wait" (func $wait))
    (export "log" (func $log)) (export "make" (func $make))))))
  (func (export "ok") (result u32) (canon lift (core func $i "ok")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "sink") (canon lift (core func $i "sink")))
  (func (export "grow") (canon lift (core func $i "grow")))
  (func (export "spread") (canon lift (core func $i "spread")))
  (func (export "notes") (param "n" u32) (canon lift (core func $i "notes")))
  (func (export "takes") (param "n" u32) (canon lift (core func $i "takes")))
  (func (export "waits") (canon lift (core func $i "waits")))
  (func (export "logs") (param "n" u32) (canon lift (core func $i "logs")))
  (func (export "makes") (param "n" u32) (canon lift (core func $i "makes")))
  (func (export "heed") (param "bytes" (list u8))
    (canon lift (core func $i "heed") (memory $memory) (realloc $realloc))))`

interface World {
  readonly theater: Theater
  readonly store: Store
  readonly lines: LogLine[]
}

describe('a limit', () => {
  let component: Uint8Array
  beforeAll(async () => {
    component = await assemble(hog)
  })

  const host = async (limits: Partial<Limits>, options: Partial<TheaterOptions> = {}): Promise<World> => {
    const store = memoryStore()
    const lines: LogLine[] = []
    const theater = await Theater.open({
      cache,
      store,
      handlers: [greed],
      log: (line) => lines.push(line),
      ...options,
    })
    await theater.spawn({ id: 'a', component, grants: { greed: {} }, limits })
    return { theater, store, lines }
  }
  const last = async ({ theater, store }: World): Promise<unknown> => {
    const events = await Array.fromAsync(readEvents(store, theater.actors()[0]?.chain ?? new Uint8Array()))
    return events.at(-1)?.content
  }

  it.each<[keyof Limits, number, string, readonly unknown[], string]>([
    ['fuel', 10_000, 'spin', [], 'out-of-fuel'],
    ['depth', 100, 'sink', [], 'depth'],
    ['memory', 100 * 65_536, 'grow', [], 'memory'],
    ['tables', 1000, 'spread', [], 'memory'],
    ['handles', 5, 'makes', [6], 'memory'],
  ])('%s ends a turn by a trap, and the actor goes on', async (name, limit, fn, args, code) => {
    const world = await host({ [name]: limit })
    await expect(world.theater.call('a', fn, args)).rejects.toMatchObject({ code: 'trapped', detail: code })
    await expect(world.theater.call('a', fn, args)).rejects.toThrow(`"${name}"`)
    expect(await last(world)).toMatchObject({ code })
    expect(await world.theater.call('a', 'ok', [])).toBe(1)
    await world.theater.close()
  })

  it.each<[keyof Limits, number, string, readonly unknown[], string]>([
    ['turnEvents', 10, 'notes', [11], 'turn-events'],
    ['turnBytes', 5000, 'takes', [6], 'turn-bytes'],
    ['turnMs', 1, 'waits', [], 'turn-deadline'],
    ['callMs', 1, 'waits', [], 'deadline'],
  ])('%s ends a turn by an abort, and the actor goes on', async (name, limit, fn, args, code) => {
    const world = await host({ [name]: limit })
    await expect(world.theater.call('a', fn, args)).rejects.toMatchObject({ code: 'aborted', detail: code })
    expect(await last(world)).toMatchObject({ code })
    await expect(world.theater.call('a', fn, args)).rejects.toThrow(`"${name}"`)
    expect(await world.theater.call('a', 'ok', [])).toBe(1)
    await world.theater.close()
  })

  it('of events lets a turn have as many, in each turn', async () => {
    const { theater } = await host({ turnEvents: 10, turnBytes: 5000 })
    for (let turn = 0; turn < 3; turn++) {
      await expect(theater.call('a', 'notes', [9])).resolves.toBeUndefined()
      await expect(theater.call('a', 'takes', [4])).resolves.toBeUndefined()
    }
    await theater.close()
  })

  it('startFuel keeps an actor from being made', async () => {
    const begins = await assemble(`(component
      (core module $m (func $s (loop $l (br $l))) (start $s) (func (export "run")))
      (core instance $i (instantiate $m))
      (func (export "run") (canon lift (core func $i "run"))))`)
    const { theater } = await host({})
    await expect(
      theater.spawn({ id: 'b', component: begins, limits: { startFuel: 1000 } }),
    ).rejects.toMatchObject({
      code: 'failed-to-start',
      detail: 'out-of-fuel',
    })
    await theater.close()
  })

  it('messageBytes refuses what a call is given, before anything happens', async () => {
    const { theater } = await host({ messageBytes: 1000 })
    const { events } = theater.actors()[0] ?? { events: 0 }
    await expect(theater.call('a', 'heed', [new Uint8Array(1001)])).rejects.toMatchObject({
      code: 'too-large',
      detail: 1000,
    })
    const params = { format: 'x/y', body: new Uint8Array(1001) }
    const grants = { greed: {} }
    const limits = { messageBytes: 1000 }
    await expect(theater.spawn({ id: 'b', component, grants, params, limits })).rejects.toMatchObject({
      code: 'too-large',
    })
    expect(theater.actors()[0]?.events).toBe(events)
    await theater.call('a', 'heed', [new Uint8Array(900)])
    await theater.close()
  })

  it('stateBytes refuses a state', async () => {
    const { theater } = await host({})
    const state = { format: 'x/y', body: new Uint8Array(11) }
    await expect(
      theater.spawn({ id: 'b', component, grants: { greed: {} }, state, limits: { stateBytes: 10 } }),
    ).rejects.toMatchObject({ code: 'too-large', detail: 10 })
    await theater.close()
  })

  it('mailbox refuses a call', async () => {
    const { theater } = await host({ mailbox: 1 })
    const calls = [1, 2, 3].map(() => theater.call('a', 'ok', []).catch((error: unknown) => error))
    expect(await Promise.all(calls)).toEqual([
      1,
      expect.anything(),
      expect.objectContaining({ code: 'mailbox-full' }),
    ])
    await theater.close()
  })

  it('logLines leaves out what is above it, and says so once', async () => {
    const { theater, lines } = await host({ logLines: 3 })
    await theater.call('a', 'logs', [50])
    expect(lines.map(({ fields }) => fields.flat().join())).toEqual([
      '',
      '',
      '',
      expect.stringMatching(/^code,log-rate,limit,logLines,lines,47,bytes,[0-9]+$/),
    ])
    await theater.close()
  })

  it('maxActors keeps another actor from being made, until one ends', async () => {
    const { theater } = await host({}, { maxActors: 2 })
    const spawn = (id: string) => theater.spawn({ id, component, grants: { greed: {} } })
    const both = await Promise.allSettled([spawn('b'), spawn('c')])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(spawn('d')).rejects.toMatchObject({ code: 'too-many-actors', detail: 2 })
    await theater.stop('b')
    await spawn('d')
    await theater.close()
  })

  it.each(Object.keys(maxLimits) as (keyof Limits)[])(
    '%s has a most, and docs/limits.md says it',
    async (name) => {
      const theater = await Theater.open({ cache, store: memoryStore(), handlers: [greed] })
      const more = { [name]: maxLimits[name] + 1 }
      await expect(
        theater.spawn({ id: 'a', component, grants: { greed: {} }, limits: more }),
      ).rejects.toMatchObject({ code: 'bad-limit', message: expect.stringContaining(`"${name}"`) as string })
      const table = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8')
      const row = table.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? ''
      const shown = row
        .split('|')
        .slice(3, 5)
        .map((cell) => number(cell.trim()))
      expect(shown).toEqual([defaultLimits[name], maxLimits[name]])
      await theater.close()
    },
  )
})

/** A number as the table has it: `256 MiB`, `20,500`. */
function number(cell: string): number {
  const [digits = '', unit] = cell.split(' ')
  return Number(digits.replaceAll(',', '')) * (unit === 'MiB' ? 1024 ** 2 : unit === 'GiB' ? 1024 ** 3 : 1)
}
