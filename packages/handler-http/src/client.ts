import { WitError, type ActorContext, type Cause } from '@theater/handler'
import type { Json } from '@theater/values'
import type { TheaterHttpClient } from '@theater/wit'
import { clientErrorOf } from './client-errors.ts'
import { isFault, readRequest, type ClientError, type ClientRequest } from './client-request.ts'
import type { ErrorCode } from './errors.ts'
import type { Field } from './fields.ts'
import { CLIENT, FUNCTIONS } from './functions.ts'
import type { Inflow } from './inflow.ts'
import { admit, launch, type Outside } from './outgoing.ts'
import { Outflow } from './outflow.ts'
import { Resource, type Session } from './session.ts'

/** `theater:http/client.bounds` as lifted. */
export type Bounds = TheaterHttpClient.Bounds

/** `theater:http/client.response` as lifted. */
export type ClientResponse = TheaterHttpClient.Response

const START = `${CLIENT}#start`

/** The beginning of a response, or why there is none. */
type Head =
  | { readonly status: number; readonly fields: readonly Field[]; readonly inflow: Inflow }
  | { readonly failed: ErrorCode }

/** How one exchange goes on, and how it is given up. */
interface Course {
  readonly finish: () => Promise<ClientResponse>
  readonly cancel?: () => void
}

/** `theater:http/client.exchange`. */
export class ClientExchange extends Resource {
  readonly #seq: number | undefined
  readonly #finish: Course['finish']
  #cancel: Course['cancel']

  /** @param intent by which it is found again after a restart */
  constructor(session: Session, intent: Pick<Cause, 'seq'> | undefined, { finish, cancel }: Course) {
    super(session)
    this.#seq = intent?.seq
    this.#finish = finish
    this.#cancel = cancel
  }

  /** What it is found again by. */
  describe(): Json {
    return this.#seq === undefined ? {} : { seq: this.#seq }
  }

  /** Waits for the response. @throws WitError of the interface */
  finish(): Promise<ClientResponse> {
    this.#cancel = undefined
    return this.#finish()
  }

  [Symbol.dispose](): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}

/** `theater:http/client` for one actor. Its requests are made as those of `wasi:http` are. */
export class Client {
  readonly #outside: Outside
  readonly #actor: Pick<ActorContext, 'intent' | 'recorded'>

  constructor(outside: Outside, actor: Pick<ActorContext, 'intent' | 'recorded'>) {
    this.#outside = outside
    this.#actor = actor
  }

  /** Starts a request. @throws WitError of the interface: nothing was sent */
  start(request: object, bounds: Bounds): ClientExchange {
    return this.#begin(request, bounds, this.#actor.intent)
  }

  /** As it comes back after a restart. */
  resume(description: Json): ClientExchange {
    const { seq } = Object(description) as { readonly seq?: unknown }
    const known = Number.isSafeInteger(seq) ? { seq: seq as number } : undefined
    return new ClientExchange(this.#outside.session, known, {
      finish: async () => {
        if (known === undefined) throw lost()
        return (await this.#again(known.seq)).finish()
      },
    })
  }

  /** Makes a request of before a restart again, where that is safe. */
  async #again(seq: number): Promise<ClientExchange> {
    const call = await this.#actor.recorded(seq)
    if (call?.fn !== START) throw lost()
    if (FUNCTIONS[START]?.effectOf?.(call, this.#outside.session.grant) !== 'idempotent') throw lost()
    const [request, bounds] = call.args as [object, Bounds]
    return this.#begin(request, bounds, call.intent)
  }

  #begin(wanted: object, bounds: Bounds, intent: Cause | undefined): ClientExchange {
    const { session } = this.#outside
    const request = readRequest(wanted)
    if (isFault(request)) throw clientError({ tag: 'bad-request', val: request })
    const most = lower(bounds.bodyBytes, session.limits['response-bytes'])
    const { target, fields, pathWithQuery } = request
    const failed = (code: ErrorCode): WitError => clientError(clientErrorOf(code, session, most))
    let admitted
    try {
      admitted = admit(this.#outside, { target, pathWithQuery, fields, intent })
    } catch (error) {
      throw WitError.is(error) ? failed(error.payload as ErrorCode) : error
    }
    const going = {
      body: bodyOf(request, session),
      times: { total: lower(bounds.timeoutMs, session.limits['total-ms']) },
      responseBytes: most,
    }
    const { promise: head, resolve } = Promise.withResolvers<Head>()
    const exchange = launch(this.#outside, admitted, going, {
      response: (status, received, inflow) => resolve({ status, fields: received, inflow }),
      failed: (code) => resolve({ failed: code }),
      over: () => undefined,
    })
    return new ClientExchange(session, intent, {
      async finish() {
        const got = await head
        if ('failed' in got) throw failed(got.failed)
        const body = await got.inflow.whole(session.signal)
        if (!(body instanceof Uint8Array)) throw failed(body)
        return {
          status: got.status,
          headers: got.fields.map(([name, value]) => [name.toLowerCase(), value]),
          body,
        }
      },
      cancel: () => exchange[Symbol.dispose](),
    })
  }
}

/** The body of a request, whole. @throws WitError where it has more than the actor may send */
function bodyOf({ body }: ClientRequest, { limits, totals }: Session): Outflow | undefined {
  const bytes = limits['request-bytes']
  if (body.length > bytes) throw clientError({ tag: 'request-too-large', val: BigInt(bytes) })
  if (body.length > totals.bytes) throw clientError({ tag: 'budget-spent' })
  if (body.length === 0) return undefined
  const tooLong = (size: number): ErrorCode => ({ tag: 'HTTP-request-body-size', val: BigInt(size) })
  const outflow = new Outflow({
    bytes,
    totals,
    declared: undefined,
    tooLong,
    trailerBytes: 0,
    trailersTooLong: (val) => ({ tag: 'HTTP-request-trailer-section-size', val }),
  })
  outflow.write(body)
  outflow.finish()
  return outflow
}

/** What a guest asks for under a limit; 0 asks for the limit. */
function lower(wish: number, limit: number): number {
  return wish === 0 ? limit : Math.min(wish, limit)
}

/** The error of an exchange that nobody knows the end of. */
export function lost(): WitError<ClientError> {
  return clientError({ tag: 'outcome-unknown' })
}

function clientError(error: ClientError): WitError<ClientError> {
  return new WitError<ClientError>(error, error.tag)
}
