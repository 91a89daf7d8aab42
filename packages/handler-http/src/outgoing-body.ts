import type { OutputStream, Pollable } from '@theater/handler'
import type { Json } from '@theater/values'
import { httpError, LOST, plainError } from './errors.ts'
import type { Fields } from './fields.ts'
import type { Outflow } from './outflow.ts'
import { Resource, type Session } from './session.ts'

/** `wasi:http/types.outgoing-body`, of a request or of a response. Without an outflow: one of before a restart. */
export class OutgoingBody extends Resource {
  readonly #session: Session
  readonly #outflow: Outflow | undefined
  #taken = false
  #finished = false

  constructor(session: Session, outflow: Outflow | undefined) {
    super(session)
    this.#session = session
    this.#outflow = outflow
    if (outflow !== undefined) session.add(this)
  }

  describe(): Json {
    return this.#outflow?.isHeld === true ? { held: true } : {}
  }

  /** The stream to write to; once. */
  write(): OutputStream {
    if (this.#taken || this.#outflow === undefined) throw plainError('the stream was taken')
    this.#taken = true
    return new BodyOutputStream(this.#outflow)
  }

  /** `finish`: the body is whole. Throws where it is not as long as it says. */
  finish(trailers: Fields | undefined): void {
    this.#finished = true
    this.#session.remove(this)
    if (trailers?.isLost === true) this.#outflow?.fail(LOST)
    const error = this.#outflow === undefined ? LOST : this.#outflow.finish(trailers?.list)
    if (error !== undefined) throw httpError(error)
  }

  /** Not finished: the other side must not take it for the whole. */
  [Symbol.dispose](): void {
    this.#session.remove(this)
    if (!this.#finished) this.#outflow?.fail({ tag: 'connection-terminated' })
  }
}

/** The stream of an {@link OutgoingBody}. */
export class BodyOutputStream implements OutputStream, Disposable {
  readonly pollable: Pollable
  readonly #outflow: Outflow

  constructor(outflow: Outflow) {
    this.#outflow = outflow
    this.pollable = { ready: () => outflow.writable, wait: (signal) => outflow.writableAgain(signal) }
  }

  /** One whose body leaves while the turn runs does not come back after a restart. */
  describe(): Json | undefined {
    return this.#outflow.isHeld ? { held: true } : undefined
  }

  checkWrite(): number {
    return this.#outflow.checkWrite()
  }

  write(contents: Uint8Array): void {
    this.#outflow.write(contents)
  }

  flush(): void {
    this.#outflow.flush()
  }

  blockingFlush(signal: AbortSignal): Promise<void> {
    return this.#outflow.flushed(signal)
  }

  [Symbol.dispose](): void {
    // The body decides what becomes of what was written.
  }
}
