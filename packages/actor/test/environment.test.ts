import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { AmbientUse } from '../src/build/ambient.ts'
import { type Globals, restrict } from '../src/guest/environment.ts'
import { makeLog } from '../src/guest/log.ts'
import { FakeHost } from './fake-host.ts'

/** A fresh global object like the engine's, restricted. */
function globals(
  uses: readonly AmbientUse[],
  logs = false,
): {
  host: FakeHost
  /** The timers that are set. */
  timers: Map<number, () => void>
  run: (code: string) => unknown
  begin: () => void
  end: () => void
} {
  const host = new FakeHost()
  const timers = new Map<number, () => void>()
  let last = 0
  const setTimer = (callback: () => void): number => {
    timers.set(++last, callback)
    return last
  }
  const context = {
    performance: { now: () => 5 },
    crypto: {
      randomUUID: () => 'uuid',
      getRandomValues: (array: Uint8Array) => array.fill(7),
      subtle: { sign: () => 'signed', digest: () => 'digest' },
    },
    console: {},
    setTimeout: setTimer,
    setInterval: setTimer,
    clearTimeout: (timer: number) => timers.delete(timer),
    AbortSignal: { timeout: () => 'the engine’s own' },
    AbortController,
    DOMException,
    fetch: () => 'fetched',
  }
  const global = runInNewContext('globalThis', context) as Globals
  let reading = 1_000_000_000n
  const wallClock = {
    now: () => {
      reading += 1_500_000n
      return { seconds: reading / 1_000_000_000n, nanoseconds: Number(reading % 1_000_000_000n) }
    },
  }
  const log = host.log().log
  const environment = restrict(global, {
    uses,
    ...(uses.includes('time') && !uses.includes('timers') ? { wallClock } : {}),
    ...(logs ? { log: makeLog(log!) } : {}),
  })
  const run = (code: string): unknown => runInNewContext(code, context) as unknown
  return { host, timers, run, begin: () => environment.begin(), end: () => environment.end() }
}

const time = [
  'Date.now()',
  'new Date()',
  'Date()',
  'Reflect.construct(Date, [])',
  'new (new Date(0).constructor)()',
  'performance.now()',
  'performance.timeOrigin',
]
const chance = [
  'Math.random()',
  'crypto.randomUUID()',
  'crypto.getRandomValues(new Uint8Array(2))',
  'crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" })',
]
const timers = ['setTimeout(() => {}, 1)', 'setInterval(() => {}, 1)', 'AbortSignal.timeout(1)']

describe.for([
  ...time.map((code) => [code, 'time'] as const),
  ...chance.map((code) => [code, 'chance'] as const),
  ...timers.map((code) => [code, 'timers'] as const),
])('%s', ([code, use]) => {
  test('throws where the build did not find it, for what the engine would do is a lie', () => {
    const { run, begin } = globals([])
    begin()
    expect(() => run(code)).toThrow('theater build adds what the source of an actor names')
  })

  test('works where the build found it', () => {
    const { run, begin } = globals([use])
    begin()
    expect(() => run(code)).not.toThrow()
  })
})

test.for(time)('%s is of the build while the module is loaded', (code) => {
  expect(() => globals(['time']).run(code)).not.toThrow()
})

test.for([
  ...chance.map((code) => [code, 'chance'] as const),
  ...timers.map((code) => [code, 'timers'] as const),
])('%s throws while the module is loaded', ([code, use]) => {
  expect(() => globals([use]).run(code)).toThrow('call it in a handler')
})

test('says which name the source lacks', () => {
  const { run, begin } = globals([])
  begin()
  expect(() => run('new Date()')).toThrow('nowhere says Date')
  expect(() => run('performance.now()')).toThrow('nowhere says performance')
  expect(() => run('Math.random()')).toThrow('nowhere says random')
  expect(() => run('crypto.subtle.sign({ name: "ECDSA" })')).toThrow('nowhere says crypto')
  expect(() => run('setTimeout(() => {})')).toThrow('nowhere says setTimeout')
})

test('time is the host’s, through Date and performance', () => {
  const { run, begin } = globals(['time'])
  begin()
  expect(run('Date.now()')).toBe(1001)
  expect(run('new Date().getTime()')).toBe(1003)
  expect(run('performance.now()')).toBe(0)
  expect(run('performance.now()')).toBe(1.5)
  expect(run('performance.timeOrigin')).toBe(1004.5)
  expect(run('Date()')).toContain('1970')
})

