import type { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { InputStream, OutputStream, Pollable } from '@theater/handler'
import { closed, failed, WRITE_SIZE } from './stdio.ts'

/**
 * Makes an input stream of a Node stream: for `connect`, with `process.stdin` or a pipe.
 *
 * Nothing is read before a guest reads or polls.
 */
export function readableInput(readable: Readable): InputStream {
  const failure = failureOf(readable)
  const ended = (): boolean => readable.readableEnded || readable.destroyed
  const ready = (): boolean => readable.readableLength > 0 || ended() || failure.happened()
  const pollable = new StreamPollable(readable, ['readable', 'end', 'error', 'close'], ready, () =>
    readable.read(0),
  )

  function read(len: number): Uint8Array {
    failure.check()
    if (len === 0) return new Uint8Array()
    const chunk: unknown = readable.read(Math.min(len, readable.readableLength) || undefined)
    if (typeof chunk === 'string') throw new Error('the readable has an encoding; bytes are wanted')
    if (chunk instanceof Uint8Array) {
      // Without a length a stream that was empty may have filled in between.
      if (chunk.length > len) readable.unshift(chunk.subarray(len))
      return new Uint8Array(chunk.subarray(0, len))
    }
    if (ended()) throw closed()
    return new Uint8Array()
  }

  return {
    read,
    async blockingRead(len, signal) {
      for (;;) {
        const chunk = read(len)
        if (chunk.length > 0 || len === 0) return chunk
        await pollable.wait(signal)
      }
    },
    pollable,
  }
}

/** Makes an output stream of a Node stream: for `connect`, with `process.stdout` or a file. */
export function writableOutput(writable: Writable): OutputStream {
  const failure = failureOf(writable)
  let flushing = 0
  const over = (): boolean => failure.happened() || writable.destroyed || writable.writableEnded
  const idle = (): boolean => flushing === 0 && !writable.writableNeedDrain
  const pollable = new StreamPollable(
    writable,
    ['drain', 'error', 'close', 'finish'],
    () => idle() || over(),
    () => {},
  )

  function check(): void {
    failure.check()
    if (over()) throw closed()
  }

  return {
    checkWrite() {
      check()
      return idle() ? WRITE_SIZE : 0
    },
    write(contents) {
      check()
      writable.write(contents)
    },
    flush() {
      check()
      flushing += 1
      // An empty write is answered after everything before it.
      writable.write(new Uint8Array(), () => {
        flushing -= 1
        pollable.wake()
      })
    },
    async blockingFlush(signal) {
      this.flush()
      await pollable.wait(signal)
      failure.check()
    },
    pollable,
  }
}

/** What went wrong with a stream; a guest is told once, and finds the stream closed then. */
interface Failure {
  happened(): boolean
  /** @throws WitError with a StreamError */
  check(): void
}

function failureOf(stream: Readable | Writable): Failure {
  let told = false
  // An `error` that nobody listens to would end the host. What it was is on the stream, before the event too.
  stream.on('error', () => {})
  return {
    happened: () => stream.errored !== null,
    check() {
      if (stream.errored === null) return
      if (told) throw closed()
      told = true
      const code = 'code' in stream.errored ? String(stream.errored.code) : 'error'
      throw failed(`the stream failed: ${code}`)
    },
  }
}

/** A pollable over events of a stream: however many wait, there is one listener for each event, and none when nobody waits. */
class StreamPollable implements Pollable {
  readonly #stream: EventEmitter
  readonly #events: readonly string[]
  readonly #ready: () => boolean
  readonly #start: () => void
  readonly #waiting = new Set<() => void>()

  constructor(stream: EventEmitter, events: readonly string[], ready: () => boolean, start: () => void) {
    this.#stream = stream
    this.#events = events
    this.#ready = ready
    this.#start = start
  }

  readonly wake = (): void => {
    for (const resolve of this.#waiting) resolve()
  }

  ready(): boolean {
    if (!this.#ready()) this.#start()
    return this.#ready()
  }

  async wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#ready()) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const abort = (): void => reject(signal.reason)
      if (this.#waiting.size === 0) for (const event of this.#events) this.#stream.on(event, this.wake)
      this.#waiting.add(resolve)
      signal.addEventListener('abort', abort, { once: true })
      try {
        this.#start()
        await promise
      } finally {
        signal.removeEventListener('abort', abort)
        this.#waiting.delete(resolve)
        if (this.#waiting.size === 0) for (const event of this.#events) this.#stream.off(event, this.wake)
      }
    }
  }
}
