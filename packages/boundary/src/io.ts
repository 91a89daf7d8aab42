import type { Effect, InputStream, IoError, OutputStream, Pollable } from '@theater/handler'
import type { DerivedClock } from './clock.ts'
import { timerOf } from './wait.ts'
import type { TimerClock } from './wait.ts'
import { GuestFault } from './derived.ts'
import type { HostEntry } from './handles.ts'

/** What `wasi:io` functions need of the boundary. */
export interface IoHost {
  readonly clock: TimerClock
  readonly signal: AbortSignal
  /** The live object of a handle, resumed if need be; `undefined`: closed. */
  live(entry: HostEntry): object | undefined
  /** Throws the interface's own error; `isClosed`: because the handle is closed. */
  error(payload: unknown, isClosed?: boolean): never
}

/** What a waiting function answers: the value, and where it knows better than the clock, how long it took. */
interface Waited {
  readonly value: unknown
  /** Milliseconds that the wait MUST count as at least, so that a timer that is ready is past. */
  readonly atLeast: number
}

/** One function of `wasi:io`, over the shapes that handlers return. Arguments are lifted, handles are entries. */
export type IoFunction =
  | {
      readonly mode: 'sync'
      readonly effect: Effect
      /** Whether it tells of timers, so that under live clocks the actor's first has to catch up with the machine's. */
      readonly timed?: true
      run(host: IoHost, args: readonly unknown[]): unknown
    }
  | {
      readonly mode: 'async'
      readonly effect: Effect
      readonly timed?: true
      run(host: IoHost, args: readonly unknown[]): Promise<Waited>
    }

const MAX_IO = 1 << 20
const MAX_POLL = 4096

function entryOf(value: unknown): HostEntry {
  return value as HostEntry
}

function closed(host: IoHost): never {
  return host.error({ tag: 'closed' }, true)
}

/** A stream to read that is lost is not one that ended: a guest would take what it has for the whole. It is closed once that was said. */
function input(host: IoHost, value: unknown): InputStream {
  return (host.live(entryOf(value)) as InputStream | undefined) ?? lost(host, entryOf(value))
}

function lost(host: IoHost, entry: HostEntry): never {
  if (entry.told) return closed(host)
  entry.told = true
  const error: IoError = { toDebugString: () => 'the stream was lost with the host that made it' }
  return host.error({ tag: 'last-operation-failed', val: error }, true)
}

function output(host: IoHost, value: unknown): OutputStream {
  return (host.live(entryOf(value)) as OutputStream | undefined) ?? closed(host)
}

function count(value: unknown): number {
  const n = value as bigint
  return n > BigInt(MAX_IO) ? MAX_IO : Number(n)
}

/** A pollable of a stream whose handle is closed: whoever waits on it finds out at once. */
const always: Pollable = { ready: () => true, wait: () => Promise.resolve() }

function pollableOf(host: IoHost, value: unknown): Pollable {
  const stream = host.live(entryOf(value)) as InputStream | OutputStream | undefined
  return stream?.pollable ?? always
}

/** A timer of the boundary's own has an object too, for handlers; here it goes by the clock of the call. */
function waitable(host: IoHost, value: unknown): Pollable {
  const entry = entryOf(value)
  if (entry.deadline !== undefined) return timerOf(host.clock, entry.deadline)
  return (host.live(entry) as Pollable | undefined) ?? always
}

/** The pollable that was ready first, and the milliseconds that must be counted for it. */
interface Woken {
  readonly index: number
  readonly atLeast: number
}

/** Waits until one of the entries is ready. */
async function waitAny(host: IoHost, entries: readonly HostEntry[]): Promise<Woken> {
  const stop = new AbortController()
  const signal = AbortSignal.any([host.signal, stop.signal])
  const waits = entries.map(async (entry, index): Promise<Woken> => {
    const atLeast = entry.deadline === undefined ? 0 : host.clock.until(entry.deadline)
    await waitable(host, entry).wait(signal)
    return { index, atLeast }
  })
  try {
    return await Promise.race(waits)
  } finally {
    stop.abort()
    // The losers reject when they are told to stop; nobody else listens to them.
    for (const wait of waits) wait.catch(() => undefined)
  }
}

/** The places of those that are ready, `atLeast` milliseconds from now. */
function ready(host: IoHost, entries: readonly HostEntry[], { index: woken, atLeast }: Woken): number[] {
  return entries.flatMap((entry, index) => {
    if (index === woken) return [index]
    const isReady =
      entry.deadline === undefined
        ? waitable(host, entry).ready()
        : host.clock.until(entry.deadline) <= atLeast
    return isReady ? [index] : []
  })
}

const NOBODY_WOKEN: Woken = { index: -1, atLeast: 0 }

/** What a stream handed out, at most as much as was asked for. */
function atMost(bytes: Uint8Array, asked: number): Uint8Array {
  if (bytes.length <= asked) return bytes
  throw new TypeError(`a stream answered ${bytes.length} bytes to a read of ${asked}`)
}

