import { defineHandler, type ActorContext, type Binding, type Handler, type WitError } from '@theater/handler'
import type { Json } from '@theater/values'
import type { LookupFunction } from 'node:net'
import { Client, ClientExchange, lost, type Bounds, type ClientResponse } from './client.ts'
import { codeOf, headerError, HttpIoError, httpError, LOST, plainError, type ErrorCode } from './errors.ts'
import { Fields } from './fields.ts'
import {
  CALLED,
  CLIENT,
  FUNCTIONS,
  HANDLE,
  HANDLE_OPEN,
  HANDLE_WHOLE,
  OUTGOING,
  STREAMS,
  TYPES,
  WEBSOCKET,
} from './functions.ts'
import { authorize, httpGrant, within, type HttpGrant } from './grant.ts'
import { CutStream, FutureTrailers, IncomingBody, BodyInputStream } from './incoming-body.ts'
import { IncomingRequest } from './incoming-request.ts'
import { HttpHostError } from './host-error.ts'
import { FutureIncomingResponse, IncomingResponse } from './incoming-response.ts'
import { resolveLimits, type HttpLimits } from './limits.ts'
import { Network } from './network.ts'
import type { Listener } from './listener.ts'
import { BodyOutputStream, OutgoingBody } from './outgoing-body.ts'
import { OutgoingResponse, responseBody, ResponseOutparam, type RawAnswer } from './outgoing-response.ts'
import { OutgoingRequest } from './outgoing-request.ts'
import { send, type Outside } from './outgoing.ts'
import { RequestOptions } from './request-options.ts'
import { Keyring, type Secrets } from './secrets.ts'
import { Service } from './service.ts'
import { Sockets, type WebSocketImports } from './sockets.ts'
import { mine, Session } from './session.ts'

/** The functions that are no methods, per track. */
export interface HttpImports extends WebSocketImports {
  readonly [OUTGOING]: {
    /** Starts a request. */
    handle(request: object, options: object | undefined): Promise<FutureIncomingResponse>
  }
  readonly [CLIENT]: {
    /** Starts a request with its whole body. */
    start(request: object, bounds: Bounds): Promise<ClientExchange>
    /** Waits for the whole response. */
    '[static]exchange.finish'(exchange: object): Promise<ClientResponse>
  }
  readonly [TYPES]: {
    /** The code in an error of a body's stream; `undefined` for another's. */
    httpErrorCode(error: unknown): ErrorCode | undefined
    '[constructor]fields'(): Fields
    '[static]fields.from-list'(entries: readonly (readonly [string, Uint8Array])[]): Fields
    '[constructor]request-options'(): RequestOptions
    '[constructor]outgoing-request'(headers: object): OutgoingRequest
    '[static]outgoing-body.finish'(body: object, trailers: object | undefined): Promise<void>
    '[static]incoming-body.finish'(body: object): FutureTrailers
    '[constructor]outgoing-response'(headers: object): OutgoingResponse
    '[static]response-outparam.set'(param: object, response: RawAnswer): void
  }
}

/** What the handler is made of. */
export interface Parts {
  readonly limits: HttpLimits
  readonly secrets: Secrets
  readonly lookup: LookupFunction | undefined
  readonly listener: Listener
  /** Is told of an actor that left a request without an answer after it had answered others. */
  readonly unanswered: (actor: string) => void
}

/** Makes the handler of `wasi:http` and `theater:http`. */
export function httpHandler({
  limits: defaults,
  secrets,
  lookup,
  listener,
  unanswered,
}: Parts): Handler<HttpGrant, HttpImports> {
  return defineHandler<HttpGrant, HttpImports>({
    name: 'http',
    interfaces: [TYPES, OUTGOING, CLIENT, WEBSOCKET],
    exports: CALLED,
    grant: httpGrant,
    functions: FUNCTIONS,
    within: (child, parent) => within(child, parent, defaults),
    authorize,
    // Whoever has routes is reached through them.
    rests: (grant) => !routed(grant),
    async bind(actor, grant) {
      const limits = resolveLimits(grant.limits, defaults)
      const keyring = new Keyring(secrets)
      const [missing] = keyring.missing(grant)
      if (missing !== undefined) {
        throw new HttpHostError(
          'no-secret',
          `the grant of http names the secret ${missing}, which this host does not have.`,
        )
      }
      const session = new Session(actor, grant, limits)
      const sockets = new Sockets(actor, session, listener.host)
      const release = await serve({ actor, session, sockets, listener, unanswered })
      return binding({ actor, session, network: new Network(lookup), keyring, sockets, release })
    },
    [Symbol.asyncDispose]: () => listener.close(),
  })
}

