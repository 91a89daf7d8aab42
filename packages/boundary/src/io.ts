import type { Effect, InputStream, IoError, OutputStream, Pollable } from '@theater/handler'
import type { DerivedClock } from './clock.ts'
import { GuestFault } from './derived.ts'
import type { HostEntry } from './handles.ts'

/** What `wasi:io` functions need of the boundary. */
export interface IoHost {
  readonly clock: DerivedClock
  readonly signal: AbortSignal
  /** The live object of a handle, resumed if need be; `undefined`: closed. */
  live(entry: HostEntry): object | undefined
  /** Throws the interface's own error. */
  error(payload: unknown): never
}

/** What a waiting function answers: the value, and where it knows better than the clock, how long it took. */
export interface Waited {
  readonly value: unknown
  /** Milliseconds that the wait MUST count as at least, so that a timer that is ready is past. */
  readonly atLeast: number
}

/** One function of `wasi:io`, over the shapes that handlers return. Arguments are lifted, handles are entries. */
export type IoFunction =
  | { readonly mode: 'sync'; readonly effect: Effect; run(host: IoHost, args: readonly unknown[]): unknown }
  | {
      readonly mode: 'async'
      readonly effect: Effect
      run(host: IoHost, args: readonly unknown[]): Promise<Waited>
    }

const MAX_READ = 1 << 20
const MAX_POLL = 4096

function entryOf(value: unknown): HostEntry {
  return value as HostEntry
}

function closed(host: IoHost): never {
  return host.error({ tag: 'closed' })
}

/** A stream to read that is lost is not one that ended: a guest would take what it has for the whole. */
function input(host: IoHost, value: unknown): InputStream {
  return (host.live(entryOf(value)) as InputStream | undefined) ?? lost(host)
}

function lost(host: IoHost): never {
  const error: IoError = { toDebugString: () => 'the stream was lost with the host that made it' }
  return host.error({ tag: 'last-operation-failed', val: error })
}

function output(host: IoHost, value: unknown): OutputStream {
  return (host.live(entryOf(value)) as OutputStream | undefined) ?? closed(host)
}

function count(value: unknown): number {
  const n = value as bigint
  return n > BigInt(MAX_READ) ? MAX_READ : Number(n)
}

/** A pollable of a stream whose handle is closed: whoever waits on it finds out at once. */
const always: Pollable = { ready: () => true, wait: () => Promise.resolve() }

function pollableOf(host: IoHost, value: unknown): Pollable {
  const stream = host.live(entryOf(value)) as InputStream | OutputStream | undefined
  return stream?.pollable ?? always
}

function isReady(host: IoHost, entry: HostEntry): boolean {
  if (entry.deadline !== undefined) return host.clock.until(entry.deadline) === 0
  return ((host.live(entry) as Pollable | undefined) ?? always).ready()
}

/** Waits until one of the entries is ready. Answers the milliseconds that must be counted. */
async function waitAny(host: IoHost, entries: readonly HostEntry[]): Promise<number> {
  const stop = new AbortController()
  const signal = AbortSignal.any([host.signal, stop.signal])
  const waits: Promise<number>[] = []
  let soonest: number | undefined
  for (const entry of entries) {
    if (entry.deadline !== undefined) {
      const left = host.clock.until(entry.deadline)
      if (soonest === undefined || left < soonest) soonest = left
    } else {
      const pollable = (host.live(entry) as Pollable | undefined) ?? always
      waits.push(pollable.wait(signal).then(() => 0))
    }
  }
  if (soonest !== undefined) waits.push(sleep(soonest, signal))
  try {
    return await Promise.race(waits)
  } finally {
    stop.abort()
    // The losers reject when they are told to stop; nobody else listens to them.
    for (const wait of waits) wait.catch(() => undefined)
  }
}

/** The longest delay that a host timer takes in one piece, in milliseconds. */
const MAX_TIMER = 0x7fff_ffff

