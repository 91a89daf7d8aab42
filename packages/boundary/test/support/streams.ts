import { WitError } from '@theater/handler'
import type { InputStream, OutputStream, Pollable, StreamError } from '@theater/handler'

/** A pollable that is ready once it is told. */
export class Bell implements Pollable {
  #rung = false
  readonly #waiting: (() => void)[] = []

  ready(): boolean {
    return this.#rung
  }

  wait(signal: AbortSignal): Promise<void> {
    if (this.#rung) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  ring(): void {
    this.#rung = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** A stream of some chunks; `undefined` is one that is not there yet at the first look. */
export class Chunks implements InputStream {
  readonly #chunks: (Uint8Array | undefined)[]
  readonly bell = new Bell()
  disposed = 0

  constructor(...chunks: (string | undefined)[]) {
    this.#chunks = chunks.map((chunk) => (chunk === undefined ? undefined : new TextEncoder().encode(chunk)))
  }

  get pollable(): Pollable {
    return this.bell
  }

  read(len: number): Uint8Array {
    if (this.#chunks.length === 0) throw new WitError<StreamError>({ tag: 'closed' })
    const chunk = this.#chunks.shift()
    if (chunk === undefined) return new Uint8Array()
    if (chunk.length > len) this.#chunks.unshift(chunk.subarray(len))
    return chunk.subarray(0, len)
  }

  async blockingRead(len: number): Promise<Uint8Array> {
    if (this.#chunks[0] === undefined && this.#chunks.length > 0) this.#chunks.shift()
    await Promise.resolve()
    return this.read(len)
  }

  [Symbol.dispose](): void {
    this.disposed++
  }
}

/** A stream to write to, with so much room before each flush. */
export class Sink implements OutputStream {
  readonly written: number[] = []
  readonly pollable = new Bell()
  flushes = 0
  disposed = 0
  readonly #room: number
  #used = 0
  failure: string | undefined

  constructor(room: number) {
    this.#room = room
  }

  checkWrite(): number {
    if (this.failure !== undefined) {
      const message = this.failure
      throw new WitError<StreamError>({ tag: 'last-operation-failed', val: { toDebugString: () => message } })
    }
    if (this.#room === this.#used) {
      // Room again, once somebody waited for it.
      this.#used = 0
      this.pollable.ring()
      return 0
    }
    return this.#room - this.#used
  }

  write(contents: Uint8Array): void {
    this.#used += contents.length
    this.written.push(...contents)
  }

  flush(): void {
    this.flushes++
    this.#used = 0
  }

  async blockingFlush(): Promise<void> {
    await Promise.resolve()
    this.flush()
  }

  [Symbol.dispose](): void {
    this.disposed++
  }
}
