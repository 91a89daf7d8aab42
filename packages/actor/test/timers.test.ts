import { defineActor, Failure, TimerError } from '@theater/actor'
import { decodeMessage, encodeMessage } from '@theater/actor/message'
import type { TheaterTimerTimers } from '@theater/wit'
import { expect, test } from 'vitest'
import type { Host } from '../src/guest/host.ts'
import { err, FakeHost, outcome, Served } from './fake-host.ts'
import reminder from './sources/reminder.ts'

type Timer = TheaterTimerTimers.Timer

/** A host whose timers are set, and noted. @param refused what it says to one that is to be set */
function setting(refused?: TheaterTimerTimers.Error) {
  const calls: unknown[] = []
  const standing = new Map<bigint, Timer>()
  const set = (timer: Omit<Timer, 'id'>): Timer => {
    if (refused !== undefined) throw err(refused)
    const made = { id: BigInt(standing.size + 1), ...timer }
    standing.set(made.id, made)
    return made
  }
  const alarms: NonNullable<Host['alarms']> = {
    once(when, message) {
      calls.push(['once', when, decodeMessage(message)])
      return set({ due: when.val })
    },
    every(interval, message) {
      calls.push(['every', interval, decodeMessage(message)])
      return set({ due: interval, interval })
    },
    cancel(id) {
      calls.push(['cancel', id])
      if (!standing.delete(id)) throw err('not-set')
    },
    list: () => [...standing.values()],
  }
  return { calls, host: { ...new FakeHost().all(), alarms } }
}

test('a timer has a name and a body, and is heard by the handler of that name', async () => {
  const { calls, host } = setting()
  const actor = new Served(reminder, host)
  expect(await actor.request('remind', { note: 'tea', minutes: 5 })).toBe(1)
  expect(await actor.request('beat', 0.5)).toBe(2)
  expect(calls).toEqual([
    ['once', { tag: 'after', val: 300_000n }, { type: 'remind', body: 'tea' }],
    ['every', 500n, { type: 'beat', body: undefined }],
  ])
  const { target } = actor.exports
  await target.fired({ id: 1n, due: 300_000n, missed: 0n }, encodeMessage('remind', 'tea'))
  await target.fired({ id: 2n, due: 2000n, missed: 3n }, encodeMessage('beat'))
  expect(await actor.request('state')).toEqual({ notes: ['tea'], beats: 4 })
  await actor.request('forget', 2)
  await actor.request('forget', 2)
  expect(calls.slice(2)).toEqual([
    ['cancel', 2n],
    ['cancel', 2n],
  ])
})

test('an instant is one, and what is no time is none', async () => {
  const { calls, host } = setting()
  const at = (when: () => number | Date) =>
    new Served(
      defineActor({ uses: ['timer'], messages: { go: (ctx) => ctx.timers.once(when(), 'it') } }),
      host,
    ).request('go')
  expect(await at(() => new Date(1_800_000_000_000))).toEqual({
    id: 1,
    due: 1_800_000_000_000,
    interval: null,
  })
  expect(await at(() => -5)).toMatchObject({ due: 0 })
  expect(await at(() => 1.2)).toMatchObject({ due: 2 })
  for (const wrong of [NaN, Infinity, new Date(NaN)])
    expect(await at(() => wrong)).toMatchObject({
      code: 'exception',
      message: expect.stringContaining('is not a time'),
    })
  expect(calls).toHaveLength(3)
})

test('a turn that fails has set none and cancelled none', async () => {
  const { calls, host } = setting()
  const actor = new Served(
    defineActor({
      uses: ['timer'],
      messages: {
        go(ctx) {
          ctx.timers.cancel(99)
          ctx.timers.once(1, 'it')
          ctx.timers.every(1, 'it')
          throw new Failure('no', 'no')
        },
        list: (ctx) => ctx.timers.list(),
      },
    }),
    host,
  )
  expect(await actor.request('go')).toMatchObject({ code: 'no' })
  expect(calls.slice(2)).toEqual([
    ['cancel', 1n],
    ['cancel', 2n],
  ])
  expect(await actor.request('list')).toEqual([])
})

test('what fires and nobody hears is a failure, and so is what the handler throws', async () => {
  const { host } = setting()
  const actor = new Served(
    defineActor({
      uses: ['timer'],
      state: 0,
      timers: {
        bad(ctx) {
          ctx.state++
          throw new Failure('no', 'not now')
        },
      },
    }),
    host,
  )
  const fire = (name: string) =>
    outcome(() => actor.exports.target.fired({ id: 1n, due: 1n, missed: 0n }, encodeMessage(name)))
  expect(await fire('bad')).toEqual({ code: 'no', message: 'not now' })
  for (const name of ['other', 'constructor'])
    expect(await fire(name)).toMatchObject({ code: 'unknown-message' })
  expect(await actor.state()).toBe(0)
})

test.for([
  ['too-many', { tag: 'too-many', val: 3 }, 3],
  ['too-short', { tag: 'too-short', val: 1000n }, 1000],
  ['not-served', { tag: 'not-served' }, null],
] as const)('what the host says of it is the code: %s', async ([code, error, limit]) => {
  const { host } = setting(error)
  const actor = new Served(
    defineActor({
      uses: ['timer'],
      messages: {
        go(ctx) {
          try {
            return ctx.timers.every(1, 'it')
          } catch (thrown) {
            if (!TimerError.is(thrown)) throw thrown
            return { code: thrown.code, limit: thrown.limit ?? null, timer: thrown.timer }
          }
        },
      },
    }),
    host,
  )
  expect(await actor.request('go')).toEqual({ code, limit, timer: 'it' })
})

test('an actor that does not ask for timers has none', async () => {
  const actor = new Served(
    defineActor({
      messages: { go: (ctx) => (ctx as unknown as { timers: { list(): number } }).timers.list() },
    }),
    {},
  )
  expect(await actor.request('go')).toMatchObject({
    message: expect.stringContaining("add 'timer' to uses"),
  })
})
