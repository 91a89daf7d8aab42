import { WitError } from '@theater/handler'
import type { ActorContext, InputStream, OutputStream, Pollable, StreamError } from '@theater/handler'

/** How many bytes an output that does not wait takes at a time. */
export const WRITE_SIZE = 64 * 1024

const READY: Pollable = { ready: () => true, wait: () => Promise.resolve() }

/** The end of a stream, for throwing. */
export function closed(): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'closed' })
}

/** A failure of a stream, for throwing. `reason` is for the guest: nothing about the host in it. */
export function failed(reason: string): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'last-operation-failed', val: { toDebugString: () => reason } })
}

/** An input stream over bytes that are all there; none is a closed stream. */
export function bytesInput(bytes: Uint8Array): InputStream {
  let at = 0
  const read = (len: number): Uint8Array => {
    if (at >= bytes.length) throw closed()
    const chunk = bytes.slice(at, at + len)
    at += chunk.length
    return chunk
  }
  return { read, blockingRead: async (len) => read(len), pollable: READY }
}

/** An input stream that fails once, with a reason, and is at its end then. */
export function cutInput(reason: string): InputStream {
  let told = false
  const read = (): never => {
    if (told) throw closed()
    told = true
    throw failed(reason)
  }
  return { read, blockingRead: async () => read(), pollable: READY }
}

/** Turns bytes into lines of an actor's log. What comes after the last line break waits for one, or for {@link end}. */
export class LineWriter {
  readonly #actor: ActorContext
  readonly #level: 'info' | 'warn'
  readonly #stream: 'stdout' | 'stderr'
  readonly #maxLine: number
  #decoder = new TextDecoder()
  #rest = ''

  /** @param maxLine the longest line, in UTF-16 code units; a longer one becomes several */
  constructor(actor: ActorContext, stream: 'stdout' | 'stderr', maxLine: number) {
    this.#actor = actor
    this.#level = stream === 'stderr' ? 'warn' : 'info'
    this.#stream = stream
    this.#maxLine = maxLine
  }

  /** Takes bytes of UTF-8; anything else becomes U+FFFD. */
  write(bytes: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true })
    let from = 0
    for (;;) {
      const end = text.indexOf('\n', from)
      if (end === -1) break
      this.#line(text.slice(from, text[end - 1] === '\r' && end > from ? end - 1 : end))
      from = end + 1
    }
    // Guest-controlled: what has no line break must not pile up.
    while (text.length - from > this.#maxLine) {
      this.#line(text.slice(from, from + this.#maxLine))
      from += this.#maxLine
    }
    this.#rest = text.slice(from)
  }

  /** Writes what has no line break yet. */
  end(): void {
    const last = this.#rest + this.#decoder.decode()
    this.#rest = ''
    if (last !== '') this.#line(last)
  }

  #line(line: string): void {
    for (let from = 0; from === 0 || from < line.length; from += this.#maxLine) {
      this.#actor.log(this.#level, line.slice(from, from + this.#maxLine), [['stream', this.#stream]])
    }
  }
}

/** An output stream into a log. */
export function lineOutput(lines: LineWriter): OutputStream {
  return {
    checkWrite: () => WRITE_SIZE,
    write: (contents) => lines.write(contents),
    flush: () => {},
    blockingFlush: () => Promise.resolve(),
    pollable: READY,
  }
}

/** A handle on an input that outlives it: without a dispose, which is the guest's to call. */
export function inputHandle(shared: InputStream): InputStream {
  return {
    read: (len) => shared.read(len),
    blockingRead: (len, signal) => shared.blockingRead(len, signal),
    pollable: shared.pollable,
  }
}

/** A handle on an output that outlives it. */
export function outputHandle(shared: OutputStream): OutputStream {
  return {
    checkWrite: () => shared.checkWrite(),
    write: (contents) => shared.write(contents),
    flush: () => shared.flush(),
    blockingFlush: (signal) => shared.blockingFlush(signal),
    pollable: shared.pollable,
  }
}
