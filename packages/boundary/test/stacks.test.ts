import { type Component, Stacks } from '@theater/component'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fromCore } from '@theater/guests/wat'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, show, TestActor } from './support/actor.ts'
import type { ActorOptions, TestHost } from './support/actor.ts'
import { FATAL_LENGTH, phasesGuest } from './support/phases.ts'

const HOST = 'test:wait/host'

const WAT = `(module
  (import "${HOST}" "wait" (func $wait (param i32) (result i32)))
  (import "${HOST}" "note" (func $note (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "work") (param $n i32) (param $m i64) (result i64) (local $i i32)
    (loop $on
      (call $note (local.get $i))
      (local.set $m (i64.add (local.get $m) (i64.extend_i32_u (call $wait (local.get $i)))))
      (br_if $on (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $m))
  (func (export "catches") (result i32) (local $answer i32)
    (block $done
      (block $catch
        (try_table (catch_all $catch) (local.set $answer (call $wait (i32.const 1000))))
        (br $done))
      (call $note (i32.const 99)))
    (call $note (i32.const 98))
    (local.get $answer))
  (func (export "boom") (call $note (call $wait (i32.const 7))) unreachable))`

const WIT = `package test:wait;
interface host { wait: func(n: u32) -> u32; note: func(n: u32); }
world waits {
  import host;
  export work: func(n: u32, m: u64) -> u64;
  export catches: func() -> u32;
  export boom: func();
}`

let component: Component
beforeAll(async () => {
  component = await load(await fromCore(WAT, WIT, 'waits'))
})

function host(
  notes: number[],
  wait: (n: number) => Promise<number>,
  effect: 'read' | 'once' = 'read',
): TestHost {
  return {
    functions: {
      [`${HOST}#wait`]: { mode: 'async', effect },
      [`${HOST}#note`]: { mode: 'sync', effect: 'read' },
    },
    imports: { [HOST]: { wait, note: (n: number) => void notes.push(n) } },
  }
}

const later = async (n: number): Promise<number> => {
  if (n % 2 === 1) await new Promise((resolve) => setImmediate(resolve))
  return n + 1
}

describe('guests on stacks that are used again', () => {
  it('write the same record, byte for byte, alone and beside each other', async () => {
    const play = async (options: ActorOptions): Promise<string> => {
      const notes: number[] = []
      const actor = await TestActor.start(component, host(notes, later), options)
      for (let n = 1; n < 6; n++) await actor.value('work', n, 2n ** 60n)
      const ends = [show(await actor.turn('boom'))]
      expect(ends).toEqual(['trap guest'])
      expect(await actor.differs()).toBeUndefined()
      return `${notes.join()} ${actor.log.flushed.join()} ${actor.log.print}`
    }
    const expected = await play({})
    const stacks = new Stacks()
    expect(await play({ stacks })).toBe(expected)
    expect(stacks.made).toBe(1)
    expect(await Promise.all(Array.from({ length: 5 }, () => play({ stacks })))).toEqual(
      Array.from({ length: 5 }, () => expected),
    )
    expect(stacks.made).toBeGreaterThan(2)
  })

  it('end in every phase of a turn as they do on stacks of their own', async () => {
    const phases = await load(await phasesGuest())
    const sync = { mode: 'sync', effect: 'read' } as const
    const text = 'x'.repeat(FATAL_LENGTH)
    const play = async (
      fn: string,
      args: readonly unknown[],
      stacks: Stacks | undefined,
    ): Promise<unknown> => {
      const names = { 'test:phases/host#note': sync, 'test:phases/host#text': sync }
      const imports = { 'test:phases/host': { note: () => {}, text: () => text } }
      const options = { jspi: true, ...(stacks !== undefined && { stacks }) }
      const actor = await TestActor.start(phases, { functions: names, imports }, options)
      await actor.value('test:phases/guest#count')
      return [show(await actor.turn(`test:phases/guest#${fn}`, ...args)), actor.log.print]
    }
    const stacks = new Stacks({ most: 1 })
    for (const fn of [
      'before',
      'after',
      'after-return',
      'take-text',
      'get-text',
      'bad-pointer',
      'bad-case',
      'bad-handle',
    ]) {
      const args = fn === 'take-text' ? [text] : []
      expect(await play(fn, args, stacks)).toEqual(await play(fn, args, undefined))
    }
  })
})

describe('a turn that is ended while its guest is suspended', () => {
  /** Collects garbage until these are, or are not going to be; answers how many are left. */
  async function left(all: readonly WeakRef<object>[]): Promise<number> {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const there = (): number => all.filter((one) => one.deref() !== undefined).length
    for (let i = 0; i < 10 && there() > 0; i++) {
      // What was looked at is held until the job is over.
      await new Promise((resolve) => setImmediate(resolve))
      gc()
    }
    return there()
  }

  /** The component, of whose instances the core ones are noted. */
  function watched(cores: WeakRef<object>[]): Component {
    const { digest, bytes, model, jco } = component
    const onCoreInstance = (core: object): void => void cores.push(new WeakRef(core))
    const prepare: Component['prepare'] = async (plan) => {
      const prepared = await component.prepare(plan)
      return {
        plan: prepared.plan,
        meter: prepared.meter,
        newResources: () => prepared.newResources(),
        instantiate: (given) => prepared.instantiate(given, { onCoreInstance }),
        instantiateSync: (given) => prepared.instantiateSync(given, { onCoreInstance }),
      }
    }
    return { digest, bytes, model, jco, prepare }
  }

  const ends = {
    abort: 'abort stopped',
    dispose: 'lost',
    fault: 'abort handler-fault',
    deadline: 'abort deadline',
  }

  it.each<['read' | 'once', boolean, keyof typeof ends]>([
    ['read', true, 'abort'],
    ['read', false, 'abort'],
    ['once', true, 'abort'],
    ['read', true, 'dispose'],
    ['read', true, 'fault'],
    ['read', false, 'fault'],
    ['read', true, 'deadline'],
    ['once', false, 'deadline'],
  ])('leaves nothing behind: %s, stacks used again: %s, %s', async (effect, again, how) => {
    const stacks = again ? new Stacks({ most: 1 }) : undefined
    const notes: number[] = []
    const cores: WeakRef<object>[] = []
    const play = async (): Promise<void> => {
      let waits: (() => void) | undefined
      let late: ((n: number) => void) | undefined
      const waiting = new Promise<void>((resolve) => (waits = resolve))
      const wait = (): Promise<number> => {
        waits?.()
        if (how === 'fault') return Promise.reject(new Error('a bug'))
        return new Promise((resolve) => (late = resolve))
      }
      const live = how === 'deadline' ? { callTimeoutMs: 1 } : {}
      const options = stacks === undefined ? { live } : { live, stacks }
      const actor = await TestActor.start(watched(cores), host(notes, wait, effect), options)
      const turn = actor.turn('catches')
      await waiting
      await new Promise((resolve) => setImmediate(resolve))
      if (how === 'abort') actor.boundary.abort('stopped', new Error('stopped'))
      if (how === 'dispose') actor.boundary.dispose()
      expect(show(await turn)).toBe(ends[how])
      // An answer that comes too late changes nothing.
      late?.(5)
    }
    for (let i = 0; i < 3; i++) await play()
    expect(cores.length).toBeGreaterThanOrEqual(3)
    expect(await left(cores)).toBe(0)
    expect(notes).toEqual([])
    expect(stacks?.idle ?? 0).toBe(0)
  })
})
