import type { JsonSchema, Refusal } from '@theater/handler'

/** How much, how long and how many at once. Times are in milliseconds, sizes in bytes. */
export type HttpLimits = {
  /** The most bytes of a request's body. */
  readonly 'request-bytes': number
  /** The most bytes of a response's body, as sent: nothing is unpacked. */
  readonly 'response-bytes': number
  /** The most bytes of a message's header fields, and of its trailers. */
  readonly 'header-bytes': number
  /** How long a connection may take to be made. */
  readonly 'connect-ms': number
  /** From the end of the request to the first byte of the response's body, or its end where it has none. */
  readonly 'first-byte-ms': number
  /** How long a body waits with `expect: 100-continue` for the server to ask for it, before it leaves all the same. */
  readonly 'continue-ms': number
  /** Between one piece of a body and the next, while the guest takes or gives them. */
  readonly 'between-bytes-ms': number
  /** From beginning to end of an exchange, whatever the guest does. */
  readonly 'total-ms': number
  /** From a received request to the end of the turn that answers it, the wait for that turn included. */
  readonly 'answer-ms': number
  /** Exchanges under way. */
  readonly concurrent: number
  /** WebSocket connections at once. */
  readonly connections: number
  /** The most bytes of one message on a WebSocket connection, either way. */
  readonly 'message-bytes': number
  /** The most frames that a client may cut one message into. */
  readonly 'message-frames': number
  /** The most bytes of messages that wait until the client of a WebSocket connection takes them. */
  readonly 'unsent-bytes': number
  /** Between one ping on a WebSocket connection and the next. A client that has not answered the last one by then is gone. */
  readonly 'ping-ms': number
  /** Pings and pongs that a client may send in that time. */
  readonly pings: number
  /** Requests that it makes in all, since this host bound it. */
  readonly 'total-requests': number
  /** Bytes of bodies of the requests that it makes and of the responses to them in all, since this host bound it. */
  readonly 'total-bytes': number
}

/** What a grant means that does not say, unless the handler's options do. */
export const DEFAULT_LIMITS: HttpLimits = {
  'request-bytes': 8 * 1024 * 1024,
  'response-bytes': 16 * 1024 * 1024,
  'header-bytes': 16 * 1024,
  'connect-ms': 10_000,
  'first-byte-ms': 120_000,
  'continue-ms': 1000,
  'between-bytes-ms': 60_000,
  'total-ms': 600_000,
  'answer-ms': 30_000,
  concurrent: 16,
  connections: 64,
  'message-bytes': 1024 * 1024,
  'message-frames': 1024,
  'unsent-bytes': 1024 * 1024,
  'ping-ms': 30_000,
  pings: 64,
  'total-requests': Number.MAX_SAFE_INTEGER,
  'total-bytes': Number.MAX_SAFE_INTEGER,
}

const KEYS = Object.keys(DEFAULT_LIMITS) as readonly (keyof HttpLimits)[]

const MEANING: { readonly [K in keyof HttpLimits]: readonly [string, number] } = {
  'request-bytes': ["The most bytes of a request's body.", Number.MAX_SAFE_INTEGER],
  'response-bytes': ["The most bytes of a response's body.", Number.MAX_SAFE_INTEGER],
  'header-bytes': ["The most bytes of a message's header fields.", 1024 * 1024],
  'connect-ms': ['Milliseconds that a connection may take to be made.', 0x7fff_ffff],
  'first-byte-ms': [
    "Milliseconds from the request's end to the first byte of the response's body.",
    0x7fff_ffff,
  ],
  'continue-ms': [
    'Milliseconds that a body waits for 100 Continue, where the request expects it.',
    0x7fff_ffff,
  ],
  'between-bytes-ms': ['Milliseconds between one piece of a body and the next.', 0x7fff_ffff],
  'total-ms': ['Milliseconds from beginning to end of an exchange.', 0x7fff_ffff],
  'answer-ms': ['Milliseconds from a received request to the end of its turn.', 0x7fff_ffff],
  concurrent: ['Exchanges under way at once.', 65_536],
  connections: ['WebSocket connections at once.', 65_536],
  'message-bytes': [
    'The most bytes of one message on a WebSocket connection, either way.',
    256 * 1024 * 1024,
  ],
  'message-frames': ['The most frames that a client may cut one message into.', 1024 * 1024],
  'unsent-bytes': [
    'The most bytes of messages that wait until the client of a WebSocket connection takes them.',
    256 * 1024 * 1024,
  ],
  'ping-ms': [
    'Milliseconds between one ping on a WebSocket connection and the next, by which the last one has to be answered.',
    0x7fff_ffff,
  ],
  pings: ['Pings and pongs that the client of a WebSocket connection may send in that time.', 65_536],
  'total-requests': ['Requests that it makes in all, from the start of the host.', Number.MAX_SAFE_INTEGER],
  'total-bytes': [
    'Bytes of bodies in all, sent and received with those requests, from the start of the host.',
    Number.MAX_SAFE_INTEGER,
  ],
}

/** The schema of the limits in a grant. */
export const LIMITS_SCHEMA: JsonSchema = {
  description: "Sizes in bytes, times in milliseconds. What is not said is the handler's.",
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    KEYS.map((key) => {
      const [description, maximum] = MEANING[key]
      return [key, { description, type: 'integer', minimum: 0, maximum }]
    }),
  ),
  default: {},
}

/** The limits that a grant means. */
export function resolveLimits(said: Partial<HttpLimits> | undefined, defaults: HttpLimits): HttpLimits {
  return { ...defaults, ...said }
}

/** Whether no limit is beyond another's. */
export function withinLimits(child: HttpLimits, parent: HttpLimits): true | Refusal {
  for (const key of KEYS) {
    if (child[key] > parent[key]) return { refused: `${key} ${child[key]} is not within ${parent[key]}` }
  }
  return true
}
