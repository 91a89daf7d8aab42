import type { WasiClocksWallClock } from '@theater/wit'
import type { Capability, Log } from '../capabilities.ts'
import { show } from './log.ts'

/** What the ambient parts of JavaScript are bound to. */
export interface Ambient {
  /** The capabilities of the actor. */
  readonly uses: readonly Capability[]
  /** Where `Date` and `performance` read, for `clocks`. */
  readonly wallClock?: Pick<typeof WasiClocksWallClock, 'now'>
  /** Where `console` writes, for `log`. */
  readonly log?: Log
}

/** The global object, as far as it is changed here. */
export interface Globals {
  Date: DateConstructor
  Math: Math
  performance: object
  crypto: { readonly subtle: object }
  console: object
}

/** Whether host functions can be called: not while the module is being evaluated, which happens at build time. */
export interface Environment {
  /** Called when the first turn begins. */
  begin(): void
}

/**
 * Makes every ambient part of JavaScript either work through an import that the actor asked for, or throw an error
 * that names the capability to ask for. The engine's own stand-ins lie: with its clock off `Date.now()` gives the
 * time of the build, and with its randomness off every instance draws the same numbers, keys included.
 *
 * Must run before any module of the actor.
 */
export function restrict(globals: Globals, ambient: Ambient): Environment {
  let running = false
  const has = (name: Capability): boolean => ambient.uses.includes(name)
  const demand = (what: string, name: Capability): void => {
    if (!has(name)) throw new Error(`${what} is not available: add '${name}' to uses in defineActor`)
    if (!running) {
      throw new Error(
        `${what} is not available while the module is loaded, which happens at build time: call it in a handler`,
      )
    }
  }
  restrictConsole(globals, ambient.log, () => running)
  restrictChance(globals, demand)
  if (!has('timers')) restrictTime(globals, ambient.wallClock, demand)
  restrictTimers(globals, demand)
  replace(globals, 'fetch', () => {
    throw new Error('fetch is not available: this version of the kit has no capability for HTTP')
  })
  return { begin: () => void (running = true) }
}

type Demand = (what: string, name: Capability) => void

function restrictTime(globals: Globals, clock: Ambient['wallClock'], demand: Demand): void {
  const read = (what: string): number => {
    demand(what, 'clocks')
    const { seconds, nanoseconds } = clock!.now()
    return Number(seconds) * 1000 + nanoseconds / 1e6
  }
  const millis = (what: string): number => Math.floor(read(what))
  const RealDate = globals.Date
  const patched = new Proxy(RealDate, {
    apply: () => new RealDate(millis('Date()')).toString(),
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [millis('new Date()')] : args, newTarget) as Date,
  })
  replace(RealDate, 'now', () => millis('Date.now()'))
  replace(RealDate.prototype, 'constructor', patched)
  replace(globals, 'Date', patched)

  let origin: number | undefined
  const since = (what: string): number => (origin ??= read(what))
  replace(globals.performance, 'now', () => {
    const start = since('performance.now()')
    return read('performance.now()') - start
  })
  Object.defineProperty(globals.performance, 'timeOrigin', {
    configurable: true,
    get: () => since('performance.timeOrigin'),
  })
}

const chanceful = ['getRandomValues', 'randomUUID'] as const

/** With `random` the engine's own functions work; all that is added is that they say no at build time. */
function restrictChance(globals: Globals, demand: Demand): void {
  guard(globals.Math, 'random', () => demand('Math.random()', 'random'))
  for (const name of chanceful) guard(globals.crypto, name, () => demand(`crypto.${name}()`, 'random'))
  const { subtle } = globals.crypto
  for (const name of ['generateKey', 'encrypt', 'wrapKey']) {
    guard(subtle, name, () => demand(`crypto.subtle.${name}()`, 'random'))
  }
  // A signature with a predictable nonce gives the key away; HMAC and PKCS #1 v1.5 need none.
  guard(subtle, 'sign', (algorithm) => {
    const name =
      typeof algorithm === 'string' ? algorithm : (algorithm as { readonly name?: unknown } | null)?.name
    if (!/^(?:HMAC|RSASSA-PKCS1-v1_5)$/i.test(String(name)))
      demand(`crypto.subtle.sign() with ${String(name)}`, 'random')
  })
}

function restrictTimers(globals: Globals, demand: Demand): void {
  for (const name of ['setTimeout', 'setInterval']) guard(globals, name, () => demand(`${name}()`, 'timers'))
  const { AbortSignal: signal } = globals as { readonly AbortSignal?: object }
  if (signal !== undefined) guard(signal, 'timeout', () => demand('AbortSignal.timeout()', 'timers'))
}

/** `console` is for people, so it is never an error: with `log` it is a log line, without it goes nowhere. */
function restrictConsole(globals: Globals, log: Log | undefined, running: () => boolean): void {
  const levels = {
    trace: 'trace',
    debug: 'debug',
    log: 'info',
    info: 'info',
    warn: 'warn',
    error: 'error',
  } as const
  for (const [name, level] of Object.entries(levels)) {
    replace(globals.console, name, (...args: readonly unknown[]) => {
      if (running()) log?.[level](args.map(show).join(' '))
    })
  }
}

function guard(target: object, name: string, check: (...args: readonly unknown[]) => void): void {
  const real: unknown = Reflect.get(target, name)
  if (typeof real !== 'function') return
  replace(target, name, (...args: readonly unknown[]) => {
    check(...args)
    return Reflect.apply(real, target, args) as unknown
  })
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false })
}
