import type { InputStream, Pollable } from '@theater/handler'
import type { WasiHttpTypes } from '@theater/wit'
import { LOST, plainError, streamClosed, streamFailed, type ErrorCode } from './errors.ts'
import { Fields } from './fields.ts'
import type { Inflow } from './inflow.ts'
import { Resource, type Session } from './session.ts'

/** `wasi:http/types.incoming-body`, of a response or of a request. Without an inflow: one of before a restart. */
export class IncomingBody extends Resource {
  readonly #session: Session
  readonly #inflow: Inflow | undefined
  #taken = false
  #finished = false

  constructor(session: Session, inflow: Inflow | undefined) {
    super(session)
    this.#session = session
    this.#inflow = inflow
  }

  /** The bytes; once. */
  stream(): InputStream {
    if (this.#taken || this.#inflow === undefined) throw plainError('the stream was taken')
    this.#taken = true
    return new BodyInputStream(this.#inflow)
  }

  /** `finish`: what is left is dropped, and the trailers are what is waited for. */
  finish(): FutureTrailers {
    this.#finished = true
    this.#inflow?.discard()
    return new FutureTrailers(this.#session, this.#inflow)
  }

  [Symbol.dispose](): void {
    // Its stream was given to the guest before, and goes with it.
    if (!this.#finished) this.#inflow?.cancel()
  }
}

/** The stream of an {@link IncomingBody}. */
export class BodyInputStream implements InputStream, Disposable {
  readonly pollable: Pollable
  readonly #inflow: Inflow
  #open = true

  constructor(inflow: Inflow) {
    this.#inflow = inflow
    this.pollable = {
      ready: () => !this.#open || inflow.ready,
      wait: async (signal) => {
        if (this.#open) await inflow.wait(signal)
      },
    }
  }

  read(len: number): Uint8Array {
    if (!this.#open) throw streamClosed()
    return this.#inflow.read(len)
  }

  async blockingRead(len: number, signal: AbortSignal): Promise<Uint8Array> {
    if (len > 0) await this.pollable.wait(signal)
    return this.read(len)
  }

  [Symbol.dispose](): void {
    this.#open = false
  }
}

/** A stream of before a restart. An end would look like the body's own, so it fails. */
export class CutStream implements InputStream {
  readonly pollable: Pollable = { ready: () => true, wait: () => Promise.resolve() }
  #failed = false

  read(): never {
    if (this.#failed) throw streamClosed()
    this.#failed = true
    throw streamFailed(LOST)
  }

  async blockingRead(): Promise<never> {
    return this.read()
  }
}

type TrailersResult = Exclude<ReturnType<WasiHttpTypes.FutureTrailers['get']>, undefined>
/** What {@link FutureTrailers.get} answers, with our own class of fields. */
type Trailers =
  | { readonly tag: 'ok'; readonly val: { readonly tag: 'ok'; readonly val: Fields | undefined } }
  | { readonly tag: 'ok'; readonly val: { readonly tag: 'err'; readonly val: ErrorCode } }
  | Extract<TrailersResult, { tag: 'err' }>

/** `wasi:http/types.future-trailers`. */
export class FutureTrailers extends Resource {
  readonly #session: Session
  readonly #inflow: Inflow | undefined
  #got = false

  constructor(session: Session, inflow: Inflow | undefined) {
    super(session)
    this.#session = session
    this.#inflow = inflow
  }

  subscribe(): Pollable {
    const inflow = this.#inflow
    return {
      ready: () => inflow?.ended !== false,
      wait: async (signal) => {
        await inflow?.waitEnd(signal)
      },
    }
  }

  get(): Trailers | undefined {
    if (this.#inflow?.ended === false) return undefined
    if (this.#got) return { tag: 'err', val: undefined }
    this.#got = true
    const error = this.#inflow === undefined ? LOST : this.#inflow.error
    if (error !== undefined) return { tag: 'ok', val: { tag: 'err', val: error } }
    const trailers = this.#inflow?.trailers ?? []
    const fields = trailers.length === 0 ? undefined : new Fields(this.#session, trailers, 'immutable')
    return { tag: 'ok', val: { tag: 'ok', val: fields } }
  }

  [Symbol.dispose](): void {
    this.#inflow?.cancel()
  }
}
