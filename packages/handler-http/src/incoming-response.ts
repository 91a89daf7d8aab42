import type { Pollable } from '@theater/handler'
import type { Json } from '@theater/values'
import { LOST, plainError, type ErrorCode } from './errors.ts'
import { Fields, type Field } from './fields.ts'
import { IncomingBody } from './incoming-body.ts'
import type { Inflow } from './inflow.ts'
import { Resource, type Session } from './session.ts'
import { Wakeup } from './wakeup.ts'

/** `wasi:http/types.incoming-response`. Without an inflow: one of before a restart. */
export class IncomingResponse extends Resource {
  readonly #session: Session
  readonly #status: number
  readonly #headers: readonly Field[]
  readonly #inflow: Inflow | undefined
  #consumed = false

  constructor(session: Session, status: number, headers: readonly Field[], inflow: Inflow | undefined) {
    super(session)
    this.#session = session
    this.#status = status
    this.#headers = headers
    this.#inflow = inflow
  }

  /** As it comes back after a restart: without its body. */
  static resume(session: Session, description: Json): IncomingResponse | undefined {
    const { status } = Object(description) as { readonly status?: unknown }
    const fields = Fields.resume(session, description)
    if (typeof status !== 'number' || !Number.isInteger(status) || status < 0 || status > 0xffff)
      return undefined
    return fields && new IncomingResponse(session, status, fields.list, undefined)
  }

  describe(): Json {
    return { status: this.#status, fields: this.#headers.map(([name, value]) => [name, value]) }
  }

  status(): number {
    return this.#status
  }

  headers(): Fields {
    return new Fields(this.#session, this.#headers, 'immutable')
  }

  consume(): IncomingBody {
    if (this.#consumed || this.#inflow === undefined) throw plainError('the body was taken')
    this.#consumed = true
    return new IncomingBody(this.#session, this.#inflow)
  }

  [Symbol.dispose](): void {
    if (!this.#consumed) this.#inflow?.cancel()
  }
}

/** What came of a request. */
export type Outcome =
  | { readonly tag: 'ok'; readonly val: IncomingResponse }
  | { readonly tag: 'err'; readonly val: ErrorCode }

/** What a future waits for. */
interface UnderWay extends Disposable {
  /** The guest waits. */
  hurry(): void
}

/** `wasi:http/types.future-incoming-response`. */
export class FutureIncomingResponse extends Resource {
  readonly #changed = new Wakeup()
  #outcome: Outcome | undefined
  #got = false
  #exchange: UnderWay | undefined

  constructor(session: Session, exchange?: UnderWay) {
    super(session)
    this.#exchange = exchange
  }

  /** As it comes back after a restart, and what stands for a request that nobody knows the end of. */
  static lost(session: Session): FutureIncomingResponse {
    const future = new FutureIncomingResponse(session)
    future.settle({ tag: 'err', val: LOST })
    return future
  }

  /** The response is there, or will never be. Only the first time counts. */
  settle(outcome: Outcome): void {
    this.#outcome ??= outcome
    this.#changed.wake()
  }

  subscribe(): Pollable {
    const pollable = this.#changed.pollable(() => this.#outcome !== undefined)
    return {
      ready: () => pollable.ready(),
      wait: (signal) => {
        this.#exchange?.hurry()
        return pollable.wait(signal)
      },
    }
  }

  get():
    | { readonly tag: 'ok'; readonly val: Outcome }
    | { readonly tag: 'err'; readonly val: undefined }
    | undefined {
    if (this.#outcome === undefined) return undefined
    if (this.#got) return { tag: 'err', val: undefined }
    this.#got = true
    // From here on the response decides what becomes of the exchange.
    this.#exchange = undefined
    return { tag: 'ok', val: this.#outcome }
  }

  [Symbol.dispose](): void {
    this.#exchange?.[Symbol.dispose]()
    this.#exchange = undefined
  }
}
