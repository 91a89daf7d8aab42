import { ChainError } from '@theater/event-chain'
import { TheaterError } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { Observed, sharedMemory, SharedWatch } from '../src/thread/shared.ts'
import { Tally } from '../src/thread/tally.ts'
import { packError, unpackError } from '../src/thread/wire.ts'
import type { Doing } from '../src/watch.ts'

function watched(): { readonly watch: SharedWatch; readonly running: () => string | undefined } {
  const memory = sharedMemory()
  const seen = new Observed(memory)
  const running = (): string | undefined => seen.running && `${seen.running.actor} ${seen.running.doing}`
  return { watch: new SharedWatch(memory), running }
}

/** Long enough for all that is ready to have gone on. */
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve()
}

describe('who has a thread', () => {
  it('is the one who was let in, until it leaves', async () => {
    const { watch, running } = watched()
    let doing: Doing = 'rerun'
    const long = 'a'.repeat(128)
    const [a, b] = [watch.stage(long, () => doing), watch.stage('b', () => 'turn')]
    expect(running()).toBeUndefined()
    expect(a.enter()).toBeUndefined()
    expect(running()).toBe(`${long} rerun`)
    doing = 'turn'
    expect(a.enter()).toBeUndefined()
    expect(running()).toBe(`${long} turn`)
    // Whoever does not have it cannot give it away.
    b.leave()
    expect(running()).toBe(`${long} turn`)
    a.leave()
    expect(running()).toBeUndefined()
  })

  it('is one at a time, in the order in which they came', async () => {
    const { watch, running } = watched()
    const order: string[] = []
    const go = async (name: string): Promise<void> => {
      const stage = watch.stage(name, () => 'turn')
      const others = stage.enter()
      if (others !== undefined) await others
      order.push(running() ?? 'nobody')
      await Promise.resolve()
      order.push(running() ?? 'nobody')
      stage.leave()
    }
    await Promise.all(['a', 'b', 'c'].map(go))
    expect(order).toEqual(['a', 'a', 'b', 'b', 'c', 'c'].map((name) => `${name} turn`))
    expect(running()).toBeUndefined()
  })

  it('is nobody who did not go on when they could', async () => {
    const { watch, running } = watched()
    const [gone, next] = [watch.stage('gone', () => 'turn'), watch.stage('next', () => 'turn')]
    void gone.enter()
    const others = next.enter()
    await settled()
    expect(running()).toBe('gone turn')
    await others
    expect(running()).toBe('next turn')
    gone.leave()
    expect(running()).toBe('next turn')
  })

  it('is whoever is made ready where no guest runs', () => {
    const { watch, running } = watched()
    const guest = watch.stage('guest', () => 'turn')
    {
      using _first = watch.preparing('first', 'load')
      {
        using _second = watch.preparing('second', 'load')
        expect(running()).toBe('second load')
        void guest.enter()
        expect(running()).toBe('guest turn')
        guest.leave()
        expect(running()).toBe('second load')
      }
      expect(running()).toBe('first load')
    }
    expect(running()).toBeUndefined()
  })
})

describe('threads that had to be ended', () => {
  it('are so many within a time, and no more', () => {
    let now = 0
    const tally = new Tally(2, 1000, () => now)
    const again = { tag: 'again', hung: [], barred: new Set() }
    expect(tally.ended(undefined)).toEqual(again)
    now = 999
    expect(tally.ended(undefined)).toEqual(again)
    // The first is forgotten.
    now = 1000
    expect(tally.ended(undefined)).toEqual(again)
    now = 1998
    expect(tally.ended(undefined)).toEqual({ tag: 'enough' })
  })

  it('say whose doing has to be ended until a thread has said that it is, and who does not come back', () => {
    const tally = new Tally(20, 1000, () => 0)
    const hung = (actor: string, doing: Doing) => ({ actor, doing })
    const again = (all: readonly unknown[], barred: readonly string[]) => ({
      tag: 'again',
      hung: all,
      barred: new Set(barred),
    })
    expect(tally.ended(hung('a', 'turn'))).toEqual(again([hung('a', 'turn')], []))
    const both = [hung('a', 'turn'), hung('b', 'rerun')]
    expect(tally.ended(hung('b', 'rerun'))).toEqual(again(both, []))
    expect(tally.ended(hung('b', 'rerun'))).toEqual(again([...both, hung('b', 'rerun')], ['b']))
    tally.opened()
    expect(tally.ended(undefined)).toEqual(again([], ['b']))
    expect(tally.ended(hung('a', 'start'))).toEqual(again([hung('a', 'start')], ['b']))
    tally.opened()
    expect(tally.ended(hung('a', 'turn'))).toEqual(again([hung('a', 'turn')], ['b', 'a']))
    tally.opened()
    void tally.ended(hung('c', 'load'))
    tally.opened()
    expect(tally.ended(hung('c', 'load'))).toEqual(again([hung('c', 'load')], ['b', 'a', 'c']))
  })
})

describe('an error that crosses', () => {
  it('is of its class again, with all that it says', () => {
    const cross = (error: unknown): Error => unpackError(structuredClone(packError(error)))
    const cause = new ChainError('stale', 'another writer')
    const error = cross(new TheaterError('store-failed', 'no', { actor: 'a', detail: { seq: 1 }, cause }))
    expect(TheaterError.is(error)).toBe(true)
    expect(error).toMatchObject({ code: 'store-failed', message: 'no', actor: 'a', detail: { seq: 1 } })
    expect(ChainError.is(error.cause)).toBe(true)
    expect(error.cause).toMatchObject({ code: 'stale' })
    expect(cross(new RangeError('far'))).toMatchObject({ name: 'RangeError', message: 'far' })
    const refused = Object.assign(new Error('no'), { code: 'EACCES', syscall: 'open', why: () => 1 })
    expect(cross(refused)).toMatchObject({ code: 'EACCES', syscall: 'open' })
    expect(cross(refused)).not.toHaveProperty('why')
    expect(cross('thrown').message).toBe('thrown')
    // What no other thread can have is left out.
    expect(cross(new TheaterError('aborted', 'no', { detail: () => 1 }))).toMatchObject({ detail: undefined })
  })
})