async function blockingRead(host: IoHost, stream: unknown, len: unknown): Promise<Uint8Array> {
  return atMost(await input(host, stream).blockingRead(count(len), host.signal), count(len))
}

async function drain(host: IoHost, out: OutputStream, bytes: Uint8Array): Promise<void> {
  let at = 0
  while (at < bytes.length) {
    const room = out.checkWrite()
    if (room === 0) {
      await out.pollable.wait(host.signal)
    } else {
      const end = Math.min(bytes.length, at + room)
      out.write(bytes.subarray(at, end))
      at = end
    }
  }
  await out.blockingFlush(host.signal)
}

/** A stream that is full is no fault of a guest that was permitted to write to it. */
function tooMuch(host: IoHost): never {
  const error: IoError = { toDebugString: () => 'the stream has no room for so much' }
  return host.error({ tag: 'last-operation-failed', val: error })
}

function write(host: IoHost, out: OutputStream, bytes: Uint8Array): void {
  if (bytes.length > out.checkWrite()) tooMuch(host)
  out.write(bytes)
}

/** Guest-controlled length: nothing is allocated for more than any stream takes. */
function zeroes(host: IoHost, length: unknown): Uint8Array {
  if ((length as bigint) > BigInt(MAX_IO)) tooMuch(host)
  return new Uint8Array(Number(length))
}

const waited = (value: unknown): Waited => ({ value, atLeast: 0 })

const STREAMS = 'wasi:io/streams@0.2'
const CHECK_WRITE = `${STREAMS}#[method]output-stream.check-write`
const WRITE = `${STREAMS}#[method]output-stream.write`
const WRITE_ZEROES = `${STREAMS}#[method]output-stream.write-zeroes`

const functions: Readonly<Record<string, IoFunction>> = {
  'wasi:io/error@0.2#[method]error.to-debug-string': {
    mode: 'sync',
    effect: 'none',
    run: (host, [self]) => (host.live(entryOf(self)) as IoError | undefined)?.toDebugString() ?? 'closed',
  },
  'wasi:io/poll@0.2#poll': {
    mode: 'async',
    effect: 'read',
    timed: true,
    run: async (host, [list]) => {
      const entries = list as readonly HostEntry[]
      const now = ready(host, entries, NOBODY_WOKEN)
      if (now.length > 0) return waited(Uint32Array.from(now))
      const woken = await waitAny(host, entries)
      return { value: Uint32Array.from(ready(host, entries, woken)), atLeast: woken.atLeast }
    },
  },
  'wasi:io/poll@0.2#[method]pollable.ready': {
    mode: 'sync',
    effect: 'read',
    timed: true,
    run: (host, [self]) => waitable(host, self).ready(),
  },
  'wasi:io/poll@0.2#[method]pollable.block': {
    mode: 'async',
    effect: 'read',
    timed: true,
    run: async (host, [self]) => {
      if (waitable(host, self).ready()) return waited(undefined)
      return { value: undefined, atLeast: (await waitAny(host, [entryOf(self)])).atLeast }
    },
  },
  [`${STREAMS}#[method]input-stream.read`]: {
    mode: 'sync',
    effect: 'read',
    run: (host, [self, len]) => atMost(input(host, self).read(count(len)), count(len)),
  },
  [`${STREAMS}#[method]input-stream.blocking-read`]: {
    mode: 'async',
    effect: 'read',
    run: async (host, [self, len]) => waited(await blockingRead(host, self, len)),
  },
  [`${STREAMS}#[method]input-stream.skip`]: {
    mode: 'sync',
    effect: 'read',
    run: (host, [self, len]) => BigInt(atMost(input(host, self).read(count(len)), count(len)).length),
  },
  [`${STREAMS}#[method]input-stream.blocking-skip`]: {
    mode: 'async',
    effect: 'read',
    run: async (host, [self, len]) => waited(BigInt((await blockingRead(host, self, len)).length)),
  },
  [`${STREAMS}#[method]input-stream.subscribe`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self]) => pollableOf(host, self),
  },
  [CHECK_WRITE]: {
    mode: 'sync',
    effect: 'read',
    run: (host, [self]) => BigInt(Math.min(MAX_IO, output(host, self).checkWrite())),
  },
  [WRITE]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self, contents]) => write(host, output(host, self), contents as Uint8Array),
  },
  [`${STREAMS}#[method]output-stream.blocking-write-and-flush`]: {
    mode: 'async',
    effect: 'none',
    run: async (host, [self, contents]) =>
      waited(await drain(host, output(host, self), contents as Uint8Array)),
  },
  [`${STREAMS}#[method]output-stream.flush`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self]) => output(host, self).flush(),
  },
  [`${STREAMS}#[method]output-stream.blocking-flush`]: {
    mode: 'async',
    effect: 'none',
    run: async (host, [self]) => waited(await output(host, self).blockingFlush(host.signal)),
  },
  [`${STREAMS}#[method]output-stream.subscribe`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self]) => pollableOf(host, self),
  },
  [WRITE_ZEROES]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self, len]) => write(host, output(host, self), zeroes(host, len)),
  },
  [`${STREAMS}#[method]output-stream.blocking-write-zeroes-and-flush`]: {
    mode: 'async',
    effect: 'none',
    run: async (host, [self, len]) => waited(await drain(host, output(host, self), zeroes(host, len))),
  },
  [`${STREAMS}#[method]output-stream.splice`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self, source, len]) => {
      const out = output(host, self)
      const room = Math.min(count(len), out.checkWrite())
      const bytes = atMost(input(host, source).read(room), room)
      out.write(bytes)
      return BigInt(bytes.length)
    },
  },
  [`${STREAMS}#[method]output-stream.blocking-splice`]: {
    mode: 'async',
    effect: 'none',
    run: async (host, [self, source, len]) => {
      const out = output(host, self)
      // What nobody takes is not read: a stream that fails here leaves the other as it is.
      let room = out.checkWrite()
      for (; room === 0; room = out.checkWrite()) await out.pollable.wait(host.signal)
      const bytes = await blockingRead(host, source, BigInt(Math.min(count(len), room)))
      await drain(host, out, bytes)
      return waited(BigInt(bytes.length))
    },
  },
}