test('with the engine’s own clock performance has an origin that fits Date', () => {
  const { run, begin } = globals(['time', 'timers'])
  expect(run('performance.now()')).toBe(0)
  begin()
  expect(run('performance.now()')).toBe(5)
  expect(run('Math.abs(Date.now() - performance.timeOrigin - performance.now()) < 1000')).toBe(true)
})

describe('a timer', () => {
  test('calls back with its arguments', () => {
    const { timers, run, begin } = globals(['timers'])
    begin()
    run('setTimeout((...args) => { globalThis.seen = args }, 1, "a", 2)')
    expect(timers.size).toBe(1)
    for (const fire of timers.values()) fire()
    expect(run('globalThis.seen')).toEqual(['a', 2])
  })

  test('that repeats is set again each time, until it is cleared', () => {
    const { timers, run, begin } = globals(['timers'])
    begin()
    run('globalThis.ticks = 0; globalThis.timer = setInterval(() => { ticks++ }, 1)')
    for (let tick = 1; tick <= 3; tick++) {
      const [id, fire] = [...timers][0]!
      timers.delete(id)
      fire()
      expect(run('ticks')).toBe(tick)
    }
    run('clearInterval(timer)')
    expect(timers.size).toBe(0)
  })

  test('fires after those that are due before it, in whatever order the engine has them', () => {
    const { timers, run, begin } = globals(['timers'])
    begin()
    run('globalThis.order = []; for (const ms of [30, 10, 20]) setTimeout(() => order.push(ms), ms)')
    const [first] = timers.values()
    first!()
    expect(run('order')).toEqual([10, 20, 30])
    expect(timers.size).toBe(0)
  })

  test('that throws ends neither the turn nor the others', () => {
    const { host, timers, run, begin } = globals(['timers'], true)
    begin()
    run(
      'globalThis.after = 0; setTimeout(() => { throw new Error("x") }, 1); setTimeout(() => { after++ }, 1)',
    )
    for (const fire of timers.values()) fire()
    expect(run('after')).toBe(1)
    expect(host.calls).toEqual(['log error a timer threw Error: x'])
  })

  test('is dropped with the turn that set it', () => {
    const { timers, run, begin, end } = globals(['timers'])
    begin()
    run('setTimeout(() => {}, 1); setInterval(() => {}, 1); AbortSignal.timeout(1)')
    expect(timers.size).toBe(3)
    end()
    expect(timers.size).toBe(0)
  })

  test('aborts a signal with a TimeoutError', () => {
    const { timers, run, begin } = globals(['timers'])
    begin()
    run('globalThis.signal = AbortSignal.timeout(1)')
    for (const fire of timers.values()) fire()
    expect(run('[signal.aborted, signal.reason.name]')).toEqual([true, 'TimeoutError'])
  })
})

test('Date is otherwise as it was', () => {
  const { run, begin } = globals(['time'])
  begin()
  expect(run('new Date(5).getTime()')).toBe(5)
  expect(run('new Date(2020, 1, 2).getMonth()')).toBe(1)
  expect(run('Date.UTC(1970, 0, 1)')).toBe(0)
  expect(
    run('class D extends Date {}; new D(3) instanceof D && new D(3) instanceof Date && new D(3).getTime()'),
  ).toBe(3)
  expect(run('new Date(0).constructor === Date && new Date(0) instanceof Date')).toBe(true)
})

test('what needs no chance works without it', () => {
  const { run, begin } = globals([])
  begin()
  expect(run('crypto.subtle.digest("SHA-256", new Uint8Array())')).toBe('digest')
  expect(run('crypto.subtle.sign("HMAC")')).toBe('signed')
  expect(run('crypto.subtle.sign({ name: "RSASSA-PKCS1-v1_5" })')).toBe('signed')
  expect(run('Math.max(1, 2)')).toBe(2)
})

test('fetch says what to add', async () => {
  const { run, begin } = globals([])
  begin()
  await expect(run('fetch("http://example.org")')).rejects.toThrow("add 'http' to uses")
})

test('console is the log, or nothing', () => {
  const { host, run, begin } = globals([], true)
  run('console.log("at build time")')
  begin()
  run(
    'console.log("a", 1, { b: 2n }, [null]); console.warn(new TypeError("c")); console.error(Object.create(null))',
  )
  expect(host.calls).toEqual(['log info a 1 {"b":"2"} [null]', 'log warn TypeError: c', 'log error {}'])
  const quiet = globals([])
  quiet.begin()
  expect(quiet.run('console.log("x")')).toBe(undefined)
  expect(quiet.host.calls).toEqual([])
})
