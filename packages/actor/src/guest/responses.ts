import { isBytes } from '../bytes.ts'
import { delegate } from './members.ts'
import { replace } from './replace.ts'

/** What a `Response` was made of that nobody has read. */
export interface Made {
  readonly status: number
  /** Undefined where there are none but `type`. */
  readonly headers: Headers | undefined
  /** What its body says that it is, where nobody has said what it is. */
  readonly type: string | undefined
  readonly body: string | Uint8Array | null
}

/** A `Response` as it was made, and the engine's of it once somebody asks for what only that has. */
interface State {
  readonly status: number
  readonly statusText: string
  headers: Headers | undefined
  readonly type: string | undefined
  /** Undefined: only the engine knows. */
  readonly body: string | Uint8Array | null | undefined
  real: Response | undefined
}

type Body = ConstructorParameters<typeof Response>[0]

/** How many bytes are kept twice, so that they need not be read back. */
const SHORT = 65_536

const TEXT = 'text/plain;charset=UTF-8'

/**
 * Where a `Response` of the kit's keeps its state: what is private to a class costs the engine four times as much to make, and twice as much to
 * read. And what the constructor is told where it is given one.
 */
const its = Symbol('state')

interface Has {
  readonly [its]: State
}

/**
 * Puts a `Response` of the kit's in the place of the engine's, which makes headers, a stream and its controller with each, all of it in the
 * part of the heap that is rarely collected: together that takes longer than most handlers. The kit's is what it was made of until
 * somebody reads it; from then on the engine's does the work.
 *
 * @returns what a response was made of that nobody has read; undefined where that is not known
 */
export function ownResponses(globals: {
  Response?: typeof Response
}): (response: Response) => Made | undefined {
  const { Response: Engine } = globals
  if (Engine === undefined) return () => undefined
  const Real = Engine

  class Own implements Has {
    declare readonly [its]: State

    constructor(body?: unknown, init?: ResponseInit | typeof its) {
      this[its] = init === its ? (body as State) : made(Real, body, init)
    }

    get status(): number {
      const { real, status } = this[its]
      return real === undefined ? status : real.status
    }

    get statusText(): string {
      const { real, statusText } = this[its]
      return real === undefined ? statusText : real.statusText
    }

    get ok(): boolean {
      const { status } = this
      return status >= 200 && status <= 299
    }

    get headers(): Headers {
      const state = this[its]
      return (state.headers ??= headersOf(state))
    }

    get bodyUsed(): boolean {
      return this[its].real?.bodyUsed ?? false
    }
  }

  const real = (response: object): Response => {
    if (!isOwn(response)) throw new TypeError('this is no Response')
    return realOf(Engine, response[its])
  }
  const wrapped = (response: Response): Response => new Own(wrap(response), its) as unknown as Response
  if ('clone' in Engine.prototype) {
    replace(Own.prototype, 'clone', function (this: object): unknown {
      const twin = real(this).clone()
      return new Own({ ...wrap(twin), headers: new Headers((this as Response).headers) }, its)
    })
  }
  delegate(Own.prototype, Engine.prototype, real)
  for (const name of ['error', 'redirect'] as const) {
    if (!(name in Engine)) continue
    replace(Own, name, (...args: readonly unknown[]) =>
      wrapped(Reflect.apply(Engine[name], Engine, args) as Response),
    )
  }
  replace(Own, 'json', (data: unknown, init: ResponseInit = {}) => {
    const text = JSON.stringify(data) as string | undefined
    if (text === undefined) throw new TypeError('the data of a Response is no JSON')
    return new Own(made(Engine, text, init, 'application/json'), its)
  })
  Object.defineProperty(Own, 'name', { value: 'Response', configurable: true })
  Object.defineProperty(Own, 'length', { value: Engine.length, configurable: true })
  replace(globals, 'Response', Own)
  return (response) => {
    if (!isOwn(response)) return undefined
    const state = response[its]
    const { real: behind, headers, type, body } = state
    if (body === undefined) return undefined
    if (behind === undefined) return state as Made
    if (behind.bodyUsed) return undefined
    return { status: behind.status, headers: headers ?? behind.headers, type, body }
  }
}

function isOwn(value: unknown): value is Has {
  return typeof value === 'object' && value !== null && its in value
}

function made(Engine: typeof Response, body: unknown, init?: ResponseInit | null, json?: string): State {
  const kept = keptOf(body)
  if (kept === undefined) return wrap(new Engine(body as Body, init ?? undefined))
  const type = json ?? (typeof kept === 'string' ? TEXT : undefined)
  if (init === undefined || init === null)
    return { status: 200, statusText: '', headers: undefined, type, body: kept, real: undefined }
  const { status = 200, statusText = '', headers: given } = init
  const headers = given === undefined ? undefined : new Headers(given)
  if (headers !== undefined && type !== undefined && !headers.has('content-type'))
    headers.set('content-type', type)
  const state: State = { status, statusText, headers, type, body: kept, real: undefined }
  const bare = status === 204 || status === 205 || status === 304
  // What could be wrong with it is the engine's to say.
  if (statusText !== '' || !(status >= 200 && status <= 599) || (bare && kept !== null)) realOf(Engine, state)
  return state
}

/** What of a body can be kept; undefined where it is the engine's to read. */
function keptOf(body: unknown): string | Uint8Array | null | undefined {
  if (typeof body === 'string') return body
  if (body === undefined || body === null) return null
  return isBytes(body) && body.length <= SHORT ? new Uint8Array(body) : undefined
}

function headersOf({ real, type }: State): Headers {
  if (real !== undefined) return real.headers
  return type === undefined ? new Headers() : new Headers({ 'content-type': type })
}

function realOf(Engine: typeof Response, state: State): Response {
  if (state.real !== undefined) return state.real
  const { status, statusText, body } = state
  const headers = (state.headers ??= headersOf(state))
  state.real = new Engine(body as Body, { status, statusText, headers })
  return state.real
}

function wrap(real: Response): State {
  return { status: real.status, statusText: '', headers: undefined, type: undefined, body: undefined, real }
}
