import type { Json } from '@theater/values'
import type { WasiHttpTypes } from '@theater/wit'
import { plainError, type ErrorCode } from './errors.ts'
import { Fields, sizeOf, type Field } from './fields.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { Outflow } from './outflow.ts'
import { Resource, type Session } from './session.ts'

/** `wasi:http/types.outgoing-response`. */
export class OutgoingResponse extends Resource {
  readonly #session: Session
  readonly #headers: Fields
  readonly #lost: boolean
  /** Its body is kept until the turn's end. */
  readonly #isHeld: boolean
  #status = 200
  #outflow: Outflow | undefined

  /** @param lost it comes back after a restart without what was set on it */
  constructor(session: Session, headers: Fields, lost = false) {
    super(session)
    this.#session = session
    this.#headers = headers.freeze()
    this.#lost = lost || headers.isLost
    this.#isHeld = !session.streams
  }

  /** Whether something that the guest set may be missing: such a response is not sent. */
  get isLost(): boolean {
    return this.#lost
  }

  /** The body, where the guest asked for one. */
  get outflow(): Outflow | undefined {
    return this.#outflow
  }

  /** The error of a header with more bytes than the grant lets it have. */
  get tooLong(): ErrorCode | undefined {
    const most = this.#session.limits['header-bytes']
    const size = sizeOf(this.#headers.list)
    return size > most ? { tag: 'HTTP-response-header-section-size', val: most } : undefined
  }

  /** The fields as they are sent. */
  get fields(): Fields {
    return this.#headers
  }

  describe(): Json {
    return { status: this.#status }
  }

  statusCode(): number {
    return this.#status
  }

  setStatusCode(status: number): void {
    if ((this.#lost && !this.#isHeld) || status < 200 || status > 599) throw plainError('not a status')
    this.#status = status
  }

  headers(): Fields {
    return new Fields(this.#session, this.#headers.list, this.#headers.isLost ? 'lost' : 'immutable')
  }

  body(): OutgoingBody {
    // A turn that goes on after a restart ends as it would have: what it holds back leads nowhere.
    if (this.#outflow !== undefined || (this.#lost && !this.#isHeld)) throw plainError('the body was taken')
    this.#outflow = responseBody(this.#session, this.#headers.declaredLength)
    return new OutgoingBody(this.#session, this.#outflow)
  }

  /** Not sent: what is written to its body leads nowhere. */
  [Symbol.dispose](): void {
    this.#outflow?.fail({ tag: 'connection-terminated' })
  }
}

/** The body of a response, as the session's grant has it sent. */
export function responseBody(session: Session, declared?: number): Outflow {
  return new Outflow({
    bytes: session.limits['response-bytes'],
    declared,
    held: !session.streams,
    trailerBytes: session.limits['header-bytes'],
    trailersTooLong: (val) => ({ tag: 'HTTP-response-trailer-section-size', val }),
    tooLong: (size) => ({ tag: 'HTTP-response-body-size', val: BigInt(size) }),
  })
}

/** What a guest answers a request with. */
export type Answer =
  | { readonly tag: 'ok'; readonly val: OutgoingResponse }
  | { readonly tag: 'whole'; readonly val: WholeResponse }
  | { readonly tag: 'err'; readonly val: ErrorCode }

/** A response that came at once. */
interface WholeResponse {
  readonly status: number
  readonly fields: readonly Field[]
  readonly body: Uint8Array
}

/** `Answer` as it comes from the guest: the response is any object. */
export type RawAnswer = WasiHttpTypes.Result<object, ErrorCode>

/** `wasi:http/types.response-outparam`: where the answer to one request goes. Without a receiver: one of before a restart. */
export class ResponseOutparam extends Resource {
  #receiver: ((answer: Answer | undefined) => void) | undefined

  /** @param receiver gets the answer, once; `undefined` when the guest dropped it without one */
  constructor(session: Session, receiver: ((answer: Answer | undefined) => void) | undefined) {
    super(session)
    this.#receiver = receiver
  }

  /** `set`. */
  set(answer: Answer): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    if (receiver !== undefined) receiver(answer)
    else if (answer.tag === 'ok') answer.val[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#receiver?.(undefined)
    this.#receiver = undefined
  }
}