/** Rules that hold before anything is asked of the host, so that a re-run finds the same fault. */
export function checkIo(name: string, args: readonly unknown[]): void {
  if (name !== 'wasi:io/poll@0.2#poll') return
  const list = args[0] as readonly unknown[]
  if (list.length === 0) throw new GuestFault('poll: the list is empty')
  if (list.length > MAX_POLL) throw new GuestFault(`poll: ${list.length} pollables, at most ${MAX_POLL}`)
}

/**
 * Rules of a recorded answer: a timer is ready when its time has come and not before, and `poll` names what was asked.
 * `clock` has counted how long the call waited.
 *
 * @throws Error with the rule that it breaks
 */
export function checkWaited(
  name: string,
  args: readonly unknown[],
  value: unknown,
  clock: DerivedClock,
): void {
  const due = ({ deadline }: HostEntry): boolean => deadline === undefined || clock.until(deadline) === 0
  if (name === 'wasi:io/poll@0.2#poll') {
    const list = args[0] as readonly HostEntry[]
    let last = -1
    if ((value as Uint32Array).length === 0) throw new Error('poll: an answer without anything ready')
    for (const index of value as Uint32Array) {
      const entry = list[index]
      if (entry === undefined || index <= last)
        throw new Error('poll: an answer that is not a rising list of indices')
      if (!due(entry)) throw new Error(`poll: timer ${index} is ready before its time`)
      last = index
    }
  } else if (name === 'wasi:io/poll@0.2#[method]pollable.block') {
    if (!due(entryOf(args[0]))) throw new Error('block: a timer is ready before its time')
  } else if (name === 'wasi:io/poll@0.2#[method]pollable.ready') {
    const entry = entryOf(args[0])
    if (entry.deadline !== undefined && due(entry) !== value)
      throw new Error('ready: not what the clock says')
  }
}

/** Notes what a guest may write next. A function of calls and answers alone: a re-run knows it, too. */
export function notePermit(name: string, [self, what]: readonly unknown[], value: unknown): void {
  if (name === CHECK_WRITE) {
    const { tag, val } = value as { readonly tag: string; readonly val: unknown }
    entryOf(self).permit = tag === 'ok' ? Number(val) : 0
  } else if (name === WRITE || name === WRITE_ZEROES) {
    const entry = entryOf(self)
    entry.permit = Math.max(0, entry.permit - lengthOf(what))
  }
}

/**
 * Whether a guest writes more than it was permitted. Where there is no room for it the call traps, and where there is it is
 * answered; no re-run knows which of both, so that either may be in the record.
 */
export function isUnpermitted(name: string, [self, what]: readonly unknown[]): boolean {
  return (name === WRITE || name === WRITE_ZEROES) && lengthOf(what) > entryOf(self).permit
}

/** The fault of a guest that writes more than it was permitted, and more than there is room for; `undefined`: it may. */
export function beyondPermit(
  name: string,
  args: readonly unknown[],
  live: (entry: HostEntry) => object | undefined,
): GuestFault | undefined {
  if (!isUnpermitted(name, args)) return undefined
  const [self, what] = args
  try {
    const stream = live(entryOf(self)) as OutputStream | undefined
    if (stream === undefined || lengthOf(what) <= stream.checkWrite()) return undefined
  } catch {
    // A stream that failed or is closed says so itself.
    return undefined
  }
  return new GuestFault(`${name}: more than check-write permitted`)
}

/** The length of what `write` or `write-zeroes` is given. */
function lengthOf(what: unknown): number {
  return what instanceof Uint8Array ? what.length : Number(what)
}

/** The boundary's own implementation of a `wasi:io` function, by its name within its track. */
export function ioFunction(name: string): IoFunction | undefined {
  return isIo(name) ? functions[name] : undefined
}

/** Whether the boundary implements this function over the shapes of `@theater/handler`. */
export function isIo(name: string): boolean {
  return Object.hasOwn(functions, name)
}
