import { ownBytes } from '../bytes.ts'
import { fieldsIn } from './headers.ts'
import { delegate } from './members.ts'
import { replace } from './replace.ts'

/** A request that came whole. */
interface Came {
  readonly method: string
  /** As the host said it, which is a URL but maybe not as the web writes it. */
  readonly url: string
  /** Header fields, as `theater:http/request-handler` has them. */
  readonly headers: Uint8Array
  readonly body: Uint8Array
}

/** A `Request` as it came, and the engine's of it once somebody asks for what only that has. */
interface State {
  /** Undefined for one that the actor made. */
  readonly came: Came | undefined
  url: string | undefined
  headers: Headers | undefined
  /** Whether its body was read without the engine. */
  used: boolean
  real: Request | undefined
}

/**
 * Where a `Request` of the kit's keeps its state: what is private to a class costs the engine four times as much to make, and twice as much to
 * read. And what the constructor is told where it is given one.
 */
const its = Symbol('state')

interface Has {
  readonly [its]: State
}

/** Methods that mean what they say: the web writes others in capitals, or does not know them. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])

/** Makes the `Request` of what came. Throws for what the web does not know. */
export type RequestOf = (came: Came) => Request

/**
 * Puts a `Request` of the kit's in the place of the engine's, which makes a URL, headers, a stream and a signal with each: that takes longer
 * than most handlers, which look at one or two of these. The kit's makes each when it is asked for; what only the engine's can do
 * that does.
 */
export function ownRequests(globals: { Request?: typeof Request }): RequestOf {
  const { Request: Engine } = globals
  if (Engine === undefined) return (came) => engineRequest(Request, came)
  const Real = Engine
  const realOf = (state: State): Request => {
    if (state.real !== undefined) return state.real
    const { came, used } = state
    state.real = engineRequest(Real, came!, (state.headers ??= new Headers(fieldsIn(came!.headers))))
    // What was read is to be seen as read.
    if (used) void state.real.arrayBuffer()
    return state.real
  }

  class Own implements Has {
    declare readonly [its]: State

    constructor(input: unknown, init?: RequestInit | typeof its) {
      this[its] = init === its ? (input as State) : wrap(new Real(...inner(input, init)))
    }

    get method(): string {
      const { came, real } = this[its]
      return came === undefined ? real!.method : came.method
    }

    get url(): string {
      const state = this[its]
      return (state.url ??= state.real === undefined ? new URL(state.came!.url).href : state.real.url)
    }

    get headers(): Headers {
      const state = this[its]
      return (state.headers ??=
        state.real === undefined ? new Headers(fieldsIn(state.came!.headers)) : state.real.headers)
    }

    get bodyUsed(): boolean {
      const { used, real } = this[its]
      return used || (real?.bodyUsed ?? false)
    }

    text(): Promise<string> {
      const state = this[its]
      const bytes = taken(state)
      return bytes === undefined ? realOf(state).text() : Promise.resolve(textOf(bytes))
    }

    json(): Promise<unknown> {
      const state = this[its]
      const bytes = taken(state)
      if (bytes === undefined) return realOf(state).json()
      try {
        return Promise.resolve(JSON.parse(textOf(bytes)) as unknown)
      } catch (error) {
        return Promise.reject(error as Error)
      }
    }

    arrayBuffer(): Promise<ArrayBuffer> {
      const state = this[its]
      const bytes = taken(state)
      return bytes === undefined ? realOf(state).arrayBuffer() : Promise.resolve(new Uint8Array(bytes).buffer)
    }

    clone(): unknown {
      const state = this[its]
      const { came, url, real, used } = state
      const headers = state.headers === undefined ? undefined : new Headers(state.headers)
      if (real === undefined && !used) return new Own({ came, url, headers, used, real }, its)
      return new Own({ ...wrap(realOf(state).clone()), url, headers }, its)
    }
  }

  /** What the engine is to make a request of: it knows no other objects than its own. */
  const inner = (input: unknown, init?: RequestInit): [string | Request, RequestInit | undefined] => {
    if (!isOwn(input)) return [input as string, init]
    // Headers that somebody has may have changed since.
    const { headers } = input[its]
    return [realOf(input[its]), headers === undefined ? init : { headers, ...init }]
  }
  delegate(Own.prototype, Engine.prototype, (request) => {
    if (!isOwn(request)) throw new TypeError('this is no Request')
    return realOf(request[its])
  })
  Object.defineProperty(Own, 'name', { value: 'Request', configurable: true })
  Object.defineProperty(Own, 'length', { value: Engine.length, configurable: true })
  replace(globals, 'Request', Own)
  // The host that was asked is mostly the same.
  let origin = ''
  return (came) => {
    const { url, method } = came
    if (method !== 'GET' && !methods.has(method))
      return new Own(wrap(engineRequest(Real, came)), its) as unknown as Request
    if (origin === '' || !url.startsWith(origin)) {
      new URL(url)
      origin = `${url.split('/', 3).join('/')}/`
    }
    const state: State = { came, url: undefined, headers: undefined, used: false, real: undefined }
    return new Own(state, its) as unknown as Request
  }
}

function isOwn(value: unknown): value is Has {
  return typeof value === 'object' && value !== null && its in value
}

function wrap(real: Request): State {
  return { came: undefined, url: undefined, headers: undefined, used: false, real }
}

function engineRequest(
  Engine: typeof Request,
  { method, url, headers: came, body }: Came,
  headers?: Headers,
): Request {
  const init = { method, headers: headers ?? fieldsIn(came) }
  if (isBare(method)) return new Engine(url, init)
  return new Engine(url, { ...init, body: ownBytes(body) as Uint8Array<ArrayBuffer> })
}

/** All of the body, for who reads it first and in one; undefined where the engine is to be asked. */
function taken(state: State): Uint8Array | undefined {
  const { came, used, real } = state
  if (came === undefined || used || real !== undefined) return undefined
  if (isBare(came.method)) return new Uint8Array()
  state.used = true
  return came.body
}

/** Whether a request has no body, and then it is not read either. */
function isBare(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function textOf(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : new TextDecoder().decode(bytes)
}