/** What it takes to let requests reach an actor. */
interface Serving
  extends Pick<Bound, 'actor' | 'session' | 'sockets'>, Pick<Parts, 'listener' | 'unanswered'> {}

/** Lets requests reach an actor, where its grant has routes. Answers what takes them back. */
async function serve({ actor, session, sockets, listener, unanswered }: Serving): Promise<() => void> {
  const { serve: routes = [], websocket = [] } = session.grant
  if (!routed(session.grant)) return () => undefined
  if (routes.length > 0) mustExport(actor, [HANDLE_WHOLE, HANDLE], 'answer HTTP requests', 'serve')
  if (websocket.length > 0) mustExport(actor, [HANDLE_OPEN], 'accept WebSocket connections', 'websocket')
  const service = new Service(actor, session, {
    freed: listener.freed,
    unanswered: () => unanswered(actor.id),
  })
  const claim = { serve: routes, service, websocket, sockets }
  await listener.claim(claim)
  return () => listener.release(claim)
}

function routed(grant: HttpGrant | undefined): boolean {
  return (grant?.serve ?? []).length > 0 || (grant?.websocket ?? []).length > 0
}

/** @throws HttpHostError `no-export` */
function mustExport(actor: ActorContext, fns: readonly string[], may: string, key: string): void {
  if (fns.some((fn) => actor.exports(fn))) return
  const exported = fns.map((fn) => fn.slice(0, fn.indexOf('@'))).join(' or ')
  throw new HttpHostError(
    'no-export',
    `${actor.id} is granted to ${may}, and its component does not export ${exported}. Take ${key} out of its grant of http`,
  )
}

/** What the binding of one actor is made of. */
interface Bound {
  readonly actor: ActorContext
  readonly session: Session
  readonly network: Network
  readonly keyring: Keyring
  readonly sockets: Sockets
  /** Lets no more requests reach the actor. */
  readonly release: () => void
}

function binding({ actor, session, network, keyring, sockets, release }: Bound): Binding<HttpImports> {
  const outside: Outside = { session, network, keyring }
  const client = new Client(outside, actor)
  return {
    imports: {
      ...sockets.imports,
      [OUTGOING]: {
        async handle(request, options) {
          actor.signal.throwIfAborted()
          const wishes = options === undefined ? undefined : mine(session, RequestOptions, options)
          return send(outside, mine(session, OutgoingRequest, request), wishes, actor.intent)
        },
      },
      [CLIENT]: {
        async start(request, bounds) {
          actor.signal.throwIfAborted()
          return client.start(request, bounds)
        },
        async '[static]exchange.finish'(exchange) {
          actor.signal.throwIfAborted()
          return mine(session, ClientExchange, exchange).finish()
        },
      },
      [TYPES]: {
        httpErrorCode: (error) => (error instanceof HttpIoError ? error.code : undefined),
        '[constructor]fields': () => new Fields(session),
        '[static]fields.from-list': (entries) => Fields.fromList(session, entries),
        '[constructor]request-options': () => new RequestOptions(session),
        '[constructor]outgoing-request': (headers) =>
          new OutgoingRequest(session, mine(session, Fields, headers)),
        async '[static]outgoing-body.finish'(body, trailers) {
          actor.signal.throwIfAborted()
          const fields = trailers === undefined ? undefined : mine(session, Fields, trailers)
          mine(session, OutgoingBody, body).finish(fields)
        },
        '[static]incoming-body.finish': (body) => mine(session, IncomingBody, body).finish(),
        '[constructor]outgoing-response': (headers) =>
          new OutgoingResponse(session, mine(session, Fields, headers)),
        '[static]response-outparam.set': (param, response) =>
          mine(session, ResponseOutparam, param).set(
            response.tag === 'ok'
              ? { tag: 'ok', val: mine(session, OutgoingResponse, response.val) }
              : response,
          ),
      },
    },
    describe,
    current: (_type, object) => (object instanceof OutgoingRequest ? object.describe() : undefined),
    resume: (type, description) =>
      type === `${CLIENT}#exchange` ? client.resume(description) : resume(session, type, description),
    closed,
    // Whether the other side got it nobody can tell; WASI has an answer for that, and the guest goes on with it.
    reconcile: async ({ fn }) =>
      fn === `${OUTGOING}#handle` ? { done: FutureIncomingResponse.lost(session) } : 'unknown',
    leave: (fn, args) => sockets.leave(fn, args),
    undone: () => sockets.undone(),
    async [Symbol.asyncDispose]() {
      release()
      session.end()
      sockets.end()
      network.end()
    },
  }
}

