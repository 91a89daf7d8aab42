import { WitError } from '@theater/handler'
import type { Call, Effect, HandlerFunction } from '@theater/handler'
import type { Json } from '@theater/values'
import { isFault, readRequest, type ClientError } from './client-request.ts'
import { httpError } from './errors.ts'
import type { HttpAsk, HttpGrant } from './grant.ts'
import { isKeyed } from './idempotency.ts'
import { kindOf } from './methods.ts'

/** The exports that answer requests: with resources of `wasi:http`, and with values alone. */
const INCOMING = 'wasi:http/incoming-handler@0.2'
const REQUEST_HANDLER = 'theater:http/request-handler@0.1'
export const HANDLE = `${INCOMING}#handle`
export const HANDLE_WHOLE = `${REQUEST_HANDLER}#handle`

/** The tracks of `wasi:http`. */
export const TYPES = 'wasi:http/types@0.2'
export const OUTGOING = 'wasi:http/outgoing-handler@0.2'

/** The track of `theater:http`. */
export const CLIENT = 'theater:http/client@0.1'

export const STREAMS = 'wasi:io/streams@0.2'

/** The track of WebSocket connections, and the exports that hear of them. */
export const WEBSOCKET = 'theater:http/websocket@0.1'
const WEBSOCKET_HANDLER = 'theater:http/websocket-handler@0.1'

/** The tracks of all of them. */
export const CALLED = [INCOMING, REQUEST_HANDLER, WEBSOCKET_HANDLER]

export const HANDLE_OPEN = `${WEBSOCKET_HANDLER}#handle-open`
export const HANDLE_MESSAGE = `${WEBSOCKET_HANDLER}#handle-message`
export const HANDLE_CLOSE = `${WEBSOCKET_HANDLER}#handle-close`

/** Answers from what the handler holds. */
const held: HandlerFunction = { mode: 'sync', effect: 'none' }

/** Answers from what came over the network. */
const received: HandlerFunction = { mode: 'sync', effect: 'read' }

/**
 * Bytes of a body, and its end. A body does not outlive the host's process, so none is ever sent again: the guest finds
 * its stream closed.
 */
const sends: HandlerFunction = {
  mode: 'async',
  effect: 'idempotent',
  // What is held back until the turn's end does not leave now.
  effectOf: ({ args: [body] }) =>
    (Object(body) as { held?: unknown }).held === true ? 'none' : 'idempotent',
}

function methods(
  resource: string,
  names: readonly string[],
  declared: HandlerFunction,
): [string, HandlerFunction][] {
  return names.map((name) => [`${TYPES}#[method]${resource}.${name}`, declared])
}

