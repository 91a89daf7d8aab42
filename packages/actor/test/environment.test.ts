import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Capability } from '@theater/actor'
import { type Globals, restrict } from '../src/guest/environment.ts'
import { makeLog } from '../src/guest/log.ts'
import { FakeHost } from './fake-host.ts'

/** A fresh global object like the engine's, restricted. */
function globals(uses: readonly Capability[]): {
  host: FakeHost
  run: (code: string) => unknown
  begin: () => void
} {
  const host = new FakeHost()
  const context = {
    performance: {},
    crypto: {
      randomUUID: () => 'uuid',
      getRandomValues: (array: Uint8Array) => array.fill(7),
      subtle: { sign: () => 'signed', digest: () => 'digest' },
    },
    console: {},
    setTimeout: () => 'timer',
    AbortSignal: { timeout: () => 'signal' },
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
    ...(uses.includes('clocks') ? { wallClock } : {}),
    ...(uses.includes('log') ? { log: makeLog(log!) } : {}),
  })
  return { host, run: (code) => runInNewContext(code, context) as unknown, begin: () => environment.begin() }
}

const ambient: readonly (readonly [code: string, needs: Capability])[] = [
  ['Date.now()', 'clocks'],
  ['new Date()', 'clocks'],
  ['Date()', 'clocks'],
  ['Reflect.construct(Date, [])', 'clocks'],
  ['new (new Date(0).constructor)()', 'clocks'],
  ['performance.now()', 'clocks'],
  ['performance.timeOrigin', 'clocks'],
  ['Math.random()', 'random'],
  ['crypto.randomUUID()', 'random'],
  ['crypto.getRandomValues(new Uint8Array(2))', 'random'],
  ['crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" })', 'random'],
  ['setTimeout(() => {}, 1)', 'timers'],
  ['AbortSignal.timeout(1)', 'timers'],
]

describe.for(ambient)('%s', ([code, needs]) => {
  test('says which capability is missing', () => {
    const { run, begin } = globals([])
    begin()
    expect(() => run(code)).toThrow(`is not available: add '${needs}' to uses`)
  })

  test('says no while the module is loaded', () => {
    expect(() => globals([needs]).run(code)).toThrow('call it in a handler')
  })

  test('works where it was asked for', () => {
    const { run, begin } = globals([needs])
    begin()
    expect(() => run(code)).not.toThrow()
  })
})

test('time is the host’s, through Date and performance', () => {
  const { run, begin } = globals(['clocks'])
  begin()
  expect(run('Date.now()')).toBe(1001)
  expect(run('new Date().getTime()')).toBe(1003)
  expect(run('performance.timeOrigin')).toBe(1004.5)
  expect(run('performance.now()')).toBe(1.5)
  expect(run('Date()')).toContain('1970')
})

test('Date is otherwise as it was', () => {
  const { run, begin } = globals([])
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

test('fetch says that there is none', () => {
  const { run, begin } = globals([])
  begin()
  expect(() => run('fetch("http://example.org")')).toThrow('no capability for HTTP')
})

test('console is the log, or nothing', () => {
  const { host, run, begin } = globals(['log'])
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