function describe(_type: string, object: object): Json | undefined {
  const described =
    object instanceof ClientExchange ||
    object instanceof Fields ||
    object instanceof OutgoingRequest ||
    object instanceof OutgoingResponse ||
    object instanceof IncomingRequest ||
    object instanceof IncomingResponse ||
    object instanceof OutgoingBody ||
    object instanceof BodyOutputStream
  if (described) return object.describe()
  if (object instanceof HttpIoError) return { code: object.code.tag }
  const resumes =
    object instanceof RequestOptions ||
    object instanceof FutureIncomingResponse ||
    object instanceof FutureTrailers ||
    object instanceof IncomingBody ||
    object instanceof ResponseOutparam ||
    object instanceof BodyInputStream ||
    object instanceof CutStream
  return resumes ? {} : undefined
}

/**
 * Resources after a restart. What was received and does not change is as it was. All else has lost what the host's process
 * held of it, and says so wherever its interface lets it.
 */
function resume(session: Session, type: string, description: Json): object | undefined {
  switch (type) {
    case `${TYPES}#fields`:
      return Fields.resume(session, description)
    case `${TYPES}#outgoing-request`:
      return new OutgoingRequest(session, new Fields(session), true)
    case `${TYPES}#request-options`: {
      const options = new RequestOptions(session)
      options.isLost = true
      return options
    }
    case `${TYPES}#outgoing-response`:
      return new OutgoingResponse(session, new Fields(session), true)
    case `${TYPES}#response-outparam`:
      return new ResponseOutparam(session, undefined)
    case `${TYPES}#incoming-request`:
      return IncomingRequest.resume(session, description)
    case `${TYPES}#incoming-response`:
      return IncomingResponse.resume(session, description)
    case `${TYPES}#future-incoming-response`:
      return FutureIncomingResponse.lost(session)
    case `${TYPES}#incoming-body`:
      return new IncomingBody(session, undefined)
    case `${TYPES}#future-trailers`:
      return new FutureTrailers(session, undefined)
    case `${TYPES}#outgoing-body`:
      return new OutgoingBody(session, isHeld(description) ? responseBody(session) : undefined)
    case `${STREAMS}#output-stream`:
      return isHeld(description) ? new BodyOutputStream(responseBody(session)) : undefined
    case `${STREAMS}#input-stream`:
      return new CutStream()
    case 'wasi:io/error@0.2#error':
      return new HttpIoError(codeOf(description))
    default:
      return undefined
  }
}

/** Whether a body was held back until the turn's end: what a turn goes on to write of it after a restart leads nowhere. */
function isHeld(description: Json): boolean {
  return (Object(description) as { readonly held?: unknown }).held === true
}

/** The error of a function on a handle that did not come back. */
function closed(fn: string): WitError | undefined {
  if (!Object.hasOwn(FUNCTIONS, fn)) return undefined
  if (fn.startsWith(`${CLIENT}#`)) return lost()
  if (fn.startsWith(`${TYPES}#[method]fields.`)) return headerError('immutable')
  if (fn === `${OUTGOING}#handle` || fn === `${TYPES}#[static]outgoing-body.finish`) return httpError(LOST)
  return plainError('a closed handle')
}