function streams(names: readonly string[]): [string, HandlerFunction][] {
  return names.map((name) => [`${STREAMS}#[method]output-stream.${name}`, sends])
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** What a call of `handle` asks for: what the request says where it goes. One that does not say is not made. */
function askHandle({ args }: Call): HttpAsk | undefined {
  const { method, origin, path } = Object(args[0]) as Readonly<Record<string, unknown>>
  return isText(method) && isText(origin) && isText(path) ? { method, origin, path } : undefined
}

/** What a request does that leaves under a grant. */
function effectOfRequest(ask: HttpAsk, grant: Json | undefined): Exclude<Effect, 'none'> {
  const kind = kindOf(ask.method)
  if (kind === 'safe') return 'read'
  return kind === 'idempotent' || isKeyed((grant ?? {}) as HttpGrant, ask) ? 'idempotent' : 'once'
}

/** What a call of `start` asks for; one that is no request is not made. */
function askStart({ args }: Call): HttpAsk | undefined {
  const request = readRequest(args[0])
  return isFault(request) ? undefined : request.target
}

/** What each function needs and does. */
export const FUNCTIONS: Readonly<Record<string, HandlerFunction>> = {
  [`${OUTGOING}#handle`]: {
    mode: 'async',
    effect: 'once',
    effectOf: (call, grant) => {
      const ask = askHandle(call)
      return ask === undefined ? 'read' : effectOfRequest(ask, grant)
    },
    ask: askHandle,
    deny: ({ refusal }) => httpError({ tag: 'HTTP-request-denied' }, refusal.refused),
  },

  [`${CLIENT}#start`]: {
    mode: 'async',
    effect: 'once',
    effectOf(call, grant) {
      const ask = askStart(call)
      if (ask === undefined) return 'none'
      // Also of one that changes nothing there is an intent, by which it is found again after a restart.
      const effect = effectOfRequest(ask, grant)
      return effect === 'read' ? 'idempotent' : effect
    },
    ask: askStart,
    deny: ({ refusal }) => new WitError<ClientError>({ tag: 'denied' }, refusal.refused),
  },
  // It ends with the exchange, which takes as long as the grant says.
  [`${CLIENT}#[static]exchange.finish`]: { mode: 'async', effect: 'read', ownDeadline: true },

  [`${TYPES}#http-error-code`]: held,
  [`${TYPES}#[constructor]fields`]: held,
  [`${TYPES}#[static]fields.from-list`]: held,
  ...Object.fromEntries(
    methods('fields', ['get', 'has', 'set', 'delete', 'append', 'entries', 'clone'], held),
  ),

  [`${TYPES}#[constructor]request-options`]: held,
  ...Object.fromEntries(
    methods(
      'request-options',
      ['connect-timeout', 'first-byte-timeout', 'between-bytes-timeout'].flatMap((name) => [
        name,
        `set-${name}`,
      ]),
      held,
    ),
  ),

  [`${TYPES}#[constructor]outgoing-request`]: held,
  ...Object.fromEntries(
    methods(
      'outgoing-request',
      [
        'body',
        'headers',
        ...['method', 'path-with-query', 'scheme', 'authority'].flatMap((name) => [name, `set-${name}`]),
      ],
      held,
    ),
  ),

  ...Object.fromEntries(methods('outgoing-body', ['write'], held)),
  [`${TYPES}#[static]outgoing-body.finish`]: sends,

  ...Object.fromEntries(methods('future-incoming-response', ['subscribe'], held)),
  ...Object.fromEntries(methods('future-incoming-response', ['get'], received)),
  ...Object.fromEntries(methods('incoming-response', ['status', 'headers', 'consume'], held)),
  ...Object.fromEntries(methods('incoming-body', ['stream'], held)),
  [`${TYPES}#[static]incoming-body.finish`]: held,
  ...Object.fromEntries(methods('future-trailers', ['subscribe'], held)),
  ...Object.fromEntries(methods('future-trailers', ['get'], received)),

  ...Object.fromEntries(
    methods(
      'incoming-request',
      ['method', 'path-with-query', 'scheme', 'authority', 'headers', 'consume'],
      held,
    ),
  ),
  [`${TYPES}#[constructor]outgoing-response`]: held,
  ...Object.fromEntries(
    methods('outgoing-response', ['status-code', 'set-status-code', 'headers', 'body'], held),
  ),
  // What is set leaves when the turn ends, or with the first bytes of its body.
  [`${TYPES}#[static]response-outparam.set`]: held,

  ...Object.fromEntries(
    streams([
      'write',
      'write-zeroes',
      'splice',
      'blocking-write-and-flush',
      'blocking-write-zeroes-and-flush',
      'blocking-splice',
    ]),
  ),

  // No connection outlives the host's process, so nothing is ever sent again: the guest finds it closed.
  [`${WEBSOCKET}#send`]: {
    mode: 'async',
    effect: 'idempotent',
    // What is held until the turn's end does not leave now.
    effectOf: (_call, grant) => ((Object(grant) as HttpGrant).stream === true ? 'idempotent' : 'none'),
    ownDeadline: true,
  },
  [`${WEBSOCKET}#close`]: { mode: 'sync', effect: 'none' },
  [`${WEBSOCKET}#list`]: { mode: 'sync', effect: 'read' },
}