function sleep(ms: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = ms
    let timer: ReturnType<typeof setTimeout>
    const next = (): void => {
      const step = Math.min(left, MAX_TIMER)
      left -= step
      timer = setTimeout(() => (left > 0 ? next() : finish()), step)
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const finish = (): void => {
      signal.removeEventListener('abort', onAbort)
      resolve(ms)
    }
    if (signal.aborted) {
      reject(signal.reason as Error)
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    next()
  })
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

function write(host: IoHost, out: OutputStream, bytes: Uint8Array): void {
  if (bytes.length > out.checkWrite()) {
    const error: IoError = { toDebugString: () => 'more was written than check-write permitted' }
    host.error({ tag: 'last-operation-failed', val: error })
  }
  out.write(bytes)
}

function zeroes(length: unknown): Uint8Array {
  return new Uint8Array(count(length))
}

const waited = (value: unknown): Waited => ({ value, atLeast: 0 })

const STREAMS = 'wasi:io/streams@0.2'

const functions: Readonly<Record<string, IoFunction>> = {
  'wasi:io/error@0.2#[method]error.to-debug-string': {
    mode: 'sync',
    effect: 'none',
    run: (host, [self]) => (host.live(entryOf(self)) as IoError | undefined)?.toDebugString() ?? 'closed',
  },
  'wasi:io/poll@0.2#poll': {
    mode: 'async',
    effect: 'read',
    run: async (host, [list]) => {
      const entries = list as readonly HostEntry[]
      const now = ready(host, entries)
      if (now.length > 0) return waited(Uint32Array.from(now))
      const atLeast = await waitAny(host, entries)
      const after = entries.flatMap((entry, index) => {
        if (entry.deadline !== undefined) return host.clock.until(entry.deadline) <= atLeast ? [index] : []
        return isReady(host, entry) ? [index] : []
      })
      return { value: Uint32Array.from(after), atLeast }
    },
  },
  'wasi:io/poll@0.2#[method]pollable.ready': {
    mode: 'sync',
    effect: 'read',
    run: (host, [self]) => isReady(host, entryOf(self)),
  },
  'wasi:io/poll@0.2#[method]pollable.block': {
    mode: 'async',
    effect: 'read',
    run: async (host, [self]) => {
      if (isReady(host, entryOf(self))) return waited(undefined)
      return { value: undefined, atLeast: await waitAny(host, [entryOf(self)]) }
    },
  },
  [`${STREAMS}#[method]input-stream.read`]: {
    mode: 'sync',
    effect: 'read',
    run: (host, [self, len]) => input(host, self).read(count(len)),
  },
  [`${STREAMS}#[method]input-stream.blocking-read`]: {
    mode: 'async',
    effect: 'read',
    run: async (host, [self, len]) => waited(await input(host, self).blockingRead(count(len), host.signal)),
  },
  [`${STREAMS}#[method]input-stream.skip`]: {
    mode: 'sync',
    effect: 'read',
    run: (host, [self, len]) => BigInt(input(host, self).read(count(len)).length),
  },
  [`${STREAMS}#[method]input-stream.blocking-skip`]: {
    mode: 'async',
    effect: 'read',
    run: async (host, [self, len]) =>
      waited(BigInt((await input(host, self).blockingRead(count(len), host.signal)).length)),
  },
  [`${STREAMS}#[method]input-stream.subscribe`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self]) => pollableOf(host, self),
  },
  [`${STREAMS}#[method]output-stream.check-write`]: {
    mode: 'sync',
    effect: 'read',
    run: (host, [self]) => BigInt(output(host, self).checkWrite()),
  },
  [`${STREAMS}#[method]output-stream.write`]: {
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
  [`${STREAMS}#[method]output-stream.write-zeroes`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self, len]) => write(host, output(host, self), zeroes(len)),
  },
  [`${STREAMS}#[method]output-stream.blocking-write-zeroes-and-flush`]: {
    mode: 'async',
    effect: 'none',
    run: async (host, [self, len]) => waited(await drain(host, output(host, self), zeroes(len))),
  },
  [`${STREAMS}#[method]output-stream.splice`]: {
    mode: 'sync',
    effect: 'none',
    run: (host, [self, source, len]) => {
      const out = output(host, self)
      const bytes = input(host, source).read(Math.min(count(len), out.checkWrite()))
      out.write(bytes)
      return BigInt(bytes.length)
    },
  },
  [`${STREAMS}#[method]output-stream.blocking-splice`]: {
    mode: 'async',
    effect: 'none',
    run: async (host, [self, source, len]) => {
      const bytes = await input(host, source).blockingRead(count(len), host.signal)
      await drain(host, output(host, self), bytes)
      return waited(BigInt(bytes.length))
    },
  },
}

function ready(host: IoHost, entries: readonly HostEntry[]): number[] {
  return entries.flatMap((entry, index) => (isReady(host, entry) ? [index] : []))
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

/** The boundary's own implementation of a `wasi:io` function, by its name within its track. */
export function ioFunction(name: string): IoFunction | undefined {
  return isIo(name) ? functions[name] : undefined
}

/** Whether the boundary implements this function over the shapes of `@theater/handler`. */
export function isIo(name: string): boolean {
  return Object.hasOwn(functions, name)
}
