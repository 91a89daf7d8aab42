import type { WasiClocksWallClock } from '@theater/wit'
import type { AmbientUse } from '../build/ambient.ts'
import type { Log } from '../capabilities.ts'
import { type FetchHost, Fetches } from './fetch.ts'
import { show } from './log.ts'
import { guard, replace } from './replace.ts'
import { ownRequests, type RequestOf } from './requests.ts'
import { type Made, ownResponses } from './responses.ts'
import { bindTime } from './time.ts'
import { Loop, type LoopHost } from './loop.ts'
import { type TimerGlobals, TurnTimers } from './timers.ts'

/** What the ambient parts of JavaScript are bound to. */
export interface Ambient {
  /** What the build found named in the source. */
  readonly uses: readonly AmbientUse[]
  /** Where `Date` and `performance` read, where the engine's own clock is off. */
  readonly wallClock?: Pick<typeof WasiClocksWallClock, 'now'>
  /** Where `console` writes, for `log`. */
  readonly log?: Log
  /** What `fetch` is made over, for `http`. */
  readonly http?: Omit<FetchHost, 'loop'> & Pick<LoopHost, 'poll' | 'clock'>
}

/** The global object, as far as it is changed here. */
export interface Globals extends TimerGlobals {
  Date: DateConstructor
  Math: Math
  performance: object
  crypto: { readonly subtle: object }
  readonly ReadableStream?: typeof ReadableStream
  Request?: typeof Request
  Response?: typeof Response
}

/** Where the engine is: modules are evaluated at build time, and host functions can be called in turns only. */
export interface Environment {
  /** A turn begins. */
  begin(): void
  /** A turn is over. What it left waiting is dropped. */
  end(): void
  /** What a response was made of, where nobody has read it; undefined: it has to be read. */
  readonly madeOf: (response: Response) => Made | undefined
  /** The `Request` of one that came whole. Throws where the web knows none such. */
  readonly requestOf: RequestOf
  /** UTF-8, as the host takes it. */
  readonly bytesOf: (text: string) => Uint8Array
}

/**
 * Binds the ambient parts of JavaScript to the imports that the build added for them. What the build did not find in the
 * source throws: the engine's own stand-ins lie. With its clock off `Date.now()` stands still, and with its
 * randomness off every instance draws the same numbers, keys included.
 *
 * While the modules are loaded, which happens at build time, the clock is the same in every build; chance and timers throw.
 *
 * Must run before any module of the actor.
 */
export function restrict(globals: Globals, ambient: Ambient): Environment {
  let running = false
  const demand = (what: string, use: AmbientUse): void => {
    if (!running) {
      if (use === 'time') return
      throw new Error(atLoad(what))
    }
    if (!ambient.uses.includes(use)) {
      throw new Error(
        `${what} is not available: theater build adds what the source of an actor names, and this one nowhere says ${nameOf(what)}`,
      )
    }
  }
  const engineNow: unknown = Reflect.get(globals.performance, 'now')
  restrictConsole(globals, ambient.log, () => running)
  if (globals.ReadableStream !== undefined) iterate(globals.ReadableStream.prototype)
  restrictChance(globals, demand)
  bindTime(globals, {
    demand: (what) => demand(what, 'time'),
    running: () => running,
    now: ambient.uses.includes('timers') ? undefined : () => ambient.wallClock!.now(),
  })
  const { http } = ambient
  const later = globals.setTimeout?.bind(globals)
  const loop = http && later && new Loop({ ...http, later })
  const now = (): number =>
    typeof engineNow === 'function' ? Number(Reflect.apply(engineNow, globals.performance, [])) : 0
  const timers = new TurnTimers(globals, (what) => demand(what, 'timers'), now, loop)
  const fetches = http && loop && new Fetches({ ...http, loop })
  replace(globals, 'fetch', async (input: string | URL | Request, init?: RequestInit) => {
    if (fetches === undefined) throw new Error("fetch is not available: add 'http' to uses in defineActor")
    if (!running) throw new Error(atLoad('fetch()'))
    return await fetches.fetch(input, init)
  })
  return {
    begin: () => void (running = true),
    end: () => {
      timers.clear()
      fetches?.clear()
    },
    madeOf: ownResponses(globals),
    requestOf: ownRequests(globals),
    // The build's bindings take a text for its bytes: to make both leaves two objects behind.
    bytesOf: (text) => text as unknown as Uint8Array,
  }
}

function atLoad(what: string): string {
  return `${what} is not available while the module is loaded, which happens at build time: call it in a handler`
}

type Demand = (what: string, use: AmbientUse) => void

/** `Date` of `new Date()`, `random` of `Math.random()`. */
function nameOf(what: string): string {
  const words = what.match(/\w+/g) ?? []
  return words.find((word) => word === 'Date' || word === 'performance' || word === 'crypto') ?? words.at(-1)!
}

/** The engine's own functions, seeded at the first draw: in a turn, and so from the actor's seed. */
function restrictChance(globals: Globals, demand: Demand): void {
  guard(globals.Math, 'random', () => demand('Math.random()', 'chance'))
  for (const name of ['getRandomValues', 'randomUUID']) {
    guard(globals.crypto, name, () => demand(`crypto.${name}()`, 'chance'))
  }
  const { subtle } = globals.crypto
  for (const name of ['generateKey', 'encrypt', 'wrapKey']) {
    guard(subtle, name, () => demand(`crypto.subtle.${name}()`, 'chance'))
  }
  // A signature with a predictable nonce gives the key away; HMAC and PKCS #1 v1.5 need none.
  guard(subtle, 'sign', (algorithm) => {
    const name =
      typeof algorithm === 'string' ? algorithm : (algorithm as { readonly name?: unknown } | null)?.name
    if (!/^(?:HMAC|RSASSA-PKCS1-v1_5)$/i.test(String(name)))
      demand(`crypto.subtle.sign() with ${String(name)}`, 'chance')
  })
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

/** `for await (const piece of response.body)`: the standard has it, the engine does not yet. */
function iterate(prototype: object): void {
  if (Symbol.asyncIterator in prototype) return
  async function* values(this: ReadableStream<unknown>): AsyncGenerator<unknown> {
    const reader = this.getReader()
    let done = false
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
      done = true
    } finally {
      // A loop that breaks off wants no more of it.
      if (!done) await reader.cancel().catch(() => {})
      reader.releaseLock()
    }
  }
  for (const name of ['values', Symbol.asyncIterator]) replace(prototype, name, values)
}
